import re
from dataclasses import replace

import pytest

from upcracknet.cli import reproduce
from upcracknet.detection import PRESETS
from upcracknet.errors import ConfigurationError
from upcracknet.reproduction.experiment import BUDGETS, Budget, budget_named
from upcracknet.reproduction.tables import table1
from upcracknet.training.configuration import DataConfiguration, TrainingConfiguration


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


def test_unknown_rows_are_named_with_those_that_there_are(experiment):
    with pytest.raises(
        ConfigurationError, match=r"table1 has no row 10, maes; its rows are 1 mae, 2 mae\+ss"
    ):
        experiment.chosen(["maes", "10", "1"])


def on(dataset: str) -> TrainingConfiguration:
    return TrainingConfiguration(data=DataConfiguration(photos=dataset))


def test_the_papers_budget_changes_nothing_of_the_papers_configuration_but_says_the_patches():
    assert on("deepcrack").data.patches_per_epoch is None
    for dataset, patches in (("deepcrack", 300), ("crack500", 1896)):
        configuration = BUDGETS["paper"].apply(on(dataset))
        assert configuration.data.patches_per_epoch == patches
        assert (configuration.epochs, configuration.patience) == (200, 20)
        assert configuration.networks == on(dataset).networks
        assert configuration.optimizer == on(dataset).optimizer


def test_a_budget_fixes_width_patches_and_epochs():
    configuration = BUDGETS["minutes"].apply(on("crack500"))
    assert configuration.networks.generator_filters == configuration.networks.discriminator_filters == 16
    assert (configuration.data.patches_per_epoch, configuration.epochs) == (200, 3)
    assert configuration.patience == 3, "no row stops early"


@pytest.mark.parametrize("name", BUDGETS)
def test_rates_end_at_the_same_share_of_their_start(name):
    configuration = BUDGETS[name].apply(on("deepcrack"))
    assert configuration.optimizer.decay**configuration.epochs == pytest.approx(0.99**200, rel=1e-3)


@pytest.mark.parametrize(
    ("patches", "epochs", "per_epoch"),
    [("1", 1, 1), ("300", 1, 300), ("301", 2, 151), ("1500", 5, 300), ("12000", 10, 1200)],
)
def test_a_number_of_patches(patches, epochs, per_epoch):
    assert budget_named(patches) == Budget(patches, 32, epochs, per_epoch)
    assert budget_named(patches, filters=16) == Budget(patches, 16, epochs, per_epoch)


@pytest.mark.parametrize("wrong", ["0", "-3", "1.5", "week", "", "²"])
def test_what_is_no_budget(wrong):
    with pytest.raises(ConfigurationError, match="expected smoke, minutes, hours, days, paper, or a whole"):
        budget_named(wrong)


def test_no_filters():
    with pytest.raises(ConfigurationError, match="0 filters: expected at least 1"):
        budget_named("smoke", filters=0)


def test_a_budget_is_described_in_one_line():
    assert str(BUDGETS["hours"]) == "`hours`: 32 filters, 20 × 300 = 6,000 patches per row"
    assert str(BUDGETS["paper"]) == (
        "`paper`: 64 filters, 200 × the paper's number of patches per row, stopping after 20 without "
        "improvement"
    )


@pytest.mark.parametrize("name", BUDGETS)
def test_the_help_has_every_budget(name):
    budget = BUDGETS[name]
    per_epoch = budget.patches_per_epoch or "the paper's"
    line = rf"^ +{name} +{budget.filters} +{budget.epochs} × {per_epoch} "
    assert re.search(line, reproduce.reproduce.__doc__ or "", re.MULTILINE)
