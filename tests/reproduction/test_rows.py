from dataclasses import replace

import pytest

from upcracknet.detection import PRESETS
from upcracknet.errors import ConfigurationError
from upcracknet.reproduction.ablations import table1


@pytest.fixture
def experiment(budget, base):
    return table1(budget, base=base)


def test_one_training_is_one_run_and_one_measurement_one_result(experiment):
    row = experiment.rows[0]
    other_detection = replace(row, name="other", label="x", detection=PRESETS["authors"])
    assert other_detection.run_name == row.run_name
    assert other_detection.result_name != row.result_name
    other_tests = replace(row, tests=("deepcrack",))
    assert (other_tests.run_name, other_tests.result_name == row.result_name) == (row.run_name, False)
    renamed = replace(row, name="other", label="x", published={})
    assert renamed.result_name == row.result_name


def test_what_changes_the_weights_changes_the_run(experiment):
    row = experiment.rows[0]
    for change in ({"seed": 1}, {"epochs": 7}, {"mask_edges": "blurred"}, {"batch_size": 4}):
        assert replace(row, training=replace(row.training, **change)).run_name != row.run_name
    same = replace(row.training, workers=5, sample_every=3)
    assert replace(row, training=same).run_name == row.run_name


def test_the_patches_of_a_whole_training(experiment, budget):
    assert experiment.rows[0].patches == budget.epochs * budget.patches_per_epoch


def test_rows_are_chosen_by_name_or_number_in_the_tables_order(experiment):
    assert experiment.chosen(()) == experiment.rows
    chosen = experiment.chosen(["9", "mae+ssim", "1", "mae"])
    assert [row.name for row in chosen] == ["mae", "mae+ssim", "mae+ssim+msgms+style+adversarial"]


def test_unknown_rows_are_told_with_those_that_there_are(experiment):
    with pytest.raises(
        ConfigurationError, match=r"table1 has no row 10, maes; its rows are 1 mae, 2 mae\+ss"
    ):
        experiment.chosen(["maes", "10", "1"])
