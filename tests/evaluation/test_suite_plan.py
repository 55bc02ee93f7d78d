from pathlib import Path

import pytest

from upcracknet.detection import CrackDetector, Threshold
from upcracknet.errors import WeightsError
from upcracknet.evaluation.suite_plan import CLEAN_NAMES, Subject, plan_suite, subjects_for
from upcracknet.weights import load_weights


def test_the_model_asked_for_comes_first_and_none_comes_twice(small_model: Path) -> None:
    assert [subject.label for subject in subjects_for(str(small_model))] == [
        *(str(small_model), "paper", "local-contrast")
    ]
    assert [subject.label for subject in subjects_for("paper")] == ["paper", "local-contrast"]
    assert [subject.label for subject in subjects_for("paper", "authors")] == [
        *("paper, preset authors", "paper", "local-contrast")
    ]
    assert [subject.label for subject in subjects_for("local-contrast")] == ["local-contrast", "paper"]
    with pytest.raises(WeightsError, match="no such model"):
        subjects_for("nothing")


def test_a_subject_names_all_that_its_figures_need(small_model: Path) -> None:
    subject = Subject.open(str(small_model))
    assert subject.record() == {
        "model": str(small_model),
        "name": "UP-CrackNet (small, not calibrated)",
        "sha256": load_weights(small_model)[1].sha256,
        "trained_on": "none",
        "threshold_rule": "Otsu on each photo",
    }
    assert Subject.open("local-contrast").record()["sha256"] is None


def test_the_key_tells_thresholds_and_settings_apart(detector: CrackDetector, small_model: Path) -> None:
    other = CrackDetector(detector.scorer, Threshold(0.6))
    assert Subject("a", detector).key() != Subject("a", other).key()
    assert Subject("a", detector).key() == Subject("a", detector).key()
    presets = [Subject.open(str(small_model), preset).key()["settings"] for preset in (None, "authors")]
    assert presets[0] != presets[1]


def test_what_is_compared_is_spared_all_that_no_claim_needs(
    tiny_deepcrack: Path, detector: CrackDetector
) -> None:
    (tiny_deepcrack / "Crack500").symlink_to(tiny_deepcrack / "DeepCrack")
    subjects = [Subject("ours", detector, "1"), Subject("paper", detector, "2"), Subject("simple", detector)]
    parts, missing = plan_suite(subjects, tiny_deepcrack)
    assert list(missing) == ["cfd"]
    titles = [part.title for part in parts]
    both = [f"{name}, {protocol}" for name in ("deepcrack", "crack500") for protocol in ("paper", "native")]
    assert titles == [
        *(f"ours: {on}" for on in (*both, *CLEAN_NAMES)),
        *(f"paper: {on}" for on in both[:3]),
        *(f"simple: {on}" for on in (*both, *CLEAN_NAMES)),
    ]
    names = [part.file_name for part in parts]
    assert len(set(names)) == len(names)
    assert names[0] == "ours-deepcrack-paper"
    assert Subject.open("local-contrast").label == "local-contrast"


def test_without_data_the_made_roads_are_left(
    tmp_path: Path, detector: CrackDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UPCRACKNET_DATA", raising=False)
    for root in (tmp_path, None):
        parts, missing = plan_suite([Subject("ours", detector)], root)
        assert [part.title for part in parts] == ["ours: synthetic roads"]
        assert list(missing) == ["deepcrack", "cfd", "crack500", "deepcrack-deduplicated"]
        assert all("upcracknet data download" in reason for reason in missing.values())
