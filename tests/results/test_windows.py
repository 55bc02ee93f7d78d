"""Windows of images: what Pillow shows of the whole, whatever the bands are."""

import cv2
import numpy as np
import pytest

pytest.importorskip("rasterio")

from PIL import Image
from rasterio.enums import ColorInterp
from tests.results.rasters import UTM, write

from upcracknet.data.photo import load_photo
from upcracknet.detection.tiling import Tile
from upcracknet.errors import PhotoError
from upcracknet.results.opening import opened
from upcracknet.results.windows import Windows

ROAD = np.random.default_rng(0).integers(60, 190, (70, 90, 3), np.uint8)
GREY = ROAD[..., 0]


def whole(path, *, side=40):
    """The image from its windows, where it shows anything, and what there is to know."""
    with opened(path) as image:
        windows = Windows(image, path)
        height, width = windows.height, windows.width
        photo = np.zeros((height, width, 3), np.uint8)
        for top in range(0, height, side):
            for left in range(0, width, side):
                part = windows.read(Tile(top, left, side, side))
                assert part.shape == (side, side, 3)
                rows, columns = min(side, height - top), min(side, width - left)
                photo[top : top + rows, left : left + columns] = part[:rows, :columns]
        seen = np.concatenate([windows.seen(top, min(25, height - top)) for top in range(0, height, 25)])
        assert windows.shrinking > 1 or np.array_equal(windows.preview, photo)
        return photo, seen, windows.warnings


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_upright_as_pillow_shows_it(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x112] = orientation
    Image.fromarray(ROAD).save(tmp_path / "a.png", exif=exif)
    photo, _, _ = whole(tmp_path / "a.png")
    np.testing.assert_array_equal(photo, load_photo(tmp_path / "a.png"))


def grey(values):
    return np.repeat(np.asarray(values, np.uint8)[..., None], 3, axis=2)


@pytest.mark.parametrize(
    ("values", "profile", "expected"),
    [
        (GREY, {}, grey(GREY)),
        (ROAD, {}, ROAD),
        (GREY.astype(np.uint16) * 257, {}, grey(GREY)),
        (GREY.astype(np.uint16) * 16, {}, grey(np.rint(GREY * 16.0 / 4095 * 255))),
        (GREY.astype(np.int16) * 4, {}, grey(np.rint(GREY * 4.0 / 1023 * 255))),
        (GREY.astype(np.float32) / 255, {}, grey(GREY)),
        (GREY.astype(np.float64), {}, grey(GREY)),
        (np.dstack([ROAD, ROAD[..., :2]]), {"interleave": "band"}, ROAD),
        (
            np.dstack([np.full_like(GREY, 255), ROAD]),
            {"colorinterp": ["alpha", "red", "green", "blue"]},
            ROAD,
        ),
        (ROAD[..., ::-1], {"colorinterp": ["blue", "green", "red"]}, ROAD),
        ((GREY > 120).astype(np.uint8), {"nbits": 1}, grey(np.where(GREY > 120, 255, 0))),
        (255 - GREY, {"photometric": "MINISWHITE"}, grey(GREY)),
        (
            GREY % 4,
            {"colormap": {n: (10 * n, 20 * n, 30 * n, 255) for n in range(4)}},
            (GREY % 4)[..., None] * np.array([10, 20, 30], np.uint8),
        ),
    ],
    ids=[
        *("grey", "rgb", "16 bits", "12 bits", "signed", "unit", "floats", "5 bands", "alpha first", "bgr"),
        *("1 bit", "inverted", "palette"),
    ],
)
def test_bands_of_any_kind(tmp_path, values, profile, expected):
    profile = dict(profile)
    if "colorinterp" in profile:
        profile["colorinterp"] = [ColorInterp[name] for name in profile["colorinterp"]]
    photo, seen, _ = whole(write(tmp_path / "a.tif", np.asarray(values), **profile, **UTM))
    assert np.abs(photo.astype(int) - expected.astype(int)).max() <= 1
    assert seen.all()


def test_large_empty_parts_are_not_seen_and_small_holes_are(tmp_path):
    photo = np.full((200, 240, 3), 120, np.uint8)
    photo[:80, :100] = 0  # empty
    photo[:, 235:] = 0  # a narrow empty strip along the border
    photo[120:130, 20:200] = 0  # the dark inside of a crack
    shown, seen, _ = whole(write(tmp_path / "a.tif", photo, nodata=0, **UTM))
    expected = np.ones((200, 240), bool)
    expected[:80, :100] = False
    expected[:, 235:] = False
    np.testing.assert_array_equal(seen, expected)
    assert (shown[~expected] == 255).all()
    np.testing.assert_array_equal(shown[expected], photo[expected])


def test_values_that_mean_empty_do_not_count_for_the_range(tmp_path):
    photo = (ROAD / 255).astype(np.float32)
    photo[:40, :40] = -9999
    shown, seen, _ = whole(write(tmp_path / "a.tif", photo, nodata=-9999, **UTM))
    assert not seen[:40, :40].any() and seen[41:].all()
    np.testing.assert_array_equal(shown[41:], ROAD[41:])
    photo[50, 50] = np.nan
    assert np.isfinite(whole(write(tmp_path / "b.tif", photo, nodata=-9999, **UTM))[0]).all()


