import numpy as np
import pytest

from upcracknet.data.dataset import Sample
from upcracknet.data.photo import save_image_atomically
from upcracknet.data.undamaged import Window
from upcracknet.preparation import Purity, measure_purity, windows_by_chance


@pytest.fixture
def sample(tmp_path) -> Sample:
    mask = np.zeros((60, 80), np.uint8)
    mask[0, 0] = mask[20:40, 40:60] = 255
    save_image_atomically(tmp_path / "a.png", np.zeros((60, 80, 3), np.uint8))
    save_image_atomically(tmp_path / "mask.png", mask)
    return Sample("a", tmp_path / "a.png", tmp_path / "mask.png")


def test_purity_by_hand(sample):
    places = [Window(0, 0, 40, 40), Window(20, 40, 40, 40), Window(40, 0, 20, 20), Window(40, 40, 20, 20)]
    purity = measure_purity([(sample, window) for window in places])
    assert purity == Purity(4, 0.5, 0.75, (1 / 1600 + 0.25) / 4)


def test_photos_without_a_usable_mask_are_not_measured(sample, tmp_path):
    save_image_atomically(tmp_path / "other.png", np.full((10, 10), 255, np.uint8))
    window = Window(0, 0, 10, 10)
    unusable = [
        Sample("none", sample.photo_path),
        Sample("gone", sample.photo_path, tmp_path / "gone.png"),
        Sample("other size", sample.photo_path, tmp_path / "other.png"),
    ]
    assert measure_purity([(one, window) for one in unusable]) is None
    found = measure_purity([(one, window) for one in (*unusable, sample)])
    assert found is not None
    assert found.windows == 1


def test_windows_by_chance_have_the_same_sizes_and_lie_in_their_photos(sample, tmp_path):
    save_image_atomically(tmp_path / "small.png", np.zeros((30, 30, 3), np.uint8))
    small = Sample("small", tmp_path / "small.png")
    chosen = [(sample, Window(0, 0, size, size)) for size in (20, 40, 60)] * 10
    drawn = windows_by_chance(chosen, [small, sample], 0)
    assert [window.height for _, window in drawn] == [window.height for _, window in chosen]
    for photo, window in drawn:
        height, width = (30, 30) if photo is small else (60, 80)
        assert window.top + window.height <= height
        assert window.left + window.width <= width
    assert {photo.name for photo, _ in drawn} == {"small", "a"}
    assert drawn == windows_by_chance(chosen, [small, sample], 0)
