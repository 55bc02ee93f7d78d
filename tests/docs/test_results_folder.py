"""The page on the result folder says what the code writes."""

import re
from dataclasses import fields
from pathlib import Path

from upcracknet.results.folder import FORMAT
from upcracknet.results.records import COLUMNS, Counts, Record
from upcracknet.results.settings import ResultSettings

PAGE = (Path(__file__).parents[2] / "docs/results-folder.md").read_text(encoding="utf-8")


def part(heading: str) -> str:
    return PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]


def test_every_field_of_a_record_is_described():
    cells = [line.split("|")[1] for line in part("Records").splitlines() if line.startswith("| `")]
    described = [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]
    assert described == [field.name for field in fields(Record)]


def test_every_setting_is_described():
    sentence = re.search(r"`settings` has (.*?)\. A photo", part("Records"), re.DOTALL)
    assert sentence is not None
    named = re.findall(r"`(\w+)`", re.sub(r"\(.*?\)", "", sentence[1], flags=re.DOTALL))
    assert named == [field.name for field in fields(ResultSettings)]


def test_the_columns_of_the_tables_are_named_in_their_order():
    sentence = re.search(r"Their columns are(.*?), with", part("Tables"), re.DOTALL)
    assert sentence is not None
    assert re.findall(r"`(\w+)`", sentence[1]) == list(COLUMNS)


def test_the_counts_and_the_version_are_named():
    for field in fields(Counts):
        assert f"`{field.name}`" in part("Tables")
    assert f"**version {FORMAT['version']}**" in PAGE
    assert f'"format": "{FORMAT["format"]}"' in PAGE