def test_a_few_hot_pixels_do_not_darken_the_rest(tmp_path):
    values = GREY.astype(np.uint16) * 16
    values[3, 4] = 65535
    expected = np.minimum(np.rint(GREY * 16.0 / 4095 * 255), 255)
    shown, _, _ = whole(write(tmp_path / "a.tif", values, **UTM))
    other = np.arange(GREY.size) != 3 * GREY.shape[1] + 4
    assert np.abs(shown[..., 0].astype(int) - expected).ravel()[other].max() <= 1
    reflectances = GREY.astype(np.float32) / 200  # 0.3 to 0.95, and a few above 1
    reflectances[5, 5] = 1.7
    shown, _, _ = whole(write(tmp_path / "b.tif", reflectances, **UTM))
    assert np.abs(shown[..., 0].astype(int) - np.rint(reflectances * 255).clip(0, 255)).max() <= 1


def test_a_narrow_strip_of_nan_is_no_crack(tmp_path):
    values = (ROAD / 255).astype(np.float32)
    values[30:33] = np.nan
    shown, seen, _ = whole(write(tmp_path / "a.tif", values, nodata=np.nan, **UTM))
    assert not seen[30:33].any() and (shown[30:33] == 255).all()


def test_what_is_transparent_in_part_lies_on_white_as_pillow_shows_it(tmp_path):
    alpha = np.tile(np.linspace(0, 255, 90).astype(np.uint8), (70, 1))
    Image.fromarray(np.dstack([ROAD, alpha]), "RGBA").save(tmp_path / "a.png")
    kinds = [ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha]
    path = write(tmp_path / "a.tif", np.dstack([ROAD, alpha]), colorinterp=kinds, **UTM)
    np.testing.assert_array_equal(whole(path)[0], load_photo(tmp_path / "a.png"))


@pytest.mark.parametrize(("kind", "shown"), [(np.uint8, 1), (np.uint16, 1), (np.uint16, 255)])
def test_a_transparency_has_a_scale_of_its_own(tmp_path, kind, shown):
    """Some programs write 1 for what is shown, or the 255 of bytes beside 16 bits."""
    values = ROAD.astype(kind) * (257 if kind == np.uint16 else 1)
    alpha = np.full(GREY.shape, shown, kind)
    alpha[:30, :30] = 0
    kinds = [ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha]
    found, seen, _ = whole(write(tmp_path / "a.tif", np.dstack([values, alpha]), colorinterp=kinds, **UTM))
    np.testing.assert_array_equal(found[30:], ROAD[30:])
    assert seen[30:].all()


def test_a_palette_with_an_empty_colour(tmp_path):
    palette = {n: (10 * n, 20 * n, 30 * n, 255) for n in range(4)}
    shown, seen, _ = whole(write(tmp_path / "a.tif", GREY % 4, colormap=palette, nodata=3, **UTM))
    assert shown.shape == ROAD.shape and seen.any()


def test_a_turned_tiff_that_pillow_cannot_read_is_upright(tmp_path):
    path = write(tmp_path / "a.tif", np.dstack([GREY] * 4).astype(np.uint16) * 257)
    content = bytearray(path.read_bytes())
    tags = content[8:]  # put the tag of orientation in place of that of the planar configuration
    place = content.index(bytes([0x1C, 0x01, 3, 0, 1, 0, 0, 0, 1, 0]))
    content[place : place + 10] = bytes([0x12, 0x01, 3, 0, 1, 0, 0, 0, 6, 0])
    path.write_bytes(content)
    assert tags
    shown, _, _ = whole(path)
    np.testing.assert_array_equal(shown, np.rot90(grey(GREY), -1))


def test_a_transparency_that_hides_everything_is_ignored(tmp_path):
    hidden = np.dstack([ROAD, np.zeros_like(GREY)])
    kinds = [ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha]
    shown, seen, warnings = whole(write(tmp_path / "a.tif", hidden, colorinterp=kinds, **UTM))
    np.testing.assert_array_equal(shown, ROAD)
    assert seen.all()
    assert "hides all of it" in warnings[0]


def test_values_that_are_no_picture_are_refused(tmp_path):
    heights = np.linspace(-20, 900, GREY.size, dtype=np.float32).reshape(GREY.shape)
    with pytest.raises(PhotoError, match="values from -20 to 900, expected 0 to 1"):
        whole(write(tmp_path / "heights.tif", heights, **UTM))


def test_the_preview_is_the_image_shrunk(tmp_path):
    photo = cv2.resize(ROAD, (900, 700), interpolation=cv2.INTER_NEAREST)
    with opened(write(tmp_path / "a.tif", photo, **UTM)) as image:
        windows = Windows(image, tmp_path / "a.tif", preview=90)
        for top in range(0, 700, 128):
            for left in range(0, 900, 128):
                windows.read(Tile(top, left, 128, 128))
    np.testing.assert_array_equal(windows.preview, ROAD)
