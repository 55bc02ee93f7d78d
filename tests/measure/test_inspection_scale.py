"""Inspections of photos in which the scale does not count everywhere."""

from dataclasses import replace

import numpy as np
import pytest
from tests.measure.drawn import drawn, grid, line, wavy

from upcracknet.errors import ConfigurationError
from upcracknet.measure import (
    Scale,
    inspect,
)


def beyond(row: float) -> Scale:
    """The scale of a camera 0.5 m above the road; its horizon lies in some row."""
    matrix = ((500.0, 0.0, -500.0 * 250), (0.0, 0.0, -500.0 * 600), (0.0, 1.0, -row))
    return Scale(matrix, "a camera", 0.02, "rectangle")


def coarse(row: float) -> Scale:
    """A slanted scale that counts below some row only."""
    scale = beyond(-1000.0)
    (limit,) = scale.millimetres_per_pixel_at(np.array([[0.0, row]]))
    return replace(scale, coarsest=float(limit))


@pytest.mark.parametrize("scale", [beyond(150.0), coarse(150.0)], ids=["horizon", "coarsest"])
def test_a_crack_beyond_the_scale_has_no_millimetres(scale):
    mask = (
        drawn(wavy((50, 60), (250, 70), 1, 2.0))
        | drawn(line((255, 90), (255, 250)))
        | drawn(wavy((60, 300), (320, 290), 3, 2.0))
    )
    found = inspect(mask, scale)
    above, through, below = sorted(found.cracks, key=lambda crack: crack.axis[0][:, 1].min())
    for crack in (above, through):
        assert crack.length_px > 100
        values = (
            crack.length_mm,
            crack.width_mean_mm,
            crack.width_max_mm,
            crack.area_mm2,
            crack.scale_source,
        )
        assert values == (None,) * 5
        assert crack.severity is None
    assert (above.kind, through.kind, below.kind) == ("crack", "longitudinal", "transverse")
    assert None not in (below.length_mm, below.width_mean_mm, below.area_mm2, below.severity)
    (note,) = found.notes
    assert "Cracks without millimetres: 2 of 3." in note
    assert "beyond the horizon" in note
    within = sum(portion.length for portion in found.classes.portions if portion.kind == "longitudinal")
    assert 0 < within < np.inf
    assert sum(row.amount for row in found.quantities) == pytest.approx((below.length_mm + within) / 1000)


def test_cracks_beyond_the_scale_do_not_change_the_others():
    scale = coarse(150.0)
    low = drawn(wavy((60, 300), (320, 290), 3, 2.0))
    (alone,) = inspect(low, scale).cracks
    found = inspect(low | drawn(line((50, 60), (150, 70))), scale)
    (crack,) = (crack for crack in found.cracks if crack.length_mm is not None)
    for name in ("length_mm", "width_mean_mm", "width_median_mm", "width_p95_mm", "width_max_mm", "area_mm2"):
        assert getattr(crack, name) == pytest.approx(getattr(alone, name)), name
    assert (crack.kind, crack.severity) == (alone.kind, alone.severity)


@pytest.mark.parametrize("scale", [beyond(150.0), coarse(150.0)], ids=["horizon", "coarsest"])
@pytest.mark.parametrize("top", [20, 90, 220], ids=["beyond", "through", "within"])
def test_networks_end_where_the_scale_does(scale, top):
    mask = drawn(*grid(150, top, 35, 6, 4), width=4)
    found = inspect(mask, scale)
    assert len(found.networks) == (top > 20)
    for network in found.networks:
        assert 0 < network.area_mm2 < np.inf
        assert np.isfinite(scale.to_road(network.polygon)).all()
        assert network.polygon[:, 1].max() > top + 4 * 35 - 15
    assert all(np.isfinite(row.amount) for row in found.quantities)
    assert (found.notes != ()) == (top < 200)


@pytest.mark.parametrize("scale", [beyond(150.0), coarse(150.0)], ids=["horizon", "coarsest"])
def test_joints_do_not_need_the_scale(scale):
    found = inspect(drawn(line((200, 0), (210, 399))) | drawn(line((0, 50), (499, 60))), scale)
    assert [crack.kind for crack in found.cracks] == ["joint"]
    assert len(found.joints) == 2
    beyond_it = inspect(drawn(line((0, 50), (499, 60))), scale)
    assert [crack.kind for crack in beyond_it.cracks] == ["joint"]
    assert found.quantities == beyond_it.quantities == ()


def test_where_the_driving_direction_is_beyond_the_scale():
    found = inspect(drawn(wavy((60, 380), (320, 370), 3, 2.0)), beyond(350.0))
    assert [crack.kind for crack in found.cracks] == ["crack"]
    assert found.cracks[0].length_mm > 0
    (note,) = found.notes
    assert note.startswith("The driving direction is not known")


def test_a_scale_is_fitted_to_the_size_of_the_photo():
    scale = Scale.from_points([(100.0, 100.0), (700.0, 100.0)], 1200.0, (800, 1000))
    found = inspect(drawn(wavy((60, 300), (320, 290), 3, 2.0)), scale)
    assert found.scale.millimetres_per_pixel == pytest.approx(4.0)
    assert found.cracks[0].length_mm == pytest.approx(4 * found.cracks[0].length_px)
    with pytest.raises(ConfigurationError, match="its scale was made on one of 1000×800"):
        inspect(np.zeros((400, 400), bool), scale)
