"""A picture of what was measured: the photo, its cracks coloured by severity, and a legend below."""

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw

from upcracknet.errors import PhotoError
from upcracknet.measure.frame import Frame
from upcracknet.measure.inspection import Inspection
from upcracknet.measure.labels import place_labels
from upcracknet.measure.legend import INK, ORDER, PAPER, TEXT_PX, Look, draw_strip, font, look_of
from upcracknet.measure.lines import Factors, draw_lines, tint_networks, to_picture
from upcracknet.measure.records import Crack, RoadScale
from upcracknet.measure.severity import STANDARDS

LONGEST_PX, MOST_ENLARGED, NARROWEST_PX = 1600, 8, 1000
"""The photo is shown with a longer side of 1600 pixels, at most 8 times enlarged, in a picture at least 1000
pixels wide."""

MOST_LABELS = 20
"""Cracks that get a label, the longest first."""

_UNIFORM = 1.01  # a scale bar is right within so much at all places


def draw_inspection(
    photo: UInt8[np.ndarray, "h w 3"], inspection: Inspection
) -> UInt8[np.ndarray, "picture_h picture_w 3"]:
    """Draw a photo's cracks in the colours of their severities, with a legend and a scale bar below.

    Each crack is drawn along its axis as wide as it is, but at least 5 pixels, and labelled with its number
    and mean width. Joints are dashed; areas of networks are tinted. The legend names what is in the picture.
    There is a scale bar where a pixel covers the same piece of road, within 1 %, all over the photo.

    Args:
        photo: RGB; it may be a smaller version of what was measured, as the preview of a large raster is.
        inspection: what was measured.

    Returns:
        RGB. The photo is above, shrunk or enlarged to a longer side of 1600 pixels, so that the texts can be
        read; the legend is below it.

    Raises:
        PhotoError: the photo is not in the proportions of what was measured.
    """
    frame, standard = inspection.classes.frame, STANDARDS[inspection.standard]
    _check_proportions(photo, frame)
    height, width = photo.shape[:2]
    zoom = min(LONGEST_PX / max(height, width), MOST_ENLARGED)
    shown = max(1, round(width * zoom)), max(1, round(height * zoom))
    factors = np.array(shown) / (frame.width, frame.height)

    picture = _pale(photo, shown)
    looks = [look_of(crack, standard, inspection.scale is not None) for crack in inspection.cracks]
    tinted = tint_networks(picture, inspection.classes.networks, factors)
    drawn = draw_lines(picture, inspection.cracks, looks, factors)
    beside = max(0, NARROWEST_PX - shown[0])
    picture = np.pad(picture, ((0, 0), (0, beside), (0, 0)), constant_values=PAPER[0])
    picture = _label(picture, inspection.cracks, looks, factors, np.pad(drawn, ((0, 0), (0, beside))))
    millimetres_per_pixel = _uniform(inspection.scale, frame)
    strip = draw_strip(
        picture.shape[1],
        _title(inspection),
        [*sorted(set(looks), key=lambda look: ORDER.index(look.colour)), *tinted],
        _notes(inspection, millimetres_per_pixel is not None),
        None if millimetres_per_pixel is None else millimetres_per_pixel / float(factors[0]),
    )
    return np.vstack([picture, strip])


def _check_proportions(photo: UInt8[np.ndarray, "h w 3"], frame: Frame) -> None:
    """Refuse a photo that is not what was measured; either side of a smaller one is rounded."""
    height, width = photo.shape[:2]
    if abs(frame.height * width - frame.width * height) > frame.height + frame.width:
        raise PhotoError(
            f"the photo has {width}×{height} pixels and what was measured has {frame.width}×{frame.height}; "
            "expected the same proportions: give the photo that was measured, or a smaller version of it"
        )


