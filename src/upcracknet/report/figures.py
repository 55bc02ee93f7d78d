"""Drawings of lines, boxes, dots and texts, which a page shows as SVG and a PDF in its own way."""

from dataclasses import dataclass
from typing import Literal
from xml.sax.saxutils import escape, quoteattr

Place = tuple[float, float]
Anchor = Literal["start", "middle", "end"]

INK = "#191919"
FAINT = "#5a5f66"
GRID = "#d5d9de"


@dataclass(frozen=True)
class Line:
    """A line through places; as long dashes where it is a limit."""

    places: tuple[Place, ...]
    colour: str
    width: float
    is_dashed: bool = False


@dataclass(frozen=True)
class Box:
    """A filled rectangle; ``x`` and ``y`` are its upper left corner."""

    x: float
    y: float
    width: float
    height: float
    colour: str


@dataclass(frozen=True)
class Dot:
    """A filled circle with a thin dark rim."""

    x: float
    y: float
    radius: float
    colour: str


@dataclass(frozen=True)
class Label:
    """A text; ``x`` is its start, middle or end, ``y`` its base line; a halo parts it from what is below."""

    x: float
    y: float
    text: str
    anchor: Anchor = "start"
    size: float = 12.0
    colour: str = INK
    has_halo: bool = False


Shape = Line | Box | Dot | Label


@dataclass(frozen=True)
class Figure:
    """A drawing; x counts to the right and y downwards, from the upper left corner.

    Attributes:
        width: in points.
        height: in points.
        shapes: what is drawn, from below up.
        description: what it shows, in words.
    """

    width: float
    height: float
    shapes: tuple[Shape, ...]
    description: str


def svg(figure: Figure) -> str:
    """Write a drawing as an SVG element that stands in a page and loads nothing."""
    parts = [
        f'<svg viewBox="0 0 {figure.width:g} {figure.height:g}" role="img" '
        f"aria-label={quoteattr(figure.description)}>"
    ]
    parts += [_element(shape) for shape in figure.shapes]
    return "".join([*parts, "</svg>"])


def _element(shape: Shape) -> str:
    if isinstance(shape, Line):
        places = " ".join(f"{x:.1f},{y:.1f}" for x, y in shape.places)
        dashes = ' stroke-dasharray="6 4"' if shape.is_dashed else ""
        return (
            f'<polyline points="{places}" fill="none" stroke="{shape.colour}" stroke-width="{shape.width:g}" '
            f'stroke-linejoin="round" stroke-linecap="round"{dashes}/>'
        )
    if isinstance(shape, Box):
        return (
            f'<rect x="{shape.x:.1f}" y="{shape.y:.1f}" width="{shape.width:.1f}" '
            f'height="{shape.height:.1f}" fill="{shape.colour}"/>'
        )
    if isinstance(shape, Dot):
        return (
            f'<circle cx="{shape.x:.1f}" cy="{shape.y:.1f}" r="{shape.radius:g}" fill="{shape.colour}" '
            f'stroke="{INK}" stroke-width="0.6"/>'
        )
    halo = ' stroke="#fff" stroke-width="3" paint-order="stroke"' if shape.has_halo else ""
    return (
        f'<text x="{shape.x:.1f}" y="{shape.y:.1f}" text-anchor="{shape.anchor}" font-size="{shape.size:g}" '
        f'fill="{shape.colour}"{halo}>{escape(shape.text)}</text>'
    )
