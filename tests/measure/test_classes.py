import numpy as np
import pytest
from tests.measure.drawn import Drawn, Slanted, Uniform, crack, grid, line, wavy

from upcracknet.errors import ConfigurationError
from upcracknet.measure.classes import KINDS, classify
from upcracknet.measure.frame import PHOTO_VERTICAL, Direction, Frame

FRAME = Frame(400, 500, Uniform(2.0))


def across(degrees: float, frame: Frame = FRAME) -> str:
    """The class of a wandering crack at an angle against the x axis, counter-clockwise as seen."""
    reach = 120 * np.array([np.cos(np.radians(degrees)), -np.sin(np.radians(degrees))])
    axis = wavy(tuple(np.array([250, 200]) - reach), tuple(np.array([250, 200]) + reach), 1, 2.0)
    (kind,) = classify([crack(axis)], frame).kinds
    return kind


@pytest.mark.parametrize("degrees", range(5, 180, 10))
@pytest.mark.parametrize("driving", [90.0, 0.0, 30.0, 210.0])
def test_the_class_is_the_angle_to_the_driving_direction(degrees, driving):
    angle = abs((degrees - driving + 90) % 180 - 90)
    expected = "longitudinal" if angle < 20 else "transverse" if angle > 70 else "diagonal"
    assert across(degrees, Frame(400, 500, direction=Direction(driving))) == expected


def test_the_photos_vertical_stands_for_the_driving_direction_and_is_named():
    classes = classify([crack(wavy((200, 0), (200, 399), 1))], Frame(400, 500))
    assert classes.kinds == ("longitudinal",)
    assert classes.frame.direction == PHOTO_VERTICAL
    assert PHOTO_VERTICAL.source == "photo's vertical"


def test_without_a_driving_direction_a_crack_is_a_crack():
    assert across(90, Frame(400, 500, direction=None)) == "crack"


def test_a_ring_has_no_direction():
    turn = np.linspace(0, 2 * np.pi, 200)
    ring = 250 + 60 * np.stack([np.cos(turn), np.sin(turn)], 1)
    (portion,) = classify([crack(ring)], FRAME).portions
    assert (portion.kind, portion.angle_degrees) == ("crack", None)


def test_branches_of_a_cross_have_their_own_classes():
    arms = [line((250, 200), end) for end in ((250, 90), (250, 310), (140, 200), (370, 200))]
    classes = classify([crack(*arms)], FRAME)
    assert [portion.kind for portion in classes.portions] == [
        "longitudinal",
        "longitudinal",
        "transverse",
        "transverse",
    ]
    assert classes.kinds == ("transverse",), "its greater part"


def test_a_crack_with_small_branches_is_one_class():
    trunk = wavy((250, 50), (250, 350), 5)
    twigs = [line((250, y), (290, y - 5)) for y in (100, 180, 260)]
    classes = classify([crack(trunk, *twigs)], FRAME)
    assert {portion.kind for portion in classes.portions} == {"longitudinal"}


def test_lengths_and_widths_are_on_the_road():
    (portion,) = classify([crack(line((100, 200), (200, 200)), width=5.0)], FRAME).portions
    assert portion.length == pytest.approx(200)
    assert portion.width == pytest.approx(10)
    assert portion.width_px == pytest.approx(5)


def test_a_slanted_photo_is_measured_on_the_road():
    """A crack 4 m ahead and 1 m to the left of a lane's middle, 3 m long, 60 mm wide, across the lane."""
    scale = Slanted()
    places = line((500, 4000), (3500, 4000))[::50]
    middle, beside = scale.to_photo(places), scale.to_photo(places + np.array([0, 60]))
    widths = np.abs(beside - middle)[:, 1]
    (portion,) = classify([Drawn((middle,), (widths,))], Frame(300, 400, scale)).portions
    assert portion.length == pytest.approx(3000, rel=0.01)
    assert portion.width == pytest.approx(60, rel=0.03)
    assert portion.kind == "transverse"


@pytest.mark.parametrize("x", [200, 1000, 2000, 3800])
def test_along_a_slanted_road_cracks_are_longitudinal_wherever_they_lie(x):
    """In the photo they lean by up to 34 degrees."""
    scale = Slanted()
    axis = scale.to_photo(wavy((x, 500), (x, 3500), 1, 20.0)[::20])
    assert classify([crack(axis)], Frame(300, 400, scale)).kinds == ("longitudinal",)


def test_what_lies_in_a_network_is_a_part_of_it_and_the_rest_is_not():
    """Nothing is in two portions, and none is lost."""
    lead = wavy((300, 170), (499, 160), 3, 2.0)
    cracks = [crack(*grid(100, 100, 40, 5, 4)), crack(lead), crack(wavy((400, 0), (410, 90), 4))]
    classes = classify(cracks, FRAME)
    assert classes.kinds == ("alligator", "transverse", "longitudinal")
    for number, drawn in enumerate(cracks):
        parts = [portion.length for portion in classes.portions if portion.crack == number]
        assert sum(parts) == pytest.approx(2 * drawn.length_px)
    (network,) = classes.networks
    for portion in classes.portions:
        assert (portion.network == 0) == bool(network.contains(portion.segments.middles).all())


def test_half_widths_beyond_the_ends_are_shared_out():
    longer = crack(line((100, 200), (200, 200)))
    measured = type("Measured", (), {"axis": longer.axis, "width_along_px": longer.width_along_px})()
    measured.length_px = longer.length_px + 4
    (portion,) = classify([measured], FRAME).portions
    assert portion.length == pytest.approx(208)


def test_specks_and_nothing():
    speck = Drawn((np.array([[5.0, 5.0]]),), (np.array([1.0]),))
    classes = classify([speck], FRAME)
    assert classes.kinds == ("crack",)
    assert not classes.portions
    assert classify([], FRAME).kinds == ()


def test_kinds_are_known():
    assert set(KINDS) >= {"longitudinal", "transverse", "diagonal", "alligator", "block", "joint", "crack"}


def test_directions_and_photos_that_are_none():
    with pytest.raises(ConfigurationError, match="90 for up"):
        Direction(float("nan"))
    with pytest.raises(ConfigurationError, match="at least 1 by 1"):
        Frame(0, 10)


def test_a_portion_is_cut_into_equal_pieces():
    (portion,) = classify([crack(line((50, 100), (350, 100)))], Frame(300, 400, Uniform(2.0))).portions
    pieces = portion.cut(150.0)
    assert [piece.length for piece in pieces] == pytest.approx([150.0] * 4, abs=2.1)
    assert np.array_equal(
        np.concatenate([piece.segments.middles for piece in pieces]), portion.segments.middles
    )
    assert portion.cut(500.0) == [portion]
    assert len(portion.cut(0.1)) == len(portion.segments), "no piece is empty"