def _pale(photo: UInt8[np.ndarray, "h w 3"], size: tuple[int, int]) -> UInt8[np.ndarray, "shown_h shown_w 3"]:
    """The photo in another size, with less colour, so that the lines stand out."""
    smaller = size[0] < photo.shape[1]
    resized = cv2.resize(photo, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
    grey = cv2.cvtColor(cv2.cvtColor(resized, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return np.asarray(cv2.addWeighted(resized, 0.25, grey, 0.45, 60), np.uint8)


def _label(
    picture: UInt8[np.ndarray, "h w 3"],
    cracks: Sequence[Crack],
    looks: Sequence[Look],
    factors: Factors,
    drawn: UInt8[np.ndarray, "h w"],
) -> UInt8[np.ndarray, "h w 3"]:
    """Write number and mean width beside the longest cracks."""
    own = [pair for pair in zip(cracks, looks, strict=True) if pair[0].kind != "joint"]
    own = sorted(own, key=lambda pair: pair[0].number)[:MOST_LABELS]
    letters = font(TEXT_PX)
    texts = [f"{crack.number}: {_width(crack)}" for crack, _ in own]
    boxes = place_labels(
        [to_picture(np.concatenate(crack.axis), factors) for crack, _ in own],
        [crack.width_mean_px * float(factors.max()) / 2 for crack, _ in own],
        [(round(letters.getlength(text)) + 16, TEXT_PX + 10) for text in texts],
        drawn,
    )
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    for (_, look), text, box in zip(own, texts, boxes, strict=True):
        if box is not None:
            left, top, right, bottom = box
            draw.rounded_rectangle((left, top, right - 1, bottom - 1), 6, PAPER, look.colour, 3)
            draw.text(((left + right) / 2, (top + bottom) / 2), text, INK, letters, anchor="mm")
    return np.array(image)


def _width(crack: Crack) -> str:
    if crack.width_mean_mm is None:
        return f"{crack.width_mean_px:.1f} px"
    return f"{crack.width_mean_mm:.1f} mm"


def _uniform(scale: RoadScale | None, frame: Frame) -> float | None:
    """The millimetres a pixel covers, where they are the same all over the photo and in both directions."""
    if scale is None:
        return None
    x, y = np.meshgrid(np.linspace(0, frame.width - 1, 3), np.linspace(0, frame.height - 1, 3))
    places = np.column_stack([x.ravel(), y.ravel()])
    steps = [scale.to_road(places + step) - scale.to_road(places) for step in ((1.0, 0.0), (0.0, 1.0))]
    sides = np.hypot(*np.concatenate(steps).T)
    # Not true where one is unknown.
    return float(sides.mean()) if sides.max() <= _UNIFORM * sides.min() else None


def _title(inspection: Inspection) -> str:
    """How many cracks, and how long they are together."""
    cracks = [crack for crack in inspection.cracks if crack.kind != "joint"]
    joints = len(inspection.cracks) - len(cracks)
    parts = ["no cracks" if not cracks else "1 crack" if len(cracks) == 1 else f"{len(cracks)} cracks"]
    if cracks and inspection.scale is None:
        parts.append(f"{sum(crack.length_px for crack in cracks):.0f} pixels in all")
    elif cracks:
        length = sum(crack.length_mm or 0.0 for crack in cracks)
        parts.append(f"{length / 1000:.2f} m in all" if length >= 100 else f"{length:.0f} mm in all")
    if joints:
        parts.append("1 joint" if joints == 1 else f"{joints} joints")
    return ", ".join(parts)


def _notes(inspection: Inspection, has_bar: bool) -> list[str]:
    """What the picture does not show by itself."""
    scale, notes = inspection.scale, []
    if any(crack.kind != "joint" for crack in inspection.cracks):
        notes.append("Beside a crack: its number and its mean width.")
    if any(crack.severity in STANDARDS[inspection.standard].severities for crack in inspection.cracks):
        notes.append(f"Severity by mean width: {STANDARDS[inspection.standard].title}.")
    if scale is None:
        notes.append("No scale: lengths and widths are in pixels.")
    else:
        notes.append(f"Scale ({scale.source}) ±{100 * scale.uncertainty:.2g} %.")
    if scale is not None and not has_bar:
        notes.append("No scale bar: a pixel does not cover the same length of road everywhere.")
    return [*notes, *inspection.notes]
