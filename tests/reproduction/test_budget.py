import re

import pytest

from upcracknet.cli import reproduce
from upcracknet.errors import ConfigurationError
from upcracknet.reproduction.budget import BUDGETS, Budget, budget_named
from upcracknet.training.configuration import DataConfiguration
from upcracknet.training.up_cracknet_configuration import TrainingConfiguration


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


def test_changes_of_a_budget():
    assert BUDGETS["smoke"].doubled() == Budget("smoke", 8, 2, 16)
    assert BUDGETS["smoke"].halved_width() == Budget("smoke", 4, 1, 16)
    assert Budget("least", 1, 1, 1).halved_width().filters == 1


@pytest.mark.parametrize(
    ("patches", "epochs", "per_epoch"), [("1", 1, 1), ("300", 1, 300), ("301", 2, 151), ("1500", 5, 300)]
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
