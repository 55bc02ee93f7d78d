"""What to choose, and what was chosen."""

from dataclasses import asdict, dataclass
from typing import Any

from upcracknet.data.dataset import Sample
from upcracknet.data.undamaged import Window
from upcracknet.errors import ConfigurationError
from upcracknet.preparation.cells import CELL

SMALLEST_SIZE = 64
"""Side of the smallest window in pixels: the classifier sees that much around a cell."""


@dataclass(frozen=True)
class PreparationSettings:
    """What to choose.

    Attributes:
        count: how many windows.
        sizes: sides of the windows in pixels, multiples of 16.
        rounds: how often a classifier learns and the choice is made anew; 0 leaves it to the detector.
        per_photo: at most so many windows from one photo; None gives twice a photo's fair share.
        seed: the same seed gives the same choice.

    Raises:
        ConfigurationError: impossible values; all are listed.
    """

    count: int = 300
    sizes: tuple[int, ...] = (128, 192, 256)
    rounds: int = 2
    per_photo: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        limits = [
            ("count", self.count, 1),
            ("number of sizes", len(self.sizes), 1),
            ("rounds", self.rounds, 0),
            ("windows per photo", 1 if self.per_photo is None else self.per_photo, 1),
            ("seed", self.seed, 0),
        ]
        problems = [
            f"{name} is {value}, expected at least {least}" for name, value, least in limits if value < least
        ]
        problems += [
            f"size is {size}, expected a multiple of {CELL} from {SMALLEST_SIZE} on"
            for size in self.sizes
            if size % CELL or size < SMALLEST_SIZE
        ]
        if problems:
            raise ConfigurationError("; ".join(problems))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for a manifest."""
        return asdict(self)


@dataclass(frozen=True)
class RankedWindow:
    """A window, and what is thought of it.

    Attributes:
        sample: the photo it is cut from.
        window: where.
        crackness: share of all windows that are cleaner, in [0, 1], by the stricter of the two views.
        detector_score: the detector's score of the worst cell, over the photo's median score.
        probability: of a crack in the worst cell, by the classifier, in [0, 1]; None without classifier.
        first_round: the round in which it was first chosen, 0 is the detector's alone; None if it was not.
    """

    sample: Sample
    window: Window
    crackness: float
    detector_score: float
    probability: float | None
    first_round: int | None


@dataclass(frozen=True)
class Choice:
    """The outcome.

    Attributes:
        settings: what was asked for.
        chosen: the chosen windows, the most crack-like first.
        rejected: windows beyond the limit, at most one a photo, the nearest to the limit first.
        windows: how many windows there were to choose from.
    """

    settings: PreparationSettings
    chosen: tuple[RankedWindow, ...]
    rejected: tuple[RankedWindow, ...]
    windows: int

    @property
    def limit(self) -> float | None:
        """Crackness of the most crack-like chosen window; None where none was chosen."""
        return self.chosen[0].crackness if self.chosen else None
