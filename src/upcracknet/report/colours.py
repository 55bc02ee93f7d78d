"""One colour for each severity, in pictures, maps and plots: those of the pictures of cracks.

They differ in lightness, so that nobody needs to see red and green apart. A text always stands beside them.
"""

from upcracknet.measure.legend import NO_SCALE_COLOUR, NOT_GRADED_COLOUR, SEVERITY_COLOURS, Colour
from upcracknet.results.records import severity_rank

CLEAN: Colour = (150, 158, 166)
"""Of photos and sections without cracks."""

BARS: Colour = (40, 90, 140)
"""Of bars that stand for no severity."""

_BY_RANK = (NO_SCALE_COLOUR, NOT_GRADED_COLOUR, *SEVERITY_COLOURS)


def colour_of(severity: str | None) -> Colour:
    """Choose the colour of a severity of any standard; None is that of cracks without a severity."""
    return _BY_RANK[severity_rank(severity)]


def colour_of_place(severity: str | None, has_cracks: bool) -> Colour:
    """Choose the colour of a photo or section."""
    return colour_of(severity) if has_cracks else CLEAN


def css(colour: Colour) -> str:
    """Write a colour as pages and plots take it, such as "#be001e"."""
    return "#{:02x}{:02x}{:02x}".format(*colour)
