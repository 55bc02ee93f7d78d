"""How much of each distress there is, in the units in which a standard counts it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from upcracknet.errors import ConfigurationError
from upcracknet.measure.classes import Classes, Portion
from upcracknet.measure.lane import WHEEL_PATHS, ZONES, Lane
from upcracknet.measure.severity import NOT_GRADED, grade, standard_of

FOOT_M = 0.3048

TENTH = 0.1
"""Share of a transverse crack's length from which on a severity counts for all of it (LTPP, distress 6)."""

GRADED_MM = 100.0
"""About how much of a crack is graded together. The standards name no shortest portion."""

Unit = Literal["m", "m²", "ft", "ft²"]


@dataclass(frozen=True)
class Quantity:
    """What a survey sheet says of one distress at one severity.

    Attributes:
        distress: its name in the standard.
        severity: the standard's word, or ``NOT_GRADED``.
        amount: how much, 0 or more.
        unit: "m" or "ft" of a distress counted by length, "m²" or "ft²" of one counted by area.
        code: its number in the standard; empty where it has none.
        count: number of cracks, where the standard counts them too.
    """

    distress: str
    severity: str
    amount: float
    unit: Unit
    code: str = ""
    count: int | None = None

    def __post_init__(self) -> None:
        if not (np.isfinite(self.amount) and self.amount >= 0):
            raise ConfigurationError(
                f"{self.amount:g} {self.unit} of {self.distress} cracking; expected 0 or more: change it"
            )

    def in_feet(self) -> "Quantity":
        """Give it in feet or square feet."""
        if self.unit == "m":
            return replace(self, amount=self.amount / FOOT_M, unit="ft")
        return replace(self, amount=self.amount / FOOT_M**2, unit="ft²") if self.unit == "m²" else self


@dataclass(frozen=True)
class Reading:
    """How widths and networks are read where they leave a doubt.

    Attributes:
        moved_px: added to each crack's width before it is graded, in pixels. None grades what was measured,
            and nothing narrower than 3 pixels.
        network: place among the standard's three severities that alligator networks get, from 0. The
            standards grade them by pattern and broken edges: without connecting cracks it would be 0, and a
            network has them; whether its edges are broken, as at 2, no line shows.
    """

    moved_px: float | None = None
    network: int = 1

    def grade(self, width_mm: float, width_px: float, standard: str, whole_px: float = 0.0) -> str:
        """Grade a width.

        Args:
            width_mm: mean width in millimetres.
            width_px: the same in pixels.
            standard: its name.
            whole_px: mean width of all that this is a piece of: where that can be graded, each piece can.
        """
        if self.moved_px is None:
            return grade(width_mm, standard, width_px=max(width_px, whole_px))
        moved = max(0.0, 1 + self.moved_px / width_px) if width_px else 1.0
        return grade(width_mm * moved, standard)


AS_MEASURED = Reading()

_Key = tuple[str, str, str, Unit]
"""Code, distress, severity, unit."""


def book(
    classes: Classes,
    standard: str = "astm-d6433",
    lane: Lane | None = None,
    reading: Reading = AS_MEASURED,
) -> list[Quantity]:
    """Sum up a photo's cracks as a standard counts them.

    Alligator and block cracking are areas, all else is length. No crack is counted twice: what lies in a
    network's area is not added to lengths. Joints are no distress. About each 0.1 m of a crack is graded by
    its own mean width, and what has one severity is added up, as ASTM D6433 asks of portions that differ in
    it. LTPP grades a transverse crack as a whole: by the highest severity of a tenth of its length or more.

    ASTM D6433, appendix X1: 1 alligator (m²), 3 block (m²), 10 longitudinal and transverse (m), where
    diagonal cracks are booked too. FHWA LTPP, section A: 1 fatigue (m²), 2 block (m²), 4 longitudinal (m; 4a
    in a wheel path and 4b outside where a lane is given), 6 transverse (number and m); a diagonal crack is
    the one of both that it is nearer to. LTPP's wheel paths are taken as those of AASHTO R 85.

    Args:
        classes: what :func:`classify` gave for a photo with a scale.
        standard: "astm-d6433" or "fhwa-ltpp".
        lane: where the lane's edges are; only LTPP asks for it.
        reading: how doubts are decided.

    Returns:
        a line for each distress and severity, by code and then from low to high.

    Raises:
        ConfigurationError: an unknown standard, or a photo without a scale.
    """
    severities = standard_of(standard).severities
    if classes.frame.scale is None:
        raise ConfigurationError("quantities are in metres, and the photo has no scale: give one")
    amounts: dict[_Key, float] = {}
    cracks: dict[_Key, set[int]] = {}
    for key, amount, crack in _rows(classes, standard, lane, reading):
        amounts[key] = amounts.get(key, 0.0) + amount
        if crack is not None:
            cracks.setdefault(key, set()).add(crack)
    quantities = [
        Quantity(distress, severity, amount, unit, code, len(cracks[key]) if key in cracks else None)
        for key, amount in amounts.items()
        for code, distress, severity, unit in (key,)
    ]
    order = [*severities, NOT_GRADED]
    return sorted(quantities, key=lambda row: (code_number(row.code), row.code, order.index(row.severity)))


