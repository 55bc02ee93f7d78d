"""From a mask to cracks with classes and severities, networks and quantities."""

import cv2
import numpy as np
import pytest
from benchmarks.drawn_cracks import bar, covered
from tests.measure.drawn import drawn, grid, line, wavy
from tests.measure.roads import SIZE, centre, rectangle, road_to_photo, seen

from upcracknet.errors import ConfigurationError, PhotoError
from upcracknet.measure import (
    PHOTO_VERTICAL,
    Direction,
    Scale,
    inspect,
    inspect_in_windows,
    measure_cracks,
    measure_in_windows,
)
from upcracknet.measure.severity import NOT_GRADED

ANGLES = range(5, 180, 10)
"""18 of them, off the limits of 20° and 70°."""

TILT, CAMERA_MM = 50.0, 1250.0


def road() -> np.ndarray:
    """A lane's photo at 2 mm a pixel: a joint, two cracks and alligator cracking."""
    cracks = [wavy((40, 210), (240, 205), 2, 2.0), *grid(280, 220, 40, 4, 3)]
    return (
        drawn(*cracks)
        | drawn(wavy((100, 230), (110, 380), 4, 2.0), width=2)
        | drawn(line((0, 100), (499, 110)), width=4)
    )


def test_each_crack_has_a_class_and_a_severity():
    found = inspect(road(), Scale.uniform(2.2))
    kinds = {crack.kind: crack for crack in found.cracks}
    assert set(kinds) == {"joint", "alligator", "transverse", "longitudinal"}
    assert kinds["joint"].severity is None
    assert kinds["transverse"].severity == "medium"
    assert kinds["longitudinal"].severity == NOT_GRADED
    assert kinds["alligator"].severity == "medium", "a network's cracks are graded by width as any other"
    assert found.classes.kinds == tuple(crack.kind for crack in found.cracks)
    assert [crack.number for crack in found.cracks] == [1, 2, 3, 4]


def test_networks_joints_quantities_and_direction():
    found = inspect(road(), Scale.uniform(2.2))
    assert [network.kind for network in found.networks] == ["alligator"]
    assert len(found.joints) == 1
    assert found.direction == PHOTO_VERTICAL
    assert found.notes == ()
    amounts = {(row.distress, row.severity): row.amount for row in found.quantities}
    assert amounts["alligator", "medium"] == pytest.approx(0.16 * 0.12 * 2.2**2, rel=0.1)
    assert amounts["longitudinal and transverse", NOT_GRADED] == pytest.approx(0.15 * 2.2, rel=0.1)
    assert amounts["longitudinal and transverse", "medium"] == pytest.approx(0.2 * 2.2, rel=0.15)
    assert {row.code for row in found.quantities} == {"1", "10"}


def test_another_standard_and_another_direction():
    found = inspect(road(), Scale.uniform(2.2), standard="fhwa-ltpp", direction=Direction(0.0))
    assert {crack.kind for crack in found.cracks} == {"joint", "alligator", "longitudinal", "transverse"}
    across = next(crack for crack in found.cracks if crack.kind == "transverse")
    assert across.orientation_deg == pytest.approx(90, abs=10)
    assert {crack.severity for crack in found.cracks} == {None, "moderate", NOT_GRADED}
    assert {row.code for row in found.quantities} == {"1", "4", "6"}


def test_without_a_scale_there_are_classes_and_no_severities():
    found = inspect(road())
    assert {crack.severity for crack in found.cracks} == {None}
    assert found.scale is None
    assert found.quantities == ()
    assert [network.kind for network in found.networks] == ["network"]
    assert "transverse" in {crack.kind for crack in found.cracks}


def test_without_a_direction_no_crack_is_longitudinal():
    found = inspect(road(), direction=None)
    assert {crack.kind for crack in found.cracks} == {"joint", "network", "crack"}
    assert found.direction is None
    assert found.notes == ()


