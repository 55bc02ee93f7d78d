"""Measure the cracks of one photo, from its mask and the photo where that is at hand, and write them."""

from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Bool, UInt8

from upcracknet.errors import OutputError, PhotoError, UpCrackNetError
from upcracknet.files import one_line, write_atomically
from upcracknet.measure.inspection import Inspection, inspect, inspect_in_windows
from upcracknet.measure.scale import Scale
from upcracknet.results.corrections import (
    CORRECTION,
    OUTDATED,
    Correction,
    correction_checksum,
    is_outdated,
    read_correction,
)
from upcracknet.results.crack_files import crack_file, summary
from upcracknet.results.effective_mask import effective_mask, effective_mask_in_windows, rows_of, size_of
from upcracknet.results.jpeg import jpeg
from upcracknet.results.measuring import MISSED_PHOTO, Measuring, pixel_side
from upcracknet.results.opening import opened
from upcracknet.results.records import Record
from upcracknet.results.windows import Windows
from upcracknet.results.writing import WritableResults

LARGE_PIXEL = 10.0
"""Millimetres of a pixel from which on cracks can hardly be seen."""

Photo = UInt8[np.ndarray, "h w 3"]


@dataclass(frozen=True)
class _Measured:
    """What was measured of a photo.

    Attributes:
        inspection: it.
        crack_pixels: of the mask that counts.
        photo: to draw on, perhaps shrunk; None where it is not at hand or not needed.
        warnings: what to know before the measures are trusted.
        widths: what widths were measured in: "photo" or "mask".
        missed_photo: whether the photo was needed and not at hand.
    """

    inspection: Inspection
    crack_pixels: int
    photo: Photo | None
    warnings: tuple[str, ...]
    widths: str
    missed_photo: bool


def measure_record(
    record: Record,
    results: WritableResults,
    measuring: Measuring,
    found: tuple[Bool[np.ndarray, "h w"], Photo] | None = None,
) -> Record:
    """Measure the cracks of a photo, as they were found or corrected, and write their files.

    Args:
        record: of a photo that is done, without measures; not changed.
        results: where its mask is, and where the files go.
        measuring: how.
        found: the model's mask and the photo, where they are in memory; None reads them.

    Returns:
        the record with the measures, and with the crack pixels of the mask that counts. Where they fail it
        has a warning, and the mask stands.

    Raises:
        OutputError: a file cannot be written.
    """
    assert record.mask is not None
    # Before the correction is read: one that is replaced meanwhile is then measured again.
    checksum = correction_checksum(results, record.name)
    try:
        correction, outdated = read_correction(results, record.name), False
        if correction is not None and is_outdated(results, record, correction):
            correction, outdated = None, True
        if record.mask.endswith(".tif"):
            measured = _in_windows(record, results, measuring, correction)
        else:
            measured = _whole(record, results, measuring, correction, found)
        record = _counted(record, measured.crack_pixels)
        cracks, picture = f"cracks/{record.name}.json", None
        content = crack_file(measured.inspection, measured.widths)
        values = _values(measured.inspection, record)
        warnings = [*measured.warnings, *([OUTDATED] if outdated else [])]
        side, scale = values.get("millimetres_per_pixel"), measured.inspection.scale
        # Of what an image says of its own pixels, its detection has warned.
        if isinstance(scale, Scale) and scale.method != "raster":
            warnings += too_large_pixel(side)
        if measuring.pictures and measured.photo is not None:
            from upcracknet.measure.picture import draw_inspection  # fonts, which only pictures need

            picture = f"pictures/{record.name}.jpg"
            drawn = jpeg(draw_inspection(measured.photo, measured.inspection))
            write_atomically(results.file(picture), drawn, scratch=results.scratch)
        write_atomically(results.file(cracks), content, scratch=results.scratch)
    except OutputError:
        raise
    except UpCrackNetError as error:
        return replace(record, measure_warning=f"not measured: {error}")
    except Exception as error:  # a defect of measuring must not cost the mask, nor the photos that follow
        reason = f"{type(error).__name__}: {one_line(error)}"
        return replace(record, measure_warning=f"not measured, by a defect of this program ({reason})")
    return replace(
        record,
        **values,
        cracks=cracks,
        picture=picture,
        measure_warning="; ".join(text.rstrip(".") for text in warnings) or None,
        review_status=None if correction is None else correction.status,
        reviewer_note=None if correction is None else correction.remark,
        measures=measuring.settings(results.source(record).address)
        | ({MISSED_PHOTO: True} if measured.missed_photo else {})
        | ({} if checksum is None else {CORRECTION: checksum}),
    )


