"""What the measures are worth from photo to millimetres: painted photos, the shipped model, their cracks."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from classes import SECTION, SECTION_SCALE, Section, section_table
from matching import SHORTEST, Comparison, Piece, compare

from upcracknet import CrackDetector
from upcracknet.calibration.strata import BROAD, grain_contrast
from upcracknet.data.synthetic import SURFACES, Surface, paint_cracks, synthesize_road
from upcracknet.data.synthetic.painting import paint_coverage
from upcracknet.measure import Crack, measure_cracks
from upcracknet.measure.severity import STANDARDS, grade
from upcracknet.tables import figure, markdown_table, percent

HEIGHT, WIDTH = 768, 1024
RANGES = ((1.0, 3.0), (3.0, 6.0), (6.0, 12.0), (12.0, 30.0), (30.0, 60.0))
"""Widths of cracks in pixels."""

CONTRAST = 2.2
"""Standard deviations of the road's grain by which a clear crack is darker than the road."""

GRAINS = ((1.2, 2.2), (2.2, 8.0))
"""How deep cracks up to 5 pixels wide are painted, faint and clear, in standard deviations of the road's
grain."""

DEPTHS = ((0.2, 0.3), (0.3, 0.8))
"""How deep wider cracks are painted, as a share of the road's brightness: a paler band is a stain."""

DEEPEST = 0.9
"""Greatest depth, as a share of the road's brightness."""

MILLIMETRES = {"astm-d6433": 2.0, "fhwa-ltpp": 1.0}
"""Millimetres a pixel at which cracks are graded, so that the standards' limits lie among the widths."""

PUBLISHED = (
    (
        "[Ong et al. 2022](https://research.monash.edu/en/publications/"
        "a-hybrid-method-for-pavement-crack-width-measurement)",
        "width, masks of real cracks, 100 places measured by hand",
        "1.00 px root mean square, 0.73 px mean",
    ),
    ("the same", "width, 18,404 places of synthetic cracks of 3 to 61 px, exact masks", "1.77 px mean"),
    (
        "[Li et al. 2024a](https://doi.org/10.1016/j.autcon.2023.105251)",
        "mean width, OrthoBoundary, masks given",
        "9.9 % (accuracy 90.10 %)",
    ),
    (
        "[Li et al. 2024b](https://doi.org/10.1111/mice.13344)",
        "length, Branch Growing, photo to figure with HRNet",
        "19.8 % (accuracy 80.21 %)",
    ),
    ("the same", "mean width, photo to figure with HRNet", "15.7 % (accuracy 84.32 %)"),
    (
        "[Sabouri and Mohammadi 2024](https://doi.org/10.1080/14680629.2024.2323517)",
        "length, scale known",
        "below 3 % in the mean",
    ),
    (
        "Applied Sciences 2025, 15(10), 5600",
        "four inspectors by ASTM D6433, 12 road sections",
        "45.3 % before training, 5.9 % after it",
    ),
)
"""Whose figure, of what, and the error that they give."""


@dataclass(frozen=True)
class Painted:
    """A painted photo: its surface, its exact mask, its axes, and the contrast at each of their places."""

    surface: str
    photo: np.ndarray
    mask: np.ndarray
    axes: list[np.ndarray]
    contrasts: list[np.ndarray]


def painted(roads: int) -> Iterator[Painted]:
    """Photos of each range of widths, faint and clear, so many of both; surfaces take turns."""
    for place, widths in enumerate(RANGES):
        for clear in (0, 1):
            for number in range(roads):
                surface = SURFACES[(number + place + 2 * clear) % len(SURFACES)]
                yield paint(1000 * place + 100 * clear + number, widths, clear, surface)


def paint(seed: int, widths: tuple[float, float], clear: int, surface: Surface) -> Painted:
    road = synthesize_road(seed, HEIGHT, WIDTH, surface=surface, cracks=False, distractors=False).photo
    grain = grain_contrast(road)
    low, high = (grain * contrast for contrast in GRAINS[clear])
    if widths[0] >= BROAD:
        low, high = (max(depth, grain * GRAINS[0][0]) for depth in DEPTHS[clear])
    axes: list[np.ndarray] = []
    photo, mask = paint_cracks(
        road, np.random.default_rng(seed), widths=widths, systems=1, pattern="branching", axes=axes,
        depths=(min(low, DEEPEST), min(high, DEEPEST)),
    )  # fmt: skip
    before, after = (cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(float) for image in (road, photo))
    lost = (before - after) / (float(before.mean()) * grain)
    contrasts = []
    for axis in axes:
        columns, rows = np.rint(axis[:, :2]).astype(int).T
        contrasts.append(lost[rows, columns])
    return Painted(surface, photo, mask, axes, contrasts)


@dataclass(frozen=True)
class Measured:
    """What was measured of all photos, by the exact mask, by the model's mask, and by half depth too."""

    surfaces: list[str]
    exact: list[Comparison]
    mask: list[Comparison]
    photo: list[Comparison]


def measure(detector: CrackDetector, roads: int) -> Measured:
    result = Measured([], [], [], [])
    for one in painted(roads):
        found = np.asarray(detector.detect(one.photo).mask)
        ways = (measure_cracks(one.mask), measure_cracks(found), measure_cracks(found, photo=one.photo))
        for cracks, comparisons in zip(ways, (result.exact, result.mask, result.photo), strict=True):
            comparisons.append(compare(one.axes, one.contrasts, cracks))
        result.surfaces.append(one.surface)
    return result


