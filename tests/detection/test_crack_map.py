from dataclasses import replace

import cv2
import numpy as np
import pytest

from upcracknet.detection import CrackMap
from upcracknet.errors import OutputError
from upcracknet.measure import Scale


@pytest.fixture
def crack_map():
    photo = np.full((40, 60, 3), 120, np.uint8)
    score = np.linspace(0, 1, 40 * 60, dtype=np.float32).reshape(40, 60)
    mask = np.zeros((40, 60), bool)
    mask[10, 5:55] = True
    return CrackMap(photo, score, mask, threshold=0.5)


def wide_crack() -> CrackMap:
    """A dark crack 6 pixels wide, of which the mask shows 10."""
    photo = np.full((100, 300, 3), 140, np.uint8)
    photo[50:56, 40:150] = 50
    mask = np.zeros((100, 300), bool)
    mask[48:58, 38:152] = True
    return CrackMap(photo, mask.astype(np.float32), mask, threshold=0.5)


def test_area_is_counted(crack_map):
    assert crack_map.crack_pixels == 50
    assert crack_map.area_share == pytest.approx(50 / 2400)


def test_the_overlay_reddens_cracks_outlines_them_and_leaves_the_rest(crack_map):
    overlay = crack_map.overlay().astype(int)
    assert overlay[10, 30, 0] > 200 > overlay[10, 30, 1] + 100
    assert overlay[11, 30, 0] > overlay[11, 30, 1] + 50
    assert (overlay[20:] == 120).all()
    assert (crack_map.photo == 120).all()


def test_files_hold_what_was_found(crack_map, tmp_path):
    crack_map.save_mask(tmp_path / "mask.png")
    crack_map.save_score(tmp_path / "score.png")
    crack_map.save_overlay(tmp_path / "overlay.png")
    mask = cv2.imread(str(tmp_path / "mask.png"), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(mask, crack_map.mask * np.uint8(255))
    score = cv2.imread(str(tmp_path / "score.png"), cv2.IMREAD_UNCHANGED)
    assert score.dtype == np.uint16
    np.testing.assert_allclose(score / 65535, crack_map.score, atol=1e-5)
    overlay = cv2.cvtColor(cv2.imread(str(tmp_path / "overlay.png")), cv2.COLOR_BGR2RGB)
    np.testing.assert_array_equal(overlay, crack_map.overlay())


def test_cracks_are_measured_by_the_mask_and_the_photo(crack_map):
    (crack,) = crack_map.cracks()
    assert crack.length_px == pytest.approx(50, abs=0.5)
    assert crack.length_mm is None
    (refined,) = wide_crack().cracks()
    assert refined.width_mean_px == pytest.approx(6, abs=0.5), "of the photo, not the 10 pixels of the mask"


def test_the_scale_of_cracks_is_that_given_or_that_of_the_map():
    (crack,) = replace(wide_crack(), millimetres_per_pixel=2.0).cracks(standard="fhwa-ltpp")
    assert crack.length_mm == pytest.approx(2 * crack.length_px)
    assert crack.scale_source == "given: 2 mm per pixel"
    assert crack.severity == "moderate"
    (crack,) = replace(wide_crack(), millimetres_per_pixel=2.0).cracks(Scale.uniform(3.0), direction=None)
    assert crack.length_mm == pytest.approx(3 * crack.length_px)
    assert (crack.severity, crack.kind) == ("medium", "crack")


def test_a_folder_that_is_none_is_an_output_error(crack_map, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError):
        crack_map.save_mask(tmp_path / "file" / "mask.png")
