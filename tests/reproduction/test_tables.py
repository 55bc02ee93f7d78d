"""The experiments: what their rows train and detect with, and the paper's figures."""

from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import pytest
import torch

import upcracknet
from upcracknet.detection import PRESETS
from upcracknet.detection.systems import SYSTEMS
from upcracknet.evaluation.published import published_table
from upcracknet.losses import LossWeights
from upcracknet.reproduction import tables
from upcracknet.reproduction.experiment import BUDGETS, Pretrained, budget_named
from upcracknet.reproduction.tables import (
    COMPARISONS,
    DETECTIONS,
    comparison,
    sensitivity,
    shipped_default,
    table1,
    table2,
)
from upcracknet.training.configuration import TrainingConfiguration, as_dictionary, load_configuration
from upcracknet.weights import WeightsRecord, save_weights

# The ticks of Table I: MAE, SSIM, MSGMS, style, adversarial; and its F1, which names the row beyond doubt.
TICKS = [
    ("10000", 39.457),
    ("11000", 51.621),
    ("10100", 54.363),
    ("10010", 43.864),
    ("10001", 59.141),
    ("11100", 58.651),
    ("11110", 59.434),
    ("11101", 60.116),
    ("11111", 61.808),
]
PAPER_WEIGHTS = {"mae": 1, "ssim": 1, "msgms": 1, "style": 10, "adversarial": 1}


def test_table1_has_the_losses_of_the_paper():
    rows = table1(BUDGETS["paper"]).rows
    assert len(rows) == len(TICKS) == len(published_table("I"))
    for row, (ticks, f1) in zip(rows, TICKS, strict=True):
        weights = asdict(row.training.losses)
        assert weights.pop("restoration") == 100
        assert weights.pop("form") == "paper"
        expected = {
            name: weight * int(tick)
            for (name, weight), tick in zip(PAPER_WEIGHTS.items(), ticks, strict=True)
        }
        assert weights == expected
        assert row.published["crack500"].f1 == f1


def test_table2_has_the_masks_of_the_paper():
    rows = table2(BUDGETS["paper"]).rows
    assert [(row.training.corruption, row.published["crack500"].f1) for row in rows] == [
        ("jumbled", 48.728),
        ("stripes", 58.932),
        ("squares", 61.808),
    ]
    assert {row.training.losses for row in rows} == {LossWeights()}


@pytest.mark.parametrize("table", [table1, table2])
def test_rows_differ_in_nothing_else(table):
    rows = table(BUDGETS["hours"], seed=3).rows
    varied = {"losses"} if table is table1 else {"corruption"}
    for field in fields(TrainingConfiguration):
        values = {getattr(row.training, field.name) for row in rows}
        assert (len(values) > 1) == (field.name in varied), field.name
    for row in rows:
        assert (row.training.data.photos, row.training.data.split) == ("crack500", "train")
        assert row.training.seed == 3
        assert row.detection == PRESETS["paper"]
        assert row.tests == ("crack500",)


def test_the_rest_is_the_papers_unless_another_base_is_given():
    training = table1(BUDGETS["paper"]).rows[0].training
    assert training.optimizer == TrainingConfiguration().optimizer
    assert training.mask_edges == "sharp"
    base = replace(
        TrainingConfiguration(),
        mask_edges="blurred",
        losses=LossWeights(style=0.0, mae=2.0, form="code"),
        corruption="stripes",
        seed=9,
    )
    complete = table1(BUDGETS["paper"], base=base).rows[-1].training
    assert complete.mask_edges == "blurred"
    assert complete.losses == LossWeights(mae=2.0, form="code"), "rows say which losses they have"
    assert (complete.corruption, complete.seed) == ("squares", 0)


def test_the_complete_method_is_one_training_of_both_tables():
    last, squares = table1(BUDGETS["hours"]).rows[-1], table2(BUDGETS["hours"]).rows[-1]
    assert (last.run_name, last.result_name) == (squares.run_name, squares.result_name)
    runs = {row.run_name for table in (table1, table2) for row in table(BUDGETS["hours"]).rows}
    assert len(runs) == 9 + 3 - 1


@pytest.mark.parametrize("table", COMPARISONS)
def test_every_row_of_the_paper_is_there_with_its_figures(table, budget):
    number, trained_on, tested_on = COMPARISONS[table]
    experiment = comparison(table, budget)
    labels = {row.label for row in experiment.rows}
    assert {row.row for row in published_table(number)} <= labels
    for row in experiment.rows:
        assert row.tests == (tested_on,)
        if row.label in {published.row for published in published_table(number)}:
            published = row.published[tested_on]
            assert (published.table, published.row) == (number, row.label)
        else:
            assert row.published == {}
        if not isinstance(row.training, Pretrained):
            assert row.photos == (trained_on,)
            assert (row.training.epochs, row.training.data.patches_per_epoch) == (1, 4)


def test_there_are_all_methods_and_the_shipped_default(budget):
    names = [row.name for row in comparison("table4", budget).rows]
    assert len(names) == len(set(names))
    assert set(names) == {*SYSTEMS, "default"}


def test_tables_of_one_training_set_share_the_runs(budget):
    runs = {
        table: [row.run_name for row in comparison(table, budget).rows if row.photos] for table in COMPARISONS
    }
    assert runs["table3"] == runs["table5"] == runs["table6"]
    assert runs["table4"] == runs["table7"] == runs["table8"]
    assert not set(runs["table3"]) & set(runs["table4"])


def test_a_small_budget_makes_smaller_batches_where_the_paper_names_none():
    small, large, paper = (
        {
            row.name: row.training.batch_size
            for row in comparison("table4", budget_named(name)).rows
            if row.photos
        }
        for name in ("300", "days", "paper")
    )
    assert small == {name: 4 if name in ("riad", "scadn") else 2 for name in small}
    own = {"riad": 4, "scadn": 4, "crack-remover": 16}
    assert large == paper == {name: own.get(name, 8) for name in large}
    assert "2 (deeplabv3plus, enet" in " ".join(comparison("table4", budget_named("300")).facts)


def test_the_shipped_default_counts_all_that_it_has_seen(monkeypatch, tmp_path):
    """The first round as well as the second: less would understate the budget."""
    provenance = {"images_seen": 600, "initial_weights": {"images_seen": 240}}
    record = WeightsRecord("CrackRemover", {}, {}, provenance)
    saved = save_weights(tmp_path / "default.safetensors", {"weight": torch.zeros(1)}, record)
    monkeypatch.setattr(tables, "weights_path", lambda model: tmp_path / f"{model}.safetensors")
    assert shipped_default() == Pretrained("default", saved.sha256, 840)


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
