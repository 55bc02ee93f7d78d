"""Two synthetic drives over one road, a year apart, with their true masks."""

import csv
import json
from dataclasses import replace

import pytest
from tests.survey.drives import QUICK, detect, mapped, truth_of, with_true_masks

from upcracknet.cli.main import run
from upcracknet.data.synthetic.drive import Drive
from upcracknet.errors import DataError
from upcracknet.results import read_results
from upcracknet.survey.comparing import compare_surveys
from upcracknet.survey.pairing import compare_photos

pytestmark = pytest.mark.xdist_group("two surveys")  # what all need is made once


def surveyed(folder, **values):
    drive = Drive(count=3, height=600, width=500, spacing_m=40.0, **values)
    return mapped(with_true_masks(detect(folder, drive, *QUICK)))


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    return surveyed(tmp_path_factory.mktemp("old"), seed=3)


@pytest.fixture(scope="module")
def new(tmp_path_factory):
    return surveyed(tmp_path_factory.mktemp("new"), seed=3, later=True)


@pytest.fixture(scope="module")
def comparison(old, new):
    return compare_surveys(read_results(old), read_results(new))


def total_m(results):
    return sum(section["length_m"] for section in truth_of(results)["sections"])


def test_sections_have_the_true_growth(comparison, old, new):
    (change,) = comparison.sections
    assert comparison.gone == ()
    assert change.old.photos == change.new.photos == 3
    assert change.old.length_m == pytest.approx(total_m(old), rel=0.02)
    assert change.growth_m == pytest.approx(total_m(new) - total_m(old), rel=0.05)
    assert change.is_seen_alike
    assert comparison.warnings == ()
    assert 350 < (comparison.taken[1][0] - comparison.taken[0][0]).days < 380


def test_photos_of_the_same_place_are_laid_on_each_other(comparison, new):
    assert [pair.new.record.name for pair in comparison.pairs] == [
        f"000{number}.jpg" for number in range(1, 4)
    ]
    assert [pair.old.record.name for pair in comparison.pairs] == [
        pair.new.record.name for pair in comparison.pairs
    ]
    assert all(pair.problem is None and pair.distance_m < 0.5 for pair in comparison.pairs)
    kept, grown, gone = (comparison.metres(name) for name in ("kept_px", "new_px", "gone_px"))
    # Up to a tenth of a new photo lies beside the old one.
    assert 0.85 * total_m(new) < kept + grown <= 1.01 * total_m(new)
    assert gone < 0.02 * total_m(new)


def test_kept_cracks_are_as_much_wider_as_they_are(comparison, old, new):
    for pair, before, after in zip(
        comparison.pairs, truth_of(old)["photos"], truth_of(new)["photos"], strict=True
    ):
        if not before["cracks"]:
            continue
        grown_mm = mean_width_mm(after) - mean_width_mm(before)
        old_mm, new_mm = pair.widths_mm
        assert new_mm - old_mm == pytest.approx(grown_mm, abs=0.8)  # 0.4 pixels


def mean_width_mm(photo):
    length = sum(crack["length_mm"] for crack in photo["cracks"])
    return sum(crack["length_mm"] * crack["width_mean_mm"] for crack in photo["cracks"]) / length


def test_photos_of_another_place_are_refused_and_named(comparison, old, new):
    first, second = comparison.pairs[:2]
    (pair,) = compare_photos(read_results(old), read_results(new), [(first.old, second.new, 1.0)])
    assert (pair.registration, pair.change, pair.widths_mm) == (None, None, (None, None))
    assert "points" in pair.problem


def test_a_photo_that_is_gone_is_refused_and_named(comparison, old, new):
    pair = comparison.pairs[0]
    gone = replace(pair.new, record=replace(pair.new.record, photo="/gone/0001.jpg", photo_relative=None))
    (refused,) = compare_photos(read_results(old), read_results(new), [(pair.old, gone, 1.0)])
    assert refused.change is None
    assert "/gone/0001.jpg" in refused.problem


def test_the_command_writes_tables_layer_and_page(old, new, tmp_path, capsys):
    assert run(["compare", str(old), str(new), "-o", str(tmp_path)]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["sections"], said["pairs"], said["pairs_refused"]) == (1, 3, 0)
    assert said["growth_m"] == pytest.approx(total_m(new) - total_m(old), rel=0.05)
    with (tmp_path / "comparison.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["status"] == "both"
    growth = float(row["new_length_m"]) - float(row["old_length_m"])
    assert float(row["growth_length_m"]) == pytest.approx(growth, abs=1e-3)
    with (tmp_path / "comparison_photos.csv").open(newline="") as file:
        assert [pair["status"] for pair in csv.DictReader(file)] == ["compared"] * 3
    layer = json.loads((tmp_path / "comparison.geojson").read_text())
    assert layer["features"][0]["geometry"]["type"] == "LineString"
    page = (tmp_path / "comparison.html").read_text()
    assert "default-src" in page
    assert page.count("data:image/jpeg;base64,") >= 2


def test_another_standard_and_measures_that_changed_are_warned_of(old, new, tmp_path, capsys):
    again = ["--millimetres-per-pixel", "2", "--standard", "fhwa-ltpp", "--overwrite"]
    assert run(["measure", str(new), *again]) == 0
    said = compare_surveys(read_results(old), read_results(new)).warnings
    assert run(["measure", str(new), "--millimetres-per-pixel", "2", "--overwrite"]) == 0
    assert any("different standards (astm-d6433; now fhwa-ltpp)" in warning for warning in said)
    assert any(warning.startswith("Of the new survey: ") for warning in said)


def test_a_folder_without_a_survey_says_what_to_do(old, tmp_path):
    (tmp_path / "results.json").write_text((old / "results.json").read_text())
    with pytest.raises(DataError, match="upcracknet map"):
        compare_surveys(read_results(old), read_results(tmp_path))
