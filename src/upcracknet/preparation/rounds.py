"""Choosing undamaged windows in rounds: the detector's view, then a classifier's that learned from it."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from jaxtyping import Bool, Float, Float32, Int

from upcracknet.data.undamaged import Window
from upcracknet.errors import DataError
from upcracknet.preparation.choice import Choice, PreparationSettings, RankedWindow
from upcracknet.preparation.classifier import CellClassifier, crack_probabilities, train_classifier
from upcracknet.preparation.lessons import confident_cells, confident_lessons, painted_lessons
from upcracknet.preparation.survey import Progress, SurveyedPhoto
from upcracknet.preparation.windows import all_windows, choose_apart, cleanest, shares, worst_cells

CLEANEST_SHARE = 0.5
"""No window from the more crack-like half of all windows is chosen, however many are asked for."""

LARGEST_PROBABILITY = 0.5
"""No window is chosen in which the classifier takes a cell for cracked rather than undamaged."""

TEACHERS = 600
"""About how many windows the classifier learns from: the cleanest of each photo, at least 2 of each …"""

TEACHING_SHARE = 0.75
"""… without the more crack-like quarter of these."""

LARGEST_CROP = 128
"""Side of the crops that the classifier learns from, in pixels, where the windows allow it."""

REJECTED = 48


def choose_undamaged(
    photos: Sequence[SurveyedPhoto],
    settings: PreparationSettings,
    *,
    progress: Progress = lambda stage, done, total: None,
) -> Choice:
    """Chooses windows that look undamaged; masks are never opened.

    Round 0 ranks all windows by the detector's strongest score in them. In each further round a classifier
    learns from the cleanest windows of each photo, as they are and with painted cracks, and from the second
    on also from places that detector and classifier take for cracks; then a window is as crack-like as the
    stricter of the two says.

    Args:
        photos: from `survey_photos`.
        settings: what to choose.
        progress: told what is done.

    Raises:
        DataError: no photo holds a window.
        PhotoError: a photo cannot be read any more.
    """
    ranking = _Ranking(photos, settings)
    chosen = ranking.choose(0)
    for number in range(1, settings.rounds + 1):
        network = _learn(ranking, number, progress)
        maps = []
        for photo in photos:
            maps.append(crack_probabilities(network, photo.sample.photo()))
            progress(f"round {number}: looking again", len(maps), len(photos))
        ranking.add_view(maps)
        chosen = ranking.choose(number)
    rejected = ranking.rejected(chosen)
    return Choice(
        settings,
        tuple(ranking.describe(number) for number in chosen.tolist()),
        tuple(ranking.describe(number) for number in rejected.tolist()),
        len(ranking.windows),
    )


def _learn(ranking: "_Ranking", number: int, progress: Progress) -> CellClassifier:
    """Trains the classifier of a round on what the round before thinks."""
    generator = np.random.default_rng((ranking.settings.seed, number))
    side = min(LARGEST_CROP, *ranking.settings.sizes)
    samples = [photo.sample for photo in ranking.photos]
    teachers = [(samples[photo], window) for photo, window in ranking.teachers()]
    lessons = painted_lessons(teachers, side, generator, partial(progress, f"round {number}: painting"))
    if ranking.maps:
        cracked = confident_cells([photo.scores for photo in ranking.photos], ranking.maps)
        lessons += confident_lessons(samples, cracked, side, generator)
    seed = ranking.settings.seed + number
    return train_classifier(lessons, seed=seed, progress=partial(progress, f"round {number}: learning"))


class _Ranking:
    """All windows of all photos and how crack-like they are, by the detector and, later, the classifier."""

    def __init__(self, photos: Sequence[SurveyedPhoto], settings: PreparationSettings) -> None:
        self.photos, self.settings = photos, settings
        grids = [(photo.scores.shape[0], photo.scores.shape[1]) for photo in photos]
        self.windows = all_windows(grids, settings.sizes)
        if not len(self.windows):
            raise DataError(
                f"none of {len(photos)} photos holds a window of {min(settings.sizes)} pixels; "
                "give larger photos or smaller sizes"
            )
        self.scores = worst_cells([photo.scores for photo in photos], settings.sizes)
        self.flat = worst_cells([photo.flat for photo in photos], settings.sizes) > 0
        self.crackness: Float[np.ndarray, " n"] = shares(self.scores)
        self.probabilities: Float[np.ndarray, " n"] | None = None
        self.maps: list[Float32[np.ndarray, "_ _"]] = []
        self.first_round = np.full(len(self.windows), -1)

    def add_view(self, maps: list[Float32[np.ndarray, "_ _"]]) -> None:
        """From now on a window is as crack-like as the stricter of detector and classifier says."""
        self.maps = maps
        self.probabilities = worst_cells(maps, self.settings.sizes)
        self.crackness = np.maximum(shares(self.scores), shares(self.probabilities))

    def choose(self, number: int) -> Int[np.ndarray, " m"]:
        """The choice of this round, the most crack-like window first."""
        per_photo = self.settings.per_photo or -(-2 * self.settings.count // len(self.photos))
        crackness = np.where(self._is_possible(), self.crackness, np.inf)
        chosen = cleanest(
            self.windows, crackness, count=self.settings.count, per_photo=per_photo, limit=CLEANEST_SHARE
        )
        self.first_round[chosen[self.first_round[chosen] < 0]] = number
        return chosen

    def teachers(self) -> list[tuple[int, Window]]:
        """Photo and place of the windows that the next classifier learns from."""
        order = np.argsort(self.crackness, kind="stable")
        order = order[~self.flat[order]]
        per_photo = max(2, -(-TEACHERS // len(self.photos)))
        found = choose_apart(self.windows, order, count=len(order), per_photo=per_photo)
        kept = found[: max(1, round(TEACHING_SHARE * len(found)))]
        return [(int(self.windows[number, 0]), self._place(number)) for number in kept.tolist()]

    def rejected(self, chosen: Int[np.ndarray, " m"]) -> Int[np.ndarray, " k"]:
        """Windows just beyond the limit, one of a photo."""
        limit = self.crackness[chosen].max() if len(chosen) else -1.0
        beyond = (self.crackness > limit) | ~self._is_possible()
        order = np.argsort(self.crackness, kind="stable")
        order = order[beyond[order] & ~self.flat[order]]
        return choose_apart(self.windows, order, count=REJECTED, per_photo=1, taken=chosen)

    def describe(self, number: int) -> RankedWindow:
        """All that is known of a window."""
        return RankedWindow(
            self.photos[int(self.windows[number, 0])].sample,
            self._place(number),
            float(self.crackness[number]),
            float(self.scores[number]),
            None if self.probabilities is None else float(self.probabilities[number]),
            int(self.first_round[number]) if self.first_round[number] >= 0 else None,
        )

    def _place(self, number: int) -> Window:
        _, top, left, size = self.windows[number].tolist()
        return Window(top, left, size, size)

    def _is_possible(self) -> Bool[np.ndarray, " n"]:
        possible: np.ndarray = ~self.flat
        if self.probabilities is not None:
            possible &= self.probabilities <= LARGEST_PROBABILITY
        return possible
