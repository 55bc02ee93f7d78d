from pathlib import Path

import cv2
import numpy as np
import pytest

from upcracknet.data.dataset import CrackDataset, Sample
from upcracknet.errors import DataError
from upcracknet.evaluation.protocol import (
    NATIVE,
    PAPER,
    EvaluationItem,
    annotated,
    crack_patches,
    resized,
    whole,
)


def item(height: int, width: int) -> EvaluationItem:
    random = np.random.default_rng(0)
    photo = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
    return EvaluationItem("road", photo, random.random((height, width)) < 0.2)


def write(folder: Path, name: str, photo_size: tuple[int, int], mask_size: tuple[int, int] | None) -> Sample:
    photo_path, mask_path = folder / f"{name}.png", folder / f"{name}-mask.png"
    cv2.imwrite(str(photo_path), np.full((*photo_size, 3), 90, np.uint8))
    if mask_size is None:
        return Sample(name, photo_path)
    mask = np.zeros(mask_size, np.uint8)
    mask[mask_size[0] // 2] = 255
    cv2.imwrite(str(mask_path), mask)
    return Sample(name, photo_path, mask_path)


def test_halving_bilinearly_averages_four_pixels_and_takes_the_nearest_mask_pixel() -> None:
    original = item(512, 512)
    result = resized(original)
    blocks = original.photo.reshape(256, 2, 256, 2, 3).mean(axis=(1, 3))
    assert np.abs(result.photo - blocks).max() <= 0.5
    assert result.truth.dtype == bool
    assert (result.truth == original.truth[::2, ::2]).all()


def test_resizing_does_not_smooth_before() -> None:
    """A third of the width: the middle pixel of three is taken, what lies beside it does not count."""
    photo = np.zeros((768, 768, 3), np.uint8)
    photo[1::3, 1::3] = 255
    assert (resized(EvaluationItem("road", photo, np.zeros((768, 768), bool))).photo == 255).all()


def test_paper_protocol_gives_256_pixels_and_native_the_photo_itself(tmp_path: Path) -> None:
    sample = write(tmp_path, "a", (384, 544), (384, 544))
    (squeezed,) = PAPER.prepare("roads", sample)
    (own,) = NATIVE.prepare("roads", sample)
    assert squeezed.photo.shape == (256, 256, 3)
    assert squeezed.truth.shape == (256, 256)
    assert own.photo.shape == (384, 544, 3)
    assert own.truth.sum() == 544


def test_cfd_patches_are_left_and_right_of_the_middle_rows() -> None:
    original = item(320, 480)
    left, right = crack_patches(original)
    assert (left.name, right.name) == ("road-left", "road-right")
    assert (left.photo == original.photo[32:288, :256]).all()
    assert (left.truth == original.truth[32:288, :256]).all()
    assert (right.photo == original.photo[32:288, 224:]).all()
    assert (right.truth == original.truth[32:288, 224:]).all()


def test_patches_without_crack_are_left_out() -> None:
    original = item(320, 480)
    original.truth[:] = False
    original.truth[100, 470] = True
    assert [patch.name for patch in crack_patches(original)] == ["road-right"]
    original.truth[:] = False
    original.truth[10, 470] = True  # above the patches
    assert crack_patches(original) == []


def test_paper_protocol_cuts_cfd_and_no_other(tmp_path: Path) -> None:
    sample = write(tmp_path, "a", (320, 480), (320, 480))
    assert [item.name for item in PAPER.prepare("cfd", sample)] == ["a-left", "a-right"]
    assert [item.name for item in PAPER.prepare("mine", sample)] == ["a"]
    assert [item.name for item in NATIVE.prepare("cfd", sample)] == ["a"]


def test_a_photo_smaller_than_a_patch() -> None:
    with pytest.raises(DataError, match="road: 300×200 pixels, expected at least 256×256"):
        crack_patches(item(200, 300))


def test_photos_without_annotation_are_left_out(tmp_path: Path) -> None:
    samples = (write(tmp_path, "a", (40, 40), (40, 40)), write(tmp_path, "b", (40, 40), None))
    dataset = CrackDataset("roads", "test", tmp_path, samples)
    assert [sample.name for sample in annotated(dataset)] == ["a"]


def test_photo_and_mask_of_different_size(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="a: the photo is 40×30 pixels and its mask 20×30"):
        whole(write(tmp_path, "a", (30, 40), (30, 20)))
