"""Measures of drawn bars, winding cracks and shapes, as sections of ``docs/results/measures.md``."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from drawn_cracks import bar, sine
from scipy.ndimage import convolve, distance_transform_edt
from skimage.morphology import skeletonize

from upcracknet.measure import Crack, measure_cracks
from upcracknet.tables import figure, markdown_table

ANGLES = range(0, 180, 10)
WIDTHS = (1, 2, 3, 4, 5, 6, 8, 12, 20, 30, 40, 60)
WINDING = ((3, 20, 150), (8, 20, 150), (8, 40, 160), (20, 40, 160))
"""Width, amplitude and wave length in pixels."""

HOLLOW = ((16, 3), (24, 3), (40, 5), (60, 6))
"""Width of the crack and of its rims in pixels."""


@dataclass(frozen=True)
class Drawn:
    """A mask of one crack and what is true of it, in pixels and degrees."""

    mask: np.ndarray
    width: float
    length: float
    angle: float


def bars(width: int, long: float = 300) -> Iterator[Drawn]:
    for angle in ANGLES:
        yield Drawn(bar(width, angle, long), width, long, angle)


def hollow(width: int, rim: int, ends: str) -> Iterator[Drawn]:
    """Bars of which only the rims are marked, at two sides or at all four."""
    inside = 400 if ends == "open" else 300 - 2 * rim
    for angle in ANGLES:
        yield Drawn(bar(width, angle) & ~bar(width - 2 * rim, angle, inside), width, 300, angle)


def winding(width: int, amplitude: int, wave: int) -> Iterator[Drawn]:
    for angle in ANGLES:
        mask, length = sine(width, angle, amplitude, wave)
        yield Drawn(mask, width, length, angle)


def only(mask: np.ndarray) -> Crack:
    (crack,) = measure_cracks(mask)
    return crack


def off(found: float, truth: float) -> float:
    """Error in per cent."""
    return 100 * (found / truth - 1)


def turn(found: float | None, truth: float) -> float:
    """Difference of two directions in degrees; 90 where none was found."""
    return 90.0 if found is None else abs((found - truth + 90) % 180 - 90)


def steps(mask: np.ndarray, straight: float, diagonal: float, corner: float = 0.0) -> float:
    """Length of a skeleton: so many pixels a straight step, a diagonal one, and a corner between two."""
    thin = (skeletonize(mask, method="lee") > 0).astype(int)
    beside = convolve(thin, np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]]), mode="constant") * thin
    slanted = convolve(thin, np.array([[1, 0, 1], [0, 0, 0], [1, 0, 1]]), mode="constant") * thin
    corners = np.count_nonzero((beside == 1) & (slanted == 1))
    return float(straight * beside.sum() / 2 + diagonal * slanted.sum() / 2 + corner * corners)


LENGTHS: dict[str, Callable[[Drawn], float]] = {
    "pixels of the skeleton": lambda drawn: skeletonize(drawn.mask, method="lee").astype(bool).sum()
    + drawn.width,
    "steps of 1 and √2": lambda drawn: steps(drawn.mask, 1, 2**0.5) + drawn.width,
    "Vossepoel and Smeulders 1982": lambda drawn: steps(drawn.mask, 0.980, 1.406, -0.091) + drawn.width,
    "smoothed axis to the crack's end (used)": lambda drawn: only(drawn.mask).length_px,
}
"""Ways to measure the length; the width is added to the first three, which end half of it before each end."""


def on_axis(drawn: Drawn) -> float:
    """Mean distance from the axis to the road, in pixels."""
    x, y = np.rint(np.concatenate(only(drawn.mask).axis)[10:-10]).astype(int).T
    return float(distance_transform_edt(drawn.mask)[y, x].mean())


BREADTHS: dict[str, Callable[[Drawn], float]] = {
    "twice the distance": lambda drawn: 2 * on_axis(drawn),
    "twice the distance − 1": lambda drawn: 2 * on_axis(drawn) - 1,
    "area / length": lambda drawn: float(drawn.mask.sum() / only(drawn.mask).length_px),
    "profile across the axis (used)": lambda drawn: only(drawn.mask).width_mean_px,
}


def mean_and_worst(errors: list[float]) -> str:
    values = np.array(errors)
    return f"{figure(float(values.mean()), signed=True)} / {figure(float(np.abs(values).max()))}"


def section(title: str, text: str, table: str) -> str:
    return f"## {title}\n\n{text}\n\n{table}"


def lengths() -> str:
    drawn = {f"bars, {width} px": list(bars(width)) for width in (2, 5, 20)}
    for width, high, wave in WINDING:
        drawn[f"winding, {width} px, {high} high"] = list(winding(width, high, wave))
    rows = [
        [name, *(mean_and_worst([off(way(one), one.length) for one in kind]) for kind in drawn.values())]
        for name, way in LENGTHS.items()
    ]
    return section(
        "Length by other rules",
        "Error in per cent: mean over the angles / worst. Bars are 300 pixels long. Winding cracks are\n"
        "two waves of 150 to 160 pixels. The width is added to the first three rows, since a skeleton\n"
        "ends half a width before each end.",
        markdown_table(["length by", *drawn], rows),
    )


def widths() -> str:
    rows = []
    for width in WIDTHS:
        drawn = list(bars(width))
        errors = (mean_and_worst([way(one) - width for one in drawn]) for way in BREADTHS.values())
        rows.append([f"{width} px", *errors])
    return section(
        "Width by other rules",
        "Error of the mean width of bars in pixels: mean over the angles / worst. The distance is that from\n"
        "the axis to the nearest pixel that is no crack, from centre to centre.",
        markdown_table(["true width", *BREADTHS], rows),
    )


def as_measured() -> str:
    kinds = {}
    for width in WIDTHS:
        kinds |= {f"bar, {width} px × {long}": bars(width, long) for long in (300, 100) if 2 * width <= long}
    kinds |= {
        f"winding, {width} px, {high} high": winding(width, high, wave) for width, high, wave in WINDING
    }
    for width, rim in HOLLOW:
        kinds |= {
            f"rims of {rim} px, {width} px, {ends}": hollow(width, rim, ends) for ends in ("open", "closed")
        }
    rows = []
    for name, kind in kinds.items():
        pairs = [(drawn, only(drawn.mask)) for drawn in kind]
        rows.append([
            name,
            mean_and_worst([off(crack.length_px, drawn.length) for drawn, crack in pairs]),
            mean_and_worst([crack.width_mean_px - drawn.width for drawn, crack in pairs]),
            figure(max(turn(crack.orientation_deg, drawn.angle) for drawn, crack in pairs)),
        ])  # fmt: skip
    return section(
        "Length, width and direction as `measure_cracks` gives them",
        f"A pixel of these masks is marked if half of it is crack. {len(ANGLES)} angles from 0° to 170°.\n"
        "Length in per cent and mean width in pixels, mean over the angles / worst; direction in degrees,\n"
        "worst. A line of one pixel loses up to a pixel in the drawing itself.",
        markdown_table(["crack", "length", "width", "direction"], rows),
    )


def shapes() -> str:
    def painted(*boxes: tuple[int, int, int, int]) -> np.ndarray:
        mask = np.zeros((300, 400), bool)
        for left, top, right, bottom in boxes:
            mask[top:bottom, left:right] = True
        return mask

    ring = cv2.circle(np.zeros((300, 300), np.uint8), (150, 150), 100, 1, 5) > 0
    comb = painted((20, 100, 380, 104), *((x, 104, x + 4, 162) for x in range(40, 380, 40)))
    cases = [
        ("ring of radius 100", ring, "628 px, no direction"),
        ("cross of two bars of 300 px", bar(6, 20) | bar(6, 110), "600 px, 4 branches, no direction"),
        ("tee of 300 and 150 px", painted((50, 100, 350, 106), (197, 106, 203, 253)), "450 px, 3 branches"),
        ("comb with 9 teeth", comb, "900 px, 19 branches"),
        ("bar from border to border", painted((100, 0, 108, 300)), "300 px long, 8 px wide"),
        ("bar along the border", painted((0, 0, 400, 6)), "400 px long, 6 px wide"),
        ("two cracks 60 px apart", painted((20, 100, 380, 104), (20, 160, 380, 164)), "2 cracks of 360 px"),
        ("one pixel", painted((20, 10, 21, 11)), "1 px long and wide, no direction"),
        ("empty mask", painted(), "no crack"),
        ("full mask of 400 × 300", painted((0, 0, 400, 300)), "one crack, 400 px long, 300 px wide"),
    ]
    rows = []
    for name, mask, truth in cases:
        cracks = measure_cracks(mask)
        found = "; ".join(
            f"{figure(crack.length_px, 1)} px long, {figure(crack.width_mean_px, 1)} px wide"
            + (f", {len(crack.axis)} branches" if len(crack.axis) > 1 else "")
            + (", no direction" if crack.orientation_deg is None else "")
            for crack in cracks
        )
        rows.append([name, truth, found or "no crack"])
    return section(
        "Shapes",
        "A branch begins on the axis of the crack that it leaves. What is less than twice as long as it is\n"
        "wide is measured as the rectangle with the same second moments.",
        markdown_table(["shape", "truth or rule", "found"], rows),
    )