def test_an_empty_mask():
    found = inspect(np.zeros((30, 40), bool), Scale.uniform(1.0))
    assert (found.cracks, found.quantities, found.networks, found.joints, found.notes) == ((),) * 5


def test_a_full_mask_is_no_joint():
    (crack,) = inspect(np.ones((90, 60), bool)).cracks
    assert crack.kind == "longitudinal"


@pytest.mark.parametrize("side", [1, 3, 8])
def test_a_square_speck_has_no_direction_and_no_class(side):
    mask = np.zeros((40, 40), bool)
    mask[10 : 10 + side, 20 : 20 + side] = True
    (crack,) = inspect(mask).cracks
    assert (crack.orientation_deg, crack.kind) == (None, "crack")


def test_windows_and_lists_of_cracks_are_the_same_inspection():
    mask, scale = road(), Scale.uniform(2.2)
    expected = [(crack.kind, crack.severity) for crack in inspect(mask, scale, standard="fhwa-ltpp").cracks]
    read = lambda rows, columns: mask[rows, columns].astype(np.uint8) * 255  # noqa: E731
    options = {"standard": "fhwa-ltpp", "direction": PHOTO_VERTICAL}
    for cracks in (
        measure_cracks(mask, scale, **options),
        measure_in_windows(read, mask.shape, scale, window=256, **options),
        inspect_in_windows(read, mask.shape, scale, window=256, **options).cracks,
    ):
        assert [(crack.kind, crack.severity) for crack in cracks] == expected


# Directions


def rule(angle_to_driving: float) -> str:
    """The class of a straight crack (AASHTO R 85-18)."""
    if angle_to_driving <= 20:
        return "longitudinal"
    return "transverse" if angle_to_driving >= 70 else "diagonal"


def turned(angle: float, to: float) -> float:
    return abs((angle - to + 90) % 180 - 90)


@pytest.mark.parametrize("driving", [90.0, 40.0])
def test_class_and_orientation_agree(driving):
    for angle in ANGLES:
        (crack,) = inspect(bar(6, angle, 200), direction=Direction(driving)).cracks
        assert turned(crack.orientation_deg, angle) < 1, angle
        assert crack.kind == rule(turned(crack.orientation_deg, driving)), angle


@pytest.fixture
def slanted() -> tuple[np.ndarray, Scale]:
    """The homography from the road to a slanted photo, and the scale of a rectangle that is marked in it."""
    to_photo = road_to_photo(TILT, CAMERA_MM)
    places = rectangle(TILT, 900.0, 900.0) - centre(TILT) + centre(TILT, CAMERA_MM)
    corners = seen(to_photo, places)
    return to_photo, Scale.from_rectangle([(x, y) for x, y in corners], 900.0, 900.0, SIZE)


def test_class_and_orientation_agree_on_a_slanted_photo(slanted):
    """The orientation is that in the photo; put on the road, where the crack is, it gives the class."""
    to_photo, scale = slanted
    for angle in ANGLES:
        along = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
        ends = seen(to_photo, centre(TILT, CAMERA_MM) + np.outer([-200, 200], along))
        (crack,) = inspect(drawn(ends, width=6, shape=SIZE), scale).cracks
        dx, dy = ends[1] - ends[0]
        assert turned(crack.orientation_deg, np.degrees(np.arctan2(-dy, dx))) < 1, angle
        assert crack.kind == rule(turned(angle, 90)), angle
        step = np.array(
            [np.cos(np.radians(crack.orientation_deg)), -np.sin(np.radians(crack.orientation_deg))]
        )
        start, end = scale.to_road(ends.mean(axis=0) + np.outer([-1, 1], step))
        on_road = np.degrees(np.arctan2(*(end - start)[::-1]))
        assert crack.kind == rule(turned(on_road, 90)), angle


# Where the scale does not count


# Two cracks side by side


