from pathlib import Path

import pytest
import torch

from upcracknet.data.dataset import open_dataset
from upcracknet.detection import CrackDetector, Threshold
from upcracknet.evaluation import NATIVE, PAPER, evaluate, false_alarms
from upcracknet.evaluation.suite import SuiteResult, run_suite
from upcracknet.evaluation.suite_parts import PartStore
from upcracknet.evaluation.suite_plan import Subject


class Counting:
    """Scores a pixel by how dark it is, counts its calls, and is interrupted at one of them if asked."""

    name = "darkness"
    input_size = None

    def __init__(self, interrupted_at: int = -1) -> None:
        self.calls, self.interrupted_at = 0, interrupted_at

    def score(self, images: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        if self.calls == self.interrupted_at:
            raise KeyboardInterrupt
        return 1 - images.mean(dim=1)


def subject(scorer: Counting, level: float = 0.5) -> Subject:
    return Subject("darkness", CrackDetector(scorer, Threshold(level)))


@pytest.fixture(autouse=True)
def few_small_roads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(false_alarms, "ROADS", 2)
    monkeypatch.setattr(false_alarms, "ROAD_SIZE", (48, 64))


def test_figures_are_those_of_a_single_evaluation(tiny_deepcrack: Path, tmp_path: Path) -> None:
    shares: list[float] = []
    result = run_suite(
        [subject(Counting())],
        tiny_deepcrack,
        PartStore(tmp_path / "parts"),
        progress=lambda title, share: shares.append(share),
    )
    assert [(part["test_set"], part["protocol"]) for part in result.accuracy] == [
        *(("deepcrack", "paper"), ("deepcrack", "native"))
    ]
    for part, protocol in zip(result.accuracy, (PAPER, NATIVE), strict=True):
        single = evaluate(subject(Counting()).detector, open_dataset("deepcrack", tiny_deepcrack), protocol)
        exact = part["groups"][0]["tolerances"][0]
        assert exact["pooled"]["iou"] == single.whole.exact.scores.iou
        assert exact["ods"]["iou"] == single.whole.exact.ods.scores.iou
        assert (part["threshold_rule"], part["name"]) == ("fixed at 0.5", "darkness")
    assert "recall_by_width" not in result.accuracy[0]
    thin = result.accuracy[1]["recall_by_width"][0]
    assert (thin["up_to"], thin["annotated"]) == (3, 2 * 3 * 170)
    assert thin["recall"] > 0.95
    assert [part["photos_of"] for part in result.false_alarms] == [
        *("windows of deepcrack-deduplicated", "synthetic roads")
    ]
    assert (result.false_alarms[0]["photos"], result.false_alarms[0]["share"]) == (2, 0)
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0, 1)


def test_missing_data_sets_make_the_suite_incomplete(tiny_deepcrack: Path, tmp_path: Path) -> None:
    result = run_suite([subject(Counting())], tiny_deepcrack, PartStore(tmp_path / "parts"))
    assert list(result.missing) == ["cfd", "crack500"]
    assert "no CFD in" in result.missing["cfd"]
    assert not result.complete


def test_an_interrupted_suite_goes_on(tiny_deepcrack: Path, tmp_path: Path) -> None:
    store = PartStore(tmp_path / "parts")
    whole = Counting()
    expected = run_suite([subject(whole)], tiny_deepcrack, PartStore(tmp_path / "other"))
    seen: list[SuiteResult] = []
    with pytest.raises(KeyboardInterrupt):
        run_suite([subject(Counting(interrupted_at=2))], tiny_deepcrack, store, finished=seen.append)
    assert [len(result.waiting) for result in seen] == [4, 3]
    assert not seen[-1].complete
    rest = Counting()
    result = run_suite([subject(rest)], tiny_deepcrack, store)
    assert rest.calls == whole.calls - 1
    for part, other in zip(result.accuracy, expected.accuracy, strict=True):
        assert part | {"seconds": 0} == other | {"seconds": 0}
    again = Counting()
    assert run_suite([subject(again)], tiny_deepcrack, store) == result
    assert again.calls == 0


def test_another_threshold_or_the_wish_to_overwrite_measures_again(
    tiny_deepcrack: Path, tmp_path: Path
) -> None:
    store = PartStore(tmp_path / "parts")
    run_suite([subject(Counting())], tiny_deepcrack, store)
    for level, overwrite in ((0.6, False), (0.6, True)):
        scorer = Counting()
        run_suite(
            [subject(scorer, level)], tiny_deepcrack, PartStore(tmp_path / "parts", overwrite=overwrite)
        )
        assert scorer.calls > 0


def test_an_unreadable_photo_is_told_and_tried_again(tiny_deepcrack: Path, tmp_path: Path) -> None:
    store = PartStore(tmp_path / "parts")
    photo = tiny_deepcrack / "DeepCrack" / "test_img" / "a.jpg"
    content = photo.read_bytes()
    photo.write_bytes(content[: len(content) // 2])
    result = run_suite([subject(Counting())], tiny_deepcrack, store)
    assert [len(part["unreadable"]) for part in (*result.accuracy, *result.false_alarms)] == [1, 1, 1, 0]
    scorer = Counting()
    run_suite([subject(scorer)], tiny_deepcrack, store)
    assert scorer.calls > 0


def test_a_part_that_cannot_be_measured_costs_no_other(tiny_deepcrack: Path, tmp_path: Path) -> None:
    for photo in (tiny_deepcrack / "DeepCrack" / "test_img").iterdir():
        content = photo.read_bytes()
        photo.write_bytes(content[: len(content) // 2])  # the header, which says the size, is whole
    result = run_suite([subject(Counting())], tiny_deepcrack, PartStore(tmp_path / "parts"))
    assert "none of the 2 annotated photos could be read" in result.missing["darkness: deepcrack, paper"]
    assert "no crack-free photo" in result.missing["darkness: windows of deepcrack-deduplicated"]
    assert [part["photos_of"] for part in result.false_alarms] == ["synthetic roads"]
