import errno
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from upcracknet.data import photo as photo_module
from upcracknet.data.photo import (
    list_photos,
    load_mask,
    load_photo,
    photo_size,
    save_image_atomically,
    write_atomically,
)
from upcracknet.errors import DataError, OutputError, PhotoError


def constant(mode: str, value: object) -> Image.Image:
    return Image.new(mode, (5, 4), value)


def palette_image(transparent: bool = False) -> Image.Image:
    image = constant("P", 1)
    image.putpalette([0, 0, 0, 40, 50, 60])
    if transparent:
        image.info["transparency"] = 1
    return image


# Expected colours by hand: on white c·a + 255·(1 - a); 16 bit v / 257; CMYK: no ink is white, M + Y is red.
MODES = {
    "grey.png": (constant("L", 100), (100, 100, 100)),
    "grey.jpg": (constant("L", 100), (100, 100, 100)),
    "colour.bmp": (constant("RGB", (10, 20, 30)), (10, 20, 30)),
    "alpha.png": (constant("RGBA", (10, 20, 30, 128)), (132, 137, 142)),
    "opaque.webp": (constant("RGBA", (200, 200, 200, 255)), (200, 200, 200)),
    "grey-alpha.png": (constant("LA", (100, 0)), (255, 255, 255)),
    "palette.png": (palette_image(), (40, 50, 60)),
    "palette-clear.png": (palette_image(transparent=True), (255, 255, 255)),
    "cmyk-white.tif": (constant("CMYK", (0, 0, 0, 0)), (255, 255, 255)),
    "cmyk-red.tif": (constant("CMYK", (0, 255, 255, 0)), (255, 0, 0)),
    "sixteen.png": (constant("I;16", 25700), (100, 100, 100)),
    "sixteen.TIF": (constant("I;16", 65535), (255, 255, 255)),
    "bit.png": (constant("1", 1), (255, 255, 255)),
    "float.tif": (constant("F", 0.5), (128, 128, 128)),
}


@pytest.mark.parametrize("name", MODES)
def test_photo_of_every_mode_becomes_rgb(name: str, tmp_path: Path) -> None:
    image, colour = MODES[name]
    image.save(tmp_path / name)
    photo = load_photo(tmp_path / name)
    assert photo.shape == (4, 5, 3)
    assert photo.dtype == np.uint8
    assert (photo == colour).all()
    assert (load_photo(image) == colour).all()


def test_cmyk_jpeg_as_cameras_and_photoshop_write_it(tmp_path: Path) -> None:
    constant("CMYK", (0, 0, 0, 127)).save(tmp_path / "a.jpg")
    assert np.abs(load_photo(tmp_path / "a.jpg").astype(int) - 128).max() <= 3


# What the EXIF standard says has to be done to the stored pixels.
UPRIGHT = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).transpose(1, 0, 2),
    8: np.rot90,
}


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_exif_orientation_is_applied(orientation: int, suffix: str, tmp_path: Path) -> None:
    stored = np.random.default_rng(0).integers(0, 256, (6, 9, 3), np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"a{suffix}"
    Image.fromarray(stored).save(path, exif=exif)
    expected = UPRIGHT[orientation](stored)
    np.testing.assert_array_equal(load_photo(path), expected)
    assert photo_size(path) == expected.shape[:2]


def test_damaged_exif_does_not_cost_the_photo(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    constant("L", 7).save(path, exif=b"Exif\0\0MM\0*garbage")
    assert (load_photo(path) == 7).all()


def test_photo_of_12_megapixels(tmp_path: Path) -> None:
    path = tmp_path / "phone.JPG"
    gradient = np.broadcast_to(np.arange(4000, dtype=np.uint16) // 16, (3000, 4000)).astype(np.uint8)
    cv2.imwrite(str(path), gradient)
    photo = load_photo(path)
    assert photo.shape == (3000, 4000, 3)
    np.testing.assert_allclose(photo[1500, ::500, 1], gradient[1500, ::500], atol=2)


def test_huge_photo_opens_without_warning_and_pillow_keeps_its_limit(tmp_path: Path) -> None:
    limit = Image.MAX_IMAGE_PIXELS
    assert limit is not None
    path = tmp_path / "mosaic.png"
    Image.new("1", (20_000, 10_000)).save(path)
    assert 2 * limit < 20_000 * 10_000  # Pillow alone would refuse
    assert photo_size(path) == (10_000, 20_000)
    assert limit == Image.MAX_IMAGE_PIXELS


def test_photo_above_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo_module, "MAXIMUM_PIXELS", 19)
    constant("L", 1).save(tmp_path / "a.png")
    with pytest.raises(PhotoError, match="5x4 pixels, expected at most 19"):
        load_photo(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("array", "first"),
    [
        (np.full((2, 3), 9, np.uint8), 9),
        (np.full((2, 3, 1), 9, np.uint8), 9),
        (np.full((2, 3, 3), 25700, np.uint16), 100),
        (np.full((2, 3), 128, np.uint16), 0),  # 128 / 257 = 0.498
        (np.full((2, 3), 129, np.uint16), 1),  # 129 / 257 = 0.502
        (np.ones((2, 3), np.bool_), 255),
        (np.full((2, 3, 3), 0.2, np.float64), 51),
        (np.full((2, 3, 4), 0.0, np.float32), 255),  # fully transparent
        (np.full((1, 1), 3, np.uint8), 3),
        (np.full((3, 20_000), 3, np.uint8), 3),
    ],
)
def test_arrays(array: np.ndarray, first: int) -> None:
    photo = load_photo(array)
    assert photo.shape == (*array.shape[:2], 3)
    assert photo.dtype == np.uint8
    assert (photo == first).all()


def test_the_array_given_is_not_shared(tmp_path: Path) -> None:
    grey = np.zeros((2, 3), np.uint8)
    load_photo(grey)[:] = 1
    assert not grey.any()


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.full((2, 3), np.nan), "NaN or infinite"),
        (np.full((2, 3), np.inf, np.float32), "NaN or infinite"),
        (np.full((2, 3), 1.5), "from 1.5 to 1.5, expected floats in"),
        (np.full((2, 3), -0.5), "from -0.5"),
        (np.zeros((2, 3), np.int64), "type int64"),
        (np.zeros((2, 3), np.complex128), "type complex128"),
        (np.zeros((0, 3), np.uint8), "no pixels"),
        (np.zeros(3, np.uint8), "shape"),
        (np.zeros((2, 3, 2), np.uint8), "shape"),
        (np.zeros((1, 2, 3, 3), np.uint8), "shape"),
    ],
)
def test_bad_arrays(array: np.ndarray, message: str) -> None:
    with pytest.raises(PhotoError, match=message):
        load_photo(array)


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


