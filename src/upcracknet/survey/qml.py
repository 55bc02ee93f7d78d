"""Styles of layers in QGIS's own format, QML: a colour for each value of an expression, and a map tip."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from xml.etree import ElementTree

from upcracknet.measure.legend import INK, Colour

Geometry = Literal["marker", "line", "fill"]
"""What a symbol is drawn for, in QGIS's words: points, lines, areas."""

_DOCUMENT_TYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
_OUTLINE_MM = 0.3


@dataclass(frozen=True)
class Symbol:
    """How features are drawn.

    Attributes:
        geometry: of the features.
        colour: RGB.
        size_mm: diameter of a point, width of a line, or distance of an area's hatches.
        shape: of a point, such as "circle" or "arrow"; of a line "solid" or "dash".
        by_expression: properties of a point that an expression gives for each feature, such as "angle",
            which is clockwise.
    """

    geometry: Geometry
    colour: Colour
    size_mm: float
    shape: str = "solid"
    by_expression: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Category:
    """Features of one value.

    Attributes:
        value: of the style's expression.
        label: what the legend says of it.
        symbol: how they are drawn.
    """

    value: str
    label: str
    symbol: Symbol


def style_document(expression: str, categories: Sequence[Category], map_tip: str) -> str:
    """Write a style.

    Args:
        expression: of QGIS; gives the value of a feature.
        categories: what it may give, in the legend's order.
        map_tip: HTML with expressions of QGIS in ``[% %]``, shown beside the feature that is pointed at.

    Returns:
        the document, as QGIS 3.22 and later read it.
    """
    root = ElementTree.Element("qgis", version="3.22.0", styleCategories="Symbology|MapTips")
    renderer = ElementTree.SubElement(
        root, "renderer-v2", type="categorizedSymbol", attr=expression, symbollevels="0", enableorderby="0"
    )
    listed = ElementTree.SubElement(renderer, "categories")
    symbols = ElementTree.SubElement(renderer, "symbols")
    for number, category in enumerate(categories):
        ElementTree.SubElement(
            listed, "category", value=category.value, label=category.label, symbol=str(number),
            type="string", render="true",
        )  # fmt: skip
        symbol = ElementTree.SubElement(
            symbols, "symbol", type=category.symbol.geometry, name=str(number), alpha="1"
        )
        for kind, properties in _layers(category.symbol):
            layer = ElementTree.SubElement(symbol, "layer", {"class": kind}, enabled="1", locked="0")
            layer.append(_options(properties))
            if kind == "LinePatternFill":
                _add_hatch(layer, category.symbol)
            if category.symbol.by_expression:
                layer.append(_by_expression(category.symbol.by_expression))
    ElementTree.SubElement(root, "mapTip").text = map_tip
    return _DOCUMENT_TYPE + ElementTree.tostring(root, encoding="unicode")


def _layers(symbol: Symbol) -> list[tuple[str, dict[str, str]]]:
    """The parts of a symbol from the lowest up: kinds and properties. Dark rims show it on any ground."""
    colour = _rgba(symbol.colour)
    if symbol.geometry == "marker":
        look = {"name": symbol.shape, "color": colour, "size": f"{symbol.size_mm:g}", "size_unit": "MM"}
        return [("SimpleMarker", look | {"outline_color": _rgba(INK), "outline_width": f"{_OUTLINE_MM:g}"})]
    if symbol.geometry == "line":
        rim = _line(_rgba(INK), symbol.size_mm + 2 * _OUTLINE_MM)
        return [("SimpleLine", rim), ("SimpleLine", _line(colour, symbol.size_mm, symbol.shape))]
    pattern = {"angle": "45", "distance": f"{symbol.size_mm:g}", "distance_unit": "MM"}
    return [("LinePatternFill", pattern), ("SimpleLine", _line(colour, 2 * _OUTLINE_MM))]


def _line(colour: str, width_mm: float, style: str = "solid") -> dict[str, str]:
    return {
        "line_color": colour,
        "line_width": f"{width_mm:g}",
        "line_width_unit": "MM",
        "line_style": style,
        "capstyle": "round" if style == "solid" else "flat",
        "joinstyle": "round",
    }


def _add_hatch(layer: ElementTree.Element, symbol: Symbol) -> None:
    """The line that a pattern repeats."""
    inner = ElementTree.SubElement(layer, "symbol", type="line", name="@0@0", alpha="1")
    line = ElementTree.SubElement(inner, "layer", {"class": "SimpleLine"}, enabled="1", locked="0")
    line.append(_options(_line(_rgba(symbol.colour), _OUTLINE_MM)))


def _options(properties: Mapping[str, str]) -> ElementTree.Element:
    options = ElementTree.Element("Option", type="Map")
    for name, value in properties.items():
        ElementTree.SubElement(options, "Option", name=name, type="QString", value=value)
    return options


def _by_expression(expressions: Mapping[str, str]) -> ElementTree.Element:
    element = ElementTree.Element("data_defined_properties")
    collection = ElementTree.SubElement(element, "Option", type="Map")
    ElementTree.SubElement(collection, "Option", name="name", type="QString", value="")
    properties = ElementTree.SubElement(collection, "Option", name="properties", type="Map")
    for name, expression in expressions.items():
        entry = ElementTree.SubElement(properties, "Option", name=name, type="Map")
        ElementTree.SubElement(entry, "Option", name="active", type="bool", value="true")
        ElementTree.SubElement(entry, "Option", name="expression", type="QString", value=expression)
        ElementTree.SubElement(entry, "Option", name="type", type="int", value="3")
    ElementTree.SubElement(collection, "Option", name="type", type="QString", value="collection")
    return element


def _rgba(colour: Colour) -> str:
    return ",".join(map(str, (*colour, 255)))
