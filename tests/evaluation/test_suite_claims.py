import pytest

from upcracknet.evaluation.suite import SuiteResult
from upcracknet.evaluation.suite_claims import Claim, claims
from upcracknet.evaluation.suite_plan import CLEAN_NAMES


def accuracy(model: str, test_set: str, protocol: str, iou: float, best: float, thin: float | None = None):
    ranges = [{"above": 0.0, "up_to": 3.0, "recall": thin}, {"above": 3.0, "up_to": 6.0, "recall": 0.9}]
    exact = {"pooled": {"iou": iou}, "ods": {"iou": best}}
    part = {"model": model, "test_set": test_set, "protocol": protocol, "groups": [{"tolerances": [exact]}]}
    return part | ({"recall_by_width": ranges} if protocol == "native" else {})


def result(*parts, alarms=()) -> SuiteResult:
    subjects = tuple({"model": model} for model in ("ours", "paper", "local-contrast"))
    return SuiteResult(subjects, tuple(parts), tuple(alarms), {})


@pytest.mark.parametrize(
    ("relation", "measured", "met"),
    [
        *(("above", 0.5, False), ("above", 0.51, True), ("at least", 0.5, True), ("at least", 0.49, False)),
        *(("below", 0.5, False), ("below", 0.49, True), ("below", None, None)),
    ],
)
def test_when_a_claim_is_met(relation, measured: float | None, met: bool | None) -> None:
    assert Claim("IoU", relation, 0.5, "half", measured).met is met


def test_a_limit_that_was_not_measured_leaves_a_claim_open() -> None:
    assert Claim("IoU", "above", None, "the baseline", 0.5).met is None


def test_nothing_measured_leaves_every_claim_open() -> None:
    found = claims(result())
    assert len(found) == 3 * 4 + 3 + 3 + 1
    assert {claim.met for claim in found} == {None}


def test_limits_are_the_papers_the_other_tools_and_the_measured_baselines() -> None:
    found = claims(
        result(
            accuracy("ours", "deepcrack", "paper", 0.60, 0.7),
            accuracy("local-contrast", "deepcrack", "paper", 0.4, 0.59),
        )
    )
    on_deepcrack = {
        claim.of: (claim.limit, claim.met) for claim in found if claim.what.startswith("IoU, deep")
    }
    assert {of.split(",")[-1].strip(): value for of, value in on_deepcrack.items()} == {
        "trained on DeepCrack ¹": (pytest.approx(0.58738), True),
        "trained on Crack500 ¹": (pytest.approx(0.61073), False),
        "a supervised U-Net in a desktop tool ²": (0.607, False),
        "best possible fixed threshold ³": (0.59, True),
    }


def test_native_size_false_alarms_and_thin_cracks() -> None:
    found = claims(
        result(
            accuracy("ours", "deepcrack", "paper", 0.60, 0.7),
            accuracy("ours", "deepcrack", "native", 0.58, 0.7, thin=0.5),
            accuracy("ours", "cfd", "paper", 0.40, 0.7),
            accuracy("ours", "cfd", "native", 0.36, 0.7, thin=0.1),
            accuracy("paper", "deepcrack", "native", 0.3, 0.4, thin=0.25),
            alarms=(
                {"model": "ours", "photos_of": CLEAN_NAMES[0], "share": 0.0019},
                {"model": "ours", "photos_of": CLEAN_NAMES[-1], "share": 0.002},
                {"model": "paper", "photos_of": CLEAN_NAMES[1], "share": 0.0},
            ),
        )
    )
    native = [(claim.measured, claim.met) for claim in found if claim.what.startswith("Change")]
    assert native == [(pytest.approx(-0.02), True), (pytest.approx(-0.04), False), (None, None)]
    assert [claim.met for claim in found if claim.what.startswith("Pixels")] == [True, None, False]
    assert (found[-1].measured, found[-1].limit, found[-1].met) == (0.5, 0.5, True)
