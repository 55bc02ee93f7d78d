"""What a drone writes into its photos about its height, its lens and its tilt: a scale as an estimate.

Names and meanings are those of DJI's manuals (Matrice 4, Mavic 3, Zenmuse P1): RelativeAltitude is the height
above the place of take-off in metres, CalibratedFocalLength is in pixels, GimbalPitchDegree is -90 where the
camera looks straight down.
"""

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64
from PIL import ExifTags

from upcracknet.errors import PhotoError
from upcracknet.measure.exif import number, read_exif
from upcracknet.measure.places import require_length

LARGEST_TILT_DEG = 10.0
"""Tilt from straight down up to which a photo is not oblique."""

GIVEN_HEIGHT_ERROR = 0.05
"""Relative error of a height that the user gives: an assumption."""

ALTITUDE_ERROR_M = 1.0
"""Error of the height above take-off, which barometers measure, in metres: 0.5 m as a rule, 2 m and more in
wind (SiteSee, "Fluctuating Capture Altitude"). That the road lies higher or lower than the place of take-off
comes on top."""

FOCAL_LENGTH_ERROR = 0.02
"""Relative error of the focal length: equivalents for 35 mm film are rounded, to 24 mm for many drones."""

FILM_DIAGONAL_MM = math.hypot(36, 24)
"""The equivalent for 35 mm film gives the same angle along the diagonal (CIPA DCG-001)."""

MILLIMETRES_OF_UNIT = {2: 25.4, 3: 10.0}
"""Units of EXIF's FocalPlaneResolutionUnit: inch and centimetre."""


@dataclass(frozen=True)
class Estimate:
    """A scale from a drone's notes.

    Attributes:
        matrix: homography from pixels to millimetres on level ground, 3×3.
        source: in words: which notes.
        uncertainty: relative error of lengths, one standard deviation.
    """

    matrix: Float64[np.ndarray, "3 3"]
    source: str
    uncertainty: float


def estimate(image: Any, height_m: float | None, photo: str) -> Estimate:
    """Estimate where pixels lie on level ground, for a camera of known height, focal length and tilt.

    Heights above the sea are not used: they are wrong by 15 m and more.

    Args:
        image: opened by Pillow.
        height_m: of the camera above the road, in metres; None takes the height above the place of take-off.
        photo: its name, for errors.

    Raises:
        PhotoError: the photo does not say its height, focal length or tilt; it is stored turned, was cropped
            or zoomed; or the camera was tilted by more than 10° from straight down.
        ConfigurationError: the height is not above 0.
    """
    tilt = camera_tilt_deg(image)
    if tilt is None:
        raise PhotoError(
            f"{photo}: does not say where the camera looked (GimbalPitchDegree); give two points, a "
            "rectangle or a number"
        )
    if abs(tilt) > LARGEST_TILT_DEG:
        raise PhotoError(
            f"{photo}: the camera was tilted by {abs(tilt):.0f}° from straight down, expected at most "
            f"{LARGEST_TILT_DEG:.0f}°; mark a rectangle on the road: `upcracknet scale --rectangle`"
        )
    if read_exif(image).image.get(ExifTags.Base.Orientation, 1) != 1:
        raise PhotoError(f"{photo}: is stored turned, so up is not known; give two points or a rectangle")
    focal_length, lens = _focal_length_px(image, photo)
    if height_m is None:
        height_m = xmp_number(image, "RelativeAltitude")
        if height_m is None or height_m <= ALTITUDE_ERROR_M:
            found = "no height" if height_m is None else f"a height of {height_m:g} m"
            raise PhotoError(
                f"{photo}: tells {found} above take-off (RelativeAltitude); give the height: --height"
            )
        height_error, known = ALTITUDE_ERROR_M / height_m, "above take-off"
    else:
        require_length(height_m * 1000, "the height above the road")
        height_error, known = GIVEN_HEIGHT_ERROR, "as given"
    return Estimate(
        _onto_level_ground(image.size, focal_length, math.radians(tilt), height_m * 1000),
        f"estimate from a drone: height {height_m:g} m {known}, {lens}, tilt {tilt:.1f}°, in {photo}",
        min(math.hypot(height_error, FOCAL_LENGTH_ERROR), 0.99),
    )


