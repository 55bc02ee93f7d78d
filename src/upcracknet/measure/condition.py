"""A pavement condition index (PCI) from cracks alone.

The index of ASTM D6433 counts all distresses of asphalt. A camera that finds cracks knows three of them;
rutting, ravelling, patches and the rest would lower the index further. So this is a *cracking-only* estimate,
and the road is at most this good.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from upcracknet.errors import ConfigurationError
from upcracknet.measure.classes import Classes
from upcracknet.measure.deduct_curves import CURVES, corrected_deduct_value, deduct_value
from upcracknet.measure.quantities import FOOT_M, Quantity, Reading, book

RATINGS = (
    (85, "Good"),
    (70, "Satisfactory"),
    (55, "Fair"),
    (40, "Poor"),
    (25, "Very poor"),
    (10, "Serious"),
)
"""Rating of an index above each number (ASTM D6433, figure 1); up to 10 it is "Failed"."""

WIDTH_ERROR_PX = 0.7
"""How far a mean width may be off, in pixels."""

_COUNTED = 2.0  # deduct values above it count for q (ASTM D6433, section 9); TM 5-623 of 1982 counted from 5


@dataclass(frozen=True)
class Condition:
    """The index of one sample unit, with the steps to it (ASTM D6433, section 9).

    Attributes:
        pci: 0, failed, to 100, perfect.
        deducts: the deduct values that counted, the largest first; the last may be a fraction of its own.
        allowed: greatest number of deduct values (m), from 1 to 10.
        corrected: the largest corrected deduct value.
    """

    pci: float
    deducts: tuple[float, ...]
    allowed: float
    corrected: float

    @property
    def rating(self) -> str:
        """The index in a word, from "Failed" to "Good"."""
        return next((word for above, word in RATINGS if round(self.pci) > above), "Failed")


def cracking_pci(quantities: Iterable[Quantity], area_m2: float, curves: str = "astm-gem") -> Condition:
    """Estimate the pavement condition index of one sample unit from its cracks (ASTM D6433, section 9).

    Args:
        quantities: of "alligator" and "block" cracking by area, of "longitudinal and transverse" and "edge"
            cracking by length; severity low, medium or high. Several of one distress and severity are added.
        area_m2: area of the road that was looked at, in square metres. A sample unit of asphalt has 225 ± 90;
            the index of another area is not the standard's.
        curves: whose reading of the standard's charts: "astm-gem" or "esri".

    Returns:
        the condition; a road without cracks has an index of 100.

    Raises:
        ConfigurationError: an area of 0 or less, an unknown distress or severity, or a length where an area
            was expected or the other way round.
    """
    if not (math.isfinite(area_m2) and area_m2 > 0):
        raise ConfigurationError(f"a road area of {area_m2:g} m²; expected more than 0: check the scale")
    amounts: dict[tuple[str, str], float] = {}
    for quantity in quantities:
        expected = "²" if quantity.distress in ("alligator", "block") else ""
        if not quantity.unit.endswith(expected) or (not expected and quantity.unit.endswith("²")):
            raise ConfigurationError(
                f"{quantity.distress} cracking in {quantity.unit}; expected m{expected} or ft{expected}"
            )
        key = (quantity.distress, quantity.severity)
        amounts[key] = amounts.get(key, 0.0) + quantity.in_feet().amount
    # The charts are drawn for feet: a length in metres on an area in square metres would be off by 3.28.
    area_ft2 = area_m2 / FOOT_M**2
    return condition_of_deducts(
        (deduct_value(*key, 100 * amount / area_ft2, curves) for key, amount in amounts.items()), curves
    )


def condition_of_deducts(deducts: Iterable[float], curves: str = "astm-gem") -> Condition:
    """Combine deduct values to an index (ASTM D6433, section 9).

    Args:
        deducts: one for each distress and severity, 0 to 100.
        curves: whose reading of the chart of corrected deduct values.
    """
    values = sorted((value for value in deducts if value > 0), reverse=True)
    if not values:
        return Condition(100.0, (), 10.0, 0.0)
    allowed = min(10.0, 1 + 9 / 98 * (100 - values[0]))
    whole = int(allowed)
    if len(values) > whole:
        values = [*values[:whole], (allowed - whole) * values[whole]]  # that of 10 allowed ones is 0
    if sum(value > _COUNTED for value in values) <= 1:
        corrected = min(100.0, sum(values))
    else:
        corrected = max(_corrected(values, curves))
    return Condition(100 - corrected, tuple(values), allowed, corrected)


def _corrected(values: Sequence[float], curves: str) -> list[float]:
    """The corrected deduct values as the smallest above 2 is made 2, again and again, until one is left."""
    values, results = list(values), []
    for number in range(sum(value > _COUNTED for value in values), 0, -1):
        results.append(corrected_deduct_value(sum(values), number, curves))
        values[number - 1] = _COUNTED
    return results


@dataclass(frozen=True)
class Estimate:
    """An index with its range.

    Attributes:
        pci: the estimate, 0 to 100.
        lowest: lowest index that the doubts below allow.
        highest: highest one.
    """

    pci: float
    lowest: float
    highest: float

    def __str__(self) -> str:
        return f"{self.pci:.0f} ({self.lowest:.0f} to {self.highest:.0f})"


@dataclass(frozen=True)
class Readings:
    """What the cracks of a stretch add up to under ASTM D6433, as far as widths and networks leave a doubt.

    Attributes:
        likely: by the widths that were measured, those below 3 pixels too.
        mildest: all widths too large by an error, and alligator cracking of low severity, which depends on
            broken edges that no width shows.
        gravest: all widths too small by it, and alligator cracking of high severity.
    """

    likely: tuple[Quantity, ...]
    mildest: tuple[Quantity, ...]
    gravest: tuple[Quantity, ...]

    @classmethod
    def of(cls, classes: Classes, width_error_px: float = WIDTH_ERROR_PX) -> "Readings":
        """Sum up the cracks of a photo three times.

        Args:
            classes: the cracks.
            width_error_px: how far a mean width may be off, in pixels, 0 or more.

        Raises:
            ConfigurationError: the error is below 0, or the cracks have no scale.
        """
        if not width_error_px >= 0:
            raise ConfigurationError(f"a width error of {width_error_px:g} pixels; expected 0 or more")
        readings = (Reading(0.0), Reading(-width_error_px, 0), Reading(width_error_px, 2))
        return cls(*(tuple(book(classes, reading=reading)) for reading in readings))


def estimate_pci(
    readings: Readings, area_m2: float, *, quantity_error: float = 0.05, scale_uncertainty: float = 0.0
) -> Estimate:
    """Estimate the cracking-only index of a stretch of road, and how far it may be off.

    The range is that between the best and the worst case of: both readings of the standard's charts; the
    mildest and the gravest reading of widths and networks; and lengths and areas off by the error given and
    by the scale's uncertainty. Distresses other than cracks are not in it.

    Args:
        readings: of the cracks of the stretch.
        area_m2: area of the stretch in square metres.
        quantity_error: how far lengths and areas may be off as a share of them, 0 or more and below 1.
        scale_uncertainty: one standard deviation of the scale as a share of it, 0 or more and below 1.

    Raises:
        ConfigurationError: an area or error out of range.
    """
    if not (0 <= quantity_error < 1 and 0 <= scale_uncertainty < 1):
        raise ConfigurationError(
            f"a quantity error of {quantity_error:g}, a scale uncertainty of {scale_uncertainty:g}; expected "
            "0 or more and below 1"
        )
    best = cracking_pci(readings.likely, area_m2).pci
    cases = [best]
    for sign, reading in ((-1, readings.mildest), (1, readings.gravest)):
        scale, share = 1 + sign * scale_uncertainty, 1 + sign * quantity_error
        quantities = [
            replace(row, amount=row.amount * share * (scale**2 if row.unit == "m²" else scale))
            for row in reading
        ]
        cases += [cracking_pci(quantities, area_m2, curves).pci for curves in CURVES]
    return Estimate(best, min(cases), max(cases))


def sample_units_needed(units: int, *, error: float = 5.0, deviation: float = 10.0) -> int:
    """Give the number of sample units to survey in a section (ASTM D6433, 7.5.2, equation 1).

    With them the section's mean index is right within the error, 95 times of 100.

    Args:
        units: all sample units of the section, at least 1.
        error: error that is accepted, in points of the index, more than 0.
        deviation: standard deviation between sample units; the standard takes 10 for asphalt at first.

    Returns:
        the number, rounded up, at most ``units``.

    Raises:
        ConfigurationError: a number out of range.
    """
    if units < 1 or not error > 0 or not deviation >= 0:
        raise ConfigurationError(
            f"{units} sample units, an error of {error:g}, a deviation of {deviation:g}; "
            "expected at least 1, more than 0, and 0 or more"
        )
    variance = deviation**2
    return min(units, max(1, math.ceil(units * variance / (error**2 / 4 * (units - 1) + variance))))
