import numpy as np
import pytest
from tests.measure.drawn import Uniform, crack, grid, line, wavy

from upcracknet.errors import ConfigurationError
from upcracknet.measure.classes import classify
from upcracknet.measure.condition import (
    Readings,
    condition_of_deducts,
    cracking_pci,
    estimate_pci,
    sample_units_needed,
)
from upcracknet.measure.deduct_curves import CURVES
from upcracknet.measure.frame import Frame
from upcracknet.measure.quantities import FOOT_M, Quantity

STANDARDS_EXAMPLE = (25.1, 23.4, 17.9, 11.2, 7.9, 7.5, 6.9, 5.3)
"""Deduct values of the example that ASTM D6433 prints: 2500 square feet, index 49."""


@pytest.mark.parametrize("curves", CURVES)
def test_the_example_of_the_standard(curves):
    condition = condition_of_deducts(STANDARDS_EXAMPLE, curves)
    assert condition.allowed == pytest.approx(7.9, abs=0.05)
    assert condition.deducts[:-1] == STANDARDS_EXAMPLE[:-1]
    assert condition.deducts[-1] == pytest.approx(0.88 * 5.3, abs=0.05)
    assert condition.pci == pytest.approx(49, abs=1)
    assert condition.rating == "Poor"


@pytest.mark.parametrize("curves", CURVES)
def test_the_example_of_the_standard_from_quantities(curves):
    """Its cracks are looked up; the other distresses come from the print."""
    cracks = [
        Quantity("alligator", "low", 13.0, "ft²"),
        Quantity("alligator", "high", 14.0, "ft²"),
        Quantity("edge", "low", 130.0, "ft"),
    ]
    of_cracks = cracking_pci(cracks, 2500.0 * FOOT_M**2, curves)
    assert len(of_cracks.deducts) == 3
    condition = condition_of_deducts([*of_cracks.deducts, 25.1, 17.9, 11.2, 6.9, 5.3], curves)
    assert condition.pci == pytest.approx(49, abs=3)


@pytest.mark.parametrize("curves", CURVES)
def test_the_example_of_a_thesis(curves):
    """Universitas Diponegoro: deduct values 48, 23, 18, 6, 5; index 40."""
    condition = condition_of_deducts([48.0, 23.0, 18.0, 6.0, 5.0], curves)
    assert condition.allowed == pytest.approx(5.77, abs=0.01)
    assert condition.pci == pytest.approx(40, abs=1.5)


def test_the_order_of_deduct_values_does_not_matter():
    assert condition_of_deducts(STANDARDS_EXAMPLE[::-1]) == condition_of_deducts(STANDARDS_EXAMPLE)


@pytest.mark.parametrize("curves", CURVES)
def test_a_road_without_cracks_is_perfect(curves):
    assert cracking_pci([], 225.0, curves).pci == 100
    assert cracking_pci([Quantity("alligator", "high", 0.0, "m²")], 225.0, curves).pci == 100
    assert cracking_pci([], 225.0, curves).rating == "Good"


@pytest.mark.parametrize(
    ("deducts", "pci"), [((30.0,), 70), ((30.0, 2.0), 68), ((1.5, 1.0), 97.5), ((2.0,) * 3, 94)]
)
def test_with_at_most_one_value_above_2_the_sum_counts(deducts, pci):
    condition = condition_of_deducts(deducts)
    assert condition.pci == pytest.approx(pci)


def test_values_of_exactly_2_do_not_count_for_q():
    """40, 30 and 2: q is 2, so a total of 72 is corrected on the second curve and not on the third."""
    condition = condition_of_deducts([40.0, 30.0, 2.0])
    assert condition.corrected == pytest.approx(np.interp(72, [70, 80], [50.4, 57.4]))


def test_the_smallest_values_become_2_one_after_the_other():
    """50 and 4: corrected 39.6 of 54 on the second curve, and 52 on the first, which is larger."""
    assert condition_of_deducts([50.0, 4.0]).corrected == pytest.approx(52)


def test_more_values_than_allowed():
    condition = condition_of_deducts([90.0, 80.0, 70.0, 60.0])
    assert condition.allowed == pytest.approx(1 + 9 / 98 * 10)
    assert condition.deducts == pytest.approx((90, (9 / 98 * 10) * 80))
    assert condition_of_deducts([5.0] * 12).allowed == pytest.approx(1 + 9 / 98 * 95)
    many = condition_of_deducts([1.0] * 12)
    assert many.allowed == 10
    assert sum(many.deducts) == pytest.approx(10, abs=0.2)


@pytest.mark.parametrize("curves", CURVES)
def test_the_worst_road_is_0(curves):
    worst = [Quantity(kind, "high", 225.0, "m²") for kind in ("alligator", "block")]
    condition = cracking_pci([*worst, Quantity("edge", "high", 500.0, "m")], 225.0, curves)
    assert 0 <= condition.pci <= 10
    assert condition.rating == "Failed"
    assert condition_of_deducts([100.0] * 3, curves).pci == 0


