"""Figures that several pages quote come from one file, which is consistent in itself."""

import importlib
import json
import re
from itertools import pairwise
from pathlib import Path

import pytest

from upcracknet.detection.systems import CLASSICAL, SYSTEMS

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "docs/results"
FIGURES = json.loads((RESULTS / "figures.json").read_text(encoding="utf-8"))
MEASURED, PUBLISHED = FIGURES["measured"], FIGURES["published"]
PAPER, NATIVE = (
    {model: found[part] for model, found in MEASURED.items() if part in found} for part in ("paper", "native")
)
SETS = ("deepcrack", "cfd", "crack500")
MEASURES = ("precision", "recall", "f1", "iou", "best")


def page(name: str) -> str:
    return " ".join((ROOT / name).read_text(encoding="utf-8").split())


def rows(name: str, heading: str = "") -> list[list[str]]:
    """The cells of the table rows below a heading, without marks of emphasis and code."""
    text = (ROOT / name).read_text(encoding="utf-8")
    if heading:
        text = text.split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [
        [cell.strip().replace("*", "").replace("`", "") for cell in line.strip("|").split("|")]
        for line in lines
    ]


def numbers(cells: list[str]) -> list[float]:
    return [float(cell) for cell in cells if re.fullmatch(r"\d+\.\d", cell)]


def iou(model: str) -> list[float]:
    return [PAPER[model][name]["iou"] for name in SETS]


@pytest.mark.parametrize("model", PAPER)
@pytest.mark.parametrize("name", SETS)
def test_measures_agree_with_each_other(model, name):
    """F1 follows from precision and recall, IoU from F1; each is rounded to one decimal."""
    found = PAPER[model][name]
    precision, recall, f1 = found["precision"] / 100, found["recall"] / 100, found["f1"] / 100
    assert found["f1"] == pytest.approx(200 * precision * recall / (precision + recall), abs=0.15)
    assert found["iou"] == pytest.approx(100 * f1 / (2 - f1), abs=0.15)


def test_the_rows_of_the_readme():
    quoted = [numbers(row) for row in rows("README.md") if len(numbers(row)) == 4]
    sources = [
        row
        for name in SETS
        for row in (
            PAPER["default"][name],
            PUBLISHED["trained on deepcrack" if name == "deepcrack" else "trained on crack500"][name],
        )
    ]
    assert quoted == [[row[measure] for measure in ("precision", "recall", "f1", "iou")] for row in sources]


def test_the_tables_of_accuracy(monkeypatch):
    """They are what `benchmarks/accuracy.py` writes from the figures."""
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    written = (RESULTS / "accuracy.md").read_text(encoding="utf-8")
    assert importlib.import_module("accuracy_tables").filled(written, MEASURED) == written


def test_false_alarms_on_further_roads():
    default, teacher = FIGURES["further synthetic roads"].values()
    assert f"the former default marks {default} % as crack, the former teacher {teacher} %" in page(
        "docs/results/accuracy.md"
    )


def test_the_rows_of_up_cracknet_32():
    quoted = [
        numbers(row) for row in rows("docs/results/up-cracknet-32.md") if len(row) == 7 and numbers(row)
    ]
    sources = [
        source[name]
        for name in SETS
        for source in (
            PAPER["up-cracknet-32-calibrated"],
            PAPER["up-cracknet-32"],
            PAPER["local-contrast"],
            PUBLISHED["trained on deepcrack"],
        )
    ]
    assert quoted == [[row[name] for name in MEASURES if name in row] for row in sources]


def test_the_card_of_the_default():
    first, second, third = iou("default")
    native = [NATIVE["default"][name]["iou"] for name in SETS]
    card = page("docs/models/default.md")
    assert f"DeepCrack {first}, CFD {second} (never seen" in card
    assert f"93 test photos) {third}. At native size: {native[0]}, {native[1]} and {native[2]}" in card


def test_the_card_of_up_cracknet_32():
    pairs = list(zip(iou("up-cracknet-32-calibrated"), iou("up-cracknet-32"), strict=True))
    card = page("docs/models/up-cracknet-32.md")
    assert f"DeepCrack {pairs[0][0]} (calibrated) and {pairs[0][1]} (paper's procedure)" in card
    assert f"CFD {pairs[1][0]} and {pairs[1][1]}" in card
    assert f"93 test photos) {pairs[2][0]} and {pairs[2][1]}" in card


def test_the_comparison_holds_what_is_measured_again():
    table = {row[0]: row for row in rows("docs/results/comparison.md")}
    titles = {name: SYSTEMS[name].title for name in CLASSICAL} | {"default": "ours, as shipped"}
    for model, title in titles.items():
        expected = [
            PAPER[model][name][measure] for name in SETS for measure in ("precision", "recall", "iou", "best")
        ]
        assert numbers(table[f"{title} ²"][4:]) == expected


def test_figures_in_sentences():
    first, second, third = iou("default")
    speed = page("docs/results/speed.md")
    assert f"in bf16 as in 32 bits, {first};" in speed
    assert f"{second} in 32 bits," in speed
    assert f"{third} in 32 bits and in bf16" in speed


def test_speed_quotes_its_measurements():
    """The tables of speed.md hold the figures of speed.json and many-and-large.json."""
    speed = json.loads((RESULTS / "speed.json").read_text(encoding="utf-8"))
    table = {row[0]: row for row in rows("docs/results/speed.md", "Detection, end to end")}
    for name, found in speed["detection"].items():
        quoted = [float(cell) for cell in table[name][1:4]]
        assert quoted == [
            found["megapixels_per_second"],
            found["photos_per_second"],
            found["times_reference"],
        ]
    measured = json.loads((RESULTS / "many-and-large.json").read_text(encoding="utf-8"))
    table = rows("docs/results/speed.md", "One image")[2:]
    assert table == [[str(value) for value in raster.values()] for raster in measured["rasters"]]
    table = rows(
        "docs/results/speed.md", "The number of photos, 32×32 pixels, `local-contrast`, one process"
    )[2:]
    assert table == [[str(value) for value in row.values()] for row in measured["growth"]]


def test_a_million_records():
    """The table of many-machines.md holds the figures of million.json."""
    measured = json.loads((RESULTS / "million.json").read_text(encoding="utf-8"))
    table = rows("docs/many-machines.md", "A million records, tried")[2:]
    few, many = measured.values()
    assert table == [
        [name, *(f"{value:,}" for values in (few[name], many[name]) for value in values.values())]
        for name in few
    ]


def test_decisions_are_numbered_on():
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs/decisions").glob("0*.md"))
    assert numbers[0] == 1
    assert all(after == before + 1 for before, after in pairwise(numbers))
