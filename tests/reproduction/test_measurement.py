import pytest
import torch

from upcracknet import CrackDetector
from upcracknet.detection import PRESETS, DetectionSettings, RestorationScorer
from upcracknet.reproduction.measurement import detector


@pytest.mark.parametrize("preset", PRESETS)
def test_settings_give_what_their_preset_gives(small_model, photo, preset):
    crack_map = detector(small_model, PRESETS[preset], "row").detect(photo)
    expected = CrackDetector.from_pretrained(small_model, preset=preset).detect(photo)
    assert (crack_map.score == expected.score).all()
    assert (crack_map.mask == expected.mask).all()


def test_settings_that_no_preset_has(small_model):
    settings = DetectionSettings(error="absolute", center=True, minimum_extent=24, level_floor=0.25)
    made = detector(small_model, settings, "a row")
    assert isinstance(made.scorer, RestorationScorer)
    assert (made.scorer.settings, made.scorer.name) == (settings, "a row")
    assert made.threshold.minimum_extent == 24
    assert made.threshold.level(torch.zeros(4, 4).numpy()) == 0.25
