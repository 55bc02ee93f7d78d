"""The deduct curves of ASTM D6433 for cracks in asphalt, read off its charts twice by others.

The standard prints its curves as charts without numbers. Two independent readings of them are public:

- ``astm-gem``: points read off the charts, in ``observed_deduct_values.rb`` and
  ``observed_corrected_deduct_values.rb`` of the Ruby package pavement_condition_index 1.0.6 (Brand New Box,
  MIT licence, github.com/brandnewbox/pavement_condition_index).
- ``esri``: polynomials in ``pciUtils`` of Esri's solutions-components (Copyright 2022 Esri, Apache License
  2.0, github.com/Esri/solutions-components).

They differ by at most 2.8 deduct points at the points of the first.
"""

import numpy as np

from upcracknet.errors import ConfigurationError

CURVES = ("astm-gem", "esri")
"""The readings of the charts, the default first."""

_WIDE = (0.1, 0.2, 0.4, 1.0, 2.0, 4.0, 10.0, 20.0, 40.0, 100.0)

DENSITIES: dict[str, tuple[float, ...]] = {
    "alligator": _WIDE,
    "block": _WIDE,
    "longitudinal and transverse": (*_WIDE[:8], 30.0),
    "edge": _WIDE[:8],
}
"""Densities in per cent at which the points were read; the charts begin and end with the first and the last.
That of longitudinal and transverse and of edge cracking is in feet a square foot."""

POINTS: dict[str, dict[str, tuple[float, ...]]] = {
    "alligator": {
        "low": (3.7, 4.0, 4.9, 10.7, 16.9, 23.7, 32.8, 40.0, 48.7, 61.7),
        "medium": (6.3, 9.9, 13.8, 21.3, 27.9, 35.3, 45.8, 54.8, 64.3, 77.4),
        "high": (11.9, 15.6, 20.1, 30.0, 39.9, 49.8, 61.1, 70.0, 78.9, 91.1),
    },
    "block": {
        "low": (0.0, 0.0, 0.1, 0.2, 1.3, 3.7, 7.4, 12.2, 17.6, 27.2),
        "medium": (0.0, 0.0, 0.1, 2.2, 5.4, 9.1, 15.0, 21.9, 30.2, 42.6),
        "high": (0.0, 1.3, 2.7, 6.3, 11.7, 17.4, 28.0, 40.2, 53.7, 71.5),
    },
    "longitudinal and transverse": {
        "low": (0.0, 0.0, 0.3, 2.0, 5.2, 9.3, 16.7, 23.9, 28.5),
        "medium": (0.0, 0.7, 3.3, 8.7, 14.1, 20.0, 30.4, 39.8, 44.4),
        "high": (3.9, 6.7, 10.9, 18.3, 27.0, 38.9, 60.9, 79.1, 86.9),
    },
    "edge": {
        "low": (0.0, 1.4, 2.1, 3.7, 4.9, 6.6, 11.5, 15.4),
        "medium": (4.3, 4.9, 5.9, 9.1, 12.5, 17.0, 24.3, 28.5),
        "high": (7.2, 9.3, 11.0, 14.6, 20.5, 27.4, 40.6, 46.7),
    },
}
"""Deduct values of ``astm-gem`` at ``DENSITIES``."""

POLYNOMIALS: dict[str, dict[str, tuple[float, ...]]] = {
    "alligator": {
        "low": (11.31, 16.05, 7.572, -1.471),
        "medium": (21.62, 21.32, 5.194, -1.343, 0.2341),
        "high": (30.71, 29.22, 9.407, -6.981, -2.158, 3.047, -0.6578),
    },
    "block": {
        "low": (0.646, 4.002, 4.2, 0.4987, -0.06269),
        "medium": (2.587, 9.142, 6.647, -0.455, -0.2439, 0.1107),
        "high": (7.926, 11.93, 8.826, 3.432, -1.382),
    },
    "longitudinal and transverse": {
        "low": (2.347, 9.074, 8.424, -1.338, -1.873, 1.144),
        "medium": (9.751, 15.53, 4.719, 1.369, 1.206, -1.164),
        "high": (19.56, 24.06, 12.12, 9.336, 1.532, -4.396),
    },
    "edge": {
        "low": (3.049, 4.802, 4.058, -0.3556, -1.55, 1.02),
        "medium": (9.177, 10.26, 5.704, -0.6812, -0.8588, 0.2123),
        "high": (14.99, 13.5, 10.62, 5.15, -1.792, -2.826),
    },
}
"""Coefficients of ``esri`` in the decimal logarithm of the density in per cent, the constant first."""

TOTALS = tuple(range(30, 201, 10))
"""Total deduct values at which the points of the corrected ones were read."""

