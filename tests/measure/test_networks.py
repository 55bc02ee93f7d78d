import numpy as np
import pytest
from tests.measure.drawn import Slanted, Uniform, grid, line, wavy

from upcracknet.measure.frame import Frame
from upcracknet.measure.networks import find_networks, polygon_area


def test_a_grid_of_cracks_is_a_network_of_its_pieces_and_area():
    axes = grid(100, 100, 40, 5, 4)
    (network,) = find_networks(axes, Frame(400, 500, Uniform(2.0)))
    assert network.kind == "alligator"
    assert network.pieces == 20
    assert network.piece_side_px == pytest.approx(40, abs=4)
    assert network.piece_side_mm == pytest.approx(2 * network.piece_side_px)
    assert network.area_px == pytest.approx(200 * 160, rel=0.06)
    assert network.area_mm2 == pytest.approx(4 * network.area_px)
    assert network.area_px == polygon_area(network.polygon)


@pytest.mark.parametrize(
    ("millimetres", "kind"), [(1.0, "alligator"), (10.0, "alligator"), (15.0, "block"), (60.0, "block")]
)
def test_the_size_of_the_pieces_tells_alligator_from_block(millimetres, kind):
    """The pieces are 40 pixels on a side: 40 mm, 0.4 m, 0.6 m and 2.4 m."""
    (network,) = find_networks(grid(100, 100, 40, 5, 4), Frame(400, 500, Uniform(millimetres)))
    assert network.kind == kind


def test_without_a_scale_a_network_has_no_size():
    (network,) = find_networks(grid(100, 100, 40, 5, 4), Frame(400, 500))
    assert (network.kind, network.area_mm2, network.piece_side_mm) == ("network", None, None)


def test_slabs_larger_than_blocks_are_road_between_cracks():
    assert not find_networks(grid(100, 100, 40, 5, 4), Frame(400, 500, Uniform(150.0)))


def test_one_or_two_loops_are_no_network():
    trunk = line((0, 200), (499, 200))
    loops = [line((left, 200), (left + 40, 150), (left + 80, 200)) for left in (50, 250)]
    assert not find_networks([trunk, *loops], Frame(400, 500, Uniform(1.0)))
    third = line((350, 200), (390, 150), (430, 200))
    assert not find_networks([trunk, *loops, third], Frame(400, 500, Uniform(1.0))), "not side by side"


def test_lines_without_pieces():
    frame = Frame(400, 500, Uniform(1.0))
    assert not find_networks([], frame)
    assert not find_networks([line((0, 200), (499, 200)), line((200, 0), (200, 399))], frame)
    assert not find_networks([line((10, 10), (10, 10))], frame)


def test_a_crack_that_leads_into_a_network_is_not_in_its_area():
    lead = wavy((300, 180), (499, 180), 3, 2.0)
    axes = grid(100, 100, 40, 5, 4)
    (network,) = find_networks([*axes, lead], Frame(400, 500, Uniform(1.0)))
    (alone,) = find_networks(axes, Frame(400, 500, Uniform(1.0)))
    assert network.area_px == pytest.approx(alone.area_px, rel=0.02)
    assert network.contains(lead).mean() < 0.15
    assert network.contains(line((120, 120), (280, 240))).all()


def test_pieces_at_the_rim_that_are_open_on_one_side_belong_to_it():
    axes = [line((100 + 40 * i, 60), (100 + 40 * i, 260)) for i in range(6)]
    axes += [line((100, 100 + 40 * i), (300, 100 + 40 * i)) for i in range(4)]
    (network,) = find_networks(axes, Frame(400, 500, Uniform(1.0)))
    assert network.pieces == 15
    inside = network.contains(np.array([[160.0, 80.0], [160.0, 240.0], [320.0, 160.0], [160.0, 40.0]]))
    assert inside.tolist() == [True, True, False, False]


def test_a_network_at_the_edge_of_the_photo_reaches_it():
    (network,) = find_networks(grid(-20, 100, 40, 6, 4), Frame(400, 500, Uniform(1.0)))
    assert network.polygon[:, 0].min() < 3


def test_pieces_that_the_photos_edge_cuts_count_a_third():
    """One whole piece and eight cut ones around it are 3⅔; without the corners, 2⅓."""
    whole_and_cut = [line((x, 0), (x, 119)) for x in (40, 80)] + [line((0, y), (119, y)) for y in (40, 80)]
    (network,) = find_networks(whole_and_cut, Frame(120, 120, Uniform(1.0)))
    assert network.pieces == 1
    assert network.area_px == pytest.approx(119**2, rel=0.02)
    ring = [line((40, 40), (80, 40), (80, 80), (40, 80), (40, 40))]
    arms = [
        line((60, 0), (60, 40)),
        line((60, 80), (60, 119)),
        line((0, 60), (40, 60)),
        line((80, 60), (119, 60)),
    ]
    assert not find_networks([*ring, *arms], Frame(120, 120, Uniform(1.0)))


def test_two_networks_apart():
    axes = [*grid(50, 50, 30, 3, 3), *grid(300, 200, 30, 5, 4)]
    larger, smaller = find_networks(axes, Frame(400, 500, Uniform(1.0)))
    assert (larger.pieces, smaller.pieces) == (20, 9)
    assert not larger.contains(smaller.polygon).any()


def test_small_gaps_in_cracks_do_not_open_pieces():
    axes = [part for axis in grid(100, 100, 40, 5, 4) for part in (axis[:55], axis[65:])]
    (network,) = find_networks(axes, Frame(400, 500, Uniform(1.0)))
    assert network.pieces == 20


def test_a_map_too_large_to_draw_is_drawn_smaller():
    axes = [axis * 20 for axis in grid(100, 100, 40, 5, 4, crooked=0.0)]
    (network,) = find_networks(axes, Frame(8000, 10000, Uniform(0.1)))
    assert network.pieces == 20
    assert network.area_px == pytest.approx(400 * 200 * 160, rel=0.06)


def test_areas_of_a_slanted_photo_are_those_of_the_road():
    """A grid of 0.4 m, 5 by 4 pieces on the road: 3.2 m². Its outer lines are 3 pixels wide, and in it."""
    scale = Slanted()
    axes = [scale.to_photo(axis) for axis in grid(1000, 500, 400, 5, 4)]
    (network,) = find_networks(axes, Frame(300, 400, scale))
    assert network.kind == "alligator"
    assert network.area_mm2 == pytest.approx(3.4e6, rel=0.06)
