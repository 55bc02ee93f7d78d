from dataclasses import replace

import pytest
import torch

from upcracknet import CrackDetector
from upcracknet.detection import PRESETS, DetectionSettings, RestorationScorer
from upcracknet.reproduction.measurement import detector, measure
from upcracknet.reproduction.rows import Ready, Row


@pytest.fixture
def row_of(small_model, files, base):
    """A row whose run folder holds the small model."""

    def make(detection, label="a row") -> Row:
        row = Row("one", label, base, detection, ("deepcrack",), {})
        folder = files.run_folder(row)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "generator.safetensors").write_bytes(small_model.read_bytes())
        return row

    return make


@pytest.mark.parametrize("preset", PRESETS)
def test_settings_give_what_their_preset_gives(row_of, files, small_model, photo, preset):
    crack_map = detector(row_of(PRESETS[preset]), files).detect(photo)
    expected = CrackDetector.from_pretrained(small_model, preset=preset).detect(photo)
    assert (crack_map.score == expected.score).all()
    assert (crack_map.mask == expected.mask).all()


def test_settings_that_no_preset_has(row_of, files):
    settings = DetectionSettings(error="absolute", center=True, minimum_extent=24, level_floor=0.25)
    made = detector(row_of(settings), files)
    assert isinstance(made.scorer, RestorationScorer)
    assert (made.scorer.settings, made.scorer.name) == (settings, "a row")
    assert made.threshold.minimum_extent == 24
    assert made.threshold.level_of(torch.zeros(4, 4).numpy()) == 0.25


def test_without_settings_the_models_own_count(row_of, files, small_model, photo):
    crack_map = detector(row_of(None), files).detect(photo)
    expected = CrackDetector.from_pretrained(small_model).detect(photo)
    assert (crack_map.mask == expected.mask).all()


def test_a_model_that_is_ready_needs_no_run(files, made_datasets):
    row = Row("local-contrast", "local contrast", Ready("local-contrast"), None, ("deepcrack",), {})
    assert row.run_name == replace(row, tests=("cfd",)).run_name
    result = measure(row, files, made_datasets, lambda name: _nothing())
    assert result.parameters == result.patches_seen == 0
    assert result.milliseconds > 0
    [report] = result.evaluations
    exact = report["results"][0]["groups"][0]["tolerances"][0]["pooled"]
    assert exact["recall"] > 0.5, "made photos have one dark line"


class _nothing:  # noqa: N801
    def __enter__(self):
        return lambda done, total: None

    def __exit__(self, *_):
        return None
