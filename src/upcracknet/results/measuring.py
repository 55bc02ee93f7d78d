"""How a photo's cracks are to be measured: its scale, its driving direction, the standard."""

import hashlib
import json
import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from upcracknet.errors import ConfigurationError, PhotoError
from upcracknet.measure.drone import camera_tilt_deg
from upcracknet.measure.frame import Direction
from upcracknet.measure.heading import driving_direction, driving_direction_on_map
from upcracknet.measure.scale import Scale
from upcracknet.measure.scale_file import SurveyScales, to_dict
from upcracknet.measure.severity import StandardName, standard_of
from upcracknet.measure.track import Track
from upcracknet.results.opening import has_place
from upcracknet.results.settings import MeasureOptions, Widths
from upcracknet.results.sources import Source

MISSED_PHOTO = "photo_was_missing"
"""In what a record says of its measures: the photo was needed and not at hand, and is looked for again."""

RULES = 2
"""Counts up where the same mask gets other measures, so that older ones are made again. 2: quantities by the
width of each piece of a crack."""


@dataclass(frozen=True)
class Terms:
    """What a photo's cracks are measured by.

    Attributes:
        scale: gives millimetres; None leaves everything in pixels.
        direction: the driving direction; None where it is not known.
        warnings: what to know of the millimetres, or why there are none where some were to be expected.
        missed_photo: whether the photo's notes could not be read: it is measured again once they can be.
    """

    scale: Scale | None
    direction: Direction | None
    warnings: tuple[str, ...] = ()
    missed_photo: bool = False


@dataclass(frozen=True)
class Measuring:
    """How cracks are measured in a run: the user's options, their files read.

    Attributes:
        scales: of the photos.
        standard: whose severities and quantities.
        direction: driving direction that was given, in degrees.
        track: of the camera.
        track_sha256: checksum of the track's file.
        widths: what widths are measured in.
        pictures: whether cracks are drawn on the photos.
    """

    scales: SurveyScales
    standard: StandardName
    direction: float | None
    track: Track | None
    track_sha256: str | None
    widths: Widths
    pictures: bool

    @classmethod
    def of(cls, options: MeasureOptions) -> "Measuring":
        """Read the files that options name.

        Raises:
            ConfigurationError: options are impossible or contradict each other, or the scale file is none.
            DataError: the track is none.
        """
        standard_of(options.standard)
        if options.direction is not None:
            Direction(options.direction)
        number = options.millimetres_per_pixel
        if options.scale is not None and number is not None:
            raise ConfigurationError(
                "--scale and --millimetres-per-pixel both say how large a pixel is; give one of them"
            )
        scales = SurveyScales(None if number is None else Scale.uniform(number))
        if options.scale is not None:
            scales = SurveyScales.read(options.scale)
        track, checksum = None, None
        if options.gpx is not None:
            track = Track.read(options.gpx)
            checksum = hashlib.sha256(options.gpx.read_bytes()).hexdigest()
        return cls(
            scales, options.standard, options.direction, track, checksum, options.widths,
            options.crack_pictures,
        )  # fmt: skip

    def settings(self, address: str) -> dict[str, Any]:
        """Give what the measures of a photo depend on, as plain values, for its record.

        Args:
            address: absolute path or URL of the photo.
        """
        scale = self.scales.of(address)
        settings = {
            "scale": None if scale is None else to_dict(scale),
            "standard": self.standard,
            "direction": self.direction,
            "track_sha256": self.track_sha256,
            "widths": self.widths,
            "pictures": self.pictures,
            "rules": RULES,
        }
        plain: dict[str, Any] = json.loads(json.dumps(settings))  # as a record gives them back
        return plain

    def of_photo(self, source: Source, size: tuple[int, int]) -> Terms:
        """Find the terms of a photo by its scale and by what its camera noted.

        Args:
            source: the photo; only its notes are read, and if it is gone they are not known.
            size: its height and width in pixels.

        Raises:
            ConfigurationError: the given direction is no number.
        """
        tilt: float | None = None
        direction = driving_direction(None, given=self.direction, track=self.track)
        warnings: tuple[str, ...] = ()
        missed = False
        if source.frame is None:  # frames of videos have no notes of their own
            try:
                with source.opened() as image:
                    tilt = camera_tilt_deg(image)
                    direction = driving_direction(image, given=self.direction, track=self.track)
            except PhotoError as error:
                why = str(error).removeprefix(f"{source.address}: ")  # the same of each photo is said once
                warnings = (f"the camera is taken to have looked straight down: {why}",)
                missed = True
        scale = self.scales.of(source.address)
        if scale is None and self.scales.places:
            return Terms(
                None, direction, ("no millimetres: the scale file has no scale for this photo",), missed
            )
        if scale is None:
            return Terms(None, direction, missed_photo=missed)
        try:
            return Terms(scale.for_photo(*size, tilt or 0.0), direction, warnings, missed)
        except ConfigurationError as error:
            return Terms(None, direction, (f"no millimetres: {error}",), missed)

    def of_map(self, image: Any, source: Source) -> Terms:
        """Find the terms of an image in windows: by its place on the ground, or as those of a photo.

        Args:
            image: it, or its mask, opened by rasterio.
            source: the image.
        """
        terms = self.of_photo(source, (image.height, image.width))
        if not has_place(image):
            return terms
        direction = None  # which way up on a map leads is not known
        if self.direction is not None:
            direction = Direction(self.direction)
        elif self.track is not None:
            direction = driving_direction_on_map(image, self.track)
        try:
            scale = Scale.from_raster(image)
        except PhotoError as error:
            why = () if terms.scale is not None else (f"no millimetres: {error}",)
            return Terms(terms.scale, direction, (*terms.warnings, *why), terms.missed_photo)
        return Terms(replace(scale, source=scale.source.replace(image.name, source.address)), direction)


def pixel_side(scale: Scale, size: tuple[int, int]) -> float | None:
    """Compute the side in millimetres of the square that is as large as a pixel.

    Args:
        scale: of a photo.
        size: the photo's height and width in pixels.

    Returns:
        none where it differs by more than a thousandth from place to place.
    """
    height, width = size
    corners = np.array([[0, 0], [width - 1, 0], [0, height - 1], [width - 1, height - 1]], float)
    sides = scale.millimetres_per_pixel_at(corners)
    mean = float(sides.mean())
    return round(mean, 9) if math.isfinite(mean) and float(np.ptp(sides)) <= 1e-3 * mean else None
