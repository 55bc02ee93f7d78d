"""What the measures of cracks are worth, on drawn and painted cracks whose axis and width are known.

    make measures
    python benchmarks/measures.py [FILE] [--model MODEL] [--roads NUMBER]

Writes ``docs/results/measures.md`` if no file is given. Less than four minutes.
"""

import argparse
from pathlib import Path

import cv2
import measure_cost
import measures_drawn as drawn
import measures_end_to_end as end_to_end
from classes import SECTIONS
from measures_drawn import section

from upcracknet import CrackDetector
from upcracknet.files import write_atomically

PAGE = Path(__file__).parent.parent / "docs" / "results" / "measures.md"

INTRODUCTION = """# What the measures are worth

Cracks are drawn and measured, so their length, width and direction are known: end to end from photos through
the shipped model, and from exact masks.

```sh
make measures
```"""

END_TO_END = """Cracks are painted on {count} synthetic photos of {size} pixels, with known axes and
widths. The model marks them, and its mask is measured: alone, and with the photo, where the width is that
at half depth of the grey profile across the crack.

- A piece is 50 pixels of a drawn axis, or 4 times as long as the crack is wide. The axis is smoothed: of
  a kink of 10 pixels, or as long as the crack is wide, half is left.
- A measured place belongs to the drawn axis that is nearest, if that is no farther away than the crack is
  wide there, or 2 pixels.
- Found is the share of the drawn axes that a measured one is as near to. Of pieces found by half or more,
  the median of the measured width is compared with that of the drawn width: median error / median size of
  the error / size that 90 % of the errors are below.
- Length is the error of all measured length near drawn axes: what is not found is missing in it.
- Contrast is how much darker than the road the axis is, in standard deviations of the road's grain.
- At 1 mm a pixel, errors in pixels are millimetres; the error of the scale comes on top.
- A piece more than half of which touches another strand is left out: two strands side by side are one
  crack."""

BY_SURFACE = """As above, of contrast {contrast:g} or more. No training paints on gravel. Beside is the
length that was measured where nothing was drawn, in per cent of the drawn length, that of faint cracks
included."""

SEVERITY = """The pieces above, of contrast {contrast:g} or more, with widths at half depth. Rows: as
drawn. Columns: as graded. Widths below 3 pixels are not graded. From exact masks: [classes](classes.md)."""

CONDITION = """{count} sections of 3.6 m by 9 m at 4 mm a pixel, painted on asphalt, found by the model
and measured with the photo. The same sections from exact masks: [classes](classes.md)."""

ON_MASKS = """The exact masks of the photos above: what measuring alone adds to the error."""

PUBLISHED = """The authors' own figures, on their own photos and drawings. None was measured here, and
none is of the cracks above."""


def from_photos(model: str, roads: int) -> list[str]:
    """The sections on painted photos."""
    detector = CrackDetector.from_pretrained(model)
    measured = end_to_end.measure(detector, roads)
    size = f"{end_to_end.WIDTH} × {end_to_end.HEIGHT}"
    contrast = end_to_end.CONTRAST
    severities = [end_to_end.severities(name, measured.photo) for name in end_to_end.STANDARDS]
    return [
        section(
            "From photo to pixels",
            END_TO_END.format(count=len(measured.mask), size=size),
            end_to_end.by_width(measured),
        ),
        section("By surface", BY_SURFACE.format(contrast=contrast), end_to_end.by_surface(measured)),
        section("Severity from photos", SEVERITY.format(contrast=contrast), "\n\n".join(severities)),
        section(
            "Condition index from photos",
            CONDITION.format(count=SECTIONS),
            end_to_end.condition(detector),
        ),
        section("Exact masks", ON_MASKS, end_to_end.on_masks(measured.exact)),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what the measures of cracks are worth.")
    parser.add_argument("file", nargs="?", type=Path, default=PAGE, help="page to write")
    parser.add_argument("--model", default="default", help="name, run folder or file of a model")
    parser.add_argument("--roads", type=int, default=6, help="photos for each range of widths and of depths")
    chosen = parser.parse_args()
    sections = [INTRODUCTION, *from_photos(chosen.model, chosen.roads)]
    sections.append(section("What others publish", PUBLISHED, end_to_end.published()))
    cv2.setNumThreads(1)  # the cost is that of one core
    sections += [drawn.as_measured(), drawn.lengths(), drawn.widths(), drawn.shapes()]
    sections.append(measure_cost.cost(chosen.model))
    write_atomically(chosen.file, ("\n\n".join(sections) + "\n").encode())
    print(chosen.file)


if __name__ == "__main__":
    main()
