"""Drawings in a PDF."""

from reportlab.graphics.shapes import Circle, Drawing, Group, PolyLine, Rect, String
from reportlab.lib.colors import HexColor

from upcracknet.report.figures import INK, Box, Dot, Figure, Line, Shape
from upcracknet.report.letters import PLAIN, shown


def drawing(figure: Figure, width: float) -> Drawing:
    """Draw a figure.

    Args:
        figure: what to draw; its y counts downwards, that of a PDF upwards.
        width: in points; the figure is scaled to it.
    """
    zoom = width / figure.width
    content = Group(*(_element(shape, figure.height) for shape in figure.shapes))
    content.scale(zoom, zoom)
    return Drawing(width, figure.height * zoom, content)


def _element(shape: Shape, height: float) -> PolyLine | Rect | Circle | String:
    if isinstance(shape, Line):
        flat = [value for x, y in shape.places for value in (x, height - y)]
        line = PolyLine(flat, strokeColor=HexColor(shape.colour), strokeWidth=shape.width)
        line.strokeLineCap = line.strokeLineJoin = 1  # round
        line.strokeDashArray = [6, 4] if shape.is_dashed else None
        return line
    if isinstance(shape, Box):
        y = height - shape.y - shape.height
        return Rect(shape.x, y, shape.width, shape.height, fillColor=HexColor(shape.colour), strokeColor=None)
    if isinstance(shape, Dot):
        return Circle(
            shape.x,
            height - shape.y,
            shape.radius,
            fillColor=HexColor(shape.colour),
            strokeColor=HexColor(INK),
            strokeWidth=0.6,
        )
    return String(
        shape.x,
        height - shape.y,
        shown(shape.text),
        textAnchor=shape.anchor,
        fontName=PLAIN.fontName,
        fontSize=shape.size,
        fillColor=HexColor(shape.colour),
    )
