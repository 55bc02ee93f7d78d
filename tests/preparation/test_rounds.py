from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from upcracknet.data.dataset import Sample
from upcracknet.data.photo import save_image_atomically
from upcracknet.errors import DataError
from upcracknet.preparation import (
    Choice,
    PreparationSettings,
    choose_undamaged,
    lessons,
    measure_purity,
    open_detector,
    rounds,
    survey_photos,
    windows_by_chance,
)
from upcracknet.preparation.classifier import train_classifier

SETTINGS = PreparationSettings(count=10, sizes=(64, 96), rounds=2, per_photo=4, seed=1)

pytestmark = pytest.mark.usefixtures("quick_lessons")


def choose(samples, settings=SETTINGS, **options) -> Choice:
    detector, _ = open_detector("local-contrast")
    return choose_undamaged(survey_photos(samples, detector), settings, **options)


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
    for ranked in choice.rejected:
        assert ranked.crackness > choice.limit or ranked.probability > 0.5


def test_masks_do_not_influence_the_choice(cracked_roads, monkeypatch):
    """The same photos without masks, with those of others, and with masks that cannot be read."""
    monkeypatch.setattr(lessons, "PAIRS", 4)  # that it learns little does not matter here
    monkeypatch.setattr(rounds, "train_classifier", partial(train_classifier, steps=4))
    exchanged = [
        replace(sample, mask_path=other.mask_path)
        for sample, other in zip(cracked_roads, reversed(cracked_roads), strict=True)
    ]
    without = [replace(sample, mask_path=None) for sample in cracked_roads]
    broken = [replace(sample, mask_path=sample.photo_path.with_suffix(".gone")) for sample in cracked_roads]
    quick = replace(SETTINGS, rounds=1)
    chosen = [
        [(ranked.sample.name, ranked.window, ranked.probability) for ranked in choose(samples, quick).chosen]
        for samples in (cracked_roads, exchanged, without, broken)
    ]
    assert chosen[0] == chosen[1] == chosen[2] == chosen[3]


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
