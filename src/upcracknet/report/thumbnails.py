"""Small pictures of photos with their cracks drawn in, for the report."""

from typing import Any

import cv2
import numpy as np
from jaxtyping import UInt8

from upcracknet.data.photo import load_photo
from upcracknet.errors import DataError, UpCrackNetError
from upcracknet.measure.legend import INK
from upcracknet.report.colours import colour_of
from upcracknet.results.crack_files import read_cracks
from upcracknet.results.folder import ResultFolder
from upcracknet.results.records import Record, severity_rank

LONGEST_PX = 400
"""Longer side of a picture."""

_QUALITY = 80  # of JPEG: about 25 kilobytes a picture
_LINE_PX, _CASING_PX = 2, 4  # a crack is thinner than a pixel here; it is drawn so that it can be seen


def thumbnail(record: Record, results: ResultFolder) -> bytes | None:
    """Draw a photo's cracks in the colours of their severities on the photo, small.

    Args:
        record: of a photo that could be used.
        results: its result folder.

    Returns:
        JPEG, its longer side 400 pixels; None where neither the photo nor its overlay is at hand.
    """
    photo = _photo(record, results)
    if photo is None:
        return None
    height, width = photo.shape[:2]
    zoom = LONGEST_PX / max(height, width)
    size = max(1, round(width * zoom)), max(1, round(height * zoom))
    how = cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR
    picture = np.asarray(cv2.resize(photo, size, interpolation=how), np.uint8)
    try:
        content = {} if record.cracks is None else read_cracks(results.file(record.cracks))
        _draw(picture, content)
    except (DataError, KeyError, TypeError, ValueError):
        pass  # that it cannot be read is among the report's problems; the photo alone is shown
    _, coded = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return coded.tobytes()


def _photo(record: Record, results: ResultFolder) -> UInt8[np.ndarray, "h w 3"] | None:
    """The photo as it was detected in; where it is not on this machine, its overlay."""
    source = results.source(record)
    try:
        if source.path is not None:  # nothing is fetched for a report
            return source.load()
    except UpCrackNetError:
        pass
    try:
        return None if record.overlay is None else load_photo(results.file(record.overlay))
    except UpCrackNetError:
        return None


def _draw(picture: UInt8[np.ndarray, "h w 3"], content: dict[str, Any]) -> None:
    """Draw the axes of all cracks, the gravest last; joints are left out."""
    cracks = [crack for crack in content.get("cracks", ()) if crack["kind"] != "joint"]
    cracks.sort(key=lambda crack: severity_rank(crack["severity"]))
    if not cracks:
        return
    factors = np.array(picture.shape[1::-1]) / (content["width"], content["height"])
    lines = [[np.rint((np.array(branch) + 0.5) * factors - 0.5).astype(np.int32) for branch in crack["axis"]]
             for crack in cracks]  # fmt: skip
    for branches in lines:
        cv2.polylines(picture, branches, False, INK, _CASING_PX, cv2.LINE_AA)
    for crack, branches in zip(cracks, lines, strict=True):
        cv2.polylines(picture, branches, False, colour_of(crack["severity"]), _LINE_PX, cv2.LINE_AA)
