import json
import re

import pytest

from upcracknet.cli import reproduce
from upcracknet.errors import ConfigurationError
from upcracknet.reproduction.catalogue import EXPERIMENTS, NAMES, reproduce_named
from upcracknet.reproduction.report import summary
from upcracknet.reproduction.run import Run
from upcracknet.reproduction.whole import Whole


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_table_is_named_as_its_files_are(name, budget):
    assert EXPERIMENTS[name](budget).name == name


def test_a_figure_and_the_table_that_it_stands_on(files, made_datasets):
    made = reproduce_named("fig3", Run(files, made_datasets), budget="4", rows=["local-contrast"])
    assert made.complete
    assert made.record == json.loads((files.folder / "table4.json").read_text())
    assert made.shown == (summary(made.record),)
    assert made.notes[0].startswith("Written to ")
    assert made.notes[1] == f"1 of {len(made.record['rows'])} rows drawn in {files.folder / 'fig3.png'}"


def test_what_has_no_name(files):
    with pytest.raises(ConfigurationError, match=f"is named 'table9'; expected {', '.join(NAMES)}"):
        reproduce_named("table9", Run(files), budget="smoke")


@pytest.mark.parametrize("whole", [Whole(only_list=True), Whole(only_estimate=True), Whole(together=2)])
@pytest.mark.parametrize("name", ["table4", "comparison", "fig2", "seeds"])
def test_a_single_table_does_not_train_when_asked_for_the_plan(files, name, whole):
    with pytest.raises(ConfigurationError, match=f"for the whole plan, not for {name}; leave them out, or"):
        reproduce_named(name, Run(files), budget="4", whole=whole)


def test_a_single_table_does_not_pass_over_the_minutes_of_a_piece(files):
    with pytest.raises(ConfigurationError, match="--piece-minutes are for the whole plan, not for table4"):
        reproduce_named("table4", Run(files, piece_minutes=1.0), budget="4")


@pytest.mark.parametrize("name", NAMES)
def test_the_help_has_every_name(name):
    every = "table3 table4 table5 table6 table7 table8"
    listed = (reproduce.reproduce.__doc__ or "").replace("table3 to table8", every)
    assert re.search(rf"\b{name}\b", listed)
