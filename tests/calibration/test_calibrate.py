import json
from statistics import fmean

import pytest
from PIL import Image

from upcracknet.baselines.riad import RIADNetwork
from upcracknet.calibration import calibrate
from upcracknet.calibration.crack_remover import FALSE_ALARM_SHARE, PAINTINGS
from upcracknet.data.synthetic import synthesize_road
from upcracknet.errors import ConfigurationError, OutputError
from upcracknet.networks import CrackRemover
from upcracknet.weights import WeightsRecord, load_weights, save_weights


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    """A folder of crack-free photos."""
    folder = tmp_path_factory.mktemp("clean")
    for seed in range(4):
        road = synthesize_road(seed, 128, 160, cracks=False, distractors=False).photo
        Image.fromarray(road).save(folder / f"{seed}.png")
    return folder


def test_a_restorer_gets_the_settings_that_find_painted_cracks_best(clean, small_model, tmp_path):
    output = tmp_path / "calibrated" / "mine.safetensors"
    report = calibrate(small_model, output, photos=str(clean), roads=2, half_precision=True)
    assert report["warning"] is None
    assert len(report["comparisons"]) == 256
    ious = [comparison["painted"]["iou"] for comparison in report["comparisons"]]
    assert ious == sorted(ious, reverse=True)
    assert ious[0] > 2 * ious[-1]
    # Settings that find cracks on every clean road do not count, however well they find painted ones.
    clean_enough = [one for one in report["comparisons"] if one["false_alarm_share"] < 1]
    assert report["chosen"] == clean_enough[0]["settings"] | {"input_size": 64}
    assert report["chosen"]["level_floor"] > 0
    tensors, record = load_weights(output)
    original, _ = load_weights(small_model)
    assert (record.detection, record.sha256) == (report["chosen"], report["sha256"])
    assert all(abs(tensors[name] - original[name]).max() < 1e-3 for name in original)
    assert json.loads(output.with_suffix(".calibration.json").read_text()) == report


def test_a_crack_remover_gets_the_settings_that_leave_clean_roads_clean(clean, tmp_path):
    steps = []
    report = calibrate(
        "default",
        tmp_path / "mine.safetensors",
        photos=str(clean),
        roads=2,
        scales=[(1.0,), (0.5, 1.0)],
        progress=lambda *step: steps.append(step),
    )
    assert report["warning"] is None
    assert steps == [(1, 2), (2, 2)]
    tried = report["comparisons"]
    assert {one["settings"]["scales"] for one in tried} == {(1.0,), (0.5, 1.0)}
    false = [max(one["false_alarms"], one["false_alarms_synthetic"]) for one in tried]
    iou = [fmean(scores["iou"] for scores in one["painted"].values()) for one in tried]
    number = sum(share <= FALSE_ALARM_SHARE for share in false)
    assert 0 < number < len(tried)
    assert max(false[:number]) <= FALSE_ALARM_SHARE < min(false[number:])
    assert iou[:number] == sorted(iou[:number], reverse=True)
    assert iou[0] > 0.2
    assert report["chosen"] == tried[0]["settings"] | {"scales": list(tried[0]["settings"]["scales"])}
    assert set(tried[0]["painted"]) == set(PAINTINGS)


def test_a_run_says_itself_what_it_learned_from(clean, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    record = WeightsRecord("CrackRemover", {"widths": [4, 6, 8]}, {}, {"seed": 3})
    save_weights(run / "crack-remover.safetensors", CrackRemover((4, 6, 8)).state_dict(), record)
    (run / "configuration.yaml").write_text(
        f"method: crack-remover\ndata: {{photos: ['{clean}'], window_sizes: [96], validation_share: 0.5}}\n"
    )
    calibrate(run, tmp_path / "mine.safetensors", roads=1, scales=[(1.0,)])
    _, written = load_weights(tmp_path / "mine.safetensors")
    assert written.provenance["seed"] == 3
    assert written.provenance["configuration"]["data"]["photos"] == [str(clean)]


def test_what_has_no_settings_to_choose_is_refused(tmp_path, small_model, clean):
    output = tmp_path / "mine.safetensors"
    with pytest.raises(ConfigurationError, match="leave --scales out"):
        calibrate(small_model, output, photos=str(clean), scales=[(1.0,)])
    with pytest.raises(ConfigurationError, match="give --photos"):
        calibrate(small_model, output)
    with pytest.raises(ConfigurationError, match=r"ends in \.safetensors"):
        calibrate(small_model, tmp_path / "mine.pt", photos=str(clean))
    run = tmp_path / "run"
    run.mkdir()
    record = WeightsRecord("CrackRemover", {"widths": [4, 6, 8]}, {}, {})
    save_weights(run / "crack-remover.safetensors", CrackRemover((4, 6, 8)).state_dict(), record)
    (run / "configuration.yaml").write_text("method: crack-remover\ndata: {photos: []}\n")
    with pytest.raises(ConfigurationError, match="learned from no photos of sound road; give --photos"):
        calibrate(run, output)
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="file"):
        calibrate(small_model, tmp_path / "file" / "mine.safetensors", photos=str(clean))


def test_a_baseline_cannot_be_calibrated(tmp_path, clean):
    record = WeightsRecord("RIAD", {"widths": [2, 2, 2, 2, 2]}, {"input_size": 32}, {})
    save_weights(tmp_path / "riad.safetensors", RIADNetwork((2, 2, 2, 2, 2)).state_dict(), record)
    with pytest.raises(ConfigurationError, match="has no settings to choose"):
        calibrate(tmp_path / "riad.safetensors", tmp_path / "mine.safetensors", photos=str(clean))
