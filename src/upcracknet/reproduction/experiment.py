"""What a reproduced table is: a budget, and rows with their models, test sets and published figures.

A row knows nothing of its table: the same training is one run folder and the same measurement one result
file, whatever tables they stand in.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeVar

from upcracknet.detection import DetectionSettings
from upcracknet.errors import ConfigurationError
from upcracknet.evaluation.published import PublishedRow
from upcracknet.training.configuration import Configuration, TrainingConfiguration, as_dictionary

AnyConfiguration = TypeVar("AnyConfiguration", bound=Configuration)

PAPER_PATCHES = {"deepcrack": 300, "crack500": 1896}
"""Undamaged patches of the paper (Section IV-A), one epoch of each dataset."""

PATCHES_PER_EPOCH = 300
MOST_EPOCHS = 10
"""Of a budget by number: after each epoch a checkpoint is written, of 64 filters nearly a gigabyte."""

PLAIN_FILTERS = 32

THINNED = ", 1 test photo in "
"""What the label of a row says that is tested on a part of the photos, before how many."""

ENOUGH_STEPS = 1000
SMALLEST_BATCH = 2
"""Some networks normalise features pooled to one value an image, which one image alone cannot give."""

NO_INFLUENCE = ("sample_every", "workers")
"""Keys of a training configuration that change nothing of its weights."""


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

    def spend(self, configuration: AnyConfiguration) -> AnyConfiguration:
        """Give a configuration of any method this budget's patches and epochs; its network stays as it is."""
        photos = configuration.data.photos
        photos = photos if isinstance(photos, str) else photos[0]
        patches = self.patches_per_epoch or PAPER_PATCHES.get(photos)
        data: Any = replace(configuration.data, patches_per_epoch=patches)
        return replace(configuration, data=data, epochs=self.epochs, patience=self.patience or self.epochs)

    def smaller_batches(self, configuration: AnyConfiguration) -> AnyConfiguration:
        """Give a configuration whose paper names no batch smaller batches where the budget is small.

        A few hundred images in batches of 8 are too few steps for any network to leave its start: the batch
        shrinks, to no less than 2, until there are 1,000 steps.
        """
        if self.patches_per_epoch is None:
            return configuration
        images = self.patches_per_epoch * self.epochs
        batch = max(SMALLEST_BATCH, min(configuration.batch_size, images // ENOUGH_STEPS))
        return replace(configuration, batch_size=batch)

    def apply(self, configuration: TrainingConfiguration) -> TrainingConfiguration:
        """Give a configuration of UP-CrackNet this budget, its width included.

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
    """Find a budget by its name, or make one by its number of patches per row.

    Args:
        text: a key of ``BUDGETS``, or a whole number such as ``1500``: that many patches (rounded up to
            whole epochs: of at most 300 as long as 10 are enough), for networks of 32 filters.
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
        epochs = min(-(-patches // PATCHES_PER_EPOCH), MOST_EPOCHS)
        budget = Budget(text, PLAIN_FILTERS, epochs, -(-patches // epochs))
    else:
        raise ConfigurationError(
            f"budget {text!r}: expected {', '.join(BUDGETS)}, or a whole number of patches per row above 0"
        )
    return budget if filters is None else replace(budget, filters=filters)


@dataclass(frozen=True)
class Pretrained:
    """A model that is not trained here: a classical method, or a shipped one.

    Attributes:
        model: what ``detect --model`` takes.
        weights: checksum of its weights, so that other weights are measured again; empty where it has none.
        patches: patches that it has learned from.
    """

    model: str
    weights: str = ""
    patches: int = 0


@dataclass(frozen=True)
class Row:
    """One line of a table.

    Attributes:
        name: short, without spaces; what ``--rows`` takes.
        label: its name in the table.
        training: how its weights are trained, or the trained model; rows of one training share the run.
        detection: how a restorer finds cracks with these weights; None takes the model's own way.
        tests: datasets whose test part it is measured on.
        published: the paper's figures, by dataset.
        one_in: it is tested on one photo in so many, from the first on.
    """

    name: str
    label: str
    training: Configuration | Pretrained
    detection: DetectionSettings | None
    tests: tuple[str, ...]
    published: Mapping[str, PublishedRow]
    one_in: int = 1

    @property
    def photos(self) -> tuple[str, ...]:
        """Datasets that it is trained on here."""
        if isinstance(self.training, Pretrained):
            return ()
        photos = self.training.data.photos
        return (photos,) if isinstance(photos, str) else photos

    @property
    def split(self) -> str:
        """Part of these photos that it is trained on."""
        return "" if isinstance(self.training, Pretrained) else self.training.data.split

    @property
    def run_name(self) -> str:
        """Name of its run folder: one for each training."""
        return f"{self._origin}-{_digest(self.identity['training'])}"

    @property
    def result_name(self) -> str:
        """Name of its result: one for each training, way to detect and test sets."""
        return f"{self._origin}-{_digest(self.identity)}"

    @property
    def _origin(self) -> str:
        return self.training.model if isinstance(self.training, Pretrained) else "-".join(self.photos)

    @property
    def identity(self) -> dict[str, Any]:
        """All that its figures depend on besides code, data and processor; plain values, as JSON has them."""
        if isinstance(self.training, Pretrained):
            training = asdict(self.training)
        else:
            training = as_dictionary(self.training)
        return {
            "training": {key: value for key, value in training.items() if key not in NO_INFLUENCE},
            "detection": None if self.detection is None else self.detection.to_dict(),
            "tests": list(self.tests),
            **({} if self.one_in == 1 else {"one_in": self.one_in}),
        }

    def thinned(self, one_in: int) -> "Row":
        """Test it on one photo in so many; its label says so."""
        return replace(self, one_in=one_in, label=f"{self.label}{THINNED}{one_in}")

    @property
    def epochs(self) -> int:
        """Epochs of its whole training."""
        return 0 if isinstance(self.training, Pretrained) else self.training.epochs

    @property
    def patches(self) -> int:
        """Patches of its whole training here, without early stopping."""
        if isinstance(self.training, Pretrained):
            return 0
        return (self.training.data.patches_per_epoch or 0) * self.training.epochs


@dataclass(frozen=True)
class Experiment:
    """A table to reproduce.

    Attributes:
        name: short name, of the command and of its files.
        title: heading of the table.
        question: the question that it answers, one sentence.
        budget: what each row may spend.
        seed: seed of all rows.
        rows: its lines, in order.
        facts: what else its figures depend on, one sentence each.
    """

    name: str
    title: str
    question: str
    budget: Budget
    seed: int
    rows: tuple[Row, ...]
    facts: tuple[str, ...] = ()

    def chosen(self, wanted: Sequence[str]) -> tuple[Row, ...]:
        """Find the rows of these names or numbers (from 1), in the table's order; all where none is named.

        Raises:
            ConfigurationError: there is no such row.
        """
        numbers = {str(number): row.name for number, row in enumerate(self.rows, start=1)}
        names = {numbers.get(text, text) for text in wanted}
        unknown = sorted(names - {row.name for row in self.rows})
        if unknown:
            known = ", ".join(f"{number} {name}" for number, name in numbers.items())
            raise ConfigurationError(f"{self.name} has no row {', '.join(unknown)}; its rows are {known}")
        return tuple(row for row in self.rows if not names or row.name in names)


def _digest(values: Any) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:12]
