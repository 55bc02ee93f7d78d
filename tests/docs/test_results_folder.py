"""The page on the result folder says what the code writes."""

import json
import re
from dataclasses import fields
from pathlib import Path

import numpy as np

from upcracknet.measure.inspection import inspect
from upcracknet.measure.scale import Scale
from upcracknet.results.crack_files import CRACK_COLUMNS, crack_file
from upcracknet.results.folder import FORMAT
from upcracknet.results.records import COLUMNS, Counts, Record
from upcracknet.results.settings import ResultSettings
from upcracknet.results.sources import Source

PAGE = (Path(__file__).parents[2] / "docs/results-folder.md").read_text(encoding="utf-8")


def part(heading: str) -> str:
    return PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]


def test_every_field_of_a_record_is_described():
    assert first_cells(part("Records")) == [field.name for field in fields(Record)]


def test_every_field_of_a_file_of_cracks_and_every_column_is_described():
    scale, photo = Scale.uniform(2.0), np.zeros((60, 90), bool)
    assert first_cells(part("Cracks")) == list(json.loads(crack_file(inspect(photo, scale), "mask")))
    assert sorted(first_cells(part("Tables"))) == sorted(CRACK_COLUMNS)


def first_cells(text: str) -> list[str]:
    """The names in the first column of all tables."""
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]


def test_every_setting_is_described():
    sentence = re.search(r"`settings` has (.*?)\. A photo", part("Records"), re.DOTALL)
    assert sentence is not None
    named = re.findall(r"`(\w+)`", re.sub(r"\(.*?\)", "", sentence[1], flags=re.DOTALL))
    settings = ResultSettings("default", None, {}, overlays=True, scores="none")
    assert named == list(settings.of(Source("/photo.jpg", "")))


def test_the_columns_of_the_tables_are_named_in_their_order():
    sentence = re.search(r"Their columns are(.*?), with", part("Tables"), re.DOTALL)
    assert sentence is not None
    assert re.findall(r"`(\w+)`", sentence[1]) == list(COLUMNS)


def test_the_counts_and_the_version_are_named():
    for field in fields(Counts):
        assert f"`{field.name}`" in part("Tables")
    assert f"**version {FORMAT['version']}**" in PAGE
    assert f'"format": "{FORMAT["format"]}"' in PAGE