def code_number(code: str) -> float:
    """Give the number that a distress's code begins with; none comes last."""
    return float(code.rstrip("ab") or np.inf)


def _rows(
    classes: Classes, standard: str, lane: Lane | None, reading: Reading
) -> Iterator[tuple[_Key, float, int | None]]:
    """Each portion and network with the line of the sheet that it belongs to.

    The last item is the crack, where the standard counts cracks.
    """
    is_astm = standard == "astm-d6433"
    across: dict[int, dict[str, list[float]]] = {}
    for number, network in enumerate(classes.networks):
        area = (network.area_mm2 or 0.0) / 1e6
        if network.kind == "alligator":
            name = ("1", "alligator" if is_astm else "fatigue")
            yield (*name, standard_of(standard).severities[reading.network], "m²"), area, None
        else:
            within = [portion for portion in classes.portions if portion.network == number]
            severity = _grade_together(within, standard, reading)
            yield ("3" if is_astm else "2", "block", severity, "m²"), area, None
    for piece, severity in _graded(classes, standard, reading):
        length = piece.length / 1000
        if is_astm:
            yield ("10", "longitudinal and transverse", severity, "m"), length, None
        elif piece.angle_degrees is None:
            yield ("", "longitudinal or transverse", severity, "m"), length, None
        elif piece.angle_degrees > 45:
            across.setdefault(piece.crack, {}).setdefault(severity, []).append(length)
        elif lane is None:
            yield ("4", "longitudinal", severity, "m"), length, None
        else:
            in_path = _share_in_wheel_paths(piece, lane)
            for code, where, share in (("4a", "wheel path", in_path), ("4b", "non-wheel path", 1 - in_path)):
                if share:
                    yield (code, f"{where} longitudinal", severity, "m"), length * share, None
    for crack, by_severity in across.items():
        lengths = {severity: sum(found) for severity, found in by_severity.items()}
        total = sum(lengths.values())
        severity = _highest(lengths, standard)
        yield ("6", "transverse", severity, "m"), total, crack


def _graded(classes: Classes, standard: str, reading: Reading) -> Iterator[tuple[Portion, str]]:
    """The pieces of cracks that are counted by length, with their severities."""
    for portion in classes.portions:
        if portion.network is None and portion.kind != "joint":
            across = standard == "fhwa-ltpp" and (portion.angle_degrees or 0.0) > 45
            # Fine enough to find a tenth of it wherever that begins.
            fine = portion.length * TENTH / 5 if across else GRADED_MM
            for piece in portion.cut(min(GRADED_MM, fine)):
                yield piece, reading.grade(piece.width, piece.width_px, standard, portion.width_px)


def _highest(lengths: Mapping[str, float], standard: str) -> str:
    """The highest severity of a tenth of a crack's length or more, as LTPP grades transverse cracks."""
    order = [NOT_GRADED, *standard_of(standard).severities]
    least = TENTH * sum(lengths.values())
    return max((severity for severity, length in lengths.items() if length >= least), key=order.index)


def _grade_together(portions: Sequence[Portion], standard: str, reading: Reading) -> str:
    """The severity of cracks by their mean width, weighted by length."""
    lengths = [portion.length for portion in portions]
    width = float(np.average([portion.width for portion in portions], weights=lengths))
    return reading.grade(
        width, float(np.average([portion.width_px for portion in portions], weights=lengths)), standard
    )


def _share_in_wheel_paths(portion: Portion, lane: Lane) -> float:
    zones = lane.zones_of(portion.segments.middles)
    in_path = np.isin(zones, [ZONES.index(zone) for zone in WHEEL_PATHS])
    return float(portion.segments.lengths[in_path].sum() / portion.segments.lengths.sum())
