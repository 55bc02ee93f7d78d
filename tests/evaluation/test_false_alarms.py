from collections.abc import Callable

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from upcracknet.data.dataset import CrackDataset
from upcracknet.detection import CrackDetector
from upcracknet.errors import DataError
from upcracknet.evaluation.false_alarms import (
    CleanPhotos,
    FalseAlarms,
    clean_roads,
    clean_windows,
    count_false_alarms,
    undamaged_windows,
)

WriteDataset = Callable[..., CrackDataset]


def bright(dark_rows: int) -> np.ndarray:
    photo = np.full((20, 50, 3), 200, np.uint8)
    photo[:dark_rows] = 0
    return photo


def test_share_of_pixels_and_of_photos(detector: CrackDetector) -> None:
    photos = [bright(0), bright(2), bright(0), bright(6)]
    calls: list[tuple[int, int]] = []
    counted = count_false_alarms(
        detector,
        CleanPhotos("roads", "made", 2, lambda index: photos[2 * index : 2 * index + 2]),
        progress=lambda done, total: calls.append((done, total)),
    )
    assert counted == FalseAlarms(photos=4, pixels=4000, crack_pixels=400, photos_with_cracks=2)
    assert (counted.share, counted.photo_share) == (0.1, 0.5)
    assert calls == [(1, 2), (2, 2)]


def test_windows_keep_away_from_cracks_and_from_each_other() -> None:
    truth = np.zeros((384, 544), bool)
    truth[:, 200:203] = True
    distance = distance_transform_edt(~truth)
    first, second = undamaged_windows(truth)
    assert (first.height, first.width) == (256, 256)
    assert second.height == 192  # 192 columns are free on the left
    for window in (first, second):
        inside = np.s_[window.top : window.top + window.height, window.left : window.left + window.width]
        assert distance[inside].min() > 8
    assert second.left + second.width <= first.left


def test_two_windows_at_most() -> None:
    windows = undamaged_windows(np.zeros((600, 1200), bool))
    assert [(w.top, w.left, w.height) for w in windows] == [(0, 0, 256), (0, 256, 256)]


def test_windows_of_a_data_set(write_dataset: WriteDataset, detector: CrackDetector) -> None:
    bar, unmarked = np.s_[5:9, :], np.s_[100:102, 0:160]
    dataset = write_dataset([bar, unmarked], [bar, np.s_[0:3, :]], size=(200, 170))
    clean = clean_windows(dataset)
    assert clean.sources == 2
    assert [photo.shape for photo in clean.load(0)] == [(160, 160, 3)]
    counted = count_false_alarms(detector, clean)
    assert (counted.photos, counted.pixels, counted.crack_pixels) == (2, 2 * 160 * 160, 320)
    assert counted.photos_with_cracks == 1


def test_what_cannot_be_read_is_named(write_dataset: WriteDataset, detector: CrackDetector) -> None:
    bar = np.s_[5:9, :]
    dataset = write_dataset([bar, bar], [bar, bar], size=(200, 170))
    dataset[0].photo_path.write_bytes(b"no photo")
    counted = count_false_alarms(detector, clean_windows(dataset))
    assert counted.photos == 1
    assert "photo0" in counted.unreadable[0]
    dataset[1].photo_path.write_bytes(b"no photo")
    with pytest.raises(DataError, match=r"no crack-free photo in 2 of them; the first error: .*photo0"):
        count_false_alarms(detector, clean_windows(dataset))


def test_no_room_between_cracks(write_dataset: WriteDataset, detector: CrackDetector) -> None:
    bar = np.s_[80:84, :]
    with pytest.raises(DataError, match="use photos with more sound road"):
        count_false_alarms(detector, clean_windows(write_dataset([bar], [bar], size=(170, 170))))


def test_synthetic_roads_are_the_same_each_time() -> None:
    clean = clean_roads(3, 48, 64)
    assert clean.sources == 3
    assert "64×48 pixels" in clean.description
    (road,), (again,), (other,) = clean.load(0), clean.load(0), clean.load(1)
    assert road.shape == (48, 64, 3)
    assert np.array_equal(road, again)
    assert not np.array_equal(road, other)
