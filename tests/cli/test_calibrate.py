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


def test_a_model_is_written_with_the_settings_that_were_best(tmp_path, small_model, capsys):
    (tmp_path / "clean").mkdir()
    for seed in range(4):
        road = synthesize_road(seed, 96, 128, cracks=False, distractors=False).photo
        Image.fromarray(road).save(tmp_path / "clean" / f"{seed}.png")
    output = tmp_path / "calibrated" / "mine.safetensors"
    words = ["calibrate", str(small_model), "--output", str(output), "--photos", str(tmp_path / "clean")]
    assert run([*words, "--roads", "2", "--half-precision"]) == 0
    report = json.loads(capsys.readouterr().out)
    ious = [comparison["painted"]["iou"] for comparison in report["comparisons"]]
    assert ious == sorted(ious, reverse=True)
    assert report == json.loads(output.with_suffix(".calibration.json").read_text())
    tensors, record = load_weights(output)
    assert record.detection == report["chosen"]
    assert report["chosen"].pop("input_size") == 64
    assert record.detection["level_floor"] > 0
    assert report["chosen"] in [comparison["settings"] for comparison in report["comparisons"]]
    original, _ = load_weights(small_model)
    assert all(abs(tensors[name] - original[name]).max() < 1e-3 for name in original)


def test_a_name_that_is_no_weights_file_is_refused(tmp_path, small_model, capsys):
    assert (
        run(["calibrate", str(small_model), "-o", str(tmp_path / "mine.pt"), "--photos", str(tmp_path)]) == 1
    )
    assert "expected a name that ends in .safetensors" in capsys.readouterr().err


def test_an_output_folder_that_cannot_be_made_is_one_clear_error(tmp_path, small_model, capsys):
    (tmp_path / "clean").mkdir()
    for seed in range(2):
        road = synthesize_road(seed, 96, 128, cracks=False, distractors=False).photo
        Image.fromarray(road).save(tmp_path / "clean" / f"{seed}.png")
    (tmp_path / "file").write_text("not a folder")
    output = tmp_path / "file" / "mine.safetensors"
    words = ["calibrate", str(small_model), "-o", str(output), "--photos", str(tmp_path / "clean")]
    assert run([*words, "--roads", "1"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "error: " in printed.err
    assert "cannot be written" in printed.err


def test_a_bare_weights_file_needs_photos(tmp_path, small_model, capsys):
    assert run(["calibrate", str(small_model), "-o", str(tmp_path / "mine.safetensors")]) == 1
    assert "give --photos" in capsys.readouterr().err


def test_a_crack_remover_is_calibrated_on_photos_without_cracks(tmp_path, small_remover, capsys):
    (tmp_path / "clean").mkdir()
    for seed in range(4):
        road = synthesize_road(seed, 128, 160, cracks=False, distractors=False).photo
        Image.fromarray(road).save(tmp_path / "clean" / f"{seed}.png")
    output = tmp_path / "mine.safetensors"
    words = ["calibrate", str(small_remover), "--output", str(output), "--photos", str(tmp_path / "clean")]
    assert run([*words, "--roads", "2", "--scales", "1", "1,0.5"]) == 0
    report = json.loads(capsys.readouterr().out)
    tried = {tuple(comparison["settings"]["scales"]) for comparison in report["comparisons"]}
    assert tried == {(1.0,), (0.5, 1.0)}
    _, written = load_weights(output)
    assert written.detection == report["chosen"] == report["comparisons"][0]["settings"]
    assert written.provenance == {"seed": 3}
    assert {"painted", "false_alarms", "false_alarms_synthetic"} < set(report["comparisons"][0])


@pytest.mark.parametrize("sizes", ["half", "0", "1,,2", "5", "nan"])
def test_impossible_scales_are_refused(sizes, tmp_path, small_remover, capsys):
    words = ["calibrate", str(small_remover), "-o", str(tmp_path / "mine.safetensors"), "--scales", sizes]
    assert run(words) == 1
    assert f"--scales {sizes}: expected factors above 0" in capsys.readouterr().err


def test_a_restorer_has_no_scales_to_choose(tmp_path, small_model, capsys):
    words = ["calibrate", str(small_model), "-o", str(tmp_path / "mine.safetensors"), "--scales", "1"]
    assert run(words) == 1
    assert "leave --scales out" in capsys.readouterr().err
