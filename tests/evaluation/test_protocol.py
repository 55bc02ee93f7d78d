from pathlib import Path

import cv2
import numpy as np
import pytest

from upcracknet.data.dataset import CrackDataset, Sample
from upcracknet.data.resizing import resized
from upcracknet.errors import DataError
from upcracknet.evaluation.protocol import (
    NATIVE,
    PAPER,
    PROTOCOLS,
    EvaluationItem,
    ProtocolName,
    annotated,
    crack_patches,
    enlarged,
    one_in,
    squeezed,
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


def centre(weights: np.ndarray) -> np.ndarray:
    rows, columns = np.indices(weights.shape) + 0.5
    return np.array([(rows * weights).sum(), (columns * weights).sum()]) / weights.sum()


def shift_of_the_mask(size: tuple[int, int], new_size: tuple[int, int], **rule: int) -> np.ndarray:
    """How far the mask of a disc lies below and right of its photo once both are resized, in new pixels.

    The mean of 16 discs, since the edge of a single one has steps.
    """
    random, shifts = np.random.default_rng(0), []
    rows, columns = np.indices(size) + 0.5
    for radius in random.uniform(0.1, 0.3, 16) * size[0]:
        row, column = (random.uniform(radius, side - radius) for side in size)
        covered = np.clip(radius + 0.5 - np.hypot(rows - row, columns - column), 0, 1)
        photo = np.repeat((255 - 200 * covered).round().astype(np.uint8)[..., None], 3, axis=2)
        photo, mask = resized(photo, covered >= 0.5, *new_size, **rule)
        shifts.append(centre(mask.astype(float)) - centre(255.0 - photo[..., 0]))
    return np.mean(shifts, axis=0)


@pytest.mark.parametrize("size", [(384, 544), (360, 640), (320, 480), (333, 500)])
def test_a_disc_shrunk_as_photo_and_as_mask_keeps_its_centre(size: tuple[int, int]) -> None:
    assert np.abs(shift_of_the_mask(size, (256, 256))).max() < 0.05
    former = shift_of_the_mask(size, (256, 256), mask_rule=cv2.INTER_NEAREST)
    assert former.min() > 0.3, "masks were right of photos and below"


@pytest.mark.parametrize("times", [2, 4])
def test_a_disc_enlarged_as_photo_and_as_mask_keeps_its_centre(times: int) -> None:
    assert np.abs(shift_of_the_mask((96, 136), (96 * times, 136 * times))).max() < 0.05


def test_at_half_the_size_the_mask_is_half_an_old_pixel_off() -> None:
    """Four pixels are equally near the centre; what the docstring says of it holds."""
    assert shift_of_the_mask((512, 512), (256, 256)) == pytest.approx([-0.25, -0.25], abs=0.05)


def test_halving_bilinearly_averages_four_pixels_and_takes_a_nearest_mask_pixel() -> None:
    original = item(512, 512)
    result = squeezed(original)
    blocks = original.photo.reshape(256, 2, 256, 2, 3).mean(axis=(1, 3))
    assert np.abs(result.photo - blocks).max() <= 0.5
    assert result.truth.dtype == bool
    assert (result.truth == original.truth[1::2, 1::2]).all()


def test_resizing_does_not_smooth_before() -> None:
    """A third of the width: the middle pixel of three is taken, what lies beside it does not count."""
    photo = np.zeros((768, 768, 3), np.uint8)
    photo[1::3, 1::3] = 255
    result = squeezed(EvaluationItem("road", photo, photo[..., 0] > 0))
    assert (result.photo == 255).all()
    assert result.truth.all()


def test_enlarging_repeats_the_mask_and_brings_no_new_brightness() -> None:
    original = item(30, 40)
    result = enlarged(original, 4)
    assert (result.truth == original.truth.repeat(4, axis=0).repeat(4, axis=1)).all()
    assert result.photo.shape == (120, 160, 3)
    for channel in range(3):
        before, after = original.photo[..., channel], result.photo[..., channel]
        assert before.min() <= after.min()
        assert after.max() <= before.max()


@pytest.mark.parametrize(("protocol", "times"), [("native-x2", 2), ("native-x4", 4)])
def test_protocols_that_enlarge(tmp_path: Path, protocol: ProtocolName, times: int) -> None:
    (found,) = PROTOCOLS[protocol].prepare("cfd", write(tmp_path, "a", (30, 40), (30, 40)))
    assert (found.name, found.truth.shape) == ("a", (30 * times, 40 * times))
    assert PROTOCOLS[protocol].name == protocol


def test_the_former_rule_is_kept_under_a_name_of_its_own(tmp_path: Path) -> None:
    sample = write(tmp_path, "a", (384, 544), (384, 544))
    assert sample.mask_path is not None
    slanted = np.eye(384, 544, dtype=np.uint8) * 255
    cv2.imwrite(str(sample.mask_path), cv2.dilate(slanted, np.ones((5, 5), np.uint8)))
    (former,) = PROTOCOLS["paper-shifted"].prepare("roads", sample)
    (today,) = PAPER.prepare("roads", sample)
    rule = cv2.INTER_NEAREST
    assert (former.truth == cv2.resize(sample.mask().astype(np.uint8), (256, 256), interpolation=rule)).all()
    assert (former.photo == today.photo).all()
    assert (former.truth != today.truth).any()


def test_one_photo_in_three_is_taken_and_the_split_says_so(tmp_path: Path) -> None:
    masks = [None, *[(40, 40)] * 5]
    samples = tuple(write(tmp_path, str(n), (40, 40), mask) for n, mask in enumerate(masks))
    dataset = CrackDataset("roads", "test", tmp_path, samples)
    assert one_in(1, dataset) is dataset
    found = one_in(3, dataset)
    assert [sample.name for sample in found] == ["1", "4"]
    assert found.split == "test, 1 photo in 3"


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