def too_large_pixel(millimetres: float | None) -> list[str]:
    """Warn of pixels that cover so much road that cracks can hardly be seen."""
    if millimetres is None or millimetres <= LARGE_PIXEL:
        return []
    return [f"a pixel is {millimetres:.0f} mm wide and shows hardly any crack; take photos from nearer"]


def _counted(record: Record, crack_pixels: int) -> Record:
    """The record with the crack pixels of another mask; of the same mask it stays as it is."""
    if crack_pixels == record.crack_pixels:
        return record
    height, width = size_of(record)
    road = height * width if record.road_pixels is None else record.road_pixels
    # What a person drew may reach beyond the part of the photo that counts as road.
    share = min(1.0, round(crack_pixels / road, 6)) if road else None
    return replace(record, crack_pixels=crack_pixels, area_share=share)


def _values(inspection: Inspection, record: Record) -> dict[str, Any]:
    """What the record says of the measures."""
    scale = inspection.scale
    if not isinstance(scale, Scale):
        return summary(inspection)
    frame = inspection.classes.frame
    side = pixel_side(scale, (frame.height, frame.width))
    area_mm2: float | None
    if side is not None:
        area_mm2 = (record.crack_pixels or 0) * side**2
    else:
        areas = [crack.area_mm2 for crack in inspection.cracks if crack.area_mm2 is not None]
        area_mm2 = sum(areas) if areas or not inspection.cracks else None
    return summary(inspection) | {
        "crack_area_cm2": None if area_mm2 is None else round(area_mm2 / 100, 3),
        "millimetres_per_pixel": side,
    }


def _whole(
    record: Record,
    results: WritableResults,
    measuring: Measuring,
    correction: Correction | None,
    found: tuple[Bool[np.ndarray, "h w"], Photo] | None,
) -> _Measured:
    """Measure a photo that fits into memory."""
    source = results.source(record)
    photo: Photo | None = None
    missing: tuple[str, ...] = ()
    if found is not None:
        mask, photo = found
    elif _needs_photo(measuring):
        try:
            photo = source.load()
        except PhotoError as error:
            missing = (_without_photo(error),)
    if found is None or (correction is not None and correction.changes_the_mask):
        mask = effective_mask(results, record, correction)
    terms = measuring.of_photo(source, (mask.shape[0], mask.shape[1]))
    refined = photo if measuring.widths == "photo" else None
    inspection = inspect(mask, terms.scale, refined, direction=terms.direction, standard=measuring.standard)
    return _Measured(
        inspection,
        int(np.count_nonzero(mask)),
        photo,
        (*terms.warnings, *missing, *inspection.notes),
        "mask" if refined is None else "photo",
        bool(missing) or terms.missed_photo,
    )


def _in_windows(
    record: Record, results: WritableResults, measuring: Measuring, correction: Correction | None
) -> _Measured:
    """Measure an image that was read in windows; memory does not grow with it."""
    assert record.mask is not None
    source = results.source(record)
    windows: Windows | None = None
    missing: tuple[str, ...] = ()
    with ExitStack() as files:
        mask = files.enter_context(opened(results.file(record.mask)))  # it knows its place
        read = files.enter_context(effective_mask_in_windows(results, record, correction))
        crack_pixels = sum(int(np.count_nonzero(rows)) for rows in rows_of(read, size_of(record)))
        if _needs_photo(measuring) and source.path is not None:
            try:
                source.require_unchanged()
                windows = Windows(files.enter_context(opened(source.path)), source.path)
            except PhotoError as error:
                missing = (_without_photo(error),)
        terms = measuring.of_map(mask, source)
        refined = windows is not None and measuring.widths == "photo"
        inspection = inspect_in_windows(
            read, (mask.height, mask.width), terms.scale,
            read_photo=windows.rgb if windows is not None and refined else None,
            direction=terms.direction, standard=measuring.standard,
        )  # fmt: skip
        photo = windows.small() if windows is not None and measuring.pictures else None
    return _Measured(
        inspection, crack_pixels, photo, (*terms.warnings, *missing, *inspection.notes),
        "photo" if refined else "mask", bool(missing) or terms.missed_photo,
    )  # fmt: skip


def _needs_photo(measuring: Measuring) -> bool:
    return measuring.widths == "photo" or measuring.pictures


def _without_photo(error: PhotoError) -> str:
    return f"measured by the mask alone: {error}"