@pytest.mark.parametrize("width", [3, 5])
@pytest.mark.parametrize("times", [3, 4])
@pytest.mark.parametrize("wander", [0.0, 1.0])
def test_two_cracks_side_by_side_stay_two_where_the_photo_is_given(width, times, wander):
    """So many times their width apart, on a grainy road, and masks that are a pixel too wide all around."""
    apart = (times + 1) * width
    cracks = drawn(
        wavy((20, 100), (480, 100), 1, wander), wavy((20, 100 + apart), (480, 100 + apart), 2, wander),
        width=width, shape=(200, 500),
    )  # fmt: skip
    grain = cv2.GaussianBlur(np.random.default_rng(1).normal(0, 1, cracks.shape), (0, 0), 1.2)
    grey = 130 - 50 * cv2.GaussianBlur(cracks.astype(float), (0, 0), 1.0) + 8 * grain / grain.std()
    mask = cv2.dilate(cracks.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    assert len(inspect(mask, photo=np.clip(grey, 0, 255).astype(np.uint8)).cracks) == 2


def test_two_even_cracks_side_by_side_are_one_where_no_photo_is_given():
    mask = np.zeros((200, 400), bool)
    mask[90:94, 20:380] = mask[108:112, 20:380] = True
    (crack,) = inspect(mask).cracks
    assert crack.width_mean_px == pytest.approx(22, abs=0.5)


def test_two_cracks_that_each_go_their_own_way_stay_two():
    widening = covered(lambda x, y: (np.abs(x) <= 150) & (np.abs(np.abs(y) - 12 - x / 30) <= 2), 10) >= 0.5
    assert len(inspect(widening).cracks) == 2


# What is refused


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"mask": [[0, 1]]}, PhotoError, "the mask is a list; expected an array of bool or numbers"),
        ({"mask": np.array([["a"]])}, PhotoError, "expected an array of bool or numbers"),
        ({"mask": np.zeros((4, 5, 3), np.uint8)}, PhotoError, "one value a pixel"),
        ({"mask": np.arange(20).reshape(4, 5)}, PhotoError, "compare scores with a threshold first"),
        ({"photo": "a.jpg"}, PhotoError, "the photo is a str; expected an array, uint8"),
        ({"photo": np.zeros((4, 6, 3), np.uint8)}, PhotoError, "give the photo that the mask was made of"),
        ({"photo": np.zeros((4, 5, 4), np.uint8)}, PhotoError, "grey or RGB"),
        ({"photo": np.zeros((4, 5, 3))}, PhotoError, "the photo is float64"),
        ({"scale": 1.5}, ConfigurationError, r"scale is 1.5; expected a Scale, such as Scale.uniform\(1.5\)"),
        ({"scale": "scale.json"}, ConfigurationError, "the scale is 'scale.json'; expected a Scale"),
        ({"direction": 90.0}, ConfigurationError, r"is 90.0; expected a Direction, such as Direction\(90\)"),
        ({"standard": "din"}, ConfigurationError, "no standard 'din'; expected astm-d6433 or fhwa-ltpp"),
        ({"standard": None}, ConfigurationError, "no standard None; expected astm-d6433 or fhwa-ltpp"),
    ],
)  # fmt: skip
def test_what_cannot_be_inspected(options, kind, message):
    options = {"mask": np.zeros((4, 5), bool)} | options
    with pytest.raises(kind, match=message) as caught:
        inspect(**options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("degrees", [np.nan, np.inf])
def test_a_direction_is_a_number(degrees):
    with pytest.raises(ConfigurationError, match="expected a number, 90 for up in the photo"):
        Direction(degrees)


def test_scores_read_in_windows_are_no_mask():
    scores = np.linspace(0, 1, 400).reshape(20, 20)
    with pytest.raises(PhotoError, match="compare scores with a threshold first"):
        inspect_in_windows(lambda rows, columns: scores[rows, columns], scores.shape)
    with pytest.raises(ConfigurationError, match="at least 1 by 1"):
        inspect_in_windows(lambda rows, columns: scores[rows, columns], (0, 20))
