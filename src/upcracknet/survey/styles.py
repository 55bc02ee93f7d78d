"""How QGIS draws the layers of a survey; the GeoPackage carries these styles.

Colours are those of the pictures of cracks (:mod:`upcracknet.measure.legend`). They differ in lightness, so
that nobody needs to see red and green apart.
"""

from collections.abc import Callable, Set
from dataclasses import dataclass
from itertools import pairwise

from upcracknet.measure.condition import RATINGS
from upcracknet.measure.legend import (
    JOINT_COLOUR,
    NETWORK_COLOURS,
    NO_SCALE_COLOUR,
    NOT_GRADED_COLOUR,
    SEVERITY_COLOURS,
    Colour,
)
from upcracknet.measure.severity import NOT_GRADED, STANDARDS
from upcracknet.survey.qml import Category, Symbol, style_document

RATING_COLOURS: tuple[Colour, ...] = (
    (1, 102, 94),
    (90, 180, 172),
    (199, 234, 229),
    (255, 225, 40),
    (245, 130, 0),
    (190, 0, 30),
    (90, 0, 20),
)
"""Of the ratings of a pavement condition index, from good to failed."""

_NO_CRACK_COLOUR: Colour = (255, 255, 255)
_FAILED_COLOUR: Colour = (130, 130, 130)

_SEVERITY = "coalesce(\"severity\", 'not graded')"

_DIRECTION = 'coalesce("heading_deg", "course_deg")'

# The path begins at the folder of the GeoPackage. Signs that have a meaning in an address are escaped.
_WITH_PICTURE = r"""<b>[% "name" %]</b><br>
{text}<br>
[% if("overlay" is null, '', '<img width="480" src="file:///' || replace(replace(
regexp_replace(layer_property(@layer_id, 'source'), '^/|[^/\\\\]*$', '') || "overlay",
'%', '%25'), '#', '%23') || '">') %]"""

_OF_PHOTO = _WITH_PICTURE.format(
    text="""[% coalesce("severity" || ', ', '') || coalesce(round("crack_length_m", 2) || ' m of cracks',
round("crack_length_px") || ' px of cracks', "error", '') %]"""
)

_OF_CRACK = _WITH_PICTURE.format(
    text="""[% "class" || coalesce(', ' || "severity", '') || ': ' || coalesce(
round("crack_length_m", 2) || ' m long, ' || round("width_mean_mm", 1) || ' mm wide',
round("crack_length_px") || ' px long, ' || round("width_mean_px", 1) || ' px wide') %]"""
)

_OF_AREA = _WITH_PICTURE.format(
    text="""[% "class" || ' cracking' || coalesce(': ' || round("area_m2", 2) || ' m²', '') %]"""
)

_OF_SECTION = """<b>[% coalesce("road" || ', ', '') %][% round("start_m") %] to [% round("end_m") %] m</b><br>
[% coalesce(round("length_m", 1) || ' m of cracks', round("length_px") || ' px of cracks') %]<br>
[% coalesce('condition index from cracks alone: ' || round("pci"), '') %]"""


@dataclass(frozen=True)
class Style:
    """The style that a layer is shown in.

    Attributes:
        layer: its name.
        description: what is drawn how, in words.
        qml: for QGIS.
    """

    layer: str
    description: str
    qml: str


def styles(standards: Set[str]) -> list[Style]:
    """Make the styles of all layers.

    Args:
        standards: that cracks were graded by; legends have their severities.
    """

    def by_severity(symbol: Callable[[Colour], Symbol], prefix: str = "") -> list[Category]:
        looks = _severities(standards)
        return [Category(value, prefix + label, symbol(colour)) for value, label, colour in looks]

    photos = [
        *by_severity(_arrow),
        Category("no crack", "no crack", _arrow(_NO_CRACK_COLOUR)),
        Category("failed", "photo that failed", Symbol("marker", _FAILED_COLOUR, 3.0, "cross_fill")),
    ]
    of_photo = (
        "CASE WHEN \"status\" = 'failed' THEN 'failed' WHEN \"crack_count\" = 0 THEN 'no crack' "
        f"ELSE {_SEVERITY} END"
    )
    of_crack = f"CASE WHEN \"class\" = 'joint' THEN 'joint' ELSE {_SEVERITY} END"
    joint = Category("joint", "joint, not counted", Symbol("line", JOINT_COLOUR, 0.5, "dash"))
    lines = [*by_severity(lambda colour: Symbol("line", colour, 0.5)), joint]
    joint = Category("joint", "joint, not counted", Symbol("marker", JOINT_COLOUR, 2.0, "circle"))
    points = [*by_severity(lambda colour: Symbol("marker", colour, 2.5, "circle")), joint]
    areas = [
        Category(kind, "cracks around pieces of road" if kind == "network" else f"{kind} cracking",
                 Symbol("fill", colour, 2.0))
        for kind, colour in NETWORK_COLOURS.items()
    ]  # fmt: skip
    sections = [*_ratings(), *by_severity(lambda colour: Symbol("line", colour, 1.5), "no index; gravest: ")]
    return [
        Style("photos", "severity, and an arrow the way that up in the photo leads",
              style_document(of_photo, photos, _OF_PHOTO)),
        Style("cracks", "severity", style_document(of_crack, lines, _OF_CRACK)),
        Style("cracks_at_photos", "severity", style_document(of_crack, points, _OF_CRACK)),
        Style("areas", "class", style_document('"class"', areas, _OF_AREA)),
        Style("sections", "condition index from cracks alone; without it, severity",
              style_document(_rating_expression(), sections, _OF_SECTION)),
    ]  # fmt: skip


def _severities(standards: Set[str]) -> list[tuple[str, str, Colour]]:
    """Value, label and colour of each severity, the gravest first."""
    graded = {
        word: colour
        for name, standard in STANDARDS.items()
        if name in standards
        for word, colour in zip(reversed(standard.severities), reversed(SEVERITY_COLOURS), strict=True)
    }
    return [
        *((word, word, colour) for word, colour in graded.items()),
        (NOT_GRADED, "cannot be graded: below 3 pixels wide", NOT_GRADED_COLOUR),
        ("not graded", "not graded: no scale", NO_SCALE_COLOUR),
    ]


def _arrow(colour: Colour) -> Symbol:
    by_expression = {
        "angle": f"coalesce({_DIRECTION}, 0)",
        "name": f"if({_DIRECTION} is null, 'circle', 'arrow')",
        "size": f"if({_DIRECTION} is null, 3, 6)",
    }
    return Symbol("marker", colour, 3.0, "circle", by_expression)


def _ratings() -> list[Category]:
    limits = [100, *(above for above, _ in RATINGS), 0]
    words = [*(word for _, word in RATINGS), "Failed"]
    return [
        Category(word, f"index {low} to {high}: {word.lower()}", Symbol("line", colour, 1.5))
        for word, colour, (high, low) in zip(words, RATING_COLOURS, pairwise(limits), strict=True)
    ]


def _rating_expression() -> str:
    cases = " ".join(f"WHEN round(\"pci\") > {above} THEN '{word}'" for above, word in RATINGS)
    return f"CASE WHEN \"pci\" is null THEN {_SEVERITY} {cases} ELSE 'Failed' END"
