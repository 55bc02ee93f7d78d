import pytest

from upcracknet.errors import ConfigurationError
from upcracknet.measure.severity import NOT_GRADED, grade

D6433 = {0.0: "low", 9.99: "low", 10.0: "medium", 75.0: "medium", 75.1: "high", 400.0: "high"}
LTPP = {0.0: "low", 6.0: "low", 6.01: "moderate", 19.0: "moderate", 19.1: "high"}


@pytest.mark.parametrize(("width", "severity"), D6433.items())
def test_astm_d6433(width, severity):
    """Below 10 mm (3/8 inch), up to 75 mm (3 inches), above."""
    assert grade(width) == severity
    assert grade(width, "astm-d6433") == severity


@pytest.mark.parametrize(("width", "severity"), LTPP.items())
def test_fhwa_ltpp(width, severity):
    """Up to 6 mm, up to 19 mm, above."""
    assert grade(width, "fhwa-ltpp") == severity


def test_cracks_narrower_than_3_pixels_cannot_be_graded():
    assert grade(20.0, width_px=2.99) == NOT_GRADED
    assert grade(20.0, width_px=3.0) == "medium"


@pytest.mark.parametrize("width", [-1.0, float("nan"), float("inf")])
def test_widths_that_are_none(width):
    with pytest.raises(ConfigurationError, match="0 or more"):
        grade(width)


def test_an_unknown_standard():
    with pytest.raises(ConfigurationError, match="expected astm-d6433 or fhwa-ltpp"):
        grade(3.0, "din")
