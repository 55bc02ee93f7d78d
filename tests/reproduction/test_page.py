import pytest

from upcracknet.reproduction.claims import CLAIMS, Claim, claims_table, verdict
from upcracknet.reproduction.page import write_page
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
