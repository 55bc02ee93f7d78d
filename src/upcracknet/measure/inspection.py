"""All that is measured of one photo: its cracks with classes and severities, networks, joints, quantities."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Bool, UInt8

from upcracknet.errors import ConfigurationError, PhotoError
from upcracknet.measure.axis import find_axes
from upcracknet.measure.classes import Classes, Kind, classify
from upcracknet.measure.condition import Readings
from upcracknet.measure.frame import PHOTO_VERTICAL, Direction, Frame
from upcracknet.measure.joints import Joint
from upcracknet.measure.networks import Network
from upcracknet.measure.quantities import Quantity, book
from upcracknet.measure.records import Crack, RoadScale
from upcracknet.measure.scale import Scale
from upcracknet.measure.severity import StandardName, grade, standard_of
from upcracknet.measure.summary import cracks_of
from upcracknet.measure.width import measure_widths
from upcracknet.measure.windows import Read, Windows

LARGEST_WINDOW = 4096
"""Side in pixels up to which a mask in memory is one window."""


@dataclass(frozen=True, eq=False)
class Inspection:
    """All that was measured of one photo or map.

    Attributes:
        cracks: its cracks, the longest first, each with class and severity.
        classes: the cracks in parts of one class, the networks and the joints, in their frame.
        scale: where the millimetres come from; None where there are none.
        standard: whose severities and quantities these are.
    """

    cracks: tuple[Crack, ...]
    classes: Classes
    scale: RoadScale | None
    standard: StandardName

    @cached_property
    def quantities(self) -> tuple[Quantity, ...]:
        """How much of each distress there is, in metres and square metres as the standard counts them.

        See :func:`upcracknet.measure.quantities.book`. Without a scale there are none; what lies where the
        scale does not count is not in them.
        """
        return () if self.scale is None else tuple(book(self.classes, self.standard))

    @cached_property
    def readings(self) -> Readings | None:
        """The quantities as doubtful widths and networks allow them, for an index of condition.

        None without a scale, and under another standard than ASTM D6433, which alone has the index.
        """
        if self.scale is None or self.standard != "astm-d6433":
            return None
        return Readings.of(self.classes)

    @property
    def networks(self) -> tuple[Network, ...]:
        """The areas of alligator and block cracking, the largest first."""
        return self.classes.networks

    @property
    def joints(self) -> tuple[Joint, ...]:
        """The straight joints made by people."""
        return self.classes.joints

    @property
    def direction(self) -> Direction | None:
        """The driving direction that longitudinal and transverse refer to; None where it is not known."""
        return self.classes.frame.direction

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the numbers has to know of this photo, in sentences."""
        notes = []
        without = sum(crack.length_mm is None for crack in self.cracks)
        if self.scale is not None and without:
            notes.append(
                f"Cracks without millimetres: {without} of {len(self.cracks)}. They lie, whole or in part, "
                "where the scale does not count: beyond the horizon, or where a pixel covers too much road. "
                "What of them lies within is in the quantities."
            )
        if self.direction is not None and self.classes.frame.driving is None:
            notes.append(
                "The driving direction is not known, as the scale does not count in the middle of the "
                "photo's lower half. So no crack is longitudinal, transverse or diagonal."
            )
        return tuple(notes)


def inspect(
    mask: np.ndarray,
    scale: RoadScale | None = None,
    photo: np.ndarray | None = None,
    *,
    direction: Direction | None = PHOTO_VERTICAL,
    standard: StandardName = "astm-d6433",
) -> Inspection:
    """Measure, classify and grade all cracks of a photo.

    Pixels that touch at a side or a corner are one crack. A wide crack of which only the two rims are marked
    is one crack too: a gap between marked pixels is filled if it is

    - at most 60 pixels wide, and at most 10 times as wide as its rims are;
    - at least 5 times as long as it is wide;
    - about as wide everywhere, as no gap is between cracks that each go their own way;
    - with the photo, darker than the road beside it by a quarter of what its rims are darker.

    So two cracks that run side by side, within 10 times their width and as evenly as two rims, are two where
    the photo is given, and one where it is not.

    Args:
        mask: H×W, bool, or numbers of which 0 is road and one other value is crack.
        scale: gives millimetres; None gives pixels alone. A :class:`upcracknet.measure.Scale` that was made
            on a photo of another size is fitted to this one.
        photo: H×W×3 or H×W, uint8, the photo of the mask. With it, widths are those at half depth of the grey
            profile across the crack where it stands out from the road, instead of the mask's.
        direction: which way traffic drives; None where it is not known, and no crack is longitudinal then.
        standard: "astm-d6433" or "fhwa-ltpp".

    Returns:
        the cracks and what follows from them; no cracks for an empty mask.

    Raises:
        PhotoError: the mask is not H×W or has more than two values, or the photo is of another size.
        ConfigurationError: the scale, the direction or the standard is none, or the scale was made on photos
            of another shape.
    """
    marked = _mask(mask)
    shape = (marked.shape[0], marked.shape[1])
    shown = _photo(photo, shape)
    windows = Windows(
        shape, lambda rows, columns: marked[rows, columns],
        None if shown is None else lambda rows, columns: shown[rows, columns], LARGEST_WINDOW,
    )  # fmt: skip
    return _inspected(windows, scale, direction, standard)


