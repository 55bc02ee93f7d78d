"""Which results to look at, and the files that show them."""

from collections.abc import Sequence
from pathlib import Path

from upcracknet.data.photo import save_image_atomically
from upcracknet.detection import CrackDetector
from upcracknet.evaluation.panels import Example, comparison_panel, contact_sheet
from upcracknet.evaluation.protocol import Protocol
from upcracknet.evaluation.results import EvaluationResult, ItemResult


def choose_examples(items: Sequence[ItemResult], number: int) -> list[tuple[str, ItemResult]]:
    """The best, the median and the worst results by IoU without tolerance, a third each, from best to worst.

    Args:
        items: All results.
        number: How many to choose, rounded down to a multiple of 3; all if there are no more than that.

    Returns:
        Pairs of "best", "median" or "worst" and the result.
    """
    ranked = sorted(items, key=lambda item: item.scores.iou, reverse=True)
    third = number // 3
    if len(ranked) <= 3 * third:
        return [(f"{place} of {len(ranked)}", item) for place, item in enumerate(ranked, start=1)]
    middle = (len(ranked) - third) // 2
    parts = {"best": ranked[:third], "median": ranked[middle : middle + third], "worst": ranked[-third:]}
    return [(kind, item) for kind, part in parts.items() for item in part]


def write_examples(
    evaluation: EvaluationResult, detector: CrackDetector, protocol: Protocol, folder: Path, *, number: int
) -> None:
    """Writes `panels/NAME.png` for each chosen example and `panels.png` with all of them.

    The chosen photos are detected again, so that no score map has to be kept.

    Raises:
        OutputError: If the folder cannot be written.
    """
    chosen = choose_examples(evaluation.items, number) if number >= 3 else []
    examples = []
    for kind, result in chosen:
        prepared = protocol.prepare(evaluation.dataset, result.sample)
        item = next(item for item in prepared if item.name == result.name)
        crack_map = detector.detect(item.photo)
        label = f"{kind}: {item.name}, IoU {100 * result.scores.iou:.1f} %"
        panel = comparison_panel(item.photo, item.truth, crack_map.mask, crack_map.score)
        save_image_atomically(folder / "panels" / f"{item.name.replace('/', '_')}.png", panel)
        examples.append(Example(label, item.photo, item.truth, crack_map.mask, crack_map.score))
    if examples:
        save_image_atomically(folder / "panels.png", contact_sheet(examples))
