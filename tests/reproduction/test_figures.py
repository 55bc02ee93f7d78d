import pytest

from upcracknet.errors import ConfigurationError
from upcracknet.reproduction.figures import FIGURES, draw_figure
from upcracknet.reproduction.run import Run, reproduce
from upcracknet.reproduction.tables import comparison


def test_pretrained_rows_are_measured_and_drawn(budget, files, made_datasets):
    experiment = comparison("table4", budget)
    rows = experiment.chosen(["local-contrast", "default"])
    states = reproduce(experiment, rows, Run(files, data_root=made_datasets))
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
        experiment, experiment.chosen(["local-contrast", "default"]), Run(files, data_root=made_datasets)
    )
    path, shown = draw_figure("fig4", experiment, files, made_datasets)
    assert path.is_file()
    assert [row.name for row in shown] == ["default"]


def test_a_figure_needs_a_measured_row(budget, files, made_datasets):
    experiment = comparison("table4", budget)
    with pytest.raises(ConfigurationError, match="fig3: no row is measured yet"):
        draw_figure("fig3", experiment, files, made_datasets)
    reproduce(experiment, experiment.chosen(["local-contrast"]), Run(files, data_root=made_datasets))
    with pytest.raises(ConfigurationError, match="fig4: no row of up-cracknet, crack-remover, default is"):
        draw_figure("fig4", experiment, files, made_datasets)
