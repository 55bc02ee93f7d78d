import numpy as np
import pytest

from upcracknet.survey.earth import distances_m, metres_per_unit, on_plane, wrapped

DEGREES_KM = {
    0.0: (110.574, 111.320),
    15.0: (110.649, 107.550),
    30.0: (110.852, 96.486),
    45.0: (111.132, 78.847),
    60.0: (111.412, 55.800),
    75.0: (111.618, 28.902),
}
"""Length in kilometres of a degree of latitude and of one of longitude on WGS 84, by latitude, as tables
print it."""


@pytest.mark.parametrize("latitude", DEGREES_KM)
def test_a_degree(latitude):
    """Along the meridian from half a degree south to half a degree north, and along the parallel."""
    along_m, across_m = 1000 * np.array(DEGREES_KM[latitude])
    meridian = np.array([[7.0, latitude - 0.5], [7.0, latitude + 0.5]])
    parallel = np.array([[-1.0, latitude], [0.0, latitude]])
    for hemisphere in (1, -1):
        assert distances_m(hemisphere * meridian)[0] == pytest.approx(along_m, abs=1.5)
        assert distances_m(hemisphere * parallel)[0] == pytest.approx(across_m, abs=1.5)
    assert metres_per_unit(latitude) * np.radians(1) == pytest.approx(across_m, abs=1.5)


def test_a_known_geodesic():
    """From Flinders Peak to Buninyong: 54,972.271 m (Geocentric Datum of Australia, technical manual).

    A straight line in degrees is no geodesic, and longer by some centimetres.
    """
    ends = np.array([[144.424867889, -37.951033417], [143.926495528, -37.652821139]])
    line = ends[0] + np.linspace(0, 1, 101)[:, None] * (ends[1] - ends[0])
    assert distances_m(line).sum() == pytest.approx(54_972.271, abs=0.5)


def test_the_date_line_is_no_edge():
    places = np.array([[179.9995, -17.0], [-179.9995, -17.0], [179.9995, -17.0]])
    here = np.array([[9.9995, -17.0], [10.0005, -17.0], [9.9995, -17.0]])
    assert distances_m(places) == pytest.approx(distances_m(here))
    plane = on_plane(places, 179.9995)
    assert np.diff(plane[:, 0]) == pytest.approx(np.radians([0.001, -0.001]))
    assert wrapped(np.array([180.5, -190.0, 30.0])) == pytest.approx([-179.5, 170.0, 30.0])


@pytest.mark.parametrize("latitude", [-67.0, 0.0, 51.0])
def test_the_plane_keeps_shapes(latitude):
    """100 m to the north and 100 m to the east are as long on it, up to the difference of a map's edge."""
    north = np.array([[7.0, latitude], [7.0, latitude + 0.0009]])
    east = np.array([[7.0, latitude], [7.0 + 0.0009 / np.cos(np.radians(latitude)), latitude]])
    factors = [
        np.hypot(*np.diff(on_plane(step, 7.0), axis=0)[0]) * metres_per_unit(latitude) / distances_m(step)[0]
        for step in (north, east)
    ]
    assert factors == pytest.approx([1.0, 1.0], abs=1e-4)