CORRECTED_POINTS: dict[int, tuple[float, ...]] = {
    2: (
        *(21.9, 29.3, 36.9, 43.7, 50.4, 57.4, 63.7, 69.8, 75.4),
        *(80.7, 85.6, 90.0, 93.9, 97.6, 101.3, 104.3, 106.7, 108.9),
    ),
    3: (
        *(16.7, 24.3, 31.1, 37.8, 44.8, 50.7, 56.9, 63.0, 68.3),
        *(73.1, 78.3, 83.3, 88.0, 92.0, 96.3, 99.8, 103.0, 105.0),
    ),
    4: (
        *(12.4, 19.3, 26.3, 33.0, 39.4, 45.6, 51.1, 56.7, 62.4),
        *(67.8, 73.1, 78.5, 82.8, 86.9, 90.4, 93.3, 95.9, 98.1),
    ),
    5: (
        *(9.3, 16.3, 22.8, 28.9, 35.2, 40.9, 46.7, 51.9, 57.0),
        *(62.4, 67.2, 72.2, 76.7, 80.9, 84.8, 88.1, 91.1, 93.3),
    ),
    6: (
        *(6.1, 13.1, 19.8, 25.6, 31.7, 37.6, 43.0, 48.1, 53.3),
        *(58.7, 63.1, 68.0, 72.8, 77.2, 81.3, 84.6, 87.6, 90.2),
    ),
    7: (
        *(6.1, 13.1, 19.8, 25.6, 31.7, 37.6, 43.0, 48.1, 53.3),
        *(58.7, 63.1, 67.4, 71.3, 74.8, 77.2, 79.4, 81.1, 82.2),
    ),
}
"""Corrected deduct values of ``astm-gem`` at ``TOTALS``, by the number of deduct values above 2."""

CORRECTED_POLYNOMIALS: dict[int, tuple[float, ...]] = {
    2: (-1.668, 0.7992, -3.013e-4, -5.214e-6),
    3: (-5.015, 0.7546, -4.3e-4, -3.075e-6),
    4: (-6.78, 0.6301, 7.376e-4, -6.357e-6),
    5: (-7.932, 0.6091, 3.464e-4, -4.265e-6),
    6: (-8.165, 0.5724, 4.266e-4, -4.254e-6),
    7: (-9.482, 0.6045, 3.563e-4, -5.448e-6),
}
"""Coefficients of ``esri`` in the total deduct value, the constant first."""


def deduct_value(distress: str, severity: str, density: float, curves: str = "astm-gem") -> float:
    """Look up the deduct value of one distress at one severity (ASTM D6433, appendix X3).

    Args:
        distress: "alligator", "block", "longitudinal and transverse" or "edge".
        severity: "low", "medium" or "high".
        density: in per cent; of longitudinal and transverse and of edge cracking in feet a square foot. A
            density beyond the chart is taken as that at the chart's end.
        curves: whose reading of the charts.

    Returns:
        deduct points from 0 to 100; 0 for a density of 0.

    Raises:
        ConfigurationError: an unknown distress, severity or reading, or a density that is negative or not
            finite.
    """
    if distress not in POINTS or severity not in POINTS[distress]:
        raise ConfigurationError(
            f"no deduct curve for {distress} cracking of severity {severity}; expected one of "
            f"{', '.join(POINTS)}, and low, medium or high"
        )
    if not (np.isfinite(density) and density >= 0):
        raise ConfigurationError(f"a density of {density:g} %; expected 0 or more: check quantity and area")
    if density == 0:
        return 0.0
    _check(curves)
    densities = DENSITIES[distress]
    logarithm = np.log10(np.clip(density, densities[0], densities[-1]))
    if curves == "esri":
        value = np.polynomial.polynomial.polyval(logarithm, POLYNOMIALS[distress][severity])
    else:
        value = np.interp(logarithm, np.log10(densities), POINTS[distress][severity])
    return float(np.clip(value, 0, 100))  # the polynomials dip below 0 where the chart ends


def corrected_deduct_value(total: float, number: int, curves: str = "astm-gem") -> float:
    """Look up the corrected deduct value (ASTM D6433, appendix X3).

    Args:
        total: sum of the deduct values, 0 or more; above 200, where the chart ends, it is taken as 200.
        number: how many of them are above 2 (q), at least 1. The chart ends at 7, whose curve stands for
            more.
        curves: whose reading of the chart.

    Returns:
        deduct points from 0 to 100.

    Raises:
        ConfigurationError: an unknown reading.
    """
    _check(curves)
    if number == 1:
        return float(np.clip(total, 0, 100))
    curve = min(number, max(CORRECTED_POINTS))
    total = min(total, TOTALS[-1])
    if curves == "esri":
        value = np.polynomial.polynomial.polyval(total, CORRECTED_POLYNOMIALS[curve])
    else:
        # Below a total of 30 nothing was read; with small totals the largest value is that of q = 1 anyway.
        value = np.interp(total, (0, *TOTALS), (0.0, *CORRECTED_POINTS[curve]))
    return float(np.clip(value, 0, 100))


def _check(curves: str) -> None:
    if curves not in CURVES:
        raise ConfigurationError(f"no deduct curves {curves!r}; expected {' or '.join(CURVES)}: name one")
