"""Pictures of two photos of one place, the old one laid on the new one, with what became of the cracks."""

import cv2
import numpy as np
from jaxtyping import UInt8

from upcracknet.errors import DataError, PhotoError
from upcracknet.measure.legend import INK, Colour
from upcracknet.results.crack_files import read_cracks
from upcracknet.results.folder import ResultFolder
from upcracknet.survey.changes import Pieces, sort_pieces
from upcracknet.survey.pairing import PhotoPair

KEPT: Colour = (255, 225, 40)
NEW: Colour = (190, 0, 30)
GONE: Colour = (90, 190, 255)
"""They differ in lightness, so that nobody needs to see red and green apart."""

_LONGEST_PX = 400
_QUALITY = 80  # of JPEG
_CASING_PX, _LINE_PX = 2, 1  # radius of the dots that a line is drawn of


def pair_pictures(old: ResultFolder, new: ResultFolder, pair: PhotoPair) -> tuple[bytes | None, bytes | None]:
    """Draw the two photos of a pair.

    Args:
        old: result folder of the old survey.
        new: that of the new one.
        pair: laid on each other.

    Returns:
        the old photo as it lies on the new one, and the new one, as JPEG of 400 pixels on the longer side;
        None twice where a photo or its cracks are no longer at hand.
    """
    if pair.registration is None or pair.old.record.cracks is None or pair.new.record.cracks is None:
        return None, None
    try:
        before, after = old.source(pair.old.record).load(), new.source(pair.new.record).load()
        pieces = sort_pieces(
            read_cracks(old.file(pair.old.record.cracks)),
            read_cracks(new.file(pair.new.record.cracks)),
            pair.registration,
        )
    except (PhotoError, DataError):
        return None, None
    height, width = after.shape[:2]
    zoom = _LONGEST_PX / max(height, width)
    size = max(1, round(width * zoom)), max(1, round(height * zoom))
    shrink = np.diag([zoom, zoom, 1.0])
    laid = cv2.warpPerspective(before, shrink @ pair.registration.matrix, size, flags=cv2.INTER_AREA)
    shown = cv2.resize(after, size, interpolation=cv2.INTER_AREA)
    for picture, rows in (
        (np.asarray(laid), ((pieces.kept, KEPT), (pieces.gone, GONE))),
        (np.asarray(shown), ((pieces.kept, KEPT), (pieces.new, NEW))),
    ):
        for part, _ in rows:
            _dots(picture, part, zoom, INK, _CASING_PX)
        for part, colour in rows:
            _dots(picture, part, zoom, colour, _LINE_PX)
    return _jpeg(np.asarray(laid)), _jpeg(np.asarray(shown))


def _dots(
    picture: UInt8[np.ndarray, "h w 3"], pieces: Pieces, zoom: float, colour: Colour, radius: int
) -> None:
    """Draw short pieces as dots, which run together to lines."""
    for x, y in np.unique(np.rint(pieces.middles * zoom).astype(int), axis=0):
        cv2.circle(picture, (int(x), int(y)), radius, colour, cv2.FILLED)


def _jpeg(picture: UInt8[np.ndarray, "h w 3"]) -> bytes:
    _, coded = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return coded.tobytes()
