"""Places of pixels on the earth, by the oracle of PROJ, which rasterio brings."""

import numpy as np
import pytest
from rasterio.warp import transform

from upcracknet.measure.drone import _onto_level_ground
from upcracknet.measure.scale import Scale, _as_matrix
from upcracknet.survey.placing import FromAbove, transformed, unwrapped
from upcracknet.survey.records import Position

ON_ALL_SIDES = [(48.0, 9.0), (-36.8, 174.7), (-22.9, -43.2), (64.1, -21.9), (0.0, 0.0), (-16.8, 179.99999)]


def around(latitude, longitude) -> str:
    """A map on which distances and directions from a place are true."""
    return f"+proj=aeqd +lat_0={latitude} +lon_0={longitude} +datum=WGS84 +units=m"


@pytest.mark.parametrize(("latitude", "longitude"), ON_ALL_SIDES)
@pytest.mark.parametrize("heading", [0.0, 30.0, 250.0])
def test_a_photo_from_above_is_turned_by_its_heading(latitude, longitude, heading):
    position = Position(latitude, longitude, "exif", "each crack", heading_deg=heading)
    placing = FromAbove(Scale.uniform(2.0), (1999.5, 1499.5), position)
    ahead, right = np.array([1999.5, 499.5]), np.array([2499.5, 1499.5])
    degrees = placing.on_map(np.array([ahead, right, (1999.5, 1499.5)]))
    east, north = transform("EPSG:4326", around(latitude, longitude), *degrees.T)
    angle = np.radians([heading, heading + 90])
    expected = np.array([2.0, 1.0]) * [np.sin(angle), np.cos(angle)]
    assert np.array([east, north])[:, :2] == pytest.approx(expected, abs=1e-4)
    assert (east[2], north[2]) == pytest.approx((0, 0), abs=1e-4)


def test_a_scale_that_is_turned_or_mirrored_does_not_turn_the_photo():
    position = Position(48.0, 9.0, "exif", "each crack", heading_deg=75.0)
    places, middle = np.array([(10.0, 20.0), (300.0, 7.0)]), (150.0, 100.0)
    straight = FromAbove(Scale.uniform(2.0), middle, position).on_map(places)
    for across, down in (((0.0, 2.0), (-2.0, 0.0)), ((-2.0, 0.0), (0.0, 2.0))):
        matrix = ((across[0], down[0], 5.0), (across[1], down[1], -9.0), (0.0, 0.0, 1.0))
        scale = Scale(matrix, "turned", 0.05, "rectangle")
        assert FromAbove(scale, middle, position).on_map(places) == pytest.approx(straight, abs=1e-12)


def test_degrees_run_on_across_the_date_line():
    utm = np.array([[834_000.0, 5_000_000.0], [837_500.0, 5_000_000.0]])
    degrees = transformed(unwrapped(transformed(utm, "EPSG:32760", "EPSG:4326")), "EPSG:4326", "EPSG:4326")
    assert degrees[0, 0] < 180
    assert 0 < degrees[1, 0] - degrees[0, 0] < 1
    assert unwrapped(np.array([[-179.9, 1.0], [179.9, 1.0]]))[:, 0] == pytest.approx([-179.9, -180.1])


def test_the_place_of_a_drone_is_below_its_camera():
    """30 m up, tilted ahead by 5°: the photo's middle lies 30 m · tan 5° ahead of the drone."""
    matrix = _onto_level_ground((4000, 3000), 3000.0, np.radians(5.0), 30_000.0)
    scale = Scale(_as_matrix(matrix), "a drone", 0.02, "drone")
    position = Position(48.0, 9.0, "exif", "each crack", heading_deg=90.0)
    degrees = FromAbove(scale, (1999.5, 1499.5), position).on_earth(np.array([(1999.5, 1499.5)]))
    east, north = transform("EPSG:4326", around(48.0, 9.0), *degrees.T)
    assert (east[0], north[0]) == pytest.approx((30 * np.tan(np.radians(5.0)), 0), abs=1e-3)
