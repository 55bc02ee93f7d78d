import pytest
from tests.report.conftest import crack, open_folder, write_photo

from upcracknet.report.tally import Tally


@pytest.fixture
def tally(tmp_path):
    """Sums the photos that a test writes."""
    results = open_folder(tmp_path / "out")

    def add(*photos, share=1.0):
        tally = Tally()
        for number, (cracks, more) in enumerate(photos):
            tally.add(write_photo(results.path, f"{number}.jpg", cracks, **more), results, share)
        return tally

    return add


def test_lengths_by_class_and_severity(tally):
    mixed = [crack(100, kind="longitudinal"), crack(60, kind="transverse", severity="medium")]
    sums = tally((mixed, {}), ([crack(40, kind="longitudinal")], {}))
    assert sums.amounts["longitudinal", "low"].length_m == pytest.approx(0.28)
    assert sums.amounts["longitudinal", "low"].count == 2
    assert sums.severity_length_m == pytest.approx({"low": 0.28, "medium": 0.12})
    assert (sums.cracks.count, sums.cracks.length_px) == (3, 200)


def test_joints_are_no_cracks(tally):
    sums = tally(([crack(100), crack(500, 30.0, kind="joint")], {}))
    assert sums.cracks.length_px == 100
    assert sums.widths_px.greatest == 10
    assert sums.amounts["joint", "low"].length_px == 500


def test_each_crack_counts_by_its_length_in_the_mean_width(tally):
    sums = tally(([crack(300, 4.0), crack(100, 8.0)], {}))
    assert sums.widths_px.mean == pytest.approx(5.0)
    assert sums.widths_mm.mean == pytest.approx(10.0)
    assert sums.widths_mm.lengths[16] == pytest.approx(0.6)  # 8 to 8.5 mm


def test_areas_are_those_of_the_survey_sheet(tally):
    alligator = {"distress": "alligator", "severity": "medium", "amount": 2.5, "unit": "m²"}
    line = {"distress": "longitudinal and transverse", "severity": "low", "amount": 0.2, "unit": "m"}
    assert tally(([], {"quantities": [alligator, line]})).areas_m2 == {("alligator", "medium"): 2.5}


def test_what_other_photos_show_is_counted_by_its_share(tally):
    sums = tally(([crack(100)], {}), share=0.25)
    assert sums.cracks.length_m == pytest.approx(0.05)
    assert sums.scales["given: 2 mm per pixel"].length_m == pytest.approx(0.05)


def test_cracks_beyond_the_scale_stay_in_pixels(tally):
    sums = tally(
        ([crack(100), crack(70, severity=None)], {"crack_length_m": 0.2}),
        ([crack(30, severity=None)], {"scale": False}),
    )
    assert sums.cracks.beyond_px == 100
    assert sums.cracks.length_m == pytest.approx(0.2)
    assert sums.unscaled == 1


def test_uncertainty_of_the_sum(tally):
    assert tally(([crack(1000)], {})).error_m == pytest.approx(0.05 * 2.0)


def test_a_damaged_file_of_cracks_is_named_and_the_others_count(tally, tmp_path):
    good, bad = ([crack(100)], {}), ([crack(100)], {"cracks": "cracks/missing.json"})
    sums = tally(good, bad)
    assert sums.cracks.length_px == 100
    assert [name for name, _ in sums.damaged] == ["1.jpg"]


def test_models_and_thresholds(tally):
    sums = tally(
        ([], {"threshold": 0.5}), ([], {"threshold": 0.7}), ([], {"settings": None, "threshold": None})
    )
    assert sums.models["default", "ab" * 32, ""].threshold == (0.5, 0.7)
    assert sums.models["", "", ""].photos == 1


def test_of_a_photo_that_does_not_count_no_crack_counts(tally):
    sums = tally(([crack(100, 30.0)], {}), share=0.0)
    assert (sums.cracks.count, sums.with_cracks, sums.widths_mm.greatest) == (0, 0, 0)
    assert (sums.counts.photos, sums.unmeasured) == (1, 0)
