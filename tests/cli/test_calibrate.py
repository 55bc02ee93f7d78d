import json

import pytest
from PIL import Image

from upcracknet.cli.main import run
from upcracknet.data.synthetic import synthesize_road
from upcracknet.networks import CrackRemover
from upcracknet.weights import WeightsRecord, load_weights, save_weights


@pytest.fixture
def small_remover(tmp_path):
    """Weights of a tiny crack remover."""
    path = tmp_path / "remover.safetensors"
    record = WeightsRecord("CrackRemover", {"widths": [4, 6, 8]}, {}, {"seed": 3})
    save_weights(path, CrackRemover((4, 6, 8)).state_dict(), record)
    return path


@pytest.fixture
def clean(tmp_path):
    """A folder of crack-free photos."""
    folder = tmp_path / "clean"
    folder.mkdir()
    for seed in range(2):
        road = synthesize_road(seed, 128, 160, cracks=False, distractors=False).photo
        Image.fromarray(road).save(folder / f"{seed}.png")
    return folder


def test_the_report_is_printed_and_lies_beside_the_weights(tmp_path, small_remover, clean, capsys):
    output = tmp_path / "mine.safetensors"
    words = ["calibrate", str(small_remover), "--output", str(output), "--photos", str(clean)]
    assert run([*words, "--roads", "2", "--scales", "1", "1,0.5"]) == 0
    printed = capsys.readouterr()
    report = json.loads(printed.out)
    assert report == json.loads(output.with_suffix(".calibration.json").read_text())
    tried = {tuple(comparison["settings"]["scales"]) for comparison in report["comparisons"]}
    assert tried == {(1.0,), (0.5, 1.0)}
    _, written = load_weights(output)
    assert written.detection == report["chosen"] == report["comparisons"][0]["settings"]
    assert written.provenance == {"seed": 3}
    assert "comparing settings" in printed.err


def test_an_output_folder_that_cannot_be_made_is_one_clear_error(tmp_path, small_remover, clean, capsys):
    (tmp_path / "file").write_text("not a folder")
    output = tmp_path / "file" / "mine.safetensors"
    words = ["calibrate", str(small_remover), "-o", str(output), "--photos", str(clean), "--scales", "1"]
    assert run([*words, "--roads", "1"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert f"{output.parent} is no folder; choose another folder" in printed.err


@pytest.mark.parametrize("sizes", ["half", "0", "1,,2", "5", "nan"])
def test_impossible_scales_are_refused(sizes, tmp_path, small_remover, capsys):
    words = ["calibrate", str(small_remover), "-o", str(tmp_path / "mine.safetensors"), "--scales", sizes]
    assert run(words) == 1
    assert f"--scales {sizes}: expected factors above 0" in capsys.readouterr().err
