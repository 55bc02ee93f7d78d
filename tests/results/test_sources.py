"""Photos on local disks and behind addresses."""

import functools
import http.server
import threading
import zipfile

import pytest
from tests.results.conftest import content

from upcracknet.errors import ConfigurationError, DataError
from upcracknet.results.sources import find_photos

pytestmark = pytest.mark.filterwarnings("ignore")
pytest.importorskip("fsspec")


@pytest.fixture
def bucket(photos, monkeypatch):
    pytest.importorskip("s3fs")
    server = pytest.importorskip("moto.server").ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    values = {"AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": "a"}
    for name, value in (values | {"AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "us-east-1"}).items():
        monkeypatch.setenv(name, value)
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    system = s3fs.S3FileSystem(endpoint_url=values["AWS_ENDPOINT_URL"])
    if not system.exists("roads"):  # servers of one process share their memory
        system.mkdir("roads")
    for path in photos.rglob("*.png"):
        system.pipe_file(f"roads/2026/{path.relative_to(photos)}", path.read_bytes())
    system.pipe_file("roads/2026/readme.txt", b"no photo")
    yield system
    server.stop()


def test_photos_in_s3(bucket, detect, photos, tmp_path):
    bucket.pipe_file("roads/2026/broken.jpg", b"no photo")
    _, counts = detect("s3://roads/2026", out=tmp_path / "s3")
    assert (counts.done, counts.failed) == (6, 1)
    bucket.rm_file("roads/2026/broken.jpg")
    assert detect("s3://roads/2026/*/*.png", out=tmp_path / "s3")[0] == []
    detect(photos)
    for name, mask in content(tmp_path / "out").items():
        if name.startswith("masks"):
            assert (tmp_path / "s3" / name).read_bytes() == mask


def test_a_key_with_brackets_is_no_pattern(bucket, tmp_path, photos):
    bucket.pipe_file("roads/2026/odd/a[1].png", (photos / "day-0" / "000.png").read_bytes())
    found, _ = find_photos(["s3://roads/2026/odd/a[1].png"])
    assert [source.address for source in found] == ["s3://roads/2026/odd/a[1].png"]
    assert found[0].load().shape == (64, 96, 3)
    bucket.rm_file("roads/2026/odd/a[1].png")


def test_an_empty_place_is_named(bucket, tmp_path):
    with pytest.raises(DataError, match="no photos found in s3://roads/2031"):
        find_photos(["s3://roads/2031"])


def test_an_unknown_kind_of_address_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match="nowhere://roads: unknown kind of address"):
        find_photos(["nowhere://roads"])


def test_photos_behind_the_web_in_archives_and_file_addresses(photos, detect, tmp_path):
    pytest.importorskip("aiohttp")
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        archive.write(photos / "day-0" / "000.png", "north/000.png")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

    handler = functools.partial(Quiet, directory=str(photos))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_port}/day-0"
        places = {
            f"{base}/000.png": 1, f"{base}/000.png?signature=a%2Fb": 1, f"{base}/": 3,
            f"{base}/*.png": 3, f"file://{photos}/day%2D0": 3,
            f"zip://north/*.png::{tmp_path / 'photos.zip'}": 1,
        }  # fmt: skip
        for number, (place, expected) in enumerate(places.items()):
            _, counts = detect(place, out=tmp_path / f"out-{number}")
            assert (counts.done, counts.failed) == (expected, 0), place
        server.shutdown()
