import numpy as np
import pytest
import torch

from upcracknet.calibration.restorer import FALSE_ALARM_SHARES, compare_restorer, undamaged_level
from upcracknet.calibration.roads import MINIMUM_EXTENTS, roads_with_added_cracks, undamaged_roads
from upcracknet.detection import DetectionSettings, RestorationScorer
from upcracknet.networks import UNetGenerator


class Smoothing(UNetGenerator):
    """Restores by averaging, so that every dark line is an error."""

    def forward(self, corrupted: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.avg_pool2d(corrupted, 15, stride=1, padding=7, count_include_pad=False)


def test_the_better_settings_come_first(patches):
    roads = [road for road in roads_with_added_cracks(patches, 6) if road.cracks.sum() > 40]
    good, blind = (
        DetectionSettings(filter_diameter=0),
        DetectionSettings(error="stretched_grey", eight_bit=True),
    )
    steps = []
    found = compare_restorer(
        RestorationScorer(Smoothing(2, 2), good, 64),
        undamaged_roads(patches),
        roads,
        roads,
        (blind, good),
        progress=lambda *step: steps.append(step),
    )
    assert [c.painted.iou for c in found] == sorted((c.painted.iou for c in found), reverse=True)
    assert found[0].settings.error == "squared"
    # The clean patches count among the painted ones only: what is found there lowers the precision.
    assert all(c.painted.recall == c.synthetic.recall for c in found)
    plain = next(c for c in found if c.false_alarm_share == 1 and c.settings == good)
    assert plain.painted.precision < plain.synthetic.precision
    assert len(found) == 2 * (1 + len(FALSE_ALARM_SHARES)) * len(MINIMUM_EXTENTS)
    assert steps == [(1, 2), (2, 2)]


def test_a_floor_lets_the_stated_share_of_undamaged_pixels_through(patches):
    generator = Smoothing(2, 2)
    roads = roads_with_added_cracks(patches, 2)
    scorer = RestorationScorer(generator, DetectionSettings(), 64)
    clean = undamaged_roads(patches)
    for comparison in compare_restorer(scorer, clean, roads, roads, (DetectionSettings(),)):
        scorer = RestorationScorer(generator, comparison.settings, 64)
        scores = np.stack([scorer.score(patches[index][None])[0].numpy() for index in range(len(patches))])
        share = (scores > comparison.settings.level_floor).mean()
        assert share == pytest.approx(comparison.false_alarm_share, abs=3e-4)


def test_the_undamaged_level_is_a_quantile_over_all_photos():
    scores = [np.linspace(0, 1, 101, dtype=np.float32)[None], np.zeros((1, 101), np.float32)]
    assert undamaged_level(scores, 0.1) == pytest.approx(np.quantile(np.concatenate(scores), 0.9))
