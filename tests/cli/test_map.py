import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import ExifTags, Image
from tests.survey.drawn_surveys import measured_photo, writable

from upcracknet.cli.console import EXIT_FAILED, EXIT_INCOMPLETE
from upcracknet.cli.main import run
from upcracknet.files import stamp_of_file
from upcracknet.results.records import Record

GPS = ExifTags.GPS


def give_exif(out, record: Record, latitude: float) -> None:
    """Turn a photo into one that knows where it was taken."""
    exif = Image.Exif()
    exif[ExifTags.IFD.GPSInfo] = {
        GPS.GPSLatitudeRef: "N",
        GPS.GPSLatitude: (latitude, 0.0, 0.0),
        GPS.GPSLongitudeRef: "E",
        GPS.GPSLongitude: (9.0, 0.0, 0.0),
    }
    Image.new("RGB", (400, 300)).save(record.photo, exif=exif)
    writable(out).finish(replace(record, stamp=stamp_of_file(Path(record.photo))))


@pytest.fixture
def out(tmp_path):
    """Two photos along a road that know where they were taken."""
    for number in range(2):
        photo = measured_photo(tmp_path / "out", f"{number}.jpg")
        give_exif(tmp_path / "out", photo.record, 48 + number * 1e-4)
    return tmp_path / "out"


def test_photos_with_positions_need_no_option(out, capsys):
    assert run(["map", str(out)]) == 0
    printed = capsys.readouterr()
    report = json.loads(printed.out)
    assert (report["photos"], report["with_place"], report["without_place"]) == (2, 2, 0)
    assert report["cracks_at_photos"] == 2
    assert report["sections"] == 1
    assert report["output"] == str(out)
    assert "mapping" in printed.err and "4/4" in printed.err  # each photo is summed up, and written
    for name in ("survey.json", "survey.gpkg", "cracks.geojson", "sections.csv"):
        assert (out / name).stat().st_size


def test_a_photo_without_a_place_is_counted(out, capsys):
    measured_photo(out, "nowhere.jpg")
    assert run(["map", str(out)]) == EXIT_INCOMPLETE
    report = json.loads(capsys.readouterr().out)
    assert (report["photos"], report["with_place"], report["without_place"]) == (3, 2, 1)


def test_the_log_of_the_results_names_it(out):
    run(["map", str(out)])
    written = (out / "log.txt").read_text()
    assert "begins: upcracknet map" in written and "settings: SurveyOptions" in written
    assert "less than a sample unit" in written and written.endswith("ended\n")


def test_photos_are_not_written_to(out):
    before = {path: path.read_bytes() for path in (out.parent / "photos").iterdir()}
    assert run(["map", str(out)]) == 0
    assert {path: path.read_bytes() for path in (out.parent / "photos").iterdir()} == before


def test_the_same_command_again_replaces_its_files(out):
    def lengths() -> set[float]:
        rows = csv.DictReader((out / "sections_summary.csv").read_text().splitlines())
        return {float(row["to_m"]) - float(row["from_m"]) for row in rows}

    assert run(["map", str(out)]) == 0
    assert max(lengths()) > 5
    assert run(["map", str(out), "--section-length", "5m"]) == 0
    assert max(lengths()) == pytest.approx(5)


@pytest.mark.parametrize("name", ["survey.gpkg", "cracks.geojson", "sections.csv", "sections_summary.csv"])
def test_files_of_others_stay(out, capsys, name):
    (out / name).write_text("mine")
    assert run(["map", str(out)]) == EXIT_FAILED
    assert f"{name}: in the way, and not written by `upcracknet map`" in capsys.readouterr().err.replace(
        "\n", ""
    )
    assert (out / name).read_text() == "mine"
    assert not (out / "survey.json").exists()


def test_no_result_folder(tmp_path, capsys):
    assert run(["map", str(tmp_path)]) == EXIT_FAILED
    assert "no result folder" in capsys.readouterr().err


def test_a_package_that_is_missing(out, capsys, monkeypatch):
    monkeypatch.setattr(
        "upcracknet.survey.map_files.find_spec", lambda name: None if name == "pyogrio" else name
    )
    assert run(["map", str(out)]) == EXIT_FAILED
    assert (
        "maps need pyogrio; install them with `pip install 'upcracknet[survey]'`" in capsys.readouterr().err
    )


def test_no_bar_stands_above_an_error_before_anything_began(tmp_path, capsys):
    assert run(["map", str(tmp_path / "none")]) == EXIT_FAILED
    message = capsys.readouterr().err
    assert "no result folder" in message and "mapping" not in message
