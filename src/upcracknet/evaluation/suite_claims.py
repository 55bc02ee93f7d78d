"""What the package must show, and whether the suite shows it."""

import operator
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from upcracknet.baselines.classical import LocalContrast
from upcracknet.evaluation.published import published_rows
from upcracknet.evaluation.suite import SuiteResult
from upcracknet.evaluation.suite_parts import Record
from upcracknet.evaluation.suite_plan import CLEAN_NAMES, FAITHFUL, TEST_SETS, WIDTHS_OF
from upcracknet.evaluation.thin import THIN

PUBLISHED_NAMES = {"deepcrack": "DeepCrack", "cfd": "CFD", "crack500": "Crack500"}
SUPERVISED = "crackpot 2.0, a supervised U-Net in a desktop tool"
SUPERVISED_IOU = {"deepcrack": 0.607, "cfd": 0.411, "crack500": 0.472}
"""Measured elsewhere on a sample of each test set, protocol `paper`; its network saw annotated cracks."""

LARGEST_LOSS = 0.03
"""How much less IoU a model may have at native size, tiled, than at 256×256 pixels."""
MOST_FALSE_ALARMS = 0.002
"""The share of crack-free pixels that may be called crack, at most."""
LEAST_GAIN = 2.0
"""How many times the faithful model's recall a model must have on thin cracks."""


@dataclass(frozen=True)
class Claim:
    """One thing the package must show.

    Attributes:
        what: In words.
        relation: How `measured` must lie to `limit`.
        limit: A fraction of 1; None where it was not measured.
        of: What the limit is, in words.
        measured: A fraction of 1; None where it was not measured.
    """

    what: str
    relation: Literal["above", "at least", "below"]
    limit: float | None
    of: str
    measured: float | None

    @property
    def met(self) -> bool | None:
        """Whether it is shown; None where that is not known."""
        if self.measured is None or self.limit is None:
            return None
        holds = {"above": operator.gt, "at least": operator.ge, "below": operator.lt}[self.relation]
        return bool(holds(self.measured, self.limit))


def claims(result: SuiteResult) -> list[Claim]:
    """What the model asked for must show, and whether it does."""
    ours = str(result.subjects[0]["model"])
    return [*_accuracy_claims(result, ours), *_native_claims(result, ours), *_other_claims(result, ours)]


def _accuracy_claims(result: SuiteResult, ours: str) -> Iterator[Claim]:
    for test_set in TEST_SETS:
        what, measured = f"IoU, {test_set}, protocol `paper`", iou(result, ours, test_set, "paper")
        for row in published_rows("UP-CrackNet", PUBLISHED_NAMES[test_set]):
            of = f"UP-CrackNet as published, trained on {row.training_set} ¹"
            yield Claim(what, "above", row.iou / 100, of, measured)
        yield Claim(what, "above", SUPERVISED_IOU[test_set], f"{SUPERVISED} ²", measured)
        best = best_iou(result, LocalContrast.name, test_set)
        yield Claim(what, "above", best, "local contrast, best possible fixed threshold ³", measured)


def _native_claims(result: SuiteResult, ours: str) -> Iterator[Claim]:
    for test_set in TEST_SETS:
        change = native_change(result, ours, test_set)
        of = "a loss of 3 points against protocol `paper`"
        yield Claim(f"Change of IoU at native size, {test_set}", "at least", -LARGEST_LOSS, of, change)


def _other_claims(result: SuiteResult, ours: str) -> Iterator[Claim]:
    shares = {part["photos_of"]: part["share"] for part in result.false_alarms if part["model"] == ours}
    for name in CLEAN_NAMES:
        what, of = f"Pixels called crack, {name}", "0.2 % of crack-free pixels"
        yield Claim(what, "below", MOST_FALSE_ALARMS, of, shares.get(name))
    faithful, thin = (thin_recall(result, model) for model in (FAITHFUL, ours))
    yield Claim(
        f"Recall on cracks up to {THIN:g} px wide, {WIDTHS_OF[0]}, protocol `{WIDTHS_OF[1]}`",
        "at least",
        None if faithful is None else LEAST_GAIN * faithful,
        f"{LEAST_GAIN:g} times the recall of `{FAITHFUL}`",
        thin,
    )


def accuracy_part(result: SuiteResult, model: str, test_set: str, protocol: str) -> Record | None:
    """The figures of a model on a test set, None where they were not measured."""
    wanted = (model, test_set, protocol)
    found = (p for p in result.accuracy if (p["model"], p["test_set"], p["protocol"]) == wanted)
    return next(found, None)


def iou(result: SuiteResult, model: str, test_set: str, protocol: str) -> float | None:
    """Pooled IoU of the model's own masks, without tolerance."""
    part = accuracy_part(result, model, test_set, protocol)
    return None if part is None else float(part["groups"][0]["tolerances"][0]["pooled"]["iou"])


def best_iou(result: SuiteResult, model: str, test_set: str) -> float | None:
    """IoU at the best fixed threshold (ODS), protocol `paper`, without tolerance."""
    part = accuracy_part(result, model, test_set, "paper")
    return None if part is None else float(part["groups"][0]["tolerances"][0]["ods"]["iou"])


def native_change(result: SuiteResult, model: str, test_set: str) -> float | None:
    """IoU at native size minus that of protocol `paper`."""
    native, paper = (iou(result, model, test_set, protocol) for protocol in ("native", "paper"))
    return None if native is None or paper is None else native - paper


def thin_recall(result: SuiteResult, model: str) -> float | None:
    """Recall on cracks up to 3 pixels wide; None where it was not measured or there are none."""
    part = accuracy_part(result, model, *WIDTHS_OF)
    ranges = part["recall_by_width"] if part else ()
    return next((one["recall"] for one in ranges if one["up_to"] == THIN), None)