def test_metres_and_feet_give_the_same():
    metric = [
        Quantity("longitudinal and transverse", "medium", 12.0, "m"),
        Quantity("block", "low", 20.0, "m²"),
    ]
    assert cracking_pci(metric, 225.0).pci == pytest.approx(
        cracking_pci([row.in_feet() for row in metric], 225.0).pci
    )


def test_lengths_count_in_feet_a_square_foot():
    """10 m on 32.8 m² is 10 % in feet: 30.4 points on the chart. Metres a square metre would give 30.5 %."""
    length = Quantity("longitudinal and transverse", "medium", 10.0, "m")
    assert cracking_pci([length], 100 * FOOT_M).pci == pytest.approx(100 - 30.4)


def test_rows_of_one_distress_and_severity_are_added():
    parts = [Quantity("alligator", "low", amount, "ft²") for amount in (5.0, 4.0, 4.0)]
    assert cracking_pci(parts, 225.0) == cracking_pci([Quantity("alligator", "low", 13.0, "ft²")], 225.0)


@pytest.mark.parametrize(
    ("quantity", "area"),
    [
        (Quantity("alligator", "low", 5.0, "m"), 225.0),
        (Quantity("edge", "low", 5.0, "m²"), 225.0),
        (Quantity("alligator", "low", 5.0, "m²"), 0.0),
        (Quantity("alligator", "low", 5.0, "m²"), float("nan")),
        (Quantity("alligator", "moderate", 5.0, "m²"), 225.0),
        (Quantity("rutting", "low", 5.0, "m"), 225.0),
    ],
)
def test_what_gives_no_index(quantity, area):
    with pytest.raises(ConfigurationError, match="expected"):
        cracking_pci([quantity], area)


def test_ratings_change_above_their_limits():
    words = {pci: condition_of_deducts([100.0 - pci]).rating for pci in (86, 85, 71, 70, 56, 41, 26, 11, 10)}
    assert words == {
        86: "Good",
        85: "Satisfactory",
        71: "Satisfactory",
        70: "Fair",
        56: "Fair",
        41: "Poor",
        26: "Very poor",
        11: "Serious",
        10: "Failed",
    }


def test_an_estimate_has_a_range():
    frame = Frame(1000, 1000, Uniform(3.0))  # 3 m by 3 m
    cracks = [crack(wavy((500, 0), (500, 999), 1), width=3.4)]  # 10.2 mm: low or medium
    classes = classify(cracks, frame)
    estimate = estimate_pci(Readings.of(classes), 9.0)
    assert estimate.lowest < estimate.pci < estimate.highest
    surer = estimate_pci(Readings.of(classes, width_error_px=0.0), 9.0)
    assert surer.highest - surer.lowest < estimate.highest - estimate.lowest
    for doubt in ({"scale_uncertainty": 0.2}, {"quantity_error": 0.2}):
        assert estimate_pci(Readings.of(classes), 9.0, **doubt).lowest < estimate.lowest
    assert str(estimate) == f"{estimate.pci:.0f} ({estimate.lowest:.0f} to {estimate.highest:.0f})"


def test_networks_widen_the_range_since_their_edges_are_not_seen():
    frame = Frame(1000, 1000, Uniform(3.0))
    classes = classify([crack(*grid(300, 300, 50, 6, 6))], frame)
    estimate = estimate_pci(Readings.of(classes, width_error_px=0.0), 9.0)
    assert estimate.highest - estimate.lowest > 15


def test_a_clean_road_is_certain():
    estimate = estimate_pci(Readings.of(classify([], Frame(1000, 1000, Uniform(3.0)))), 9.0)
    assert (estimate.lowest, estimate.pci, estimate.highest) == (100, 100, 100)


def test_an_estimate_needs_a_scale_and_sensible_errors():
    line_only = [crack(line((0, 0), (99, 50)))]
    with pytest.raises(ConfigurationError, match="scale"):
        Readings.of(classify(line_only, Frame(100, 100)))
    classes = classify(line_only, Frame(100, 100, Uniform(1.0)))
    with pytest.raises(ConfigurationError, match="expected"):
        Readings.of(classes, width_error_px=-1.0)
    for name, value in (("quantity_error", 1.0), ("scale_uncertainty", float("nan"))):
        with pytest.raises(ConfigurationError, match="expected"):
            estimate_pci(Readings.of(classes), 9.0, **{name: value})


def test_sample_units():
    """With an error of 5 and a deviation of 10: of 30 units 11, computed by hand from equation 1."""
    assert sample_units_needed(30) == 11  # 30 × 100 / (6.25 × 29 + 100) = 10.67
    assert sample_units_needed(1) == 1
    assert sample_units_needed(10**6) == 16  # 100 / 6.25; with 25 / 4 cut to 6 it would be 17
    assert sample_units_needed(20, deviation=0.0) == 1
    for wrong in ({"units": 0}, {"units": 5, "error": 0.0}, {"units": 5, "deviation": -1.0}):
        with pytest.raises(ConfigurationError, match="expected"):
            sample_units_needed(**wrong)
