"""Photos with painted cracks, in strata of width, contrast and surface, to judge a model without labels.

Every photo depends on its stratum alone. Backgrounds are synthetic, or crack-free windows of the training
photos that training keeps apart.
"""

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from upcracknet.data.dataset import CrackDataset
from upcracknet.data.patches import split_samples
from upcracknet.data.registry import open_dataset
from upcracknet.data.synthetic import SURFACES, paint_cracks, synthesize_road
from upcracknet.data.undamaged import undamaged_corners
from upcracknet.data.visibility import seen_cracks
from upcracknet.errors import DataError
from upcracknet.training.crack_remover_configuration import CrackRemoverConfiguration

Photo = UInt8[np.ndarray, "_h _w 3"]
Draw = Callable[[int, int, np.random.Generator], Photo]
"""Gives a crack-free background of this height and width in pixels; a window of a photo has its own size."""

FIRST_SEED = 2**31
"""Seeds from here on are drawn here alone: training, calibration and evaluation take smaller ones."""

SIZES = {0.2: (384, 544), 2.0: (1216, 1632), 12.0: (3000, 4000)}
"""Height and width of the synthetic photos in pixels, by their megapixels."""

WIDTHS = ((1.0, 2.5), (2.5, 5.0), (5.0, 12.0), (12.0, 30.0), (30.0, 60.0), (60.0, 120.0))
"""Ranges of the cracks' widths, in pixels."""

CONTRASTS = {"faint": (1.2, 2.0), "medium": (2.0, 4.0), "deep": (4.0, 8.0)}
"""How much darker than the road cracks up to 5 pixels wide are painted, in standard deviations of its
grain."""

BROAD = 5.0
"""Pixels; from here on a crack is wide enough to look into."""

DEPTHS = {"faint": (0.2, 0.3), "medium": (0.3, 0.5), "deep": (0.5, 0.8)}
"""How much darker than the road wider cracks are painted, as a share of its brightness: a paler band is a
stain or a seam that was filled. On a coarse road never under 1.2 standard deviations of its grain."""

LEAST_GRAIN = 0.03
"""Of the road's brightness; the grain counts as at least this, as 8 bits hold no fainter crack."""

TRIES, TOLERANCE = 3, 0.15
"""How often cracks are painted at most to come near the middle of their contrast, and how near is enough."""

WIDEST_NETWORK = 12.0  # pixels; a network of wider cracks leaves no road between them
DEEPEST = 0.9  # of the road's brightness: the most that is painted where the grain is coarse

LEFT_OUT = "gravel"
"""The surface that no training paints on."""

PHOTOGRAPHED = ("deepcrack", "crack500")
"""Data sets whose training photos are learned from; a part of them is kept apart."""

ENLARGED = 4  # times the windows' own size, for photos of 2 megapixels
WINDOW_SIZES = (384, 320, 256, 224, 192)
STRIDE, MARGIN = 16, 8


@dataclass(frozen=True)
class Stratum:
    """What is alike in all cracks of a photo.

    Attributes:
        megapixels: size of the photo, one of ``SIZES``.
        widths: narrowest and widest crack in pixels, one of ``WIDTHS``.
        contrast: one of ``CONTRASTS``, or of ``DEPTHS``.
        surface: name of the background.
    """

    megapixels: float
    widths: tuple[float, float]
    contrast: str
    surface: str


@dataclass(frozen=True)
class JudgedPhoto:
    """A photo whose cracks are known because they were painted.

    Attributes:
        stratum: what its cracks are like.
        photo: uint8 H×W×3 RGB.
        cracks: bool H×W, True where a crack is seen.
        unseen: bool H×W, True where a crack is painted that nobody can see: no detector is asked about it.
        contrast: how much darker the cracks came out than the road beneath, in standard deviations of its
            grain; the median of their pixels.
    """

    stratum: Stratum
    photo: UInt8[np.ndarray, "h w 3"]
    cracks: Bool[np.ndarray, "h w"]
    unseen: Bool[np.ndarray, "h w"]
    contrast: float


def kept_apart(name: str, data_root: Path | None = None) -> CrackDataset:
    """Open the training photos that the default model's training keeps apart.

    Args:
        name: a data set.
        data_root: folder with the named data sets; None takes the variable ``UPCRACKNET_DATA``.

    Raises:
        DataError: the data set is not there.
    """
    run = CrackRemoverConfiguration()
    dataset = open_dataset(name, data_root, run.data.split)
    return replace(dataset, samples=tuple(split_samples(dataset, run.data.validation_share, run.seed)[1]))


def backgrounds(photographed: Sequence[CrackDataset]) -> dict[str, Draw]:
    """Name all crack-free backgrounds: each synthetic surface, and each data set as it is and enlarged.

    Args:
        photographed: data sets whose crack-free windows are painted on.

    Raises:
        DataError: the photos of a data set hold no crack-free window that is large enough.
        PhotoError: a photo or mask cannot be read.
    """
    draws: dict[str, Draw] = {surface: partial(_synthetic, surface) for surface in SURFACES}
    for dataset in photographed:
        windows = _windows(dataset)
        draws[dataset.name] = partial(_photographed, windows, 1)
        draws[f"{dataset.name} ×{ENLARGED}"] = partial(_photographed, windows, ENLARGED)
    return draws


