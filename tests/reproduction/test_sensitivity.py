from pathlib import Path
from typing import Any

import pytest

import upcracknet
from upcracknet.detection import PRESETS
from upcracknet.reproduction.experiment import BUDGETS
from upcracknet.reproduction.sensitivity import DETECTIONS, sensitivity
from upcracknet.training.configuration import as_dictionary, load_configuration

CONFIGURATION = Path(upcracknet.__file__).parents[2] / "configs" / "up-cracknet-32.yaml"


@pytest.fixture
def rows():
    return {row.name: row for row in sensitivity(BUDGETS["hours"]).rows}


def flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    entries: dict[str, Any] = {}
    for key, value in values.items():
        entries |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return entries


def test_the_base_is_up_cracknet_32s(rows):
    assert rows["base"].training == load_configuration(CONFIGURATION)
    assert next(iter(rows)) == "base"


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        (
            "paper-learning-rates",
            {"optimizer.generator_learning_rate": 1e-4, "optimizer.discriminator_learning_rate": 4e-4},
        ),
        ("sharp-masks", {"mask_edges": "sharp"}),
        ("one-window-size", {"data.window_sizes": [256]}),
        # The rates end where the base's do, so each epoch takes the square root of its decay.
        ("doubled-budget", {"epochs": 40, "patience": 40, "optimizer.decay": round(0.93**0.5, 6)}),
        ("halved-width", {"networks.generator_filters": 16, "networks.discriminator_filters": 16}),
        ("without-style", {"losses.style": 0.0}),
        ("vgg19-style", {"style_features": "vgg19"}),
    ],
)
def test_a_training_differs_from_the_base_in_what_its_row_names(rows, name, changed):
    base, other = (flat(as_dictionary(rows[row].training)) for row in ("base", name))
    assert {key: value for key, value in other.items() if value != base[key]} == changed
    assert rows[name].detection == PRESETS["paper"]


def test_the_other_rows_use_the_weights_of_the_base(rows):
    others = [name for name in rows if rows[name].detection != PRESETS["paper"]]
    assert others == list(DETECTIONS)
    assert {"running-statistics", "authors-detection", "absolute-centred-error"} <= set(others)
    assert {rows[name].run_name for name in others} == {rows["base"].run_name}
    assert len({row.result_name for row in rows.values()}) == len(rows)
    assert rows["running-statistics"].detection == PRESETS["paper-running"]
    assert rows["authors-detection"].detection == PRESETS["authors"]


def test_the_papers_figures_are_those_of_training_on_deepcrack(rows):
    for row in rows.values():
        assert row.tests == ("deepcrack", "cfd")
        assert {test: row.published[test].iou for test in row.tests} == {"deepcrack": 58.738, "cfd": 30.537}
        assert {published.training_set for published in row.published.values()} == {"DeepCrack"}
