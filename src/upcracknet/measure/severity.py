"""Severity of a crack by its width, under a named standard.

Only what a width decides is graded. Loose filler, random cracking beside a crack and broken edges raise the
severity in both standards, and no width shows them.
"""

import math
from dataclasses import dataclass
from typing import Literal

from upcracknet.errors import ConfigurationError

StandardName = Literal["astm-d6433", "fhwa-ltpp"]

NOT_GRADED = "cannot be graded"
"""Stands for a severity where a crack is too narrow in the photo."""

NARROWEST_PX = 3.0
"""Widths below it, in pixels, are measured too roughly to be graded."""


@dataclass(frozen=True)
class Standard:
    """The widths between which a standard draws its lines, for cracks without filler.

    Attributes:
        title: the standard and its clause.
        severities: names of its three severities, mildest first.
        low_below_mm: cracks narrower than it are of the first severity.
        high_above_mm: cracks wider than it are of the last severity.
        limit_is_low: whether a crack of exactly ``low_below_mm`` is of the first severity too.
    """

    title: str
    severities: tuple[str, str, str]
    low_below_mm: float
    high_above_mm: float
    limit_is_low: bool


STANDARDS: dict[StandardName, Standard] = {
    "astm-d6433": Standard(
        "ASTM D6433, appendix X1, longitudinal and transverse cracking, block cracking",
        ("low", "medium", "high"),
        10.0,
        75.0,
        limit_is_low=False,
    ),
    "fhwa-ltpp": Standard(
        "FHWA-HRT-13-092 (LTPP Distress Identification Manual, 5th edition), section A, mean crack width",
        ("low", "moderate", "high"),
        6.0,
        19.0,
        limit_is_low=True,
    ),
}


def standard_of(name: str) -> Standard:
    """Find a standard.

    Raises:
        ConfigurationError: no standard of that name.
    """
    for known, standard in STANDARDS.items():
        if known == name:
            return standard
    raise ConfigurationError(f"no standard {name!r}; expected {' or '.join(STANDARDS)}: name one of them")


def grade(width_mm: float, standard: str = "astm-d6433", *, width_px: float | None = None) -> str:
    """Grade a crack without filler by its mean width.

    ASTM D6433: low below 10 mm, medium from 10 to 75 mm, high above. FHWA LTPP: low up to 6 mm, moderate up
    to 19 mm, high above.

    Args:
        width_mm: mean width in millimetres, 0 or more.
        standard: "astm-d6433" or "fhwa-ltpp".
        width_px: the same width in pixels of the photo; None where the width was not measured in a photo.

    Returns:
        the standard's own word, or ``NOT_GRADED`` for a crack narrower than 3 pixels.

    Raises:
        ConfigurationError: an unknown standard, or a width that is negative or not finite.
    """
    limits = standard_of(standard)
    if not (math.isfinite(width_mm) and width_mm >= 0):
        raise ConfigurationError(f"a crack width of {width_mm:g} mm; expected 0 or more: check the scale")
    if width_px is not None and width_px < NARROWEST_PX:
        return NOT_GRADED
    low, middle, high = limits.severities
    if width_mm < limits.low_below_mm or (limits.limit_is_low and width_mm == limits.low_below_mm):
        return low
    return high if width_mm > limits.high_above_mm else middle
