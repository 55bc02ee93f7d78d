"""How well the models find cracks, on every test set and beside what they are compared with.

    make accuracy                                               # the default and what it is compared with
    python benchmarks/accuracy.py --all                         # every row of docs/results/accuracy.md
    python benchmarks/accuracy.py runs/mine up-cracknet-32      # everything about these models
    python benchmarks/accuracy.py --all --output docs/results   # puts the figures into the documentation

Writes ``figures.json`` and ``accuracy.md`` after each model. What the folder's ``figures.json`` has from
before and is not measured now stays there; figures of other weights of the same name stay as a former
model's. Of an ``accuracy.md`` that is there, only the tables are written again.
"""

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import cyclopts
from accuracy_tables import AT_SIZE, CLEAN, TEST_SETS, Figures, empty_page, filled

from upcracknet.baselines.classical import LocalContrast
from upcracknet.data.registry import open_dataset
from upcracknet.detection import CrackDetector
from upcracknet.detection.pretrained import weights_path
from upcracknet.detection.systems import CLASSICAL
from upcracknet.errors import DataError, UpCrackNetError
from upcracknet.evaluation import PROTOCOLS, EvaluationResult, evaluate
from upcracknet.evaluation.false_alarms import clean_roads, clean_windows, count_false_alarms
from upcracknet.evaluation.protocol import one_in
from upcracknet.evaluation.widths import WidthTally
from upcracknet.files import json_bytes, write_atomically
from upcracknet.weights import load_weights

EVERYTHING = ("paper", *AT_SIZE, CLEAN)
ROWS = {
    "default": EVERYTHING,
    "up-cracknet-32-calibrated": ("paper",),
    "up-cracknet-32": ("paper",),
    LocalContrast.name: ("paper", "native", CLEAN),
}
ALL_ROWS = {
    "default": EVERYTHING,
    "up-cracknet-32-calibrated": ("paper", "native"),
    "up-cracknet-32": ("paper", "native", CLEAN),
    LocalContrast.name: ("paper", "native", CLEAN),
    # Ridges and minimal paths take up to a second a photo of 256×256 pixels, hours for enlarged ones.
    **{name: ("paper",) for name in CLASSICAL if name != LocalContrast.name},
}

ONE_IN = {"native-x4": {"deepcrack": 8, "crack500": 4}}
"""Where not all photos are taken: sixteen times the pixels take sixteen times the time. CFD's cracks, two or
three pixels wide, are blurred beyond anything that a camera makes."""

CLEAN_TEST_SETS = ("deepcrack-deduplicated", "crack500")
"""Whose undamaged windows are taken: test photos that show no training scene. CFD has no training part that
would leave other photos to train on, so a model may have learned from any of them."""


class Measuring:
    """Measures one model after the other, and keeps the widths of cracks, which are the same for all."""

    def __init__(self) -> None:
        self._widths: dict[str, Any] = {}

    def part(self, detector: CrackDetector, part: str) -> Figures:
        """Measure under a protocol or on crack-free photos."""
        if part == CLEAN:
            return false_alarms(detector)
        return {
            name: self._test_set(detector, part, name, number)
            for name, number in ONE_IN.get(part, dict.fromkeys(TEST_SETS, 1)).items()
        }

    def _test_set(self, detector: CrackDetector, protocol: str, name: str, number: int) -> Figures:
        dataset, tally = one_in(number, open_dataset(name)), WidthTally(self._widths)
        # At 256×256 nearly every crack is thin, and enlarged ones have the same widths again.
        by_width = (protocol, name) == ("native", "deepcrack")
        observe = tally.add if by_width else lambda item, crack_map: None
        result = evaluate(detector, dataset, PROTOCOLS[protocol], observe=observe)  # type: ignore[index]
        refuse_gaps([error for _, error in result.unreadable])
        widths = [[one.annotated, per_cent(one.recall), per_cent(one.recall_nearby)] for one in tally.ranges]
        return measures(result) | ({"by_width": widths} if by_width else {})


def per_cent(fraction: float | None, digits: int = 1) -> float | None:
    return None if fraction is None else round(100 * fraction, digits)


def measures(result: EvaluationResult) -> Figures:
    """Give the pooled measures of a test set, in per cent."""
    exact, *tolerant = result.whole.tolerances
    figures = {name: per_cent(getattr(exact.scores, name)) for name in ("precision", "recall", "f1", "iou")}
    nearby = {f"f1_within_{one.tolerance}": per_cent(one.scores.f1) for one in tolerant}
    return {"images": result.whole.images, **figures, "best": per_cent(exact.ods.scores.iou), **nearby}


def false_alarms(detector: CrackDetector) -> Figures:
    """Measure what is marked as crack on photos without cracks, in per cent of pixels and of photos."""
    found: Figures = {}
    for photos in (*(clean_windows(open_dataset(name)) for name in CLEAN_TEST_SETS), clean_roads()):
        alarms = count_false_alarms(detector, photos)
        refuse_gaps(alarms.unreadable)
        pixels, any_ = per_cent(alarms.share, 2), per_cent(alarms.photo_share)
        found[photos.name] = {"photos": alarms.photos, "pixels": pixels, "photos_with_any": any_}
    return found


def refuse_gaps(errors: Sequence[str]) -> None:
    """Stop where photos are missing: the figures would not be those of the test set."""
    if errors:
        raise DataError(f"no figures, because photos cannot be read ({len(errors)}): {errors[0]}")


def description(model: str, detector: CrackDetector) -> Figures:
    """Say what a model's figures depend on."""
    found: Figures = {"threshold": str(detector.threshold), "weights": None, "scales": None}
    if model in CLASSICAL:
        return found
    _, record = load_weights(weights_path(model))
    return found | {"weights": record.sha256, "scales": record.detection.get("scales")}


def put(measured: dict[str, Figures], model: str, found: Figures) -> dict[str, Figures]:
    """Put a model's new figures among those that are there, in the order of the tables."""
    before = measured.pop(model, {})
    weights = before.get("detection", found["detection"])["weights"]
    if weights != found["detection"]["weights"]:
        measured[f"former {model} ({weights[:8]}…)"] = before
        before = {}
    order = [*ALL_ROWS, *(name for name in (*measured, model) if name not in ALL_ROWS)]
    merged = measured | {model: before | found}
    return {name: merged[name] for name in order if name in merged}


def write(folder: Path, model: str, found: Figures) -> None:
    figures, page = folder / "figures.json", folder / "accuracy.md"
    content = json.loads(figures.read_text("utf-8")) if figures.exists() else {}
    content["measured"] = put(content.get("measured", {}), model, found)
    text = page.read_text("utf-8") if page.exists() else empty_page()
    write_atomically(figures, json_bytes(content))
    write_atomically(page, filled(text, content["measured"]).encode())


def main(
    *models: str,
    everything: Annotated[bool, cyclopts.Parameter(name="--all", negative="")] = False,
    output: Path = Path("out/accuracy"),
) -> None:
    began, measuring = time.monotonic(), Measuring()
    rows = dict.fromkeys(models, EVERYTHING) or (ALL_ROWS if everything else ROWS)
    for model, parts in rows.items():
        detector = CrackDetector.from_pretrained(model)
        found = {"detection": description(model, detector)}
        for part in parts:
            found[part] = measuring.part(detector, part)
            print(f"{time.monotonic() - began:4.0f} s  {model}: {part}", file=sys.stderr, flush=True)
        write(output, model, found)
    print(f"Written to {output}", file=sys.stderr)


if __name__ == "__main__":
    try:
        cyclopts.run(main)
    except UpCrackNetError as error:
        sys.exit(f"error: {error}")
