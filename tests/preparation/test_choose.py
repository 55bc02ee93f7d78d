from dataclasses import replace

import numpy as np
import pytest

from upcracknet.baselines.classical import LocalContrast
from upcracknet.data.dataset import Sample
from upcracknet.data.photo import save_image_atomically
from upcracknet.detection import CrackDetector, Threshold
from upcracknet.errors import ConfigurationError, DataError
from upcracknet.preparation import (
    Choice,
    ClassifierTraining,
    PreparationSettings,
    choose_undamaged,
    measure_purity,
    score_photos,
    windows_by_chance,
)

DETECTOR = CrackDetector(LocalContrast(), Threshold(level=0.15, minimum_extent=8))
SETTINGS = PreparationSettings(count=10, sizes=(64, 96), rounds=2, per_photo=4, seed=1)
QUICK = ClassifierTraining(painted=24, real=8, steps=40)


def choose(samples, settings=SETTINGS, training=QUICK, **options) -> Choice:
    return choose_undamaged(score_photos(samples, DETECTOR), settings, training, **options)


def places(choice):
    return [(ranked.sample, ranked.window) for ranked in choice.chosen]


def test_the_choice_is_purer_than_chance_and_leaves_out_the_photo_full_of_cracks(cracked_roads):
    stages = {}
    choice = choose(cracked_roads, progress=lambda stage, done, total: stages.update({stage: (done, total)}))
    purity = measure_purity(places(choice))
    chance = measure_purity(windows_by_chance(places(choice), cracked_roads, 0))
    assert len(choice.chosen) == 10
    assert purity.without_cracks >= 0.9
    assert purity.without_cracks > chance.without_cracks + 0.2
    assert cracked_roads[-1] not in {sample for sample, _ in places(choice)}
    assert cracked_roads[-1] in {ranked.sample for ranked in choice.rejected}
    assert set(stages) == {
        f"round {number}: {work}" for number in (1, 2) for work in ("painting", "learning", "looking again")
    }
    assert all(done == total for done, total in stages.values())
    for ranked in choice.chosen:
        assert ranked.crackness <= choice.limit <= 0.5
        assert ranked.probability <= 0.5
        assert ranked.first_round in (0, 1, 2)
        assert not ranked.cracked
    for ranked in choice.rejected:
        assert ranked.crackness > choice.limit or ranked.probability > 0.5 or ranked.cracked


def test_no_window_in_which_the_detector_marks_a_crack_is_chosen(cracked_roads):
    choice = choose(cracked_roads, replace(SETTINGS, count=500, per_photo=100, rounds=0))
    assert 0 < len(choice.chosen) < 500
    assert 0 < choice.refused < choice.windows
    for sample, window in places(choice):
        marked = DETECTOR.detect(sample.photo()).mask[max(window.top - 4, 0) :, max(window.left - 4, 0) :]
        assert not marked[: window.height + 4, : window.width + 4].any()


def test_a_photo_full_of_cracks_gives_no_window_and_nothing_is_learned(cracked_roads):
    stages = []
    choice = choose(cracked_roads[-1:], progress=lambda stage, done, total: stages.append(stage))
    assert not choice.chosen
    assert choice.refused == choice.windows > 0
    assert len(choice.rejected) == 1
    assert not stages


def test_masks_are_not_opened(cracked_roads, monkeypatch):
    """The same photos without masks, and with masks whose opening fails."""
    monkeypatch.setattr(Sample, "mask", lambda sample: pytest.fail(f"opened the mask of {sample.name}"))
    once = replace(SETTINGS, rounds=1)
    without = [replace(sample, mask_path=None) for sample in cracked_roads]
    chosen = [
        [(ranked.sample.name, ranked.window, ranked.probability) for ranked in choice.chosen]
        for choice in (choose(samples, once) for samples in (cracked_roads, without))
    ]
    assert chosen[0] == chosen[1] != []


def test_without_rounds_the_detector_decides_alone(cracked_roads):
    choice = choose(cracked_roads, replace(SETTINGS, rounds=0))
    scores = [ranked.detector_score for ranked in choice.chosen]
    assert scores == sorted(scores, reverse=True)
    assert {ranked.probability for ranked in choice.chosen} == {None}
    assert {ranked.first_round for ranked in choice.chosen} == {0}


def test_flat_windows_and_small_photos_are_left_out(tmp_path, cracked_roads):
    save_image_atomically(tmp_path / "white.png", np.full((96, 96, 3), 255, np.uint8))
    save_image_atomically(tmp_path / "small.png", np.zeros((40, 400, 3), np.uint8))
    others = [Sample(name, tmp_path / f"{name}.png") for name in ("white", "small")]
    settings = replace(SETTINGS, rounds=0)
    choice = choose([*cracked_roads, *others], settings)
    assert not {"white", "small"} & {ranked.sample.name for ranked in (*choice.chosen, *choice.rejected)}
    assert not choose(others, settings).chosen
    with pytest.raises(DataError, match="none of 1 photos holds a window of 64 pixels"):
        choose(others[1:], settings)


def test_all_impossible_settings_are_listed_at_once():
    with pytest.raises(ConfigurationError) as caught:
        PreparationSettings(count=0, sizes=(48, 130, 128), rounds=-1, per_photo=0, seed=-1)
    message = str(caught.value)
    for part in ("count is 0", "size is 48", "size is 130", "rounds is -1", "per photo is 0", "seed is -1"):
        assert part in message
    assert "128" not in message


def test_no_sizes():
    with pytest.raises(ConfigurationError, match="number of sizes is 0"):
        PreparationSettings(sizes=())
