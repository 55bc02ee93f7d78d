import numpy as np
import pytest

from upcracknet.errors import ConfigurationError
from upcracknet.measure.deduct_curves import (
    CORRECTED_POINTS,
    CURVES,
    DENSITIES,
    POINTS,
    TOTALS,
    corrected_deduct_value,
    deduct_value,
)

ROWS = [(distress, severity) for distress in POINTS for severity in POINTS[distress]]


@pytest.mark.parametrize("distress", POINTS)
def test_the_two_readings_of_the_charts_agree(distress):
    """They are independent; the largest differences that were found when the numbers were collected."""
    largest = {"alligator": 1.8, "block": 2.8, "longitudinal and transverse": 1.4, "edge": 1.6}[distress]
    differences = [
        deduct_value(distress, severity, float(density), "esri") - points[index]
        for severity, points in POINTS[distress].items()
        for index, density in enumerate(DENSITIES[distress])
    ]
    assert 0.5 < np.abs(differences).max() < largest + 0.1


def test_the_two_readings_of_corrected_values_agree():
    differences = [
        corrected_deduct_value(float(total), number, "esri") - corrected_deduct_value(float(total), number)
        for number in CORRECTED_POINTS
        for total in TOTALS
        if number < 7 or total <= 150
    ]
    assert 0.5 < np.abs(differences).max() < 4


@pytest.mark.parametrize("curves", CURVES)
@pytest.mark.parametrize(("distress", "severity"), ROWS)
def test_more_cracks_deduct_more(distress, severity, curves):
    densities = np.geomspace(0.01, 1000, 200)
    values = [deduct_value(distress, severity, float(density), curves) for density in densities]
    assert np.diff(values).min() > -0.6  # a polynomial of the sixth order wavers a little
    assert min(values) >= 0
    assert max(values) <= 100
    assert deduct_value(distress, severity, 0.0, curves) == 0
    assert values[-1] == deduct_value(distress, severity, DENSITIES[distress][-1], curves)
    assert values[0] == deduct_value(distress, severity, 0.1, curves)


@pytest.mark.parametrize("curves", CURVES)
def test_worse_cracks_deduct_more(curves):
    for distress in POINTS:
        for density in (0.5, 3.0, 15.0):
            low, medium, high = (
                deduct_value(distress, severity, float(density), curves)
                for severity in ("low", "medium", "high")
            )
            assert low < medium < high


@pytest.mark.parametrize(
    ("distress", "severity", "density", "printed"),
    [
        # The printed example of ASTM D6433, as the tests of pavement_condition_index quote it.
        ("alligator", "low", 0.52, 7.9),
        ("alligator", "high", 0.56, 23.4),
        ("edge", "low", 5.20, 7.5),
        # TM 5-623 (US Army, 1982; public domain), appendix C.
        ("alligator", "medium", 0.64, 17.0),
    ],
)
@pytest.mark.parametrize("curves", CURVES)
def test_printed_deduct_values(distress, severity, density, printed, curves):
    assert deduct_value(distress, severity, float(density), curves) == pytest.approx(printed, abs=1.5)


@pytest.mark.parametrize("curves", CURVES)
def test_corrected_values(curves):
    """TM 5-623, appendix C: a total of 45 of two deduct values gives 33."""
    assert corrected_deduct_value(45.0, 2, curves) == pytest.approx(33, abs=0.5)
    assert corrected_deduct_value(37.5, 1, curves) == 37.5
    assert corrected_deduct_value(150.0, 1, curves) == 100
    assert corrected_deduct_value(4.0, 2, curves) >= 0
    assert corrected_deduct_value(500.0, 2, curves) == 100
    assert corrected_deduct_value(120.0, 9, curves) == corrected_deduct_value(120.0, 7, curves)


def test_what_has_no_curve():
    for wrong in (("rutting", "low", 1.0), ("block", "moderate", 1.0), ("block", "low", -1.0)):
        with pytest.raises(ConfigurationError, match="expected"):
            deduct_value(*wrong)
    with pytest.raises(ConfigurationError, match="astm-gem or esri"):
        deduct_value("block", "low", 1.0, "mine")
