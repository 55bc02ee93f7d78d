"""The page on the map's files describes each column, in its order."""

import re
from pathlib import Path

import pytest

from upcracknet.survey.geojson import COLUMNS
from upcracknet.survey.layers import AREAS, CRACKS, PHOTOS
from upcracknet.survey.section_features import FIRST

PAGE = (Path(__file__).parents[2] / "docs/map-files.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("heading", "columns"), [("Photos", PHOTOS), ("Cracks", CRACKS), ("Areas", AREAS), ("Sections", FIRST)]
)
def test_every_column_is_described(heading, columns):
    part = re.split(r"\n#+ ", PAGE.split(f"### {heading}\n")[1])[0]
    cells = [line.split("|")[1] for line in part.splitlines() if line.startswith("| `")]
    described = [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]
    assert sorted(described) == sorted(columns)


def test_the_columns_of_the_geojson_are_named_in_their_order():
    sentence = re.search(r"with these of their columns: (.*?)\.", PAGE, re.DOTALL)
    assert sentence is not None
    assert re.findall(r"`(\w+)`", sentence[1]) == list(COLUMNS)
    assert set(COLUMNS) <= set(CRACKS)
