"""Choosing undamaged windows in rounds: by the detector, then also by a classifier that learned from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int

from upcracknet.data.dataset import Sample
from upcracknet.data.undamaged import Window
from upcracknet.errors import ConfigurationError, DataError
from upcracknet.preparation.classifier import (
    CellClassifier,
    confident_cells,
    confident_crops,
    crack_probabilities,
    painted_crops,
    train_classifier,
)
from upcracknet.preparation.scores import CELL, Progress, ScoredPhoto
from upcracknet.preparation.windows import all_windows, choose_apart, cleanest, ranks, worst_cells

SMALLEST_SIZE = 64
"""Side of the smallest window in pixels: the classifier sees that much around a cell."""

CLEANEST_SHARE = 0.5
"""No window from the more crack-like half of all windows is chosen, however many are asked for."""

LARGEST_PROBABILITY = 0.5
"""No window is chosen in which the classifier takes a cell for cracked rather than undamaged."""

EXAMPLES = 600
"""About how many windows the classifier learns from: the cleanest of each photo, at least 2 of each …"""

EXAMPLE_SHARE = 0.75
"""… without the more crack-like quarter of these."""

LARGEST_CROP = 128
"""Side of the crops that the classifier learns from, in pixels, where the windows allow it."""

REJECTED = 48


@dataclass(frozen=True)
class PreparationSettings:
    """What to choose.

    Attributes:
        count: how many windows.
        sizes: sides of the windows in pixels, multiples of 16.
        rounds: how often a classifier learns and the choice is made again; 0 leaves it to the detector.
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


@dataclass(frozen=True)
class ClassifierTraining:
    """How much the classifier of a round learns.

    Attributes:
        painted: crops that are cut and painted; flips make eight of each.
        real: crops around evident real cracks, at most.
        steps: batches to learn from.
    """

    painted: int = 400
    real: int = 150
    steps: int = 400


@dataclass(frozen=True)
class RankedWindow:
    """A window and how crack-like it is.

    Attributes:
        sample: the photo it is cut from.
        window: where.
        crackness: share of all windows that are cleaner, in [0, 1], by the stricter of detector and
            classifier.
        detector_score: the detector's score of the worst cell, over the photo's median score.
        probability: of a crack in the worst cell, by the classifier, in [0, 1]; None without classifier.
        first_round: the round in which it was first chosen, 0 is the detector's alone; None if it was not.
        cracked: whether the detector marks a crack in it, so that it is never chosen.
    """

    sample: Sample
    window: Window
    crackness: float
    detector_score: float
    probability: float | None
    first_round: int | None
    cracked: bool


@dataclass(frozen=True)
class Choice:
    """The chosen windows, and those that were not.

    Attributes:
        settings: what was asked for.
        chosen: the chosen windows, the most crack-like first.
        rejected: windows beyond the limit, at most one a photo, the nearest to the limit first.
        windows: how many windows there were.
        refused: how many of them were refused because the detector marks a crack in them.
    """

    settings: PreparationSettings
    chosen: tuple[RankedWindow, ...]
    rejected: tuple[RankedWindow, ...]
    windows: int
    refused: int

    @property
    def limit(self) -> float | None:
        """Crackness of the most crack-like chosen window; None where none was chosen."""
        return self.chosen[0].crackness if self.chosen else None


def choose_undamaged(
    photos: Sequence[ScoredPhoto],
    settings: PreparationSettings,
    training: ClassifierTraining | None = None,
    *,
    device: torch.device = torch.device("cpu"),  # noqa: B008 - frozen
    progress: Progress = lambda stage, done, total: None,
) -> Choice:
    """Choose windows that look undamaged; masks of the photos are never opened.

    Round 0 ranks all windows by the detector's strongest score in them. In each further round a classifier
    learns from the cleanest windows of each photo, as they are and with painted cracks, and from the second
    on also from places that detector and classifier take for cracks; then a window is as crack-like as the
    stricter of the two says. A window in which the detector marks a crack at its own threshold is never
    chosen, and never shown to the classifier as undamaged (``ScoredPhoto.cracked`` says what counts).

    Args:
        photos: from ``score_photos``.
        settings: what to choose.
        training: how much the classifier learns; None takes the usual.
        device: where it learns and looks.
        progress: called with what is done.

    Returns:
        the choice; with fewer windows than asked for, or none, where no more look undamaged.

    Raises:
        DataError: no photo holds a window.
        PhotoError: a photo cannot be read any more.
    """
    training = training or ClassifierTraining()
    ranking = _Ranking(photos, settings)
    chosen = ranking.choose(0)
    for number in range(1, settings.rounds + 1 if ranking.usable.any() else 1):
        network = _learn(ranking, number, training, device, progress)
        probabilities = []
        for photo in photos:
            probabilities.append(crack_probabilities(network, photo.sample.photo()))
            progress(f"round {number}: looking again", len(probabilities), len(photos))
        ranking.add_classifier(probabilities)
        chosen = ranking.choose(number)
    rejected = ranking.rejected(chosen)
    return Choice(
        settings,
        tuple(ranking.describe(number) for number in chosen.tolist()),
        tuple(ranking.describe(number) for number in rejected.tolist()),
        len(ranking.windows),
        int(ranking.cracked.sum()),
    )


