"""How well classes, severities and the condition index come out of masks whose truth is known.

    python benchmarks/classes.py > docs/results/classes.md

Masks are drawn exactly, so this is what measuring and grading add to the error. Joints are also photographed
and searched with the shipped model. About five minutes on one core.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from upcracknet import CrackDetector
from upcracknet.data.synthetic.cracks import CrackPath, draw_crack_mask, rasterise, wander
from upcracknet.data.synthetic.seams import lay_joint
from upcracknet.data.synthetic.surfaces import draw_surface
from upcracknet.measure import Crack, measure_cracks
from upcracknet.measure.classes import Classes, classify
from upcracknet.measure.condition import Readings, cracking_pci, estimate_pci
from upcracknet.measure.frame import Frame
from upcracknet.measure.quantities import Quantity, Reading, book
from upcracknet.measure.severity import STANDARDS, grade
from upcracknet.tables import markdown_table, percent

SIDE = 512
ROADS = 60


@dataclass(frozen=True)
class Millimetres:
    """A scale that is the same everywhere."""

    each: float
    source: str = "drawn"
    uncertainty: float = 0.0

    def to_road(self, points: np.ndarray) -> np.ndarray:
        return np.asarray(points, np.float64) * self.each


def classes_of(mask: np.ndarray) -> Classes:
    return classify(measure_cracks(mask), Frame(*mask.shape))


def near(classes: Classes, mask: np.ndarray) -> Iterator[tuple[str, float, float]]:
    """The class of each portion, and its length within 2 pixels of a mask and elsewhere."""
    height, width = mask.shape
    distance = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    for portion in classes.portions:
        columns, rows = np.clip(portion.segments.middles.round().astype(int), 0, (width - 1, height - 1)).T
        close = distance[rows, columns] <= 2
        lengths = portion.segments.lengths
        yield portion.kind, float(lengths[close].sum()), float(lengths[~close].sum())


def road_with_joint(generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A photo of concrete with a joint or two that cross, and the joint's pixels."""
    scene = draw_surface(SIDE, SIDE, generator, "concrete")
    before = scene.copy()
    lay_joint(scene, generator)
    darkening = (scene / np.maximum(before, 1))[..., 1]
    joint = darkening < 1 - (1 - darkening.min()) / 2
    return np.clip(np.rint(scene), 0, 255).astype(np.uint8), joint


def joints() -> str:
    detector = CrackDetector.from_pretrained()
    lengths: dict[str, np.ndarray] = {}
    seen = 0
    for seed in range(ROADS):
        generator = np.random.default_rng(seed)
        photo, joint = road_with_joint(generator)
        cracks = draw_crack_mask(SIDE, SIDE, generator, pattern="branching") > 0.5
        masks = {
            "joints, exact": joint,
            "cracks, exact": cracks,
            "both, exact": joint | cracks,
            "joints, as the shipped model marks them": np.asarray(detector.detect(photo).mask),
        }
        seen += bool((masks["joints, as the shipped model marks them"] & joint).any())
        for name, mask in masks.items():
            truth = np.zeros_like(joint) if name.startswith("cracks") else joint
            row = lengths.setdefault(name, np.zeros(4))
            for kind, on_joint, elsewhere in near(classes_of(mask), truth):
                row += np.array([on_joint, elsewhere, 0, 0])
                if kind == "joint":
                    row += np.array([0, 0, on_joint, elsewhere])
    rows = [
        (
            name,
            percent(row[2] / row[0] if row[0] else None, 1),
            percent(row[3] / row[1] if row[1] else None, 1),
        )
        for name, row in lengths.items()
    ]
    table = markdown_table(
        ("masks", "joints' length found as joint, %", "other length taken for a joint, %"), rows
    )
    return f"{table}\n\nThe model marks something of the joints on {seen} of {ROADS} photos."


def networks() -> str:
    rows = []
    for pattern in ("network", "branching"):
        found, inside, whole = 0, 0.0, 0.0
        for seed in range(ROADS):
            generator = np.random.default_rng(1000 + seed)
            classes = classes_of(draw_crack_mask(SIDE, SIDE, generator, pattern=pattern) > 0.5)
            found += bool(classes.networks)
            whole += sum(portion.length for portion in classes.portions)
            inside += sum(portion.length for portion in classes.portions if portion.network is not None)
        rows.append((pattern, f"{found} of {ROADS}", percent(inside / whole, 1)))
    return markdown_table(("drawn cracks", "photos with a network", "length in its area, %"), rows)


