from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from upcracknet import CrackDetector
from upcracknet.detection import PRESETS, DetectionSettings, RestorationScorer
from upcracknet.reproduction.experiment import Pretrained, Row
from upcracknet.reproduction.measurement import detector, measure


@pytest.fixture
def row_of(small_model, files, base):
    """A row whose run folder holds the small model."""

    def make(detection) -> tuple[Row, Path]:
        row = Row("one", "a row", base, detection, ("deepcrack",), {})
        folder = files.run_folder(row)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "generator.safetensors").write_bytes(small_model.read_bytes())
        return row, folder

    return make


@pytest.mark.parametrize("preset", PRESETS)
def test_settings_give_what_their_preset_gives(row_of, small_model, photo, preset):
    crack_map = detector(*row_of(PRESETS[preset])).detect(photo)
    expected = CrackDetector.from_pretrained(small_model, preset=preset).detect(photo)
    assert (crack_map.score == expected.score).all()
    assert (crack_map.mask == expected.mask).all()


def test_settings_that_no_preset_has(row_of):
    settings = DetectionSettings(error="absolute", center=True, minimum_extent=24, level_floor=0.25)
    made = detector(*row_of(settings))
    assert isinstance(made.scorer, RestorationScorer)
    assert made.scorer.settings == settings
    assert made.threshold.minimum_extent == 24
    assert made.threshold.level_of(torch.zeros(4, 4).numpy()) == 0.25


def test_without_settings_the_models_own_count(row_of, small_model, photo):
    crack_map = detector(*row_of(None)).detect(photo)
    expected = CrackDetector.from_pretrained(small_model).detect(photo)
    assert (crack_map.mask == expected.mask).all()


def test_a_pretrained_model_needs_no_run(files, made_datasets):
    row = Row("local-contrast", "local contrast", Pretrained("local-contrast"), None, ("deepcrack",), {})
    assert row.run_name == replace(row, tests=("cfd",)).run_name
    shown = []
    result = measure(
        row,
        files.run_folder(row),
        made_datasets,
        lambda description: nullcontext(lambda *done: shown.append((description, *done))),
    )
    assert shown[-1] == ("measuring on deepcrack", 2, 2)
    assert result.parameters == result.patches_seen == 0
    assert result.milliseconds > 0
    [report] = result.evaluations
    exact = report["results"][0]["groups"][0]["tolerances"][0]["pooled"]
    assert exact["recall"] > 0.5, "the photos have one dark line"
    assert report["results"][0]["model"] == "local contrast"
