"""A synthetic drive as files: photos with the camera's clock, the receiver's track, and the truth."""

import io
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, Image

from upcracknet.data.image_file import save_image_atomically
from upcracknet.data.synthetic.drive import CLOCK_OFFSET, Drive, DrivePhoto
from upcracknet.data.synthetic.own_files import Manifest
from upcracknet.files import write_atomically

SECTION_M = 100.0
"""Length of the sections that the truth is summed up for, from where the car leaves."""

TRACK = "track.gpx"
_MANIFEST = Manifest(
    "truth.json", "photos", ("photo", "mask", "track"), r"photos/\d+\.jpg|masks/\d+\.png|" + TRACK
)
_QUALITY = 92


def write_drive(
    folder: Path,
    drive: Drive,
    *,
    overwrite: bool = False,
    show: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Make a drive and write it.

    Writes ``photos/0001.jpg`` and so on with EXIF: the time by the camera's clock, which is an hour behind,
    with milliseconds, and no place; ``masks/0001.png`` (255 is crack); ``track.gpx``, a point each second;
    and ``truth.json``.

    Args:
        folder: made as needed.
        drive: how it goes.
        overwrite: replace the files of an earlier run; others are never touched.
        show: called with the number of photos that are done and of all.

    Returns:
        the content of ``truth.json``: clock, scale, and per photo and per section of 100 m the cracks.

    Raises:
        OutputError: files are in the way, or cannot be written.
    """
    names = [(f"photos/{number:04}.jpg", f"masks/{number:04}.png") for number in range(1, drive.count + 1)]
    every = [TRACK, *(name for pair in names for name in pair)]
    entries = []
    with _MANIFEST.writing(folder, every, overwrite=overwrite) as truth:
        for (photo_name, mask_name), photo in zip(names, drive.photos(), strict=True):
            write_atomically(folder / photo_name, _jpeg(photo))
            save_image_atomically(folder / mask_name, photo.mask.astype(np.uint8) * np.uint8(255))
            entries.append({"photo": photo_name, "mask": mask_name, "track": TRACK, **_truth(photo)})
            show(len(entries), drive.count)
        write_atomically(folder / TRACK, drive.driven.gpx(float(drive.chainages_m[-1])))
        truth |= {
            "millimetres_per_pixel": drive.millimetres_per_pixel,
            "clock_offset_s": CLOCK_OFFSET.total_seconds(),
            "section_length_m": SECTION_M,
            "sections": list(_sections(entries)),
            "photos": entries,
        }
    return truth


def camera_notes(time: datetime) -> Image.Exif:
    """Give the EXIF of a synthetic photo: the time by the camera's clock with milliseconds, and no place.

    Args:
        time: when it was taken, in UTC.
    """
    clock = time - CLOCK_OFFSET
    exif = Image.Exif()
    exif[ExifTags.Base.Model] = "upcracknet, synthetic photo"
    details = exif.get_ifd(ExifTags.IFD.Exif)
    details[ExifTags.Base.DateTimeOriginal] = f"{clock:%Y:%m:%d %H:%M:%S}"
    details[ExifTags.Base.SubsecTimeOriginal] = f"{clock.microsecond // 1000:03}"
    details[ExifTags.Base.OffsetTimeOriginal] = "+00:00"
    return exif


def _jpeg(photo: DrivePhoto) -> bytes:
    """The photo as a camera keeps it."""
    content = io.BytesIO()
    Image.fromarray(photo.photo).save(content, "JPEG", quality=_QUALITY, exif=camera_notes(photo.time))
    return content.getvalue()


def _truth(photo: DrivePhoto) -> dict[str, Any]:
    cracks = [
        {key: round(value, 2) if isinstance(value, float) else value for key, value in asdict(crack).items()}
        for crack in photo.cracks
    ]
    return {
        "chainage_m": round(photo.chainage_m, 3),
        "latitude": round(photo.latitude, 8),
        "longitude": round(photo.longitude, 8),
        "course_deg": round(photo.course_deg, 2),
        "time": photo.time.isoformat(timespec="milliseconds"),
        "network_area_mm2": round(photo.network_area_mm2, 1),
        "cracks": cracks,
    }


def _sections(entries: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    """Sum up photos by hundred metres; cracks within a network count as alligator cracking."""
    sections: dict[int, dict[str, Any]] = {}
    for entry in entries:
        number = int(entry["chainage_m"] // SECTION_M) + 1
        section = sections.setdefault(
            number,
            {"number": number, "photos": 0, "length_m": 0.0, "network_area_m2": 0.0}
            | {"class_length_m": {}, "severity_length_m": {}},
        )
        section["photos"] += 1
        section["network_area_m2"] += entry["network_area_mm2"] / 1e6
        for crack in entry["cracks"]:
            length_m = crack["length_mm"] / 1000
            section["length_m"] += length_m
            for sums, name in (("class_length_m", "kind"), ("severity_length_m", "severity")):
                section[sums][crack[name]] = section[sums].get(crack[name], 0.0) + length_m
    return sections.values()
