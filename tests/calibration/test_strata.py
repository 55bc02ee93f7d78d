from dataclasses import replace

import cv2
import numpy as np
import pytest
from skimage.morphology import skeletonize

from upcracknet.calibration import strata
from upcracknet.calibration.strata import (
    CONTRASTS,
    DEPTHS,
    LEFT_OUT,
    WIDTHS,
    Stratum,
    backgrounds,
    judged_photo,
    kept_apart,
    painted_strata,
)
from upcracknet.data.dataset import CrackDataset, Sample
from upcracknet.data.patches import split_samples
from upcracknet.data.registry import open_dataset
from upcracknet.errors import DataError
from upcracknet.training.crack_remover_configuration import CrackRemoverConfiguration

pytestmark = pytest.mark.xdist_group("strata")  # what all need is made once

SURFACES = backgrounds([])
NAMES = [*SURFACES, "deepcrack", "deepcrack ×4"]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Two photos of 300×400 pixels: red cracks at the left, sound road of 250 pixels at the right."""
    root, random = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    samples = []
    for name in ("a", "b"):
        photo = random.normal(140, 9, (300, 400, 3)).clip(0, 255).astype(np.uint8)
        mask = np.zeros((300, 400), np.uint8)
        mask[:, 100:120] = 255
        photo[mask > 0] = (255, 0, 0)
        cv2.imwrite(str(root / f"{name}.png"), photo[..., ::-1])
        cv2.imwrite(str(root / f"{name}-mask.png"), mask)
        samples.append(Sample(name, root / f"{name}.png", root / f"{name}-mask.png"))
    return CrackDataset("deepcrack", "train", root, tuple(samples))


def stratum(widths=WIDTHS[2], contrast="deep", surface="asphalt"):
    return Stratum(0.2, widths, contrast, surface)


@pytest.mark.parametrize("widths", WIDTHS[:-1])
def test_cracks_are_as_wide_as_their_stratum(widths):
    photo = judged_photo(stratum(widths), SURFACES)
    cracks = photo.cracks | photo.unseen
    doubled = cracks.repeat(2, axis=0).repeat(2, axis=1)  # whole pixels: a width of 1 has a middle too
    distance = cv2.distanceTransform(doubled.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    width = float(np.median(distance[skeletonize(doubled)]))
    # People mark a hairline about two pixels wide, and a crack's soft edge beside it.
    assert 0.7 * widths[0] <= width <= widths[1] + 1.5


@pytest.mark.parametrize("surface", ["asphalt", "concrete"])
def test_hairlines_are_as_dark_as_their_stratum(surface):
    for contrast, (low, high) in CONTRASTS.items():
        photo = judged_photo(stratum(WIDTHS[1], contrast, surface), SURFACES)
        assert 0.9 * low < photo.contrast < 1.1 * high


@pytest.mark.parametrize("surface", ["asphalt", "concrete"])
def test_what_is_wide_enough_to_look_into_is_as_dark_as_a_gap(surface):
    for contrast, (low, high) in DEPTHS.items():
        painted = stratum(WIDTHS[3], contrast, surface)
        photo = judged_photo(painted, SURFACES)
        grey = cv2.cvtColor(photo.photo, cv2.COLOR_RGB2GRAY).astype(float)
        lost = 1 - np.median(grey[photo.cracks]) / np.median(grey[~photo.cracks])
        assert 0.7 * low < lost < 1.2 * high


def test_a_photo_depends_on_its_stratum_alone():
    once, again = (judged_photo(stratum(), SURFACES) for _ in range(2))
    other = judged_photo(stratum(surface="concrete"), SURFACES)
    assert (once.photo == again.photo).all()
    assert (once.cracks == again.cracks).all()
    assert (once.cracks != other.cracks).any()


def test_what_is_seen_and_what_is_not_are_apart():
    photo = judged_photo(stratum(WIDTHS[0], "faint", "concrete"), SURFACES)
    assert not (photo.cracks & photo.unseen).any()
    assert photo.unseen.any()


@pytest.mark.parametrize("megapixels", [0.2, 2.0])
def test_every_width_has_every_contrast(megapixels):
    widths = [one for one in WIDTHS if megapixels > 1 or one != WIDTHS[-1]]
    for quick in (False, True):
        found = {
            (one.widths, one.contrast)
            for one in painted_strata(NAMES, quick=quick)
            if one.megapixels == megapixels
        }
        assert found == {(width, contrast) for width in widths for contrast in CONTRASTS}


def test_small_photos_take_windows_as_they_are_and_larger_ones_enlarged():
    strata = painted_strata(NAMES)
    assert {one.surface for one in strata if one.megapixels == 0.2} == {*SURFACES, "deepcrack"}
    assert {one.surface for one in strata if one.megapixels == 2} == {*SURFACES, "deepcrack ×4"}
    assert LEFT_OUT not in {one.surface for one in strata if one.megapixels == 12}
    assert len(set(strata)) == len(strata)


def test_the_quick_strata_are_a_part_of_all():
    quick, every = set(painted_strata(NAMES, quick=True)), set(painted_strata(NAMES))
    assert quick < every


def test_windows_of_photos_keep_away_from_annotated_cracks(dataset):
    draws = backgrounds([dataset])
    for name, side in (("deepcrack", 256), ("deepcrack ×4", 1024)):
        window = draws[name](384, 544, np.random.default_rng(0))
        assert window.shape == (side, side, 3)
        assert (window[..., 0].astype(int) - window[..., 1]).max() < 200  # no red


def test_photos_without_a_large_crack_free_window_are_refused(dataset, monkeypatch):
    monkeypatch.setattr(strata, "WINDOW_SIZES", (320, 300))
    with pytest.raises(DataError, match="no crack-free window of 300 pixels in 2 photos"):
        backgrounds([dataset])


def test_the_photos_are_those_that_training_keeps_apart(made_datasets):
    run = CrackRemoverConfiguration()
    every = open_dataset("deepcrack", made_datasets, "train")
    training, _ = split_samples(every, run.data.validation_share, run.seed)
    apart = kept_apart("deepcrack", made_datasets)
    assert replace(apart, samples=every.samples) == every
    assert sorted(sample.name for sample in (*training, *apart)) == sorted(sample.name for sample in every)
