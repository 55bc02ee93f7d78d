"""Which label of an annotation file means crack."""

from collections.abc import Iterable

from upcracknet.errors import DataError

LABEL = "crack"
"""What cracks are called in exports."""

COLOUR = "#ff283c"
"""What cracks are drawn in there: as in the overlays."""


def crack_labels(labels: Iterable[str], wanted: str | None = None) -> set[str]:
    """Choose the labels that mean crack.

    Args:
        labels: all that the file has.
        wanted: the label that means it; without it ``crack``, or the only one.

    Raises:
        DataError: none of them does.
    """
    known = set(labels)
    if wanted is None and len(known) <= 1:
        return known
    name = (wanted or LABEL).casefold()
    chosen = {label for label in known if label.casefold() in (name, name + "s" * (wanted is None))}
    if not chosen:
        raise DataError(
            f"no label {wanted or LABEL!r}, there is {', '.join(sorted(known)) or 'none':.300}; say with "
            "--label which one means crack"
        )
    return chosen