def camera_tilt_deg(image: Any) -> float | None:
    """Read how far a camera looked away from straight down.

    Args:
        image: opened by Pillow.

    Returns:
        degrees, positive where the camera looked ahead; None where the photo does not say.
    """
    pitch = xmp_number(image, "GimbalPitchDegree")
    return None if pitch is None or not -180 <= pitch <= 180 else 90 + pitch


def xmp_number(image: Any, name: str) -> float | None:
    """Read a number of a photo's XMP, which makers write as attribute or as element, with any prefix.

    Args:
        image: opened by Pillow.
        name: of the number, without its prefix.

    Returns:
        None where there is none.
    """
    packet = image.info.get("xmp", b"")
    packet = packet if isinstance(packet, bytes) else str(packet).encode()
    found = re.search(rb":%s(?:\s*=\s*[\"']|>)\s*([-+]?[0-9.]+)" % name.encode(), packet)
    return None if found is None else number(found[1])


def _focal_length_px(image: Any, photo: str) -> tuple[float, str]:
    """The focal length in pixels of the photo as it is now, and where it is from."""
    tags = read_exif(image).taking

    def noted(tag: ExifTags.Base) -> float:
        return max(0.0, number(tags.get(tag)) or 0.0)

    width, height = image.size
    # The camera's own size: a photo may have been shrunk since.
    taken_width = noted(ExifTags.Base.ExifImageWidth) or width
    taken_height = noted(ExifTags.Base.ExifImageHeight) or height
    shrinking = width / taken_width
    if abs(shrinking * taken_height / height - 1) > 0.01:
        raise PhotoError(
            f"{photo}: has {width}×{height} pixels, the camera took {taken_width:g}×{taken_height:g}, so "
            "it was cropped; take the camera's own file"
        )
    if (zoom := noted(ExifTags.Base.DigitalZoomRatio)) > 1:
        raise PhotoError(f"{photo}: was taken with digital zoom ({zoom:g}); give two points or a rectangle")
    calibrated = xmp_number(image, "CalibratedFocalLength") or 0.0
    if calibrated > 0:
        return calibrated * shrinking, f"calibrated focal length {calibrated:g} pixels"
    focal_length = noted(ExifTags.Base.FocalLength)
    unit = MILLIMETRES_OF_UNIT.get(int(noted(ExifTags.Base.FocalPlaneResolutionUnit)), 0.0)
    if focal_length and unit and (density := noted(ExifTags.Base.FocalPlaneXResolution)):
        sensor = taken_width * unit / density
        return focal_length * width / sensor, f"focal length {focal_length:g} mm, sensor {sensor:.3g} mm wide"
    if film := noted(ExifTags.Base.FocalLengthIn35mmFilm):
        return film * math.hypot(width, height) / FILM_DIAGONAL_MM, f"focal length {film:g} mm for 35 mm film"
    raise PhotoError(
        f"{photo}: does not say its focal length for 35 mm film, nor the size of its sensor; give two "
        "points, a rectangle or a number"
    )


def _onto_level_ground(
    size: tuple[int, int], focal_length: float, tilt: float, height: float
) -> Float64[np.ndarray, "3 3"]:
    """The homography of a pinhole camera above level ground that is tilted about the photo's rows."""
    x, y = (size[0] - 1) / 2, (size[1] - 1) / 2
    cosine, sine = math.cos(tilt), math.sin(tilt)
    # How far each pixel's ray leads to the right, back and down.
    rays = np.array(
        [
            [1, 0, -x],
            [0, cosine, -cosine * y - sine * focal_length],
            [0, sine, cosine * focal_length - sine * y],
        ]
    )
    scaled: np.ndarray = np.array([[height], [height], [1.0]]) * rays / focal_length
    return scaled
