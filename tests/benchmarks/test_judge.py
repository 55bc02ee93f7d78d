import importlib
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from upcracknet.calibration.strata import WIDTHS, JudgedPhoto, Stratum
from upcracknet.data.dataset import CrackDataset
from upcracknet.data.registry import open_dataset
from upcracknet.detection import CrackDetector, CrackMap, Threshold

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
MODULES = ("agreement", "judging", "judge_tables", "judge")


@pytest.fixture(scope="module")
def modules():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        yield {name: importlib.import_module(name) for name in MODULES}


@pytest.fixture
def agreement(modules):
    return modules["agreement"]


@pytest.fixture
def judging(modules):
    return modules["judging"]


class Scored:
    """Scores each pixel by a rule."""

    name = "rule"
    input_size = None
    network = None
    padding = "reflect"

    def __init__(self, rule):
        self.rule = rule

    def with_network(self, network, name=None):
        return self

    def score(self, images: torch.Tensor) -> torch.Tensor:
        return self.rule(images)


def detector(rule) -> CrackDetector:
    return CrackDetector(Scored(rule), Threshold(0.5))


def dark(images: torch.Tensor) -> torch.Tensor:
    """Pixels under a middle grey that no change of contrast moves."""
    return (images.mean(dim=1) < 0.4).float()


def painted(widths=WIDTHS[2], megapixels=0.2) -> JudgedPhoto:
    cracks, unseen = np.zeros((160, 200), bool), np.zeros((160, 200), bool)
    cracks[40:50] = True
    unseen[20:24] = True
    photo = np.full((160, 200, 3), 150, np.uint8)
    return JudgedPhoto(Stratum(megapixels, widths, "deep", "asphalt"), photo, cracks, unseen, 5.0)


def compared(judging, photo, mask):
    return judging.compare(photo, CrackMap(photo.photo, mask.astype(np.float32), mask, 0.5))


