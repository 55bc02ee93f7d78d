"""What measuring costs: on large masks, and beside finding the cracks.

    python benchmarks/measure_cost.py [MODEL]

Prints the section "Cost" of ``docs/results/measures.md``; two minutes.
"""

import itertools
import statistics
import sys
import time
from collections.abc import Callable

import cv2
import numpy as np
from measures_drawn import section
from numpy.typing import NDArray

from upcracknet import CrackDetector
from upcracknet.data.synthetic import draw_crack_mask, synthesize_road
from upcracknet.measure import inspect, inspect_in_windows
from upcracknet.tables import figure, markdown_table

HEIGHT, WIDTH = 3000, 4000
"""12 megapixels."""

PHOTOS = {(384, 544): 8, (1080, 1920): 4}
"""Heights and widths, and how many of each."""

MOST_CRACK = 0.01
"""Share of crack pixels up to which a photo is a typical one."""

ROUNDS = 5

TEXT = """Best of {rounds}, in seconds of one core of the machine of [the speed page](speed.md). To
measure is all of `inspect`, with classes and networks, without a scale. Masks of 12 megapixels:"""

BESIDE = """Beside finding the cracks, in milliseconds of all cores together: synthetic photos with at most
1 % of crack, and one of 12 megapixels with the one crack above. Finding and measuring take turns. The share
is the median of the photos / the greatest. Files are neither read nor written. "With the photo" takes widths
at half depth of its grey values."""

Mask = NDArray[np.bool_]


def cost(model: str) -> str:
    """The section on what measuring costs."""
    masks = large_masks()
    rows = []
    for name, mask in masks.items():
        seconds = min(timed(lambda mask=mask: inspect(mask)) for _ in range(ROUNDS))
        total = sum(crack.length_px for crack in inspect(mask).cracks)
        rows.append([name, f"{100 * mask.mean():.1f}", figure(total / 1000, 0), figure(seconds)])
    table = markdown_table(["mask", "crack, %", "length, 1000 px", "seconds"], rows)
    half = masks["its left half alone"]
    whole = inspect(half).cracks
    windows = inspect_in_windows(lambda rows, columns: half[rows, columns], half.shape, window=1024).cracks
    differs = max(abs(one.length_px - other.length_px) for one, other in zip(whole, windows, strict=True))
    return "\n\n".join([
        section("Cost", TEXT.format(rounds=ROUNDS), table),
        "Measured in windows of 1,024 pixels, no length in the network's left half differs by more than\n"
        f"{differs:.0e} pixels.",
        BESIDE,
        beside_detection(model, masks["one crack"]),
    ])  # fmt: skip


def large_masks() -> dict[str, Mask]:
    generator = np.random.default_rng(3)
    network = np.zeros((HEIGHT, WIDTH), bool)
    for _ in range(3):
        network |= draw_crack_mask(HEIGHT, WIDTH, generator, widths=(3.0, 9.0), pattern="network") >= 0.5
    single = draw_crack_mask(HEIGHT, WIDTH, generator, widths=(5.0, 5.0), pattern="branching") >= 0.5
    half = network.copy()
    half[:, WIDTH // 2 :] = False
    return {"network": network, "its left half alone": half, "one crack": single}


def beside_detection(model: str, single: Mask) -> str:
    """How long measuring takes beside finding the cracks, each photo's in turns."""
    detector = CrackDetector.from_pretrained(model, runtime="auto")
    groups = {
        f"{number} of {width} × {height}": typical(height, width, number)
        for (height, width), number in PHOTOS.items()
    }
    rows_and_columns = np.ix_(np.arange(HEIGHT) % 384, np.arange(WIDTH) % 544)
    groups["12 megapixels"] = [(next(iter(groups.values()))[0][0][rows_and_columns], single)]
    rows = []
    for name, pairs in groups.items():
        times = np.array([_times(detector, photo, mask) for photo, mask in pairs])
        shares = 100 * times[:, 1:] / times[:, :1]
        rows.append([
            name, *(figure(1000 * statistics.median(column), 1) for column in times.T),
            *(f"{figure(statistics.median(share), 1)} / {figure(max(share), 1)}" for share in shares.T),
        ])  # fmt: skip
    return markdown_table(
        ["photo", "to find", "to measure", "with the photo", "share, %", "share with the photo, %"], rows
    )


def typical(height: int, width: int, number: int) -> list[tuple[np.ndarray, Mask]]:
    """Synthetic photos with little crack, and their masks."""
    roads = (synthesize_road(seed, height, width) for seed in itertools.count())
    chosen = ((road.photo, road.mask) for road in roads if 0 < road.mask.mean() <= MOST_CRACK)
    return list(itertools.islice(chosen, number))


def _times(detector: CrackDetector, photo: np.ndarray, mask: Mask) -> list[float]:
    """The best seconds to find cracks, to measure, and to measure with the photo; each begins in a turn."""
    work = (
        lambda: detector.detect(photo),
        lambda: inspect(mask),
        lambda: inspect(mask, photo=photo),
    )
    rounds = [[timed(each) for each in work] for _ in range(ROUNDS + 1)]
    return [min(column) for column in zip(*rounds[1:], strict=True)]  # the first warms up


def timed(action: Callable[[], object]) -> float:
    """Seconds of all cores together, whatever else the machine does."""
    begin = time.process_time()
    action()
    return time.process_time() - begin


if __name__ == "__main__":
    cv2.setNumThreads(1)
    print(cost(sys.argv[1] if len(sys.argv) > 1 else "default"))
