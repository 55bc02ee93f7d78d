import pytest

from upcracknet.detection.systems import SYSTEMS
from upcracknet.errors import ConfigurationError
from upcracknet.evaluation.published import published_table
from upcracknet.reproduction.budget import budget_named
from upcracknet.reproduction.comparison import TABLES, comparison, shipped_default
from upcracknet.reproduction.figures import FIGURES, draw_figure
from upcracknet.reproduction.rows import Ready
from upcracknet.reproduction.run import Work, reproduce


@pytest.mark.parametrize("table", TABLES)
def test_every_row_of_the_paper_is_there_with_its_figures(table, budget):
    number, trained_on, tested_on = TABLES[table]
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
        if not isinstance(row.training, Ready):
            assert row.photos == (trained_on,)
            assert (row.training.epochs, row.training.data.patches_per_epoch) == (1, 4)


def test_there_are_all_methods_and_the_shipped_default(budget):
    names = [row.name for row in comparison("table4", budget).rows]
    assert len(names) == len(set(names))
    assert set(names) == {*SYSTEMS, "default"}


def test_tables_of_one_training_set_share_the_runs(budget):
    runs = {table: [row.run_name for row in comparison(table, budget).rows if row.photos] for table in TABLES}
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
    assert large == paper == {name: 4 if name in ("riad", "scadn") else 8 for name in large}
    assert "2 (deeplabv3plus, enet" in " ".join(comparison("table4", budget_named("300")).facts)


def test_rows_that_are_ready_are_measured_and_drawn(budget, files, made_datasets):
    experiment = comparison("table4", budget)
    rows = experiment.chosen(["local-contrast", "default"])
    states = reproduce(experiment, rows, Work(files, data_root=made_datasets))
    assert [state.status for state in states] == ["done", "done"]
    text = (files.folder / "table4.md").read_text()
    assert "| local contrast | 0 | 0 |" in text
    assert "| ours, as shipped | 2,6" in text
    assert "not yet" in text
    path, shown = draw_figure("fig3", experiment, files, made_datasets)
    assert path.is_file()
    assert [row.name for row in shown] == ["local-contrast", "default"]


def test_failures_are_drawn_of_ours_and_the_papers_alone(budget, files, made_datasets):
    experiment = comparison(FIGURES["fig4"], budget)
    reproduce(
        experiment, experiment.chosen(["local-contrast", "default"]), Work(files, data_root=made_datasets)
    )
    path, shown = draw_figure("fig4", experiment, files, made_datasets)
    assert path.is_file()
    assert [row.name for row in shown] == ["default"]


def test_a_figure_needs_a_measured_row(budget, files, made_datasets):
    experiment = comparison("table4", budget)
    with pytest.raises(ConfigurationError, match="fig3: no row is measured yet"):
        draw_figure("fig3", experiment, files, made_datasets)
    reproduce(experiment, experiment.chosen(["local-contrast"]), Work(files, data_root=made_datasets))
    with pytest.raises(ConfigurationError, match="fig4: no row of up-cracknet, crack-remover, default is"):
        draw_figure("fig4", experiment, files, made_datasets)


def test_the_shipped_default_tells_all_that_it_has_seen():
    """Its own training and both rounds of its teacher: less would understate the budget."""
    assert shipped_default().patches == 24000 + 12000 + 4800
