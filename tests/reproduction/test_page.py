from dataclasses import replace

import pytest

from upcracknet.reproduction.claims import CLAIMS, SPREAD, Claim, claims_table, verdict
from upcracknet.reproduction.page import _without_training_scenes, write_page
from upcracknet.reproduction.plan import experiments_of
from upcracknet.reproduction.report import table_record
from upcracknet.reproduction.run import Run

CLAIM = Claim("A is before B and C.", ("table4",), "A", ("B", "C"))


@pytest.fixture
def experiments(budget):
    return experiments_of(budget)


def records_of(experiments, files):
    return {
        experiment.name: table_record(experiment, [files.state(row) for row in experiment.rows])
        for experiment in experiments
    }


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ({"A": 3.0, "B": 2.0, "C": 1.0}, "holds: 3.0, then B 2.0"),
        ({"A": 3.0, "B": 2.0}, "holds (of 1 of 2 rows): 3.0, then B 2.0"),
        ({"A": 2.0, "B": 3.0, "C": 4.0}, "does not hold: C 4.0, B 3.0 before 2.0"),
        ({"A": 2.0, "B": 2.0, "C": 1.0}, "does not hold: B 2.0 before 2.0"),
        ({"B": 2.0}, "not measured: 1 of 3 rows"),
        ({"A": 2.0}, "not measured: 1 of 3 rows"),
    ],
)
def test_what_holds(figures, words):
    assert verdict(CLAIM, figures) == words


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ({"A": 9.0, "B": 2.0, "C": 1.0}, "holds: 9.0, then B 2.0"),
        ({"A": 9.0, "B": 5.1, "C": 1.0}, "too close: 9.0 and B 5.1"),
        ({"A": 2.0, "B": 2.0, "C": 5.9}, "too close: 2.0 and C 5.9, B 2.0"),
        ({"A": 2.0, "B": 2.0, "C": 6.0}, "does not hold: C 6.0 before 2.0"),
    ],
)
def test_rows_that_differ_by_less_than_seeds_do_are_in_no_order(figures, words):
    assert verdict(CLAIM, figures, SPREAD) == words


def test_a_row_that_shall_be_last():
    claim = replace(CLAIM, is_last=True)
    assert verdict(claim, {"A": 1.0, "B": 2.0, "C": 3.0}) == "holds: 1.0, then B 2.0"
    assert verdict(claim, {"A": 2.5, "B": 2.0, "C": 3.0}) == "does not hold: B 2.0 behind 2.5"


def test_rows_on_few_photos_are_held_against_rows_on_the_same(budget, files, result_of):
    experiments = experiments_of(budget, slow_one_in=4)
    table = next(experiment for experiment in experiments if experiment.name == "table4")
    figures = {"SCADN, 1 test photo in 4": 0.3, "UP-CrackNet, 1 test photo in 4": 0.2, "UP-CrackNet": 0.9}
    for row in table.rows:
        if row.label in figures:
            files.write(row, result_of(row, iou=figures[row.label]))
    [line] = [
        line
        for line in claims_table(records_of(experiments, files)).splitlines()
        if line.startswith("| UP-CrackNet is before SCADN") and "Table IV " in line
    ]
    assert "does not hold (of 1 of 2 rows): SCADN 30.0 before 20.0 (1 test photo in 4)" in line


def test_every_row_of_a_claim_stands_in_its_tables(experiments):
    labels = {experiment.name: {row.label for row in experiment.rows} for experiment in experiments}
    for claim in CLAIMS:
        for table in claim.tables:
            assert {claim.leader, *claim.others} <= labels[table]


def test_the_papers_own_figures_are_held_against_its_claims(experiments, files):
    lines = claims_table(records_of(experiments, files)).splitlines()
    assert "holds: 44.7, then MAE+SSIM+MSGMS+adversarial 43.0" in lines[2]
    [generalises] = [
        line for line in lines if "every supervised" in line and "UP-Crack" in line and "VII |" in line
    ]
    assert "does not hold" in generalises
    assert "Deepcrack19 34.5 before 30.5" in generalises
    assert all("not measured" in line for line in lines[2:])


def test_the_page_has_figures_and_reasons(experiments, files, result_of):
    rows = {row.name: row for row in experiments[0].rows}
    files.write(rows["unet"], result_of(rows["unet"], iou=0.5))
    files.write_failure(rows["enet"], "no memory")
    text = write_page(experiments, Run(files)).read_text()
    table = text.split("## Table IV")[1].split("## Table V")[0]
    assert "1 of 24 rows measured" in table
    assert (
        "| UNet | 50.0 | 25.0 | 66.7 | 50.0 | 50.0 | – | *88.7* | *46.5* | *61.0* | *43.9* | 592 | 1.7 |"
        in table
    )
    assert "| ENet | failed: no memory |" in table
    assert "| PSPNet | not yet |" in table
    assert text.index("## Table I:") < text.index("## Table VIII") < text.index("three seeds")


def test_photos_without_training_scenes_have_a_column():
    group = {"name": "without training scenes", "tolerances": [{"pooled": {"iou": 0.25}}]}
    report = {"results": [{"groups": [{"name": "all"}, group]}]}
    assert _without_training_scenes(report) == 0.25
    assert _without_training_scenes(None) is None
    assert _without_training_scenes({"results": [{"groups": [{"name": "all"}]}]}) is None
