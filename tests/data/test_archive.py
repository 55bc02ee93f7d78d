import io
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from upcracknet.data.archive import unpack
from upcracknet.errors import DataError, OutputError


def make_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def make_tar(path: Path, *members: tuple[str, bytes, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, kind, content in members:
            info = tarfile.TarInfo(name)
            info.type, info.size, info.linkname = kind, len(content), "/etc/passwd"
            archive.addfile(info, io.BytesIO(content))
    return path


def unpacked(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_zip_and_tar_are_unpacked(tmp_path: Path) -> None:
    files = {"a/b.txt": b"1", "c.txt": b"22" * 9999}
    make_zip(tmp_path / "x", files | {"__MACOSX/._c.txt": b"x", "empty/": b""})
    unpack(tmp_path / "x", tmp_path / "from-zip")
    assert unpacked(tmp_path / "from-zip") == files
    for mode in ("w", "w:gz", "w:xz"):
        make_tar(
            tmp_path / "y", *((name, tarfile.REGTYPE, content) for name, content in files.items()), mode=mode
        )
        target = tmp_path / mode.replace(":", "-")
        unpack(tmp_path / "y", target)
        assert unpacked(target) == files


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/tmp/evil-path", "C:/evil", "..\\evil", "."])
def test_paths_that_leave_the_folder(name: str, tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "x.zip", {"good": b"1", name: b"2"})
    with pytest.raises(DataError, match="leaves the folder"):
        unpack(archive, tmp_path / "out")
    archive = make_tar(tmp_path / "x.tar", ("good", tarfile.REGTYPE, b"1"), (name, tarfile.REGTYPE, b"2"))
    with pytest.raises(DataError, match="leaves the folder"):
        unpack(archive, tmp_path / "out")
    assert not (tmp_path / "out").exists()  # not even the good file
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_in_a_tar(kind: bytes, tmp_path: Path) -> None:
    archive = make_tar(tmp_path / "x.tar", ("trap", kind, b""))
    with pytest.raises(DataError, match="trap is a link or device"):
        unpack(archive, tmp_path / "out")


def test_links_in_a_zip(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("trap")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(DataError, match="trap is a link or device"):
        unpack(tmp_path / "x.zip", tmp_path / "out")


def test_too_much_and_twice_the_same(tmp_path: Path) -> None:
    bomb = make_zip(tmp_path / "bomb.zip", {"zeros": bytes(1_000_000)})
    assert bomb.stat().st_size < 2000
    with pytest.raises(DataError, match="1,000,000 bytes in 1 files, expected at most 999,999"):
        unpack(bomb, tmp_path / "out", maximum_bytes=999_999)
    twice = make_tar(tmp_path / "x.tar", ("a", tarfile.REGTYPE, b"1"), ("./a", tarfile.REGTYPE, b"2"))
    with pytest.raises(DataError, match="same path twice"):
        unpack(twice, tmp_path / "out")


def test_damaged_archives(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "x.zip", {"a": bytes(range(256)) * 40})
    content = bytearray(archive.read_bytes())
    content[60] ^= 0xFF
    archive.write_bytes(content)
    with pytest.raises(DataError, match="damaged archive"):
        unpack(archive, tmp_path / "out")
    compressed = make_tar(tmp_path / "x.tgz", ("a", tarfile.REGTYPE, bytes(range(256)) * 4000))
    compressed.write_bytes(compressed.read_bytes()[:-500])
    with pytest.raises(DataError, match="damaged archive"):
        unpack(compressed, tmp_path / "out2")
    (tmp_path / "page.html").write_text("<html>not found</html>")
    with pytest.raises(DataError, match="neither a zip nor a tar"):
        unpack(tmp_path / "page.html", tmp_path / "out3")


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"a file")
    with pytest.raises(OutputError, match="cannot unpack"):
        unpack(make_zip(tmp_path / "x.zip", {"a": b"1"}), tmp_path / "out")
