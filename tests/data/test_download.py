import hashlib
import io
import json
import os
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from upcracknet.data.download import download_dataset, fetch
from upcracknet.data.registry import DATASETS
from upcracknet.errors import DataError, OutputError
from upcracknet.locks import claimed

NEEDED = ("train_img", "train_lab", "test_img", "test_lab")


def make_archive(prefix: str = "DeepCrack/", leave_out: str = "", filler: int = 300_000) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for folder in NEEDED:
            if folder != leave_out:
                archive.writestr(f"{prefix}{folder}/a.jpg", folder * (filler // 36))
    return stream.getvalue()


@dataclass
class Server:
    """A web server on this machine that serves one file, and can break off, change, or refuse."""

    content: bytes = b""
    etag: str | None = '"1"'
    understands_ranges: bool = True
    says_length: bool = True
    cut_after: list[int] = field(default_factory=list)  # bytes sent in each of the next answers
    ranges: list[str | None] = field(default_factory=list)  # Range header of each request
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/data.zip"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        asked = request.headers["Range"]
        self.ranges.append(asked)
        if request.path != "/data.zip":
            request.send_error(404)
            return
        start = 0
        if asked and self.understands_ranges and request.headers["If-Range"] == self.etag:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
        if start and start >= len(self.content):
            request.send_response(416)
            request.send_header("Content-Range", f"bytes */{len(self.content)}")
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        request.send_response(206 if start else 200)
        if self.says_length:
            request.send_header("Content-Length", str(len(self.content) - start))
        if self.etag:
            request.send_header("ETag", self.etag)
        request.end_headers()
        end = start + self.cut_after.pop(0) if self.cut_after else None
        request.wfile.write(self.content[start:end])


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")
    state = Server(make_archive())

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.answer(self)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        state.port = listening.server_port
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield state
        listening.shutdown()
        thread.join()


def download(server: Server, root: Path, sha256: str | None = None) -> Path:
    dataset = replace(DATASETS["deepcrack"], url=server.url, sha256=sha256)
    return download_dataset("deepcrack", root, datasets={"deepcrack": dataset})


@pytest.mark.parametrize("prefix", ["", "DeepCrack/", "repository-master/dataset/"])
def test_dataset_is_installed_whole_and_nothing_is_left_over(
    prefix: str, server: Server, tmp_path: Path
) -> None:
    server.content = make_archive(prefix)
    root = tmp_path / "new" / "root"
    folder = download(server, root, hashlib.sha256(server.content).hexdigest())
    assert folder == root / "DeepCrack"
    assert sorted(path.name for path in folder.iterdir()) == sorted(NEEDED)
    assert (folder / "test_lab" / "a.jpg").read_text().startswith("test_lab")
    assert sorted(path.name for path in root.iterdir()) == [".upcracknet", "DeepCrack", "downloads.json"]


def test_what_is_there_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    folder = download(server, tmp_path)
    assert download(server, tmp_path) == folder
    assert download(server, folder) == folder
    assert len(server.ranges) == 1


def test_progress_tells_bytes_and_total(server: Server, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    fetch(server.url, tmp_path / "x", progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (len(server.content), len(server.content))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    server.says_length = False
    fetch(server.url, tmp_path / "y", progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (len(server.content), None)


def test_broken_connection_is_taken_up_again(server: Server, tmp_path: Path) -> None:
    server.cut_after = [1000, 5000]
    fetch(server.url, tmp_path / "x")
    assert server.ranges == [None, "bytes=1000-", "bytes=6000-"]
    assert (tmp_path / "x").read_bytes() == server.content


def test_second_run_goes_on_where_the_first_stopped(server: Server, tmp_path: Path) -> None:
    server.cut_after = [1000, 0]
    with pytest.raises(DataError, match="ended after 1,000 bytes; run the same command again"):
        fetch(server.url, tmp_path / "x")
    fetch(server.url, tmp_path / "x")
    assert server.ranges[-1] == "bytes=1000-"
    assert (tmp_path / "x").read_bytes() == server.content


@pytest.mark.parametrize("change", ["etag", "no etag", "no ranges"])
def test_starts_again_where_going_on_is_not_safe(change: str, server: Server, tmp_path: Path) -> None:
    server.cut_after = [1000, 0]
    server.etag = None if change == "no etag" else '"1"'
    with pytest.raises(DataError):
        fetch(server.url, tmp_path / "x")
    if change == "etag":
        server.content, server.etag = make_archive("changed/"), '"2"'
    server.understands_ranges = change != "no ranges"
    fetch(server.url, tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == server.content


def test_complete_file_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    fetch(server.url, tmp_path / "x")
    fetch(server.url, tmp_path / "x")
    assert server.ranges == [None, f"bytes={len(server.content)}-"]
    assert (tmp_path / "x").read_bytes() == server.content


def test_wrong_checksum_deletes_the_download(server: Server, tmp_path: Path) -> None:
    found = hashlib.sha256(server.content).hexdigest()
    with pytest.raises(DataError, match=f"sha256 of the download is {found}, published is {'0' * 64}"):
        download(server, tmp_path, sha256="0" * 64)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["deepcrack.lock"]


def test_first_download_is_recorded_and_later_ones_must_equal_it(server: Server, tmp_path: Path) -> None:
    folder = download(server, tmp_path)
    record = json.loads((tmp_path / "downloads.json").read_text())
    assert record == {"deepcrack": {"url": server.url, "sha256": hashlib.sha256(server.content).hexdigest()}}
    folder.rename(tmp_path / "moved")
    server.content = make_archive("changed/")
    with pytest.raises(DataError, match=r"recorded in .*downloads\.json"):
        download(server, tmp_path)
    assert not (tmp_path / "DeepCrack").exists()
    (tmp_path / "downloads.json").write_text("{")
    with pytest.raises(DataError, match=r"downloads\.json is damaged"):
        download(server, tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (make_archive("../outside/"), "leaves the folder"),
        (make_archive(leave_out="test_lab"), "holds no folder with train_img, train_lab, test_img, test_lab"),
        (b"<html>sign in</html>", "neither a zip nor a tar"),
        (make_archive()[:-5000], "neither a zip nor a tar"),
    ],
    ids=["outside", "without a folder", "a page", "cut off"],  # archives know the time
)
def test_unsafe_or_wrong_archives_leave_nothing(
    content: bytes, message: str, server: Server, tmp_path: Path
) -> None:
    server.content = content
    root = tmp_path / "root"
    with pytest.raises(DataError, match=message):
        download(server, root)
    assert [path.name for path in root.rglob("*") if path.is_file()] == ["deepcrack.lock"]
    assert list(tmp_path.iterdir()) == [root]


def test_incomplete_folder_is_not_overwritten(server: Server, tmp_path: Path) -> None:
    (tmp_path / "DeepCrack" / "train_img").mkdir(parents=True)
    with pytest.raises(DataError, match="lacks some of the folders"):
        download(server, tmp_path)
    assert server.ranges == []


def test_server_says_no(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the server answers 404"):
        fetch(server.url.replace("data", "other"), tmp_path / "x")


def test_no_server_there(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"Connection refused|run the same command again"):
        fetch("http://127.0.0.1:1/data.zip", tmp_path / "x")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "data.zip", "ftp://host/data.zip"])
def test_only_web_addresses(url: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no web address"):
        fetch(url, tmp_path / "x")


def test_crack500_says_where_to_get_it_and_where_to_put_it(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        download_dataset("crack500", tmp_path)
    assert DATASETS["crack500"].page in str(caught.value)
    assert f"{tmp_path / 'Crack500'} holds traincrop, valcrop, testcrop" in str(caught.value)


def test_unknown_name_and_root_that_is_a_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"unknown dataset 'gaps', expected one of .*cfd, crack500"):
        download_dataset("gaps", tmp_path)
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(OutputError, match="cannot write to"):
        download_dataset("deepcrack", tmp_path / "file" / "root")


def test_another_process_that_downloads_it_is_named(server: Server, tmp_path: Path) -> None:
    with (
        claimed(tmp_path / ".upcracknet" / "deepcrack.lock"),
        pytest.raises(OutputError, match=f"in work by process {os.getpid()} .*; wait for it"),
    ):
        download(server, tmp_path)
    assert server.ranges == []
    download(server, tmp_path)