def painted_strata(surfaces: Sequence[str], *, quick: bool = False) -> list[Stratum]:
    """List the strata: of small photos all, of larger ones so many that the judge takes minutes.

    Photos of 2 megapixels have each width with each contrast, on two surfaces that take turns; those of 12
    megapixels the three widest ranges, medium and deep.

    Args:
        surfaces: names of ``backgrounds``; windows are painted on at their own size in small photos, enlarged
            in those of 2 megapixels.
        quick: fewer of them, a part of all.
    """
    own = [name for name in surfaces if not name.endswith(f"×{ENLARGED}")]
    large = [name for name in surfaces if name in SURFACES or name not in own]
    strata = []
    for place, widths in enumerate(WIDTHS):
        for other, contrast in enumerate(CONTRASTS):
            if widths != WIDTHS[-1]:
                chosen = [own[(place + 2 * other) % len(own)]] if quick else own
                strata += [Stratum(0.2, widths, contrast, name) for name in chosen]
            turns = (0,) if quick else (0, 3)
            names = dict.fromkeys(large[(place + 2 * other + turn) % len(large)] for turn in turns)
            strata += [Stratum(2.0, widths, contrast, name) for name in names]
    trained = [name for name in surfaces if name in SURFACES and name != LEFT_OUT]
    largest = [
        Stratum(12.0, widths, contrast, trained[(place + other) % len(trained)])
        for other, contrast in enumerate(("medium", "deep"))
        for place, widths in enumerate(WIDTHS[-3:])
    ]
    strata += largest[1:2] if quick else largest
    return sorted(strata, key=lambda stratum: stratum.megapixels)


def judged_photo(stratum: Stratum, draws: Mapping[str, Draw]) -> JudgedPhoto:
    """Paint the cracks of a stratum on a background.

    How dark a crack comes out depends on its width, on what fills it and on the road. So it is painted again,
    as much deeper or fainter as it missed the middle of the stratum's contrast by, at most three times.

    Args:
        stratum: what they are like.
        draws: what ``backgrounds`` gave.
    """
    place = (round(10 * stratum.megapixels), round(10 * stratum.widths[1]), stratum.contrast)
    name = " ".join(map(str, (*place, stratum.surface)))
    road = draws[stratum.surface](*SIZES[stratum.megapixels], seeded(f"road {name}"))
    grain = grain_contrast(road)
    if stratum.widths[0] < BROAD:
        low, high = (grain * contrast for contrast in CONTRASTS[stratum.contrast])
    else:
        low, high = (max(depth, grain * CONTRASTS["faint"][0]) for depth in DEPTHS[stratum.contrast])
    wanted, asked = (low * high) ** 0.5, 1.0
    for _ in range(TRIES):
        photo, painted = paint_cracks(
            road,
            seeded(f"cracks {name}"),
            widths=stratum.widths,
            depths=(min(asked * low, DEEPEST), min(asked * high, DEEPEST)),
            pattern="branching" if stratum.widths[1] > WIDEST_NETWORK else None,
            systems=1,
            mark="seen",
        )
        before, after = (
            cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[painted].astype(float) for image in (road, photo)
        )
        lost = float(np.median(before - after)) / float(road.mean()) if painted.any() else 0.0
        if abs(lost - wanted) < TOLERANCE * wanted:
            break
        asked *= wanted / max(lost, 0.2 * wanted)
    cracked, bare = (image.astype(np.float32) / np.float32(255) for image in (photo, road))
    seen = seen_cracks(cracked, bare, painted.astype(np.float32))
    return JudgedPhoto(stratum, photo, seen, painted & ~seen, lost / grain)


def grain_contrast(road: Photo) -> float:
    """Measure a road's grain, one standard deviation as a share of the brightness, at least 0.03.

    Details under a pixel and over about eight do not count.
    """
    grey = cv2.cvtColor(road, cv2.COLOR_RGB2GRAY).astype(np.float32)
    grain = cv2.GaussianBlur(grey, (0, 0), 0.7) - cv2.GaussianBlur(grey, (0, 0), 8.0)
    return max(float(grain.std()) / (float(grey.mean()) + 1), LEAST_GRAIN)


def _synthetic(surface: str, height: int, width: int, generator: np.random.Generator) -> Photo:
    seed = int(generator.integers(FIRST_SEED, 2 * FIRST_SEED))
    road = synthesize_road(seed, height, width, surface=surface, cracks=False, distractors=False)  # type: ignore[arg-type]
    return road.undamaged


def _photographed(
    windows: Sequence[Photo], factor: int, height: int, width: int, generator: np.random.Generator
) -> Photo:
    window = windows[int(generator.integers(len(windows)))]
    return np.asarray(cv2.resize(window, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC))


def _windows(dataset: CrackDataset) -> list[Photo]:
    """The largest crack-free window of each photo that has one."""
    windows = []
    for sample in dataset:
        photo, mask = sample.photo(), sample.mask()
        for size in WINDOW_SIZES:
            corners = undamaged_corners(mask, size=size, stride=STRIDE, margin=MARGIN)
            if len(corners):
                top, left = corners[len(corners) // 2]
                windows.append(np.ascontiguousarray(photo[top : top + size, left : left + size]))
                break
    if not windows:
        raise DataError(
            f"{dataset.name}: no crack-free window of {WINDOW_SIZES[-1]} pixels in {len(dataset)} photos; "
            "give photos with more sound road"
        )
    return windows


def seeded(name: str, *numbers: int) -> np.random.Generator:
    """Start a source of randomness that depends on a name and whole numbers, and serves nothing else."""
    return np.random.default_rng((FIRST_SEED, zlib.crc32(name.encode()), *numbers))
