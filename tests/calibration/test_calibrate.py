import json

import pytest
from PIL import Image

from upcracknet.baselines.riad import RIADNetwork
from upcracknet.calibration import calibrate
from upcracknet.data.synthetic import synthesize_road
from upcracknet.errors import ConfigurationError
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


# The figures of both tests are those of commit c8fa702, before calibration became a room.


def test_a_restorer_gets_the_settings_that_find_painted_cracks_best(clean, small_model, tmp_path):
    output = tmp_path / "calibrated" / "mine.safetensors"
    report = calibrate(small_model, output, photos=str(clean), roads=2, half_precision=True)
    assert report["chosen"] == {
        "statistics": "image",
        "dropout": False,
        "error": "absolute",
        "center": False,
        "filter_diameter": 5,
        "sigma_color": 0.3,
        "sigma_space": 1.5,
        "eight_bit": False,
        "minimum_extent": 8,
        "level_floor": pytest.approx(0.084829, abs=1e-5),
        "input_size": 64,
    }
    assert report["warning"] is None
    assert len(report["comparisons"]) == 256
    ious = [comparison["painted"]["iou"] for comparison in report["comparisons"]]
    assert ious == sorted(ious, reverse=True)
    first, second = report["comparisons"][:2]
    assert first["settings"]["level_floor"] == 0  # better still, but it finds cracks on every clean road
    assert (first["painted"]["iou"], first["synthetic"]["iou"]) == pytest.approx((0.6141, 0.0164), abs=1e-4)
    assert second["false_alarm_share"] == 0.005
    assert second["painted"] == pytest.approx(
        {"precision": 0.8893, "recall": 0.6202, "accuracy": 0.9986, "f1": 0.7307, "iou": 0.5758}, abs=1e-4
    )
    assert report["comparisons"][-1]["painted"]["iou"] == pytest.approx(0.00671, abs=1e-5)
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
    settings = {"score": "mask", "scales": [1.0], "flips": False}
    assert report["chosen"] == settings | {"level": 0.8, "hysteresis": 0.0, "minimum_extent": 0}
    assert report["warning"] is None
    assert steps == [(1, 2), (2, 2)]
    assert len(report["comparisons"]) == 632
    best = report["comparisons"][0]
    assert {kind: scores["iou"] for kind, scores in best["painted"].items()} == pytest.approx(
        {"fine cracks": 0.4505, "cracks of any width": 0.5704, "at native size": 0.8457}, abs=1e-4
    )
    assert (best["false_alarms"], best["false_alarms_synthetic"]) == pytest.approx((0, 0.000842), abs=1e-6)
    worst = report["comparisons"][-1]
    assert worst["settings"] == settings | {
        "scales": (1.0,),
        "level": 0.1,
        "hysteresis": 0.0,
        "minimum_extent": 0,
    }
    assert worst["false_alarms_synthetic"] == pytest.approx(0.009082, abs=1e-6)
    tried = {
        (tuple(one["settings"]["scales"]), *list(one["settings"].values())[3:]): one
        for one in report["comparisons"]
    }
    strict = tried[(0.5, 1.0), 0.65, 0.95, 8]
    assert strict["painted"]["cracks of any width"]["iou"] == pytest.approx(0.4256, abs=1e-4)


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


def test_a_baseline_cannot_be_calibrated(tmp_path, clean):
    record = WeightsRecord("RIAD", {"widths": [2, 2, 2, 2, 2]}, {"input_size": 32}, {})
    save_weights(tmp_path / "riad.safetensors", RIADNetwork((2, 2, 2, 2, 2)).state_dict(), record)
    with pytest.raises(ConfigurationError, match="has no settings to choose"):
        calibrate(tmp_path / "riad.safetensors", tmp_path / "mine.safetensors", photos=str(clean))
