import numpy as np
import pytest
import torch
from PIL import Image

from upcracknet.data.dataset import open_dataset
from upcracknet.data.patches import UndamagedPatches
from upcracknet.data.synthetic import synthesize_road
from upcracknet.detection import DetectionSettings, RestorationScorer
from upcracknet.evaluation.calibration import (
    FALSE_ALARM_SHARES,
    MINIMUM_EXTENTS,
    best_with_floor,
    compare_settings,
    painted_roads,
    synthetic_roads,
)
from upcracknet.networks import UNetGenerator


class Smoothing(UNetGenerator):
    """Restores by averaging, so that every dark line is an error."""

    def forward(self, corrupted: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.avg_pool2d(corrupted, 15, stride=1, padding=7, count_include_pad=False)


@pytest.fixture
def patches(tmp_path):
    for seed in range(4):
        road = synthesize_road(seed, 96, 96, cracks=False, distractors=False).photo
        Image.fromarray(road).save(tmp_path / f"{seed}.png")
    samples = open_dataset(str(tmp_path))
    return UndamagedPatches(samples, size=64, window_sizes=(64,), augment=False, patches_per_epoch=6)


def test_painted_roads_are_undamaged_photos_with_cracks_whose_place_is_known(patches):
    roads = painted_roads(patches, 6)
    assert any(mask.any() for _, mask in roads)
    for index, (photo, mask) in enumerate(roads):
        undamaged = (patches[index].permute(1, 2, 0).numpy() * 255).round()
        if mask.any():
            assert photo[mask].mean() < undamaged[mask].mean()
    again = painted_roads(patches, 6)
    assert all(np.array_equal(one, other) for (one, _), (other, _) in zip(roads, again, strict=True))


def test_synthetic_roads_have_the_asked_size():
    (photo, mask), *others = synthetic_roads(64, 2)
    assert photo.shape == (64, 64, 3)
    assert mask.shape == (64, 64)
    assert len(others) == 1


def test_the_better_settings_come_first(patches):
    roads = [(photo, mask) for photo, mask in painted_roads(patches, 6) if mask.sum() > 40]
    good, blind = (
        DetectionSettings(filter_diameter=0),
        DetectionSettings(error="absolute_grey", eight_bit=True),
    )
    steps = []
    found = compare_settings(
        Smoothing(2, 2), patches, roads, roads, (blind, good), progress=lambda: steps.append(1)
    )
    assert [c.painted.iou for c in found] == sorted((c.painted.iou for c in found), reverse=True)
    assert found[0].settings.error == "squared"
    # The clean patches count among the painted ones only: what is found there lowers the precision.
    assert all(c.painted.recall == c.synthetic.recall for c in found)
    plain = next(c for c in found if c.false_alarm_share == 1 and c.settings == good)
    assert plain.painted.precision < plain.synthetic.precision
    assert len(found) == 2 * (1 + len(FALSE_ALARM_SHARES)) * len(MINIMUM_EXTENTS)
    assert len(steps) == 2
    chosen = best_with_floor(found)
    assert chosen.settings.level_floor > 0
    assert chosen.painted.iou == max(c.painted.iou for c in found if c.settings.level_floor > 0)


def test_a_floor_lets_the_stated_share_of_undamaged_pixels_through(patches):
    generator = Smoothing(2, 2)
    roads = painted_roads(patches, 2)
    for comparison in compare_settings(generator, patches, roads, roads, (DetectionSettings(),)):
        scorer = RestorationScorer(generator, comparison.settings, 64)
        scores = np.stack([scorer.score(patches[index][None])[0].numpy() for index in range(len(patches))])
        share = (scores > comparison.settings.level_floor).mean()
        assert share == pytest.approx(comparison.false_alarm_share, abs=3e-4)