def inspect_in_windows(
    read_mask: Read,
    shape: tuple[int, int],
    scale: RoadScale | None = None,
    *,
    read_photo: Read | None = None,
    direction: Direction | None = PHOTO_VERTICAL,
    standard: StandardName = "astm-d6433",
    window: int = 2048,
) -> Inspection:
    """Measure, classify and grade all cracks of a map that is too large for the memory.

    Cracks that go on from one window to the next are one. They are those of :func:`inspect` if none is wider
    than 256 pixels, and memory is that of one window and of the axes. Two classes need a map of a few metres:
    networks are looked for in a drawing of 2048 pixels, where pieces have to be 6 pixels large; and a joint
    is a line through most of the map, so in a map of more than a lane or slab joints are taken for cracks.

    Args:
        read_mask: reads rows and columns of the mask, bool, or numbers of which 0 is road; each is read up to
            four times.
        shape: height and width of the mask in pixels.
        scale: gives millimetres; None gives pixels alone.
        read_photo: reads rows and columns of the photo, uint8, H×W×3 or H×W; None measures the mask alone.
        direction: which way traffic drives; None where it is not known. A map from above has none of its own.
        standard: "astm-d6433" or "fhwa-ltpp".
        window: side of a window in pixels; 256 pixels more are read all around.

    Returns:
        the cracks and what follows from them.

    Raises:
        PhotoError: what is read is no mask.
        ConfigurationError: the scale, the direction or the standard is none, or the scale was made on photos
            of another shape.
    """
    windows = Windows(shape, lambda rows, columns: _mask(read_mask(rows, columns)), read_photo, window)
    return _inspected(windows, scale, direction, standard)


def _inspected(windows: Windows, scale: object, direction: object, standard: StandardName) -> Inspection:
    standard_of(standard)
    if direction is not None and not isinstance(direction, Direction):
        raise ConfigurationError(
            f"the driving direction is {direction!r}; expected a Direction, such as Direction(90) for up in "
            "the photo, or None"
        )
    fitted = _scale(scale, windows.shape)
    frame = Frame(*windows.shape, fitted, direction)
    axes = find_axes(windows)
    cracks = cracks_of(axes, *measure_widths(axes, windows), fitted)
    classes = classify(cracks, frame)
    graded = tuple(
        replace(crack, kind=kind, severity=_severity(crack, kind, standard))
        for crack, kind in zip(cracks, classes.kinds, strict=True)
    )
    return Inspection(graded, classes, fitted, standard)


def _severity(crack: Crack, kind: Kind, standard: StandardName) -> str | None:
    if kind == "joint" or crack.width_mean_mm is None:
        return None
    return grade(crack.width_mean_mm, standard, width_px=crack.width_mean_px)


def _scale(scale: object, shape: tuple[int, int]) -> RoadScale | None:
    """The scale for a photo of some shape, or what is wrong with it."""
    if isinstance(scale, Scale):
        return scale.for_photo(*shape)
    if scale is None or isinstance(scale, RoadScale):
        return scale
    raise ConfigurationError(
        f"the scale is {scale!r}; expected a Scale, such as Scale.uniform(1.5) for 1.5 mm a pixel, or None"
    )


def _mask(mask: object) -> Bool[np.ndarray, "h w"]:
    """The crack pixels, or what is wrong with the mask."""
    if not isinstance(mask, np.ndarray) or mask.dtype.kind not in "biuf":
        raise PhotoError(f"the mask is a {type(mask).__name__}; expected an array of bool or numbers")
    if mask.ndim != 2 or not mask.size:
        raise PhotoError(f"the mask is of shape {mask.shape}; expected height × width, one value a pixel")
    if mask.dtype == bool:
        return np.ascontiguousarray(mask)
    marked = np.ascontiguousarray(mask != 0)
    values = mask[marked]
    if values.size and not (values == values[0]).all():
        raise PhotoError(
            f"the mask has values from {mask.min()} to {mask.max()}; expected 0 for road and one other value "
            "for crack: compare scores with a threshold first"
        )
    return marked


def _photo(photo: object, shape: tuple[int, int]) -> UInt8[np.ndarray, "h w *rgb"] | None:
    """The photo of a mask, or what is wrong with it."""
    if photo is None:
        return None
    if not isinstance(photo, np.ndarray):
        raise PhotoError(f"the photo is a {type(photo).__name__}; expected an array, uint8")
    if photo.dtype != np.uint8 or photo.shape[:2] != shape or photo.shape[2:] not in ((), (3,)):
        raise PhotoError(
            f"the photo is {photo.dtype} of shape {photo.shape} and the mask is of shape {shape}; expected "
            "uint8 of the mask's height and width, grey or RGB: give the photo that the mask was made of"
        )
    return photo