Choice = Callable[[Piece], bool]


def within(low: float, high: float) -> Choice:
    """Pieces of a range of widths; the narrowest and the widest range have no end."""
    first, last = low == RANGES[0][0], high == RANGES[-1][1]
    return lambda piece: (first or piece.width > low) and (last or piece.width <= high)


def name_of(low: float, high: float) -> str:
    return f"up to {high:.0f} px" if low == RANGES[0][0] else f"{low:.0f} to {high:.0f} px"


def pairs(comparisons: Sequence[Comparison]) -> list[Piece]:
    return [piece for comparison in comparisons for piece in comparison.pieces]


def width_errors(pieces: Sequence[Piece]) -> str:
    errors = np.array([piece.error for piece in pieces if piece.is_found and piece.length >= SHORTEST])
    if not errors.size:
        return figure(None)
    size = np.abs(errors)
    return " / ".join((
        figure(float(np.median(errors)), signed=True),
        figure(float(np.median(size))),
        figure(float(np.quantile(size, 0.9))),
    ))  # fmt: skip


def length_error(pieces: Sequence[Piece]) -> str:
    drawn = sum(piece.length for piece in pieces)
    return percent(sum(piece.found_length for piece in pieces) / drawn - 1 if drawn else None, 1, signed=True)


def on_masks(comparisons: Sequence[Comparison]) -> str:
    """The measures of exact masks."""
    rows = []
    for limits in RANGES:
        chosen = [piece for piece in pairs(comparisons) if within(*limits)(piece)]
        turns = [piece.turn for piece in chosen if piece.is_found and piece.length >= SHORTEST]
        rows.append([
            name_of(*limits), str(len(chosen)), length_error(chosen), width_errors(chosen),
            f"{np.median(turns):.1f} / {np.quantile(turns, 0.9):.1f}" if turns else figure(None),
        ])  # fmt: skip
    return markdown_table(
        ["drawn width", "pieces", "length, %", "width, px", "direction, degrees: median / 90 %"], rows
    )


def row(chosen: Sequence[tuple[Piece, Piece]]) -> list[str]:
    """The pieces of a choice as measured by the mask and by half depth."""
    mask, photo = [pair[0] for pair in chosen], [pair[1] for pair in chosen]
    lengths = [piece.length for piece in mask]
    found = float(np.average([piece.found for piece in mask], weights=lengths)) if mask else None
    return [str(len(mask)), percent(found, 1), length_error(mask), width_errors(mask), width_errors(photo)]


COLUMNS = ["pieces", "found, %", "length, %", "width by the mask, px", "width by half depth, px"]


def by_width(measured: Measured) -> str:
    """Photo to pixels, by width and contrast."""
    both = list(zip(pairs(measured.mask), pairs(measured.photo), strict=True))
    kinds = [(name_of(*limits), within(*limits)) for limits in RANGES]
    kinds.append(("all", lambda piece: True))
    rows = []
    for is_clear in (True, False):
        contrast = f"{CONTRAST} or more" if is_clear else f"below {CONTRAST}"
        clear = [pair for pair in both if (pair[0].contrast >= CONTRAST) == is_clear]
        rows += [
            [name, contrast, *row([pair for pair in clear if chosen(pair[0])])] for name, chosen in kinds
        ]
    return markdown_table(["drawn width", "contrast", *COLUMNS], rows)


def by_surface(measured: Measured) -> str:
    rows = []
    for surface in SURFACES:
        own = [index for index, name in enumerate(measured.surfaces) if name == surface]
        mask, photo = ([way[index] for index in own] for way in (measured.mask, measured.photo))
        both = list(zip(pairs(mask), pairs(photo), strict=True))
        drawn = sum(pair[0].length for pair in both)
        beside = sum(comparison.beside for comparison in mask) / drawn if drawn else None
        clear = [pair for pair in both if pair[0].contrast >= CONTRAST]
        rows.append([surface, *row(clear), percent(beside, 1)])
    return markdown_table(["surface", *COLUMNS, "beside, %"], rows)


def severities(standard: str, comparisons: Sequence[Comparison]) -> str:
    """Rows as drawn, columns as graded."""
    words, each = STANDARDS[standard].severities, MILLIMETRES[standard]  # type: ignore[index]
    counts = np.zeros((3, 5), int)
    for piece in pairs(comparisons):
        if piece.contrast < CONTRAST or piece.length < SHORTEST:
            continue
        row = words.index(grade(piece.width * each, standard))
        column = 4
        if piece.is_found:
            found = grade(piece.found_width * each, standard, width_px=piece.found_width)
            column = words.index(found) if found in words else 3
        counts[row, column] += 1
    rows = [(word, *map(str, counts[index])) for index, word in enumerate(words)]
    heads = (f"{standard} at {each:g} mm a pixel, drawn", *words, "cannot be graded", "not found")
    return markdown_table(heads, rows)


def condition(detector: CrackDetector) -> str:
    """The condition index of painted sections."""

    def measured(section: Section) -> list[Crack]:
        road = synthesize_road(
            section.seed, *SECTION, surface="asphalt", cracks=False, distractors=False
        ).photo
        depths = (min(CONTRAST * grain_contrast(road), DEEPEST), DEEPEST)
        photo, _ = paint_coverage(road, section.coverage, np.random.default_rng(section.seed), depths)
        return measure_cracks(np.asarray(detector.detect(photo).mask), SECTION_SCALE, photo)

    return section_table(measured)


def published() -> str:
    return markdown_table(["whose", "what", "error"], PUBLISHED)
