"""What the paper concludes from its tables, held against the rows that are measured here."""

from dataclasses import dataclass
from typing import Any

from upcracknet.detection.systems import CLASSICAL, SUPERVISED, SYSTEMS
from upcracknet.tables import markdown_table

Figures = dict[str, float]
"""IoU in per cent by label of a row."""

LABEL_FREE = ("SCADN", "RIAD", "UP-CrackNet")
TITLES = tuple(SYSTEMS[name].title for name in SUPERVISED)
CLASSICAL_TITLES = tuple(SYSTEMS[name].title for name in CLASSICAL)
MAE, ALL = "MAE", "MAE+SSIM+MSGMS+style+adversarial"
OURS = "ours, at this budget"


@dataclass(frozen=True)
class Claim:
    """A sentence about one table.

    Attributes:
        text: the sentence.
        tables: the tables that it is of.
        leader: row that shall be before the others.
        others: the others.
        published: whether the paper says so, and has figures of it.
    """

    text: str
    tables: tuple[str, ...]
    leader: str
    others: tuple[str, ...]
    published: bool = True


CLAIMS = (
    Claim(
        "All five losses together are best.",
        ("table1",),
        ALL,
        (
            *(MAE, "MAE+SSIM", "MAE+MSGMS", "MAE+style", "MAE+adversarial", "MAE+SSIM+MSGMS"),
            *("MAE+SSIM+MSGMS+style", "MAE+SSIM+MSGMS+adversarial"),
        ),
    ),
    Claim(
        "Of single losses the adversarial one adds most to the mean absolute error.",
        ("table1",),
        "MAE+adversarial",
        (MAE, "MAE+SSIM", "MAE+MSGMS", "MAE+style"),
    ),
    Claim(
        "Squares of several sizes are the best masks.",
        ("table2",),
        "multi-scale squares",
        ("jumbled squares", "stripes"),
    ),
    Claim(
        "UP-CrackNet is before SCADN and RIAD.",
        ("table3", "table4", "table5", "table6", "table7", "table8"),
        "UP-CrackNet",
        ("SCADN", "RIAD"),
    ),
    Claim(
        "On the other data sets UP-CrackNet is before every supervised network.",
        ("table5", "table6", "table7", "table8"),
        "UP-CrackNet",
        TITLES,
    ),
    Claim(
        "Ours is before every network that learns from undamaged photos.",
        ("table3", "table4", "table5", "table6", "table7", "table8"),
        OURS,
        LABEL_FREE,
        published=False,
    ),
    Claim(
        "Ours is before every method without learning.",
        ("table3", "table4", "table5", "table6", "table7", "table8"),
        OURS,
        CLASSICAL_TITLES,
        published=False,
    ),
    Claim(
        "On the other data sets ours is before every supervised network.",
        ("table5", "table6", "table7", "table8"),
        OURS,
        TITLES,
        published=False,
    ),
)


def claims_table(records: dict[str, dict[str, Any]]) -> str:
    """Write the claims as Markdown: whether each holds by the paper's own figures, and by those here.

    Args:
        records: of ``table_record``, by name of the table.
    """
    lines = []
    for claim in CLAIMS:
        for table in claim.tables:
            published = _figures(records[table], "paper")
            measured = _figures(records[table], "ours")
            by_paper = verdict(claim, published) if claim.published else "–"
            number = records[table]["title"].partition(":")[0]
            lines.append((claim.text, number, by_paper, verdict(claim, measured)))
    return markdown_table(("claim", "in", "by the paper's figures", "here"), lines)


def verdict(claim: Claim, figures: Figures) -> str:
    """Say whether a claim holds, or which rows are before its leader, or what is missing.

    Rows without figures cannot be before it: they are counted, so that nobody takes silence for proof.
    """
    known = [name for name in claim.others if name in figures]
    if claim.leader not in figures or not known:
        return f"not measured: {len(known) + (claim.leader in figures)} of {len(claim.others) + 1} rows"
    lead = figures[claim.leader]
    before = sorted((name for name in known if figures[name] >= lead), key=lambda name: -figures[name])
    of_all = "" if len(known) == len(claim.others) else f" (of {len(known)} of {len(claim.others)} rows)"
    if not before:
        second = max(known, key=lambda name: figures[name])
        return f"holds{of_all}: {lead:.1f}, then {second} {figures[second]:.1f}"
    names = ", ".join(f"{name} {figures[name]:.1f}" for name in before)
    return f"does not hold{of_all}: {names} before {lead:.1f}"


def _figures(record: dict[str, Any], whose: str) -> Figures:
    found = {
        row["label"].partition(", 1 test photo")[0]: next(iter(row["tests"].values()))[whose]
        for row in record["rows"]
    }
    return {label: figures["iou"] for label, figures in found.items() if figures}
