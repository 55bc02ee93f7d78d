"""Cracks of known length and width, seen from the side: measured in millimetres as on the flat road."""

import numpy as np
import pytest
from skimage.draw import polygon
from tests.measure.roads import SIZE, centre, rectangle, road_to_photo, seen

from upcracknet.measure.cracks import measure_cracks
from upcracknet.measure.scale import Scale

CAMERA_MM = 1250.0
SQUARE = 900.0, 900.0
FINE = 4


def mask_of(line: np.ndarray, width_mm: float, to_photo: np.ndarray) -> np.ndarray:
    """The pixels that lie at least half within a line of some width on the road."""
    along = np.gradient(line, axis=0)
    across = np.column_stack([-along[:, 1], along[:, 0]]) / np.linalg.norm(along, axis=1)[:, None]
    rim = np.concatenate([line + across * width_mm / 2, (line - across * width_mm / 2)[::-1]])
    x, y = ((seen(to_photo, rim) + 0.5) * FINE - 0.5).T
    fine = np.zeros((SIZE[0] * FINE, SIZE[1] * FINE), np.uint8)
    fine[polygon(y, x, fine.shape)] = 1
    covered: np.ndarray = fine.reshape(SIZE[0], FINE, SIZE[1], FINE).sum(axis=(1, 3)) * 2 >= FINE**2
    return covered


@pytest.mark.parametrize("tilt", [30, 45, 60])
@pytest.mark.parametrize("direction_deg", [7, 95])
@pytest.mark.parametrize("swing_mm", [0, 30])
def test_length_and_width_are_those_of_the_flat_road(tilt, direction_deg, swing_mm):
    """The corners are marked to whole pixels; the crack is 40 mm wide, 8 to 28 pixels."""
    to_photo = road_to_photo(tilt, CAMERA_MM)
    corners = np.rint(seen(to_photo, rectangle(tilt, *SQUARE) - centre(tilt) + centre(tilt, CAMERA_MM)))
    scale = Scale.from_rectangle([(x, y) for x, y in corners], *SQUARE, SIZE)
    angle, steps = np.radians(direction_deg), np.linspace(-300, 300, 300)
    along, across = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    line = centre(tilt, CAMERA_MM) + np.outer(steps, along) + np.outer(swing_mm * np.sin(steps / 60), across)
    (crack,) = measure_cracks(mask_of(line, 40, to_photo), scale)
    assert crack.length_mm == pytest.approx(np.linalg.norm(np.diff(line, axis=0), axis=1).sum(), rel=0.03)
    assert crack.width_mean_mm == pytest.approx(40, rel=0.03)
    assert crack.scale_source == scale.source
