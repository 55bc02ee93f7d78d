import json
import sys
from pathlib import Path

import pytest
import torch

from upcracknet.cli.main import run
from upcracknet.detection import pretrained
from upcracknet.errors import ConfigurationError, WeightsError
from upcracknet.libraries import Library
from upcracknet.results import DetectionOptions, installation
from upcracknet.results.loading import load

INSTALLED = [
    Library("numpy", None, "installed", "2.0"),
    Library("openvino", "runtime", "installed", "2025.0"),
]


@pytest.fixture
def doctor(monkeypatch, capsys):
    """What the command answers where these libraries are installed: exit code and output."""

    def answer(*words, libraries=INSTALLED):
        monkeypatch.setattr("upcracknet.cli.doctor.examine_libraries", lambda: libraries)
        code = run(["doctor", *words])
        printed = capsys.readouterr()
        assert printed.err == ""
        return code, printed.out

    return answer


def test_it_says_what_runs_what_is_there_and_what_is_missing(doctor, monkeypatch, tiny_deepcrack):
    monkeypatch.setenv("UPCRACKNET_DATA", str(tiny_deepcrack))
    missing = Library("av", "video", "missing")
    broken = Library("rasterio", "survey", "broken", "1.4", "ImportError: libgdal.so.36")
    code, text = doctor("--model", "sauvola", libraries=[*INSTALLED, missing, broken])
    assert code == 0
    assert "runs on the processor by torch in fp32" in text
    assert "a classical method has no network" in text
    lines = [line.split(maxsplit=1) for line in text.splitlines() if line.startswith("  ")]
    said = {words[0]: words[1] for words in lines if len(words) == 2}
    assert said["av"] == "missing; run pip install 'upcracknet[video]'"
    assert said["rasterio"].startswith("broken; 1.4; ImportError: libgdal.so.36; run pip install --force")
    assert said["openvino"] == "installed; 2025.0"
    assert said["default"].startswith("whole, sha256 ")
    assert "2 deepcrack test" in said["deepcrack"]
    assert said["python"] == sys.version.split()[0]
    assert "Detection works." in text


def test_json_says_the_same(doctor, monkeypatch):
    monkeypatch.delenv("UPCRACKNET_DATA", raising=False)
    code, text = doctor("--model", "sauvola", "--json")
    found = json.loads(text)
    assert (code, found["works"], found["problems"]) == (0, True, [])
    assert found["machine"]["threads"] == torch.get_num_threads()
    assert found["detection"]["runtime"] == "torch"
    assert "UPCRACKNET_DATA" in found["datasets"]["problem"]
    assert [library["name"] for library in found["libraries"]] == ["numpy", "openvino"]


def test_without_a_library_that_all_needs_it_says_so_and_tries_no_more(doctor):
    lost = Library("torch", None, "broken", "2.6", "OSError: libc10.so: undefined symbol")
    code, text = doctor(libraries=[lost])
    assert code == 1
    assert "broken: torch is broken; run pip install --force-reinstall torch" in text
    assert "Shipped weights" not in text


def test_what_detection_could_not_do_is_a_problem(doctor):
    code, text = doctor("--model", str(Path.home() / "lost.safetensors"), "--json")
    assert code == 1
    (problem,) = json.loads(text)["problems"]
    assert problem.startswith("~/lost.safetensors")
    assert str(Path.home()) not in text


def test_damaged_weights_are_a_problem(doctor, monkeypatch):
    def damaged(path):
        raise WeightsError(f"{path.name}: the checksum is wrong")

    monkeypatch.setattr(installation, "load_weights", damaged)
    code, text = doctor("--model", "sauvola")
    assert code == 1
    assert "broken: default: default.safetensors: the checksum is wrong" in text


def test_the_engine_is_the_one_that_detection_takes(small_model):
    options = DetectionOptions(model=str(small_model), runtime="torch")
    said = installation.engine_taken(options, [])
    _, settings, runs = load(options)
    assert (said["runtime"], said["precision"]) == (
        settings.detection["runtime"],
        settings.detection["precision"],
    )
    assert said["runs"] == runs
    assert said["why"] == "torch was asked for"


def test_why_the_fastest_engine_was_not_taken(small_model, monkeypatch):
    pytest.importorskip("openvino")

    def broken(*given, **options):
        raise ConfigurationError("its library is of another processor")

    monkeypatch.setattr(pretrained, "accelerated", broken)
    said = installation.engine_taken(DetectionOptions(model=str(small_model), device="cpu"), [])
    assert said["runtime"] == "torch"
    assert (
        said["why"] == "openvino is installed and cannot run this model: its library is of another processor"
    )


def test_an_engine_that_ends_the_process_is_not_loaded(small_model, monkeypatch):
    fatal = Library("openvino", "runtime", "broken", "2025.0", "ends the process (code -11)", fatal=True)
    said = installation.engine_taken(DetectionOptions(model=str(small_model)), [fatal])
    assert "openvino" in said["problem"]
    asked = DetectionOptions(model=str(small_model), runtime="torch")
    assert installation.engine_taken(asked, [fatal])["problem"] is None