def _learn(
    ranking: "_Ranking",
    number: int,
    training: ClassifierTraining,
    device: torch.device,
    progress: Progress,
) -> CellClassifier:
    """Train the classifier of a round on the ranking of the round before."""
    generator = np.random.default_rng((ranking.settings.seed, number))
    side = min(LARGEST_CROP, *ranking.settings.sizes)
    painting = partial(progress, f"round {number}: painting")
    crops = painted_crops(ranking.examples(), side, generator, pairs=training.painted, progress=painting)
    if ranking.cells:
        cracked = confident_cells([photo.scores for photo in ranking.photos], ranking.cells)
        samples = [photo.sample for photo in ranking.photos]
        crops += confident_crops(samples, cracked, side, generator, count=training.real)
    seed = ranking.settings.seed + number
    learning = partial(progress, f"round {number}: learning")
    return train_classifier(crops, seed=seed, steps=training.steps, device=device, progress=learning)


class _Ranking:
    """All windows of all photos and how crack-like they are, by the detector and, later, the classifier."""

    def __init__(self, photos: Sequence[ScoredPhoto], settings: PreparationSettings) -> None:
        self.photos, self.settings = photos, settings
        grids = [(photo.scores.shape[0], photo.scores.shape[1]) for photo in photos]
        self.windows = all_windows(grids, settings.sizes)
        if not len(self.windows):
            raise DataError(
                f"none of {len(photos)} photos holds a window of {min(settings.sizes)} pixels; "
                "give larger photos or smaller sizes"
            )
        self.scores = worst_cells([photo.scores for photo in photos], settings.sizes)
        self.cracked = worst_cells([photo.cracked for photo in photos], settings.sizes) > 0
        self.flat = worst_cells([photo.flat for photo in photos], settings.sizes) > 0
        self.usable: Bool[np.ndarray, " n"] = ~(self.cracked | self.flat)
        self.crackness: Float[np.ndarray, " n"] = ranks(self.scores)
        self.probabilities: Float[np.ndarray, " n"] | None = None
        self.cells: Sequence[Float32[np.ndarray, "_ _"]] = ()
        self.first_round = np.full(len(self.windows), -1)

    def add_classifier(self, cells: Sequence[Float32[np.ndarray, "_ _"]]) -> None:
        """Rank windows by the stricter of detector and classifier from now on."""
        self.cells = cells
        self.probabilities = worst_cells(cells, self.settings.sizes)
        self.crackness = np.maximum(ranks(self.scores), ranks(self.probabilities))

    def choose(self, number: int) -> Int[np.ndarray, " m"]:
        """Choose the windows of this round, the most crack-like first."""
        per_photo = self.settings.per_photo or -(-2 * self.settings.count // len(self.photos))
        crackness = np.where(self._is_possible(), self.crackness, np.inf)
        chosen = cleanest(
            self.windows, crackness, count=self.settings.count, per_photo=per_photo, limit=CLEANEST_SHARE
        )
        self.first_round[chosen[self.first_round[chosen] < 0]] = number
        return chosen

    def examples(self) -> list[tuple[Sample, Window]]:
        """Give the windows that the next classifier learns from as undamaged road."""
        order = np.argsort(self.crackness, kind="stable")
        per_photo = max(2, -(-EXAMPLES // len(self.photos)))
        found = choose_apart(self.windows, order[self.usable[order]], count=len(order), per_photo=per_photo)
        kept = found[: max(1, round(EXAMPLE_SHARE * len(found)))]
        return [self._place(number) for number in kept.tolist()]

    def rejected(self, chosen: Int[np.ndarray, " m"]) -> Int[np.ndarray, " k"]:
        """Give windows just beyond the limit, one of a photo."""
        limit = self.crackness[chosen].max() if len(chosen) else -1.0
        beyond = (self.crackness > limit) | ~self._is_possible()
        order = np.argsort(self.crackness, kind="stable")
        order = order[beyond[order] & ~self.flat[order]]
        return choose_apart(self.windows, order, count=REJECTED, per_photo=1, taken=chosen)

    def describe(self, number: int) -> RankedWindow:
        """Give all that is known of a window."""
        return RankedWindow(
            *self._place(number),
            float(self.crackness[number]),
            float(self.scores[number]),
            None if self.probabilities is None else float(self.probabilities[number]),
            int(self.first_round[number]) if self.first_round[number] >= 0 else None,
            bool(self.cracked[number]),
        )

    def _place(self, number: int) -> tuple[Sample, Window]:
        photo, top, left, size = self.windows[number].tolist()
        return self.photos[photo].sample, Window(top, left, size, size)

    def _is_possible(self) -> Bool[np.ndarray, " n"]:
        if self.probabilities is None:
            return self.usable
        possible: np.ndarray = self.usable & (self.probabilities <= LARGEST_PROBABILITY)
        return possible
