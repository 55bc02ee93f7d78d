import io
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from tests.data.tiffs import tiff

from upcracknet.data.photo import full_scale, load_photo, photo_size, save_image_atomically
from upcracknet.errors import PhotoError


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
    "grey-alpha.png": (constant("LA", (100, 51)), (224, 224, 224)),
    "palette.png": (palette_image(), (40, 50, 60)),
    "palette-clear.png": (palette_image(transparent=True), (40, 50, 60)),
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


@pytest.mark.parametrize(
    ("array", "first"),
    [
        (np.full((2, 3), 9, np.uint8), 9),
        (np.full((2, 3, 1), 9, np.uint8), 9),
        (np.full((2, 3, 3), 25700, np.uint16), 100),
        (np.array([[65535, 128]], np.uint16)[:, ::-1], [0, 255]),  # 128 / 257 = 0.498
        (np.array([[129, 65535]], np.uint16), [1, 255]),  # 129 / 257 = 0.502
        (np.array([[4095, 2048]], np.uint16), [255, 128]),  # 12 bits
        (np.array([[9, 200]], np.uint16), [9, 200]),  # 8 bits
        (np.array([[9, 200]], np.int64), [9, 200]),
        (np.array([[1 + 1e-4, 0.0 - 1e-7]], np.float32), [255, 0]),  # rounding errors
        (np.ones((2, 3), np.bool_), 255),
        (np.full((2, 3, 3), 0.2, np.float64), 51),
        (np.full((2, 3, 4), 0.5, np.float32), 191),  # half transparent
        (np.full((2, 3, 4), [9, 9, 9, 0], np.uint8), 9),  # an alpha that hides all of it is a mistake
        (np.full((1, 1), 3, np.uint8), 3),
        (np.full((3, 20_000), 3, np.uint8), 3),
    ],
)
def test_arrays(array: np.ndarray, first: int | list[int]) -> None:
    photo = load_photo(array)
    assert photo.shape == (*array.shape[:2], 3)
    assert photo.dtype == np.uint8
    assert (photo == np.reshape(first, (-1, 1))).all()


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
        (np.full((2, 3), 70_000), "from 70000 to 70000, expected 0 to 65535"),
        (np.full((2, 3), -1), "from -1"),
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


ROAD = np.random.default_rng(0).integers(0, 256, (6, 9, 3), np.uint8)


@pytest.mark.parametrize(
    "given",
    [
        torch.from_numpy(ROAD),
        torch.from_numpy(ROAD).permute(2, 0, 1),
        torch.from_numpy(ROAD).permute(2, 0, 1) / 255,
        ROAD.tolist(),
        ROAD.astype(np.uint16),
    ],
)
def test_values_of_other_kinds(given: object) -> None:
    np.testing.assert_array_equal(load_photo(given), ROAD)


def test_content_of_a_file(tmp_path: Path) -> None:
    save_image_atomically(tmp_path / "a.png", ROAD)
    content = (tmp_path / "a.png").read_bytes()
    with (tmp_path / "a.png").open("rb") as file:
        for given in (content, bytearray(content), io.BytesIO(content), file):
            np.testing.assert_array_equal(load_photo(given), ROAD)


@pytest.mark.parametrize("given", [None, 3.5, object(), ["a.jpg", "b.jpg"], [[1, 2], [3]], b"", b"text", {}])
def test_what_is_no_photo_is_an_error_in_one_line(given: object) -> None:
    with pytest.raises(PhotoError) as caught:
        load_photo(given)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("name", ["grey.png", "grey.tif", "rgb.png", "rgb.tif", "rgba.png"])
def test_few_bits_of_16_are_their_full_scale(bits: int, name: str, tmp_path: Path) -> None:
    shape = {"g": (6, 9), "rgb": (6, 9, 3), "rgba": (6, 9, 4)}[name.split(".")[0].replace("grey", "g")]
    values = np.random.default_rng(0).integers(0, 2**bits, shape).astype(np.uint16)
    values[0, 0] = 2**bits - 1
    if len(shape) == 3:
        values[..., 3:] = 65535
    cv2.imwrite(str(tmp_path / name), values)
    assert full_scale(int(values[..., :3].max())) == 2**bits - 1
    colours = values[..., 2::-1] if len(shape) == 3 else values[..., None]
    # Of colours that use all 16 bits Pillow keeps the upper bytes.
    tolerance = 1 if bits == 16 else 0.5
    expected = np.broadcast_to(colours / (2**bits - 1) * 255, (6, 9, 3))
    np.testing.assert_allclose(load_photo(tmp_path / name), expected, atol=tolerance + 1e-6)


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_few_bits_of_16_are_upright(orientation: int, tmp_path: Path) -> None:
    colours = ROAD.astype(np.uint16) * 16
    cv2.imwrite(str(tmp_path / "plain.png"), colours[..., ::-1])
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = (tmp_path / "plain.png").read_bytes()
    data = exif.tobytes().removeprefix(b"Exif\0\0")
    chunk = b"eXIf" + data
    chunk = len(data).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    (tmp_path / "a.png").write_bytes(content[:33] + chunk + content[33:])
    expected = UPRIGHT[orientation](colours / 4095 * 255)
    np.testing.assert_allclose(load_photo(tmp_path / "a.png"), expected, atol=0.5 + 1e-6)


@pytest.mark.parametrize(("dtype", "high"), [(np.uint8, 255), (np.uint16, 65535), (np.uint16, 4095)])
def test_tiff_whose_dark_is_high(dtype: type, high: int, tmp_path: Path) -> None:
    values = np.array([[0, high // 4, high]], dtype)
    (tmp_path / "a.tif").write_bytes(tiff(values, photometric=0))
    np.testing.assert_allclose(load_photo(tmp_path / "a.tif")[0, :, 0], [255, 191.25, 0], atol=1)


def test_alpha_that_hides_nearly_all_is_ignored(tmp_path: Path) -> None:
    rgba = np.dstack([np.full((20, 20, 3), 90, np.uint8), np.zeros((20, 20), np.uint8)])
    rgba[0, 0, 3] = 255
    Image.fromarray(rgba).save(tmp_path / "a.png")
    assert (load_photo(tmp_path / "a.png") == 90).all()
    rgba[:10, :, 3] = 255
    assert load_photo(rgba)[15, 0].tolist() == [255, 255, 255]


def test_a_dead_pixel_does_not_darken_a_photo_of_12_bits(tmp_path):
    values = np.random.default_rng(0).integers(1000, 4096, (60, 80, 3)).astype(np.uint16)
    values[3, 4] = 65535
    cv2.imwrite(str(tmp_path / "a.png"), values)
    assert load_photo(tmp_path / "a.png").mean() > 100