def bar(generator: np.random.Generator, width: float, start: np.ndarray, end: np.ndarray) -> CrackPath:
    """A crack of one width."""
    points = wander(start, end, generator, 0.1)
    half = np.full(len(points), width / 2)
    return CrackPath(points, half, half)


def severities(standard: str) -> str:
    """Cracks of 3 to 60 pixels at 1 mm a pixel for LTPP, at 2 mm a pixel for ASTM."""
    scale = Millimetres(2.0 if standard == "astm-d6433" else 1.0)
    words = STANDARDS[standard].severities
    counts = np.zeros((3, 4), int)
    for seed in range(150):
        generator = np.random.default_rng(seed)
        width = float(np.exp(generator.uniform(np.log(3), np.log(60))))
        turn = generator.uniform(0, np.pi)
        reach = 150 * np.array([np.cos(turn), np.sin(turn)])
        path = bar(generator, width, SIDE / 2 - reach, SIDE / 2 + reach)
        mask = rasterise([path], SIDE, SIDE) > 0.5
        classes = classify(measure_cracks(mask, scale), Frame(SIDE, SIDE, scale))
        longest = max(classes.portions, key=lambda portion: portion.length)
        found = grade(longest.width, standard, width_px=longest.width_px)
        truth = words.index(grade(width * scale.each, standard))
        counts[truth, words.index(found) if found in words else 3] += 1
    rows = [(word, *map(str, counts[index])) for index, word in enumerate(words)]
    return markdown_table((f"{standard}, drawn", *words, "cannot be graded"), rows)


CHANGING = ("one width", "narrow at one end", "narrow in the middle")


def changing_widths() -> str:
    """Share of length booked at a severity other than the drawn one, of cracks with and without changes."""
    scale = Millimetres(2.0)
    rows = []
    for kind in CHANGING:
        misplaced = by_mean = 0.0
        for seed in range(60):
            generator = np.random.default_rng(seed)
            path = bar(generator, 1.0, np.array([40, 256]), np.array([40 + 430, generator.uniform(150, 360)]))
            low, high = np.exp(generator.uniform(np.log(3), np.log(60), 2))
            along = np.linspace(0, 1, len(path.points))
            shape = {CHANGING[0]: 0 * along, CHANGING[1]: along, CHANGING[2]: abs(2 * along - 1)}[kind]
            half = (low + (high - low) * shape) / 2
            mask = rasterise([CrackPath(path.points, half, half)], SIDE, SIDE) > 0.5
            classes = classify(measure_cracks(mask, scale), Frame(SIDE, SIDE, scale))
            words = STANDARDS["astm-d6433"].severities
            steps = np.hypot(*np.diff(path.points, axis=0).T)
            truth = np.zeros(3)
            for step, width in zip(steps, half[1:] + half[:-1], strict=True):
                truth[words.index(grade(width * scale.each))] += step
            found, mean = np.zeros(3), np.zeros(3)
            for row in book(classes, reading=Reading(moved_px=0.0)):
                found[words.index(row.severity)] += row.amount
            for portion in classes.portions:
                mean[words.index(grade(portion.width))] += portion.length
            truth, found, mean = (share / share.sum() for share in (truth, found, mean))
            misplaced += abs(truth - found).sum() / 2
            by_mean += abs(truth - mean).sum() / 2
        rows.append((kind, percent(misplaced / 60, 1), percent(by_mean / 60, 1)))
    return markdown_table(
        ("drawn cracks", "booked at another severity, %", "if each branch had its mean width's, %"), rows
    )


@dataclass(frozen=True)
class Section:
    """A drawn section of road: the share of each pixel that is crack, and what was drawn."""

    seed: int
    coverage: np.ndarray
    truth: list[Quantity]


SECTION, SECTION_SCALE = (2250, 900), Millimetres(4.0)
"""Height and width of a section in pixels, and its scale: 3.6 m by 9 m."""

SECTIONS = 12


