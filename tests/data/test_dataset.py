from pathlib import Path

import numpy as np
import pytest

from upcracknet.data.dataset import CrackDataset, Sample
from upcracknet.data.photo import save_image_atomically
from upcracknet.errors import DataError


def test_samples_in_a_row(tmp_path: Path) -> None:
    photo, mask = tmp_path / "a.png", tmp_path / "a_mask.png"
    save_image_atomically(photo, np.full((6, 8, 3), 90, np.uint8))
    save_image_atomically(mask, np.eye(6, 8, dtype=np.uint8) * np.uint8(255))
    samples = tuple(Sample(name, photo, mask) for name in "abc")
    dataset = CrackDataset("mine", "test", tmp_path, samples)
    assert len(dataset) == 3
    assert [sample.name for sample in dataset[1:]] == ["b", "c"]
    assert dataset[-1] in dataset
    assert (dataset[0].photo() == 90).all()
    np.testing.assert_array_equal(dataset[0].mask(), np.eye(6, 8, dtype=np.bool_))


def test_sample_without_mask() -> None:
    with pytest.raises(DataError, match=r"road\.jpg: has no mask"):
        Sample("road", Path("road.jpg")).mask()
