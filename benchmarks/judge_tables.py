"""What the judge writes: a summary by which models are chosen, and a table for each of its parts."""

from collections.abc import Callable, Sequence
from statistics import fmean
from typing import Any

from agreement import GROUPS
from judging import (
    LEVELS,
    Judgement,
    PaintedResult,
    by_cell,
    clean_level,
    iou_at_levels,
    mean_over_widths,
    pieces_found,
    pooled_iou,
    recall,
)

from upcracknet.calibration.strata import CONTRASTS, WIDTHS
from upcracknet.evaluation.metrics import ConfusionCounts, Scores
from upcracknet.tables import NOT_GIVEN, figure, markdown_table, percent

NOTES = (
    "Figures in per cent, tolerance 0 where none is named. IoU and recall are of the pixels in and near the "
    "cracks; means are over the sizes of photos, then over the widths, so that each width weighs the same.",
    "¹ At the one level of the score that is best for all painted photos, whatever the model's threshold is.",
    "² At the lowest level at which no kind of crack-free photo has more than 0.1 % of its pixels marked.",
    "³ How much darker than the road the cracks came out, in standard deviations of the road's grain: the "
    "median of their pixels, averaged over the photos.",
    "Pieces: squares that hold some of a crack, found if at least half of its pixels are marked. Things: "
    "share of the pictures in which anything of the thing is marked.",
)


def summary(judgement: Judgement) -> dict[str, Any]:
    """Give the figures by which models are chosen; fractions of 1."""
    painted, clean = judgement.painted, judgement.clean.values()
    cells = {cell: pooled_iou(alike) for cell, alike in by_cell(painted).items()}
    at_levels = mean_over_widths(painted, iou_at_levels)
    things = {name: fmean(marked) for name, marked in judgement.things.items()}
    worst = min(cells, key=cells.__getitem__)
    return {
        "model": judgement.model,
        "sha256": judgement.sha256,
        "threshold": judgement.threshold,
        "engine": judgement.engine,
        "painted_iou": mean_over_widths(painted, pooled_iou),
        "worst_iou": cells[worst],
        "worst": f"{worst[0]:g} Mpx, up to {worst[1]:g} px",
        "pieces_found": mean_over_widths(painted, pieces_found),
        "best_iou": float(at_levels.max()),
        "best_level": int(at_levels.argmax()) / LEVELS,
        "clean_iou": float(at_levels[clean_level(clean)]),
        "false_alarm_pixels": max(kind.pixels_marked / kind.pixels for kind in clean),
        "false_alarm_photos": max(kind.photos_marked / kind.photos for kind in clean),
        "things_mean": fmean(things.values()),
        "things_worst": max(things.values()),
        **{group: judgement.agreement(group) for group in GROUPS},
    }


def summary_table(summaries: Sequence[dict[str, Any]]) -> str:
    """Write a row a model, in per cent."""
    measures = {
        "painted IoU": "painted_iou",
        "worst": "worst_iou",
        "pieces found": "pieces_found",
        "best IoU ¹": "best_iou",
        "clean IoU ²": "clean_iou",
        "things": "things_mean",
        "worst thing": "things_worst",
        "false alarms, photos": "false_alarm_photos",
    }
    rows = [
        (
            f"`{one['model']}`",
            *(percent(one[measure], 1) for measure in measures.values()),
            percent(one["false_alarm_pixels"], 3),
            *(percent(one[change], 1) for change in GROUPS),
        )
        for one in summaries
    ]
    return markdown_table(("model", *measures, "pixels", *(f"agreement: {name}" for name in GROUPS)), rows)


def painted_table(results: Sequence[PaintedResult]) -> str:
    """Write a row for each size and width: over all contrasts, then the IoU of each contrast."""
    rows = []
    for (megapixels, widest), alike in by_cell(results).items():
        narrowest = next(low for low, high in WIDTHS if high == widest)
        by_contrast = [[r for r in alike if r.stratum.contrast == contrast] for contrast in CONTRASTS]
        rows.append(
            (
                *(f"{megapixels:g} Mpx", f"{narrowest:g} to {widest:g}", str(len(alike))),
                *(percent(measure(alike), 1) for measure in (pooled_iou, recall, pieces_found)),
                *(percent(pooled_iou(some), 1) if some else NOT_GIVEN for some in by_contrast),
            )
        )
    columns = ("photos of", "width in px", "number", "IoU", "recall", "pieces found", *CONTRASTS)
    return markdown_table(columns, rows)


def groups_table(
    results: Sequence[PaintedResult], name: str, group_of: Callable[[PaintedResult], str]
) -> str:
    """Write a row for each group of photos, averaged over the widths."""
    rows = []
    for group in dict.fromkeys(map(group_of, results)):
        alike = [result for result in results if group_of(result) == group]
        measured = (mean_over_widths(alike, measure) for measure in (pooled_iou, recall, pieces_found))
        contrast = figure(fmean(result.contrast for result in alike), 1)
        whole = Scores.of(sum((result.whole for result in alike), ConfusionCounts())).iou
        rows.append((group, str(len(alike)), contrast, *(percent(value, 1) for value in (*measured, whole))))
    columns = ("contrast as painted ³", "IoU", "recall", "pieces found", "IoU of all pixels, pooled")
    return markdown_table((name, "photos", *columns), rows)


def clean_table(judgement: Judgement) -> str:
    """Write what is marked where there is no crack."""
    rows = [
        (
            *(name, str(kind.photos), percent(kind.pixels_marked / kind.pixels, 3)),
            percent(kind.photos_marked / kind.photos, 1),
        )
        for name, kind in judgement.clean.items()
    ]
    return markdown_table(("crack-free photos", "number", "pixels marked", "photos with any"), rows)


def things_table(judgement: Judgement) -> str:
    """Write in how many pictures each thing is marked."""
    rows = [(name, str(len(marked)), percent(fmean(marked), 1)) for name, marked in judgement.things.items()]
    return markdown_table(("thing", "pictures", "marked"), rows)


def agreement_table(judgement: Judgement) -> str:
    """Write how well the masks of changed photos agree with those of the photos."""
    rows = [
        (f"{one.change.group} {one.change.name}", percent(one.iou, 1), percent(one.tolerant_iou, 1))
        for one in judgement.agreements
    ]
    return markdown_table(("change", "IoU with the mask of the photo", "within 1 px"), rows)


def report(judgements: Sequence[Judgement], *, quick: bool) -> str:
    """Write all tables as Markdown."""
    lines = ["# Judged without labels" + (", on a part of the photos" if quick else ""), ""]
    lines += [
        f"- `{one.model}`: weights sha256 `{one.sha256}`; threshold: {one.threshold}; {one.engine}"
        for one in judgements
    ]
    lines += ["", summary_table([summary(one) for one in judgements]), "", "\n\n".join(NOTES)]
    for one in judgements:
        lines += ["", f"## `{one.model}`"]
        lines += ["", painted_table(one.painted)]
        lines += ["", groups_table(one.painted, "contrast", lambda result: result.stratum.contrast)]
        lines += ["", groups_table(one.painted, "surface", lambda result: result.stratum.surface)]
        lines += ["", groups_table(one.painted, "photos of", lambda r: f"{r.stratum.megapixels:g} Mpx")]
        lines += ["", clean_table(one), "", things_table(one), "", agreement_table(one)]
    return "\n".join(lines) + "\n"
