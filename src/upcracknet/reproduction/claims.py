"""What the paper concludes from its tables, held against the rows that are measured here."""

from dataclasses import dataclass, replace
from typing import Any

from upcracknet.detection.systems import CLASSICAL, SUPERVISED, SYSTEMS
from upcracknet.reproduction.experiment import THINNED
from upcracknet.tables import markdown_table

Figures = dict[str, float]
"""IoU in per cent by label of a row."""

LABEL_FREE = ("SCADN", "RIAD", "UP-CrackNet")
TITLES = tuple(SYSTEMS[name].title for name in SUPERVISED)
CLASSICAL_TITLES = tuple(SYSTEMS[name].title for name in CLASSICAL)
FOR_CRACKS = ("Deepcrack19", "Deepcrack18")
"""The supervised networks that were made for cracks; the paper calls the others general."""

MAE, ALL = "MAE", "MAE+SSIM+MSGMS+style+adversarial"
OURS = "ours, at this budget"

SPREAD = 4.0
"""Points of IoU by which rows must differ here to be in an order: three seeds of a row span more."""


@dataclass(frozen=True)
class Claim:
    """A sentence about one table.

    Attributes:
        text: the sentence.
        tables: the tables that it is of.
        leader: row that shall be before the others.
        others: the others.
        published: whether the paper says so, and has figures of it.
        is_last: whether that row shall be behind the others instead.
    """

    text: str
    tables: tuple[str, ...]
    leader: str
    others: tuple[str, ...]
    published: bool = True
    is_last: bool = False


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
        "Each other loss improves on the mean absolute error alone.",
        ("table1",),
        MAE,
        ("MAE+SSIM", "MAE+MSGMS", "MAE+style", "MAE+adversarial"),
        is_last=True,
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
        "Where it was trained, UP-CrackNet is before every general supervised network.",
        ("table4",),
        "UP-CrackNet",
        tuple(title for title in TITLES if title not in FOR_CRACKS),
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

    Rows that were tested on one photo in so many are held against others on the same photos alone.

    Args:
        records: of ``table_record``, by name of the table.
    """
    lines = []
    for claim in CLAIMS:
        for table in claim.tables:
            by_paper = "–"
            if claim.published:
                published = _figures(records[table], "paper")
                # The paper has no figures of rows that stand here alone.
                known = replace(claim, others=tuple(name for name in claim.others if name in published))
                by_paper = verdict(known, published)
            few = _on_few_photos(records[table], claim)
            here = verdict(claim, _figures(records[table], "ours", few), SPREAD) + (
                f" ({few})" if few else ""
            )
            number = records[table]["title"].partition(":")[0]
            lines.append((claim.text, number, by_paper, here))
    return markdown_table(("claim", "in", "by the paper's figures", "here"), lines)


def verdict(claim: Claim, figures: Figures, spread: float = 0.0) -> str:
    """Say whether a claim holds, or which rows speak against it, or what is missing.

    Rows without figures cannot speak against it: they are counted, so that nobody takes silence for proof.

    Args:
        claim: the sentence.
        figures: of the rows that are known.
        spread: points by which rows must differ to be in an order.
    """
    known = [name for name in claim.others if name in figures]
    if claim.leader not in figures or not known:
        return f"not measured: {len(known) + (claim.leader in figures)} of {len(claim.others) + 1} rows"
    lead = figures[claim.leader]
    sign, where = (-1, "behind") if claim.is_last else (1, "before")
    leads = {name: sign * (lead - figures[name]) for name in sorted(known, key=lambda name: -figures[name])}
    of_all = "" if len(known) == len(claim.others) else f" (of {len(known)} of {len(claim.others)} rows)"

    def listed(names: list[str]) -> str:
        return ", ".join(f"{name} {figures[name]:.1f}" for name in names)

    if against := [name for name, by in leads.items() if by <= -spread]:
        return f"does not hold{of_all}: {listed(against)} {where} {lead:.1f}"
    if close := [name for name, by in leads.items() if by < spread]:
        return f"too close{of_all}: {lead:.1f} and {listed(close)}"
    return f"holds{of_all}: {lead:.1f}, then {listed([min(leads, key=leads.__getitem__)])}"


def _on_few_photos(record: dict[str, Any], claim: Claim) -> str:
    """On how many photos the rows of a claim were tested, where one of them was not on all; else nothing."""
    labels = {row["label"] for row in record["rows"]}
    few = [label for label in labels if THINNED in label and label.partition(THINNED)[0] not in labels]
    named = (claim.leader, *claim.others)
    return next((label.partition(", ")[2] for label in few if label.partition(THINNED)[0] in named), "")


def _figures(record: dict[str, Any], whose: str, few: str = "") -> Figures:
    """The IoU of each row; of our figures those on all photos, or those on few."""
    found = {}
    for row in record["rows"]:
        label, thinned, _ = row["label"].partition(THINNED)
        figures = next(iter(row["tests"].values()))[whose]
        if figures and (whose == "paper" or bool(thinned) == bool(few)):
            found[label] = figures["iou"]
    return found