def draw_section(seed: int) -> Section:
    """Cracks in one half of a section, and in every second one a patch of alligator cracking in the other."""
    (height, width), scale = SECTION, SECTION_SCALE
    generator = np.random.default_rng(seed)
    paths, truth = [], []
    for _ in range(int(generator.integers(1, 7))):
        crack_width = float(np.exp(generator.uniform(np.log(3.2), np.log(24))))
        corners = generator.uniform((20, 20), (width - 20, height / 2 - 40), (2, 2))
        path = bar(generator, crack_width, *corners)
        length = np.hypot(*np.diff(path.points, axis=0).T).sum() * scale.each / 1000
        severity = grade(crack_width * scale.each)
        truth.append(Quantity("longitudinal and transverse", severity, float(length), "m"))
        paths.append(path)
    if seed % 2:
        cell, columns, lines = generator.uniform(40, 90), *generator.integers(4, 8, 2)
        left, top = generator.uniform((30, height / 2 + 20), (150, height / 2 + 100))
        right, bottom = left + cell * columns, top + cell * lines
        for place in range(columns + 1):
            x = left + cell * place
            paths.append(bar(generator, 4.0, np.array([x, top]), np.array([x, bottom])))
        for place in range(lines + 1):
            y = top + cell * place
            paths.append(bar(generator, 4.0, np.array([left, y]), np.array([right, y])))
        patch = columns * lines * (cell * scale.each / 1000) ** 2
        truth.append(Quantity("alligator", "medium", float(patch), "m²"))
    return Section(seed, rasterise(paths, height, width), truth)


def section_table(measured: Callable[[Section], list[Crack]]) -> str:
    """The condition of all sections by a way to measure their cracks."""
    area = SECTION[0] * SECTION[1] * SECTION_SCALE.each**2 / 1e6
    rows, errors = [], []
    for section in map(draw_section, range(SECTIONS)):
        classes = classify(measured(section), Frame(*SECTION, SECTION_SCALE))
        drawn, estimate = cracking_pci(section.truth, area).pci, estimate_pci(Readings.of(classes), area)
        errors.append(abs(estimate.pci - drawn))
        amounts = [
            sum(row.amount for row in quantities if row.unit == unit)
            for unit in ("m", "m²")
            for quantities in (section.truth, book(classes, reading=Reading(moved_px=0.0)))
        ]
        rows.append(
            (
                *(str(section.seed), *(f"{amount:.2f}" for amount in amounts)),
                *(f"{drawn:.1f}", f"{estimate.pci:.1f}"),
                f"{estimate.lowest:.0f} to {estimate.highest:.0f}",
            )
        )
    heads = ("section", "drawn, m", "measured, m", "drawn, m²", "measured, m²", "PCI of the drawn cracks")
    table = markdown_table((*heads, "measured PCI", "range"), rows)
    return f"{table}\n\nError of the PCI: median {np.median(errors):.1f}, greatest {max(errors):.1f}."


def sections() -> str:
    return section_table(lambda section: measure_cracks(section.coverage > 0.5, SECTION_SCALE))


def main() -> None:
    print("# Classes, severities and condition: what grading adds to the error\n")
    print(
        "Made by `benchmarks/classes.py`: cracks are drawn, so the truth is known, and measured from masks.\n"
    )
    print(f"## Joints\n\n{ROADS} roads of {SIDE} by {SIDE} pixels.\n\n{joints()}\n")
    print(
        f"## Networks\n\n{ROADS} drawings each, {SIDE} by {SIDE} pixels. In networks that are not found, too"
    )
    print(f"few pieces fit into the photo.\n\n{networks()}\n")
    print(
        "## Severity\n\n150 cracks of 3 to 60 pixels, at 2 mm a pixel for ASTM D6433 and 1 mm for FHWA LTPP."
    )
    print("Rows: as drawn. Columns: as graded.\n")
    for name in STANDARDS:
        print(f"{severities(name)}\n")
    print(
        "Length at a wrong severity of ASTM D6433, as a share, over 60 cracks of 0.9 m whose ends have widths"
    )
    print(f"drawn from 3 to 60 pixels, at 2 mm a pixel.\n\n{changing_widths()}\n")
    print(
        "## Cracking-only condition index\n\nSections of 3.6 m by 9 m at 4 mm a pixel. Drawn lengths follow"
    )
    print(f"each kink of a crack; measured ones follow its smoothed line.\n\n{sections()}")


if __name__ == "__main__":
    main()
