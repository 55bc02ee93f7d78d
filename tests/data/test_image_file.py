import io
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import numpy as np
import pytest
from PIL import EpsImagePlugin, Image, features
from tests.data.tiffs import tiff

from upcracknet.data import image_file
from upcracknet.data.image_file import (
    PHOTO_SUFFIXES,
    exif_orientation,
    photo_orientation,
    photo_size,
    save_image_atomically,
)
from upcracknet.data.photo import load_photo
from upcracknet.errors import OutputError, PhotoError
from upcracknet.files import without_warnings


def constant(mode: str, value: object) -> Image.Image:
    return Image.new(mode, (5, 4), value)


def test_huge_photo_opens_without_warning_and_pillow_keeps_its_limit(tmp_path: Path) -> None:
    limit = Image.MAX_IMAGE_PIXELS
    assert limit is not None
    path = tmp_path / "mosaic.png"
    Image.new("1", (20_000, 10_000)).save(path)
    assert 2 * limit < 20_000 * 10_000  # Pillow alone would refuse
    assert photo_size(path) == (10_000, 20_000)
    assert limit == Image.MAX_IMAGE_PIXELS


def test_photo_above_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_file, "MAXIMUM_PIXELS", 19)
    constant("L", 1).save(tmp_path / "a.png")
    with pytest.raises(PhotoError, match="5x4 pixels, expected at most 19"):
        load_photo(tmp_path / "a.png")


def bad_files(folder: Path) -> dict[Path, str]:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
    cases = {}
    for name in ("cut.jpg", "cut.png", "cut.tif", "cut.bmp", "cut.webp"):
        noise.save(folder / name)
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: len(content) // 2])
        cases[folder / name] = "damaged|not an image"
    (folder / "empty.jpg").write_bytes(b"")
    cases[folder / "empty.jpg"] = "0 bytes"
    (folder / "text.jpg").write_text("no photo")
    cases[folder / "text.jpg"] = "not an image"
    cases[folder / "missing.jpg"] = "no such file"
    (folder / "folder.jpg").mkdir()
    cases[folder / "folder.jpg"] = "is a folder"
    return cases


