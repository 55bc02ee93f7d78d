import cv2
import numpy as np
import pytest

from upcracknet.detection import CrackMap
from upcracknet.errors import OutputError


@pytest.fixture
def crack_map():
    photo = np.full((40, 60, 3), 120, np.uint8)
    score = np.linspace(0, 1, 40 * 60, dtype=np.float32).reshape(40, 60)
    mask = np.zeros((40, 60), bool)
    mask[10, 5:55] = True
    return CrackMap(photo, score, mask, threshold=0.5)


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


def test_a_folder_that_is_none_is_an_output_error(crack_map, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError):
        crack_map.save_mask(tmp_path / "file" / "mask.png")
