import json
import subprocess
import sys

import pytest
from tests.results.conftest import write_photos

from upcracknet.cli.console import EXIT_FAILED, EXIT_INCOMPLETE
from upcracknet.cli.main import run


@pytest.fixture
def out(tmp_path, capsys):
    """A result folder without measures."""
    photos, folder = write_photos(tmp_path / "photos", 2), tmp_path / "out"
    words = ["detect", str(photos), "-o", str(folder), "--model", "local-contrast", "--no-measure"]
    assert run(words) == 0
    capsys.readouterr()
    return folder


def test_a_folder_is_measured(out, capsys):
    assert run(["measure", str(out), "--millimetres-per-pixel", "2", "--standard", "fhwa-ltpp"]) == 0
    printed = capsys.readouterr()
    report = json.loads(printed.out)
    assert (report["photos"], report["measured"], report["without_mask"]) == (2, 2, 0)
    assert report["crack_length_m"] == pytest.approx(0.46, rel=0.1)
    assert list(report["severity_length_m"]) == ["moderate"]
    rows = [line.split() for line in printed.err.splitlines() if ".png" in line]
    assert {row[0] for row in rows} == {"day-0/000.png", "day-1/001.png"}
    assert all("m" in row and "mm" in row and "moderate" in row for row in rows)
    assert "measuring" in printed.err


def test_without_a_scale_the_table_has_pixels(out, capsys):
    assert run(["measure", str(out)]) == 0
    (row,) = (line.split() for line in capsys.readouterr().err.splitlines() if "000.png" in line)
    assert "px" in row and "m" not in row and row.count("–") == 2


def test_a_mask_that_is_gone(out, capsys):
    (out / "masks" / "day-0" / "000.png.png").unlink()
    assert run(["measure", str(out)]) == EXIT_INCOMPLETE
    printed = capsys.readouterr()
    assert json.loads(printed.out)["without_mask"] == 1
    assert "000.png: its mask is gone; run `upcracknet detect` again" in printed.err


def test_a_record_that_is_damaged(out, capsys):
    (out / "records" / "day-0" / "000.png.json").write_text("{")
    assert run(["measure", str(out)]) == EXIT_INCOMPLETE
    assert "day-0/000.png: its record is damaged; run `upcracknet detect` again" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--scale", "scale.json", "--millimetres-per-pixel", "2"], "give one of them"),
        (["--gpx", "nothing.gpx"], "nothing.gpx: no such file"),
    ],
)
def test_impossible_options(out, capsys, words, message):
    assert run(["measure", str(out), *words]) == EXIT_FAILED
    assert message in capsys.readouterr().err


def test_no_result_folder(tmp_path, capsys):
    assert run(["measure", str(tmp_path)]) == EXIT_FAILED
    assert "no result folder" in capsys.readouterr().err


def test_no_measuring_with_options_of_it(tmp_path, capsys):
    photos = write_photos(tmp_path / "photos", 1)
    words = [
        "detect",
        str(photos),
        "-o",
        str(tmp_path / "out"),
        "--no-measure",
        "--millimetres-per-pixel",
        "2",
    ]
    assert run(words) == EXIT_FAILED
    assert "--no-measure and options of measuring" in capsys.readouterr().err


def test_no_network_is_loaded():
    script = "import sys; import upcracknet.cli.measure; print('torch' in sys.modules, 'cv2' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["False", "True"]