CRACK = np.zeros((20, 30), np.bool_)
CRACK[8:10] = True


@pytest.mark.parametrize(
    ("name", "pixels"),
    [
        ("one.png", CRACK.astype(np.uint8)),
        ("full.png", CRACK * np.uint8(255)),
        ("bright.png", np.where(CRACK, 200, 20).astype(np.uint8)),
        ("sixteen.png", CRACK * np.uint16(65535)),
        ("sixteen-one.png", CRACK.astype(np.uint16)),
        ("red.png", np.stack([CRACK * np.uint8(255), CRACK * np.uint8(0), CRACK * np.uint8(0)], axis=2)),
    ],
)
def test_masks_of_every_kind(name: str, pixels: np.ndarray, tmp_path: Path) -> None:
    save_image_atomically(tmp_path / name, pixels)
    np.testing.assert_array_equal(load_mask(tmp_path / name), CRACK)


def test_one_bit_and_jpeg_masks(tmp_path: Path) -> None:
    Image.fromarray(CRACK).save(tmp_path / "a.png")
    Image.fromarray(CRACK * np.uint8(255)).save(tmp_path / "a.jpg", quality=60)
    for name in ("a.png", "a.jpg"):
        mask = load_mask(tmp_path / name)
        assert mask.dtype == np.bool_
        np.testing.assert_array_equal(mask, CRACK)


def test_true_is_one_byte_of_one(tmp_path: Path) -> None:
    """Of a 1-bit image Pillow gives 255 for True, at which scikit-image's skeleton reads beyond its table."""
    pixels = np.arange(64).reshape(8, 8) % 3 == 0
    Image.fromarray(pixels).save(tmp_path / "bit.png")
    mask = load_mask(tmp_path / "bit.png")
    assert np.array_equal(mask.view(np.uint8), pixels.astype(np.uint8))


def test_masks_without_cracks_and_all_crack(tmp_path: Path) -> None:
    for value in (0, 255):
        constant("L", value).save(tmp_path / "a.png")
        assert (load_mask(tmp_path / "a.png") == bool(value)).all()


def test_what_is_no_mask(tmp_path: Path) -> None:
    classes = np.zeros((9, 9), np.uint8)
    classes[0] = 3
    save_image_atomically(tmp_path / "classes.png", classes)
    with pytest.raises(PhotoError, match="brightest mask value is 3"):
        load_mask(tmp_path / "classes.png")
    save_image_atomically(tmp_path / "photo.png", np.arange(256, dtype=np.uint8).reshape(16, 16))
    with pytest.raises(PhotoError, match="50% of the mask"):
        load_mask(tmp_path / "photo.png")


def test_list_photos(tmp_path: Path) -> None:
    names = ("b.JPG", "a.png", "deep/er/c.tiff", "notes.txt", ".hidden.png", "deep/d.WebP")
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")

    def listed(*paths: object, recursive: bool = True) -> list[str]:
        found = list_photos([tmp_path / str(path) for path in paths], recursive=recursive)
        return [str(path.relative_to(tmp_path)) for path in found]

    assert listed("") == ["a.png", "b.JPG", "deep/d.WebP", "deep/er/c.tiff"]
    assert listed("", recursive=False) == ["a.png", "b.JPG"]
    assert listed("b.JPG", "", "*.png") == ["b.JPG", "a.png", "deep/d.WebP", "deep/er/c.tiff"]
    assert listed("**/*.tiff") == ["deep/er/c.tiff"]
    assert listed("d*") == ["deep/d.WebP", "deep/er/c.tiff"]
    assert listed("notes.txt") == ["notes.txt"]  # named by the user: opening it says what is wrong
    assert listed("missing.jpg", "a.png") == ["a.png", "missing.jpg"]


def test_list_photos_takes_a_literal_name_before_a_pattern(tmp_path: Path) -> None:
    (tmp_path / "a[1].png").write_bytes(b"x")
    (tmp_path / "a1.png").write_bytes(b"x")
    assert list_photos([tmp_path / "a[1].png"]) == [tmp_path / "a[1].png"]


def test_list_photos_relative_patterns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "roads").mkdir()
    (tmp_path / "roads" / "a.png").write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    assert list_photos(["roads/*.png"]) == [Path("roads/a.png")]


@pytest.mark.parametrize("paths", [[], ["empty"], ["missing"], ["*.jpg"]])
def test_list_photos_finds_nothing(paths: list[str], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no photos found"):
        list_photos([tmp_path / path for path in paths])


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


def test_full_disk_leaves_the_old_file_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"old")

    def write_half(self: Path, content: bytes) -> int:
        with self.open("wb") as file:
            file.write(content[: len(content) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", write_half)
    with pytest.raises(OutputError, match="No space left on device"):
        write_atomically(path, b"something new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
