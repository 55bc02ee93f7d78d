"""Sums over all photos of a result folder: read one photo after the other, and only sums are kept."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float64

from upcracknet.errors import DataError
from upcracknet.results.crack_files import read_cracks
from upcracknet.results.folder import ResultFolder
from upcracknet.results.records import Counts, Record

BIN = 0.5
"""Breadth of the finest classes of width, in millimetres or pixels."""

BINS = 400
"""Number of these classes; the last one holds all wider cracks as well."""


@dataclass
class Amount:
    """How much crack there is of one class and severity.

    Attributes:
        count: number of cracks.
        length_px: length of all, in pixels.
        length_m: length of those that have a scale, in metres.
        beyond_px: length of those that have none, in pixels.
    """

    count: int = 0
    length_px: float = 0.0
    length_m: float = 0.0
    beyond_px: float = 0.0


@dataclass
class Widths:
    """How the widths of cracks are spread: each crack counts by its length at its mean width.

    Attributes:
        lengths: length of crack in each class of ``BIN``, in metres or pixels.
        width_sum: of all, mean width times length.
        greatest: greatest width of all.
    """

    lengths: Float64[np.ndarray, " bins"] = field(default_factory=lambda: np.zeros(BINS))
    width_sum: float = 0.0
    greatest: float = 0.0

    def add(self, width: float, greatest: float, length: float) -> None:
        """Count one crack; lengths in metres or pixels, widths in millimetres or pixels."""
        self.lengths[min(int(width / BIN), BINS - 1)] += length
        self.width_sum += width * length
        self.greatest = max(self.greatest, greatest)

    @property
    def mean(self) -> float | None:
        """Mean width, each crack counted by its length; None where there is no crack."""
        length = float(self.lengths.sum())
        return self.width_sum / length if length else None


@dataclass
class ScaleUse:
    """What one source of millimetres was used for.

    Attributes:
        photos: number of photos.
        pixel_mm: smallest and greatest number of millimetres per pixel; infinite where they differ by place.
        length_m: metres of crack.
        uncertainty: the greatest, one standard deviation relative to a length.
    """

    photos: int = 0
    pixel_mm: tuple[float, float] = (math.inf, -math.inf)
    length_m: float = 0.0
    uncertainty: float = 0.0


@dataclass
class ModelUse:
    """What one model detected in: number of photos, and the lowest and highest threshold, 0 to 1."""

    photos: int = 0
    threshold: tuple[float, float] = (math.inf, -math.inf)


@dataclass
class Tally:
    """The sums.

    Attributes:
        counts: what became of the photos.
        with_cracks: photos that count in which cracks were measured that are no joints.
        unmeasured: photos in which cracks were not measured.
        unscaled: photos that were measured without a scale.
        amounts: length by class and severity; joints are a class of their own. A severity may be None.
        areas_m2: alligator, fatigue and block cracking in square metres, by distress and severity.
        widths_mm: of cracks with a scale.
        widths_px: of all cracks.
        scales: by where the millimetres come from.
        models: by name, sha256 of the tensors and preset; empty where there is none.
        standards: those that graded.
        widths_from: what widths were measured in: "photo", "mask".
        damaged: names of photos whose file of cracks cannot be read, and why.
    """

    counts: Counts = field(default_factory=Counts)
    with_cracks: int = 0
    unmeasured: int = 0
    unscaled: int = 0
    amounts: dict[tuple[str, str | None], Amount] = field(default_factory=dict)
    areas_m2: dict[tuple[str, str], float] = field(default_factory=dict)
    widths_mm: Widths = field(default_factory=Widths)
    widths_px: Widths = field(default_factory=Widths)
    scales: dict[str, ScaleUse] = field(default_factory=dict)
    models: dict[tuple[str, str, str], ModelUse] = field(default_factory=dict)
    standards: set[str] = field(default_factory=set)
    widths_from: set[str] = field(default_factory=set)
    damaged: list[tuple[str, str]] = field(default_factory=list)

    @property
    def cracks(self) -> Amount:
        """All cracks together, without joints."""
        own = [amount for (kind, _), amount in self.amounts.items() if kind != "joint"]
        return Amount(
            sum(amount.count for amount in own),
            math.fsum(amount.length_px for amount in own),
            math.fsum(amount.length_m for amount in own),
            math.fsum(amount.beyond_px for amount in own),
        )

    @property
    def severity_length_m(self) -> dict[str, float]:
        """Metres of crack of each severity."""
        lengths: dict[str, float] = {}
        for (kind, severity), amount in self.amounts.items():
            if severity is not None and kind != "joint":
                lengths[severity] = lengths.get(severity, 0.0) + amount.length_m
        return lengths

    @property
    def has_scale(self) -> bool:
        """Whether any photo has millimetres."""
        return bool(self.scales)

    @property
    def error_m(self) -> float:
        """How far the metres of all cracks may be off by their scales: one standard deviation."""
        return math.fsum(use.length_m * use.uncertainty for use in self.scales.values())

    def add(self, record: Record, results: ResultFolder, share: float = 1.0) -> None:
        """Count one photo.

        Args:
            record: of the photo.
            results: where its file of cracks lies.
            share: what is counted of it, 0 to 1, as other photos show the rest; of 0 no crack is counted.
        """
        self.counts.add(record)
        if record.status != "done":
            return
        self._add_model(record)
        if record.measures is None or record.cracks is None:
            self.unmeasured += 1
            return
        if share == 0:  # what it shows counts in other photos
            return
        try:
            self._add_cracks(read_cracks(results.file(record.cracks), lines=False), share)
        except (DataError, KeyError, TypeError) as error:
            self.damaged.append((record.name, str(error)))
            return
        self.with_cracks += bool(record.crack_count)
        if record.scale_source is None:
            self.unscaled += 1
        else:
            self._add_scale(record, share)

    def _add_model(self, record: Record) -> None:
        settings = record.settings or {}
        named = settings.get("model"), settings.get("sha256"), (settings.get("detection") or {}).get("preset")
        name, sha256, preset = ("" if value is None else str(value) for value in named)
        use = self.models.setdefault((name, sha256, preset), ModelUse())
        use.photos += 1
        if record.threshold is not None:
            low, high = use.threshold
            use.threshold = min(low, record.threshold), max(high, record.threshold)

    def _add_cracks(self, content: dict[str, Any], share: float) -> None:
        for crack in content["cracks"]:
            amount = self.amounts.setdefault((crack["kind"], crack["severity"]), Amount())
            length_px, length_mm = share * crack["length_px"], crack["length_mm"]
            amount.count += 1
            amount.length_px += length_px
            if length_mm is None:
                amount.beyond_px += length_px
            else:
                amount.length_m += share * length_mm / 1000
            if crack["kind"] == "joint":
                continue
            self.widths_px.add(crack["width_mean_px"], crack["width_max_px"], length_px)
            if length_mm is not None:
                self.widths_mm.add(crack["width_mean_mm"], crack["width_max_mm"], share * length_mm / 1000)
        for quantity in content["quantities"]:
            if quantity["unit"] == "m²":
                key = quantity["distress"], quantity["severity"]
                self.areas_m2[key] = self.areas_m2.get(key, 0.0) + share * quantity["amount"]
        self.widths_from.add(content["widths"])
        if content["scale"] is not None:
            self.standards.add(content["standard"])

    def _add_scale(self, record: Record, share: float) -> None:
        use = self.scales.setdefault(str(record.scale_source), ScaleUse())
        pixel = math.inf if record.millimetres_per_pixel is None else record.millimetres_per_pixel
        use.photos += 1
        use.pixel_mm = min(use.pixel_mm[0], pixel), max(use.pixel_mm[1], pixel)
        use.length_m += share * (record.crack_length_m or 0.0)
        use.uncertainty = max(use.uncertainty, record.scale_uncertainty or 0.0)
