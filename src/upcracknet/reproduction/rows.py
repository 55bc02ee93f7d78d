"""What a row of a reproduced table is: a model, a way to detect, test sets, and the paper's figures.

A row knows nothing of its table: the same training is one run folder and the same measurement one result
file, whatever tables they stand in.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

from upcracknet.detection import DetectionSettings
from upcracknet.errors import ConfigurationError
from upcracknet.evaluation.published import PublishedRow
from upcracknet.reproduction.budget import Budget
from upcracknet.training.configuration import Configuration, as_dictionary

NO_INFLUENCE = ("sample_every", "workers")
"""Keys of a training configuration that change nothing of its weights."""


@dataclass(frozen=True)
class Ready:
    """A model that needs no training here: a classical method, or a shipped one.

    Attributes:
        model: what ``detect --model`` takes.
        weights: checksum of its weights, so that other ones are measured anew; empty where it has none.
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
        label: what the table calls it.
        training: how its weights are trained, or the model that is ready; rows of one training share the run.
        detection: how a restorer finds cracks with these weights; None takes the model's own way.
        tests: datasets whose test part it is measured on.
        published: the paper's figures, by dataset.
    """

    name: str
    label: str
    training: Configuration | Ready
    detection: DetectionSettings | None
    tests: tuple[str, ...]
    published: Mapping[str, PublishedRow]

    @property
    def photos(self) -> tuple[str, ...]:
        """What it is trained on here."""
        if isinstance(self.training, Ready):
            return ()
        photos = self.training.data.photos
        return (photos,) if isinstance(photos, str) else photos

    @property
    def split(self) -> str:
        """Part of these photos that it is trained on."""
        return "" if isinstance(self.training, Ready) else self.training.data.split

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
        return self.training.model if isinstance(self.training, Ready) else "-".join(self.photos)

    @property
    def identity(self) -> dict[str, Any]:
        """All that its figures depend on besides code, data and processor; plain values, as JSON has them."""
        ready = isinstance(self.training, Ready)
        training = asdict(self.training) if ready else as_dictionary(cast(Configuration, self.training))
        return {
            "training": {key: value for key, value in training.items() if key not in NO_INFLUENCE},
            "detection": None if self.detection is None else self.detection.to_dict(),
            "tests": list(self.tests),
        }

    @property
    def epochs(self) -> int:
        """Epochs of its whole training."""
        return 0 if isinstance(self.training, Ready) else self.training.epochs

    @property
    def patches(self) -> int:
        """Patches of its whole training here, without early stopping."""
        if isinstance(self.training, Ready):
            return 0
        return (self.training.data.patches_per_epoch or 0) * self.training.epochs


@dataclass(frozen=True)
class Experiment:
    """A table to reproduce.

    Attributes:
        name: short name, of the command and of its files.
        title: heading of the table.
        question: what it is to show, one sentence.
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
        """The rows of these names or numbers (from 1), in the table's order; all where nothing is wanted.

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