def test_a_perfect_mask_has_all(judging):
    photo = painted()
    result = compared(judging, photo, photo.cracks)
    assert judging.pooled_iou([result]) == judging.recall([result]) == judging.pieces_found([result]) == 1
    assert judging.iou_at_levels([result])[judging.LEVELS // 2] == 1


def test_an_empty_mask_has_nothing(judging):
    photo = painted()
    result = compared(judging, photo, np.zeros_like(photo.cracks))
    assert judging.pooled_iou([result]) == judging.recall([result]) == judging.pieces_found([result]) == 0
    assert result.pieces == 7  # squares of 32 pixels


def test_marks_where_nobody_sees_a_crack_do_not_count(judging):
    photo = painted()
    assert compared(judging, photo, photo.cracks | photo.unseen).whole.false_positive == 0


def test_far_marks_count_against_the_photo_alone(judging):
    photo = painted()
    mask = photo.cracks.copy()
    mask[55:57] = True  # near
    mask[150:153] = True
    result = compared(judging, photo, mask)
    assert result.near.false_positive == 2 * 200
    assert result.whole.false_positive == 5 * 200


def test_a_piece_is_found_by_half(judging):
    photo = painted()
    mask = photo.cracks.copy()
    mask[:, :100] = False
    assert compared(judging, photo, mask).found == 4  # one of which for seven eighths
    rims = photo.cracks.copy()
    rims[42:48] = False
    assert compared(judging, photo, rims).found == 0


def test_all_widths_weigh_the_same(judging):
    perfect = [painted(WIDTHS[0]), painted(WIDTHS[0]), painted(WIDTHS[0], megapixels=2.0)]
    missed = painted(WIDTHS[1])
    results = [compared(judging, photo, photo.cracks) for photo in perfect]
    results.append(compared(judging, missed, np.zeros_like(missed.cracks)))
    assert judging.mean_over_widths(results, judging.pooled_iou) == 0.5


def test_the_clean_level_is_that_of_the_dirtiest_kind(judging):
    scores = np.linspace(0, 1, 10_000, dtype=np.float32).reshape(100, 100)
    photo = np.zeros((100, 100, 3), np.uint8)
    faint, strong = judging.Clean(), judging.Clean()
    faint.add(CrackMap(photo, scores / 2, scores > 1, 0.5))
    strong.add(CrackMap(photo, scores * 0.8, scores > 1, 0.5))
    level = judging.clean_level([faint, strong])
    assert judging.above(strong.scores)[level] <= 10 < judging.above(strong.scores)[level - 1]
    assert level == pytest.approx(0.8 * judging.LEVELS, abs=1)


@pytest.fixture
def photos():
    """A dark cross on a grey road, and a bare road."""
    road = np.random.default_rng(0).normal(150, 4, (160, 200, 3)).clip(0, 255).astype(np.uint8)
    cross = road.copy()
    cv2.line(cross, (100, 80), (40, 30), (30, 30, 30), 12)
    cv2.line(cross, (60, 120), (140, 60), (30, 30, 30), 12)
    return [cross, road]


def test_who_finds_the_same_in_every_change_agrees_with_itself(agreement, photos):
    found = list(agreement.agreements(detector(dark), photos))
    assert [one.change for one in found] == list(agreement.CHANGES)
    assert all(one.exact.annotated > 500 for one in found)
    for one in found:
        assert one.iou > (0.8 if one.change.group in ("size", "rotation") else 0.98), one.change.name
        assert one.tolerant_iou > 0.98, one.change.name


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_all_or_nothing_agrees_fully(agreement, photos, value):
    found = agreement.agreements(detector(lambda images: torch.full_like(images[:, 0], value)), photos)
    assert [one.iou for one in found] == [1] * len(agreement.CHANGES)


def test_a_change_is_noticed_by_what_depends_on_it(agreement, photos):
    def left_half(images):
        score = torch.zeros_like(images[:, 0])
        score[..., : images.shape[-1] // 2] = 1
        return score

    def small_alone(images):
        return torch.full_like(images[:, 0], float(images.shape[-1] <= 200))

    by_name = {one.change.name: one.iou for one in agreement.agreements(detector(left_half), photos)}
    assert by_name["90°"] < 0.5
    assert by_name["30°"] < 0.8
    assert by_name["×2"] == 1
    by_name = {one.change.name: one.iou for one in agreement.agreements(detector(small_alone), photos)}
    assert (by_name["×2"], by_name["×4"], by_name["30°"]) == (0, 0, 1)


@pytest.fixture
def judgement(modules, monkeypatch, tiny_deepcrack):
    """A detector judged on a few small photos."""
    judge, strata = modules["judge"], [Stratum(0.2, widths, "deep", "asphalt") for widths in WIDTHS[1:3]]
    monkeypatch.setattr(judge, "painted_strata", lambda surfaces, quick=False: strata)
    monkeypatch.setattr(judge, "QUICK", judge.Amount(roads=1, pictures=1, photos=3))
    monkeypatch.setattr("upcracknet.calibration.strata.WINDOW_SIZES", (160,))
    opened = open_dataset("deepcrack", tiny_deepcrack)
    datasets = [CrackDataset("deepcrack", "test", opened.root, opened.samples)]
    found = modules["judging"].Judgement("rule", None, "fixed at 0.5", "torch fp32")
    parts = list(judge.judge([(detector(dark), found)], datasets, quick=True))
    assert len(parts) == 4
    return found


def test_every_part_is_judged(modules, judgement):
    assert [result.stratum.widths for result in judgement.painted] == list(WIDTHS[1:3])
    assert set(judgement.clean) == {"windows of deepcrack", "synthetic roads"}
    assert {len(marked) for marked in judgement.things.values()} == {1}
    assert len(judgement.agreements) == len(modules["agreement"].CHANGES)


def test_the_report_holds_what_was_found(modules, judgement):
    tables, judging = modules["judge_tables"], modules["judging"]
    record = json.loads(json.dumps(tables.summary(judgement)))
    assert record["painted_iou"] == judging.mean_over_widths(judgement.painted, judging.pooled_iou)
    assert record["worst_iou"] <= record["painted_iou"] <= record["best_iou"]
    assert record["false_alarm_pixels"] == max(
        clean.pixels_marked / clean.pixels for clean in judgement.clean.values()
    )
    text = tables.report([judgement], quick=True)
    assert f"| `rule` | {100 * record['painted_iou']:.1f} |" in text
    for name in ("2.5 to 5", "5 to 12", "synthetic roads", "sealed crack", "contrast ×2.4"):
        assert name in text
