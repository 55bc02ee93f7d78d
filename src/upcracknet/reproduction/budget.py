"""How much training each row of a reproduced table gets: the same for all, and named in the table."""

from dataclasses import asdict, dataclass, replace
from typing import Any, TypeVar

from upcracknet.errors import ConfigurationError
from upcracknet.training.configuration import Configuration
from upcracknet.training.up_cracknet_configuration import TrainingConfiguration

Spending = TypeVar("Spending", bound=Configuration)

PAPER_PATCHES = {"deepcrack": 300, "crack500": 1896}
"""Undamaged patches of the paper (Section IV-A), one epoch of each dataset."""

PATCHES_PER_EPOCH = 300
PLAIN_FILTERS = 32

ENOUGH_STEPS = 1000
SMALLEST_BATCH = 2
"""Some networks normalise features pooled to one value an image, which one image alone cannot give."""


@dataclass(frozen=True)
class Budget:
    """What each row may spend.

    Attributes:
        name: shown in tables.
        filters: channels of both networks' first level.
        epochs: most epochs.
        patches_per_epoch: patches of an epoch; None takes the paper's number for the dataset.
        patience: epochs without a better validation loss before a row stops; None never stops early, so that
            all rows see the same number of patches.
    """

    name: str
    filters: int
    epochs: int
    patches_per_epoch: int | None
    patience: int | None = None

    def spend(self, configuration: Spending) -> Spending:
        """A configuration of any method with this budget's patches and epochs; its network stays as it is."""
        photos = configuration.data.photos
        photos = photos if isinstance(photos, str) else photos[0]
        patches = self.patches_per_epoch or PAPER_PATCHES.get(photos)
        data: Any = replace(configuration.data, patches_per_epoch=patches)
        return replace(configuration, data=data, epochs=self.epochs, patience=self.patience or self.epochs)

    def steps_before_batches(self, configuration: Spending) -> Spending:
        """A configuration whose paper names no batch, with smaller batches where the budget is small.

        A few hundred images in batches of 8 are too few steps for any network to leave its start: the batch
        shrinks, to no less than 2, until there are 1,000 steps.
        """
        if self.patches_per_epoch is None:
            return configuration
        images = self.patches_per_epoch * self.epochs
        batch = max(SMALLEST_BATCH, min(configuration.batch_size, images // ENOUGH_STEPS))
        return replace(configuration, batch_size=batch)

    def apply(self, configuration: TrainingConfiguration) -> TrainingConfiguration:
        """A configuration with this budget.

        The learning rates decay to the same share of their start over this budget's epochs as they do over
        the configuration's own.
        """
        optimizer = configuration.optimizer
        return replace(
            self.spend(configuration),
            networks=replace(
                configuration.networks, generator_filters=self.filters, discriminator_filters=self.filters
            ),
            optimizer=replace(
                optimizer, decay=round(optimizer.decay ** (configuration.epochs / self.epochs), 6)
            ),
        )

    def doubled(self) -> "Budget":
        """The same with twice the epochs."""
        return replace(self, epochs=2 * self.epochs)

    def halved_width(self) -> "Budget":
        """The same with half the filters."""
        return replace(self, filters=max(1, self.filters // 2))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        patches = self.patches_per_epoch or "the paper's number of"
        total = f" = {self.patches_per_epoch * self.epochs:,}" if self.patches_per_epoch else ""
        stops = "" if self.patience is None else f", stopping after {self.patience} without improvement"
        return (
            f"`{self.name}`: {self.filters} filters, {self.epochs} × {patches}{total} patches per row{stops}"
        )


BUDGETS = {
    budget.name: budget
    for budget in (
        Budget("smoke", filters=8, epochs=1, patches_per_epoch=16),
        Budget("minutes", filters=16, epochs=3, patches_per_epoch=200),
        Budget("hours", filters=32, epochs=20, patches_per_epoch=300),
        Budget("days", filters=64, epochs=60, patches_per_epoch=300),
        Budget("paper", filters=64, epochs=200, patches_per_epoch=None, patience=20),
    )
}


def budget_named(text: str, filters: int | None = None) -> Budget:
    """A budget by its name, or by its number of patches per row.

    Args:
        text: a key of :data:`BUDGETS`, or a whole number such as ``1500``: that many patches (rounded up to
            whole epochs of at most 300), for networks of 32 filters.
        filters: channels of the networks' first level in place of the budget's.

    Raises:
        ConfigurationError: neither a name nor a number above 0, or filters below 1.
    """
    if filters is not None and filters < 1:
        raise ConfigurationError(f"{filters} filters: expected at least 1")
    if text in BUDGETS:
        budget = BUDGETS[text]
    elif text.isdecimal() and int(text) > 0:
        patches = int(text)
        epochs = -(-patches // PATCHES_PER_EPOCH)
        budget = Budget(text, PLAIN_FILTERS, epochs, -(-patches // epochs))
    else:
        raise ConfigurationError(
            f"budget {text!r}: expected {', '.join(BUDGETS)}, or a whole number of patches per row above 0"
        )
    return budget if filters is None else replace(budget, filters=filters)