def test_bad_files_are_one_line_with_the_path(tmp_path: Path) -> None:
    for path, message in bad_files(tmp_path).items():
        with pytest.raises(PhotoError, match=message) as caught:
            load_photo(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_pillow_image_of_a_truncated_file(tmp_path: Path) -> None:
    path = next(path for path in bad_files(tmp_path) if path.name == "cut.jpg")
    with Image.open(path) as image, pytest.raises(PhotoError, match="damaged"):
        load_photo(image)


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
def test_damaged_pixels_of_avif_are_one_line() -> None:
    file = io.BytesIO()
    constant("RGB", (128, 128, 128)).resize((96, 64)).save(file, "AVIF")
    head, mark, pixels = file.getvalue().partition(b"mdat")
    with pytest.raises(PhotoError, match="cannot be read") as caught:
        load_photo(head + mark + b"\xff" * len(pixels))
    assert "\n" not in str(caught.value)


EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\n0 0 10 10 rectfill\n"


@pytest.mark.parametrize(
    "content",
    [
        EPS,
        b"%PDF-1.4\n1 0 obj\n",
        b"\xd7\xcd\xc6\x9a\0\0" + bytes(8) + struct.pack("<H", 1440) + bytes(6) + b"\x01\0\x09\0" + bytes(80),
        b"SIMPLE  =                    T" + b" " * 2850,
        b"#define im_width 5\n#define im_height 4\nstatic char im_bits[] = {0};",
    ],
)
def test_other_formats_are_not_opened_whatever_they_are_called(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def called(*_: object, **__: object) -> None:
        raise AssertionError("Ghostscript was called")

    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", called)
    (tmp_path / "a.jpg").write_bytes(content)
    for source in (tmp_path / "a.jpg", content):
        with pytest.raises(PhotoError, match="not an image"):
            load_photo(source)


def png(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds one row."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    row = zlib.compress(bytes(3 * width + 1))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", row) + chunk(b"IEND", b"")


def test_headers_that_claim_more_than_the_file_can_hold(tmp_path: Path) -> None:
    Image.new("RGB", (64, 64)).save(tmp_path / "a.jpg")
    content = (tmp_path / "a.jpg").read_bytes()
    start = content.index(b"\xff\xc0") + 5
    claims = {
        "jpeg": content[:start] + struct.pack(">HH", 15_000, 65_000) + content[start + 4 :],
        "png": png(30_000, 30_000),
        "larger than any": png(100_000, 100_000),
    }
    for given in claims.values():
        with pytest.raises(PhotoError, match="far more than a photo takes"):
            load_photo(given)


def test_small_blank_pictures_may_have_few_bytes(tmp_path: Path) -> None:
    Image.new("RGB", (4000, 3000)).save(tmp_path / "a.webp", lossless=True)
    assert (tmp_path / "a.webp").stat().st_size < 1200  # 10,000 pixels a byte
    assert load_photo(tmp_path / "a.webp").shape == (3000, 4000, 3)


@pytest.mark.parametrize(
    ("values", "separate", "kind"),
    [
        (np.zeros((6, 9, 5), np.uint8), True, "5 separate bands of 8 bits"),
        (np.zeros((6, 9, 5), np.uint16), False, "5 bands of 16 bits"),
        (np.zeros((6, 9, 3), np.float32), False, "3 bands of 32 bits"),
        (np.zeros((6, 9), np.float64), False, "1 band of 64 bits"),
    ],
)
def test_tiffs_that_pillow_cannot_read_are_named(values: np.ndarray, separate: bool, kind: str) -> None:
    with pytest.raises(PhotoError, match=rf"a TIFF with {kind}.*pip install 'upcracknet\[survey\]'"):
        load_photo(tiff(values, photometric=2 if values.ndim == 3 else 1, separate=separate))


def test_heic_says_what_is_missing() -> None:
    if ".heic" in PHOTO_SUFFIXES:
        pytest.skip("pillow-heif is installed")
    with pytest.raises(PhotoError, match=r"HEIC.*pip install 'upcracknet\[heic\]'"):
        load_photo(b"\0\0\0\x18ftypheic" + bytes(100))


@pytest.mark.parametrize("name", ["a.jfif", "a.jpe", "a.jp2", "a.j2k", "a.avif"])
def test_further_formats(name: str, tmp_path: Path) -> None:
    if Path(name).suffix not in PHOTO_SUFFIXES:
        pytest.skip("this Pillow does not read it")
    kind = {".jfif": "JPEG", ".jpe": "JPEG", ".avif": "AVIF"}.get(Path(name).suffix, "JPEG2000")
    Image.new("RGB", (64, 48), (90, 90, 90)).save(tmp_path / name, format=kind)
    assert np.abs(load_photo(tmp_path / name).astype(int) - 90).max() <= 2
    assert photo_size(tmp_path / name) == (48, 64)


def with_notes(folder: Path, kind: str, where: str) -> Path:
    """A PNG of 64x48 that lies on its side, which it says before or after its pixels."""
    exif = Image.Exif()
    exif[0x0112] = 6
    text = b'XML:com.adobe.xmp\0\0\0\0\0<x tiff:Orientation="6"/>'
    content = {b"eXIf": exif.tobytes()[6:], b"iTXt": text}[kind.encode()]
    chunk = struct.pack(">I", len(content)) + kind.encode() + content
    chunk += struct.pack(">I", zlib.crc32(kind.encode() + content))
    path = folder / "photo.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)).save(path)
    plain = path.read_bytes()
    at = 33 if where == "before" else len(plain) - 12  # behind the head; in front of the end
    path.write_bytes(plain[:at] + chunk + plain[at:])
    return path


@pytest.mark.parametrize("kind", ["eXIf", "iTXt"])
@pytest.mark.parametrize("where", ["before", "behind"])
def test_the_orientation_of_a_png_wherever_it_stands(
    kind: str, where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Oracle: the decoded photo, by Pillow."""
    path = with_notes(tmp_path, kind, where)
    assert load_photo(path).shape == (64, 48, 3)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda image: pytest.fail("was decoded"))
    assert photo_size(path) == (64, 48)
    assert photo_orientation(path) == 6


@pytest.mark.parametrize("kind", ["eXIf", "iTXt"])
def test_a_png_is_loaded_after_its_orientation_was_read(kind: str, tmp_path: Path) -> None:
    with Image.open(with_notes(tmp_path, kind, "behind")) as image:
        assert exif_orientation(image) == 6
        assert load_photo(image).shape == (64, 48, 3)


def test_photos_are_opened_while_another_thread_leaves_out_warnings(tmp_path: Path) -> None:
    """Neither waits for ever: what an open photo needs, the other thread must not hold."""
    path = with_notes(tmp_path, "eXIf", "before")
    with ThreadPoolExecutor(1) as other:
        with without_warnings():
            size = other.submit(photo_size, path)
            wait([size], 0.1)  # it comes as far as it can
            assert photo_size(path) == (64, 48)
        assert size.result() == (64, 48)


def test_a_png_that_was_cut_is_upright_for_want_of_its_notes(tmp_path: Path) -> None:
    path = with_notes(tmp_path, "eXIf", "behind")
    path.write_bytes(path.read_bytes()[:-40])
    assert photo_size(path) == (48, 64)


def test_orientation_of_what_cannot_be_read_is_upright(tmp_path: Path) -> None:
    assert photo_orientation(tmp_path / "missing.jpg") == 1


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("deep/er/a.png", np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)),
        ("a.tif", np.random.default_rng(0).integers(0, 65536, (5, 7), np.uint16)),
        ("a.PNG", np.random.default_rng(0).integers(0, 65536, (5, 7), np.uint16)),
    ],
)
def test_saved_images_read_back(name: str, image: np.ndarray, tmp_path: Path) -> None:
    save_image_atomically(tmp_path / name, image)
    with Image.open(tmp_path / name) as opened:  # an outside reader
        np.testing.assert_array_equal(np.asarray(opened), image)
    assert [path.name for path in (tmp_path / name).parent.iterdir()] == [Path(name).name]


def test_saving_fails_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    image = np.zeros((2, 2), np.uint8)
    with pytest.raises(OutputError, match=r"cannot write .*choose another folder"):
        save_image_atomically(tmp_path / "file" / "a.png", image)  # its folder cannot be made, even by root
    with pytest.raises(OutputError, match=r"use \.png"):
        save_image_atomically(tmp_path / "a.doc", image)
