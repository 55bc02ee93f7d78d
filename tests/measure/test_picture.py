"""The picture of an inspection: colours at their places, and nothing in the legend that is not there."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from tests.measure.drawn import grid, line
from tests.measure.roads import rectangle, road_to_photo, seen

from upcracknet.errors import PhotoError
from upcracknet.measure import Scale, inspect
from upcracknet.measure.legend import (
    JOINT_COLOUR,
    NETWORK_COLOURS,
    NO_SCALE_COLOUR,
    NOT_GRADED_COLOUR,
    SEVERITY_COLOURS,
)
from upcracknet.measure.picture import LONGEST_PX, MOST_ENLARGED, NARROWEST_PX, draw_inspection

HEIGHT, WIDTH = 1200, 1600  # shown as it is
LOW, MEDIUM, HIGH = SEVERITY_COLOURS
ROWS = {"low": 200, "medium": 500, "high": 900, "cannot be graded": 1100}
WIDTHS_PX = {"low": 3, "medium": 21, "high": 51, "cannot be graded": 1}
COLOURS = dict(zip(ROWS, (*SEVERITY_COLOURS, NOT_GRADED_COLOUR), strict=True))
ALL_COLOURS = {*COLOURS.values(), NO_SCALE_COLOUR, JOINT_COLOUR, *NETWORK_COLOURS.values()}


def wave(row: float) -> np.ndarray:
    """A line across most of the photo that is no straight joint."""
    x = np.arange(200.0, 1400.0)
    return np.column_stack([x, row + 30 * np.sin(x / 60)])


def mask_of(*drawn: tuple[np.ndarray, int], shape: tuple[int, int] = (HEIGHT, WIDTH)) -> np.ndarray:
    mask = np.zeros(shape, np.uint8)
    for points, width in drawn:
        cv2.polylines(mask, [np.rint(points).astype(np.int32)], False, 1, width)
    return mask


def mask_with(*severities: str) -> np.ndarray:
    """One crack of each severity where a pixel covers 2 mm."""
    return mask_of(*((wave(ROWS[severity]), WIDTHS_PX[severity]) for severity in severities))


def grey(height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    return np.full((height, width, 3), 128, np.uint8)


def colours_in(picture: np.ndarray) -> set[tuple[int, ...]]:
    present = {tuple(colour) for colour in np.unique(picture.reshape(-1, 3), axis=0).tolist()}
    return present & ALL_COLOURS


def longest_bar(strip: np.ndarray) -> int:
    """The longest row of dark pixels."""
    dark = np.pad((strip < 60).all(axis=2), ((0, 0), (1, 1))).astype(np.int8)
    steps = np.diff(dark, axis=1)
    starts, ends = np.argwhere(steps == 1), np.argwhere(steps == -1)
    return int((ends[:, 1] - starts[:, 1]).max())


@pytest.mark.parametrize("severity", ROWS)
def test_a_crack_has_the_colour_of_its_severity_where_it_lies_and_as_wide_as_it_is(severity):
    mask = mask_with(severity)
    picture = draw_inspection(grey(), inspect(mask, Scale.uniform(2.0)))
    along = np.rint(wave(ROWS[severity])[20:-20]).astype(int)
    assert (picture[along[:, 1], along[:, 0]] == COLOURS[severity]).all(axis=1).mean() > 0.9
    # At a crest the line is level, and a column cuts straight across.
    crest = round(60 * np.pi * 4.5)
    across = (picture[:HEIGHT, crest] == COLOURS[severity]).all(axis=1).sum()
    assert abs(across - max(5, mask[:, crest].sum())) <= 1


@pytest.mark.parametrize(
    "present", [("low",), ("medium", "high"), ("high", "cannot be graded"), tuple(ROWS), ()]
)
def test_the_legend_names_what_is_in_the_picture_and_no_more(present):
    picture = draw_inspection(grey(), inspect(mask_with(*present), Scale.uniform(2.0)))
    assert colours_in(picture[HEIGHT:]) == {COLOURS[severity] for severity in present}


def test_the_graver_crack_lies_on_top():
    crossing = line((800, 100), (830, 600), (790, 1100))
    mask = mask_with("medium", "low", "high")
    found = inspect(mask, Scale.uniform(2.0))
    low = replace(found.cracks[0], axis=(crossing,), width_along_px=(np.full(len(crossing), 4.0),))
    low = replace(low, severity="low", number=9, kind="longitudinal")
    picture = draw_inspection(grey(), replace(found, cracks=(*found.cracks, low)))
    x = 812
    row = round(wave(ROWS["high"])[x - 200, 1])
    assert tuple(picture[row, x]) == HIGH
    assert tuple(picture[330, round(crossing[230, 0])]) == LOW


@pytest.mark.parametrize("millimetres", [0.37, 1.5, 2.0, 4.1, 25.0])
def test_the_scale_bar_is_a_round_length(millimetres):
    picture = draw_inspection(grey(), inspect(mask_with(), Scale.uniform(millimetres)))
    bar = longest_bar(picture[HEIGHT:])
    assert 0.1 * WIDTH - 1 <= bar <= 0.25 * WIDTH
    rounds = np.outer([1, 2, 5], 10.0 ** np.arange(-1, 5)).ravel()
    assert np.abs(bar - rounds / millimetres).min() <= 0.5


def test_the_scale_bar_is_that_of_the_picture_not_of_the_photo():
    found = inspect(np.zeros((600, 800), bool), Scale.uniform(1.0))
    assert longest_bar(draw_inspection(grey(600, 800), found)[HEIGHT:]) == 400  # 200 mm, twice enlarged


def test_without_one_scale_for_all_places_there_is_no_bar():
    corners = seen(road_to_photo(40), rectangle(40, 1200, 800))
    oblique = Scale.from_rectangle([(x, y) for x, y in corners], 1200.0, 800.0, (900, 1200))
    photo, mask = grey(900, 1200), np.zeros((900, 1200), bool)
    for scale in (None, oblique):
        assert longest_bar(draw_inspection(photo, inspect(mask, scale))[HEIGHT:]) < 40
    assert longest_bar(draw_inspection(photo, inspect(mask, Scale.uniform(1.0)))[HEIGHT:]) > 100


def test_without_a_scale_cracks_have_no_severity():
    picture = draw_inspection(grey(), inspect(mask_with("low", "high")))
    assert colours_in(picture[HEIGHT:]) == {NO_SCALE_COLOUR}
    assert tuple(picture[round(wave(900)[600, 1]), 800]) == NO_SCALE_COLOUR


def test_cracks_beyond_the_scale_are_in_the_colour_of_those_without():
    corners = seen(road_to_photo(60), rectangle(60, 1200, 800))
    oblique = Scale.from_rectangle([(x, y) for x, y in corners], 1200.0, 800.0, (900, 1200))
    across = wave(0)[:900] - (200, -40), wave(0)[:900] - (200, -850)
    found = inspect(mask_of(*((points, 9) for points in across), shape=(900, 1200)), oblique)
    assert {crack.length_mm is None for crack in found.cracks} == {False, True}
    picture = draw_inspection(grey(900, 1200), found)
    assert NO_SCALE_COLOUR in colours_in(picture[:200])
    assert NO_SCALE_COLOUR not in colours_in(picture[1000:1200])
    assert NO_SCALE_COLOUR in colours_in(picture[1200:])


def test_joints_are_dashed():
    joint = line((700, 0), (700, 1199))
    found = inspect(mask_of((joint, 5)), Scale.uniform(2.0))
    assert [crack.kind for crack in found.cracks] == ["joint"]
    picture = draw_inspection(grey(), found)
    share = (picture[:HEIGHT, 700] == JOINT_COLOUR).all(axis=1).mean()
    assert 0.4 < share < 0.75
    assert colours_in(picture[HEIGHT:]) == {JOINT_COLOUR}


@pytest.mark.parametrize(("scale", "kind"), [(None, "network"), (2.0, "alligator"), (6.0, "block")])
def test_areas_of_networks_are_tinted(scale, kind):
    mask = mask_of(*((points, 5) for points in grid(300, 300, 120, 4, 4)))
    found = inspect(mask, None if scale is None else Scale.uniform(scale))
    assert [network.kind for network in found.classes.networks] == [kind]
    picture = draw_inspection(grey(), found).astype(int)
    plain = picture[20, 20]
    towards = np.sign(np.array(NETWORK_COLOURS[kind]) - plain)
    assert (np.sign(picture[360, 360] - plain) == towards).all()
    assert (picture[1000, 1500] == plain).all()
    assert NETWORK_COLOURS[kind] in colours_in(picture[HEIGHT:])


def test_a_preview_is_drawn_with_the_coordinates_of_the_whole():
    found = inspect(mask_with("high"), Scale.uniform(2.0))
    whole, preview = draw_inspection(grey(), found), draw_inspection(grey(120, 160), found)
    assert preview.shape[1] == 160 * MOST_ENLARGED
    along = np.rint(wave(ROWS["high"])[20:-20] * 0.8).astype(int)
    assert (preview[along[:, 1], along[:, 0]] == HIGH).all()
    # The bar: the same length on the road.
    assert longest_bar(preview[960:]) == pytest.approx(0.8 * longest_bar(whole[HEIGHT:]), abs=1)


def test_the_photo_of_something_else_is_refused():
    with pytest.raises(PhotoError, match="1600×800 pixels and what was measured has 1600×1200"):
        draw_inspection(grey(800, 1600), inspect(mask_with()))


@pytest.mark.parametrize("crack", [False, True])
@pytest.mark.parametrize(
    ("height", "width"), [(1, 1), (1, 300), (300, 1), (241, 319), (2, 2), (1999, 37), (3000, 4000)]
)
def test_photos_of_all_sizes(height, width, crack):
    mask = np.zeros((height, width), bool)
    mask[height // 2, :] = crack
    photo = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    before = photo.copy()
    picture = draw_inspection(photo, inspect(mask, Scale.uniform(1.5)))
    np.testing.assert_array_equal(photo, before)
    zoom = min(LONGEST_PX / max(height, width), MOST_ENLARGED)
    shown = max(1, round(height * zoom)), max(1, round(width * zoom))
    assert picture.shape[1] == max(shown[1], NARROWEST_PX)
    assert 100 < picture.shape[0] - shown[0] < 250  # the strip


def test_a_hairline_in_a_large_photo_is_seen():
    mask = mask_of((wave(200) * 2.5, 1), shape=(3000, 4000))
    picture = draw_inspection(grey(3000, 4000), inspect(mask, Scale.uniform(0.5)))
    column = (picture[:HEIGHT, 800] == NOT_GRADED_COLOUR).all(axis=1)
    assert 2 <= column.sum() <= 6


def test_without_cracks_the_photo_is_bare():
    picture = draw_inspection(grey(), inspect(mask_with(), Scale.uniform(2.0)))
    assert len(np.unique(picture[:HEIGHT])) == 1
