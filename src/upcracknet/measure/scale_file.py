"""The file ``scale.json``: the scales of a survey, one for all photos, or one for each folder or photo."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, get_args

from upcracknet.errors import ConfigurationError
from upcracknet.files import SCALES_FORMAT, json_bytes, one_line, write_atomically
from upcracknet.measure.scale import Method, Scale
from upcracknet.parsing import parse_json, shown

VERSION = 1
KEYS = {"format", "version", "default", "places"}
SCALE_KEYS = {
    *("millimetres_per_pixel", "matrix", "source", "uncertainty", "method"),
    *("photo_width", "photo_height", "coarsest_millimetres_per_pixel"),
}


@dataclass(frozen=True)
class SurveyScales:
    """The scales of a survey's photos.

    Attributes:
        default: of all photos that no place names; None leaves them without.
        places: scales by the absolute path, or the address, of a photo, or of a folder with its subfolders.
    """

    default: Scale | None = None
    places: Mapping[str, Scale] = field(default_factory=dict)

    def of(self, address: str) -> Scale | None:
        """Find the scale of a photo: its own, or that of the nearest folder around it, or the default.

        Whether it fits the photo's size, :meth:`.Scale.for_photo` tells.

        Args:
            address: absolute path or URL of the photo.
        """
        if address in self.places:  # at once, as there may be as many places as photos
            return self.places[address]
        place = place_around(address, self.places)
        return self.default if place is None else self.places[place]

    def including(self, scale: Scale, place: str | None = None) -> "SurveyScales":
        """Give these scales with one more, in place of the one that was there.

        Args:
            scale: the one.
            place: path or address of the folder or photo that it counts for; None makes it the default.

        Raises:
            ConfigurationError: the place is neither a file nor a folder.
        """
        if place is None:
            return replace(self, default=scale)
        if "://" not in place and not Path(place).exists():
            raise ConfigurationError(f"{place}: no such folder or photo; name the one that the scale is for")
        return replace(self, places={**self.places, absolute_place(place, Path()): scale})

    def write(self, path: Path) -> None:
        """Write the file; paths of places are relative to its folder, so that both can be moved together.

        Raises:
            OutputError: it cannot be written.
        """
        folder = os.path.abspath(path.parent)  # noqa: PTH100 - symbolic links keep their names
        places = {
            place if "://" in place else Path(os.path.relpath(place, folder)).as_posix(): to_dict(scale)
            for place, scale in sorted(self.places.items())
        }
        content: dict[str, Any] = {"format": SCALES_FORMAT, "version": VERSION}
        if self.default is not None:
            content["default"] = to_dict(self.default)
        write_atomically(path, json_bytes(content | ({"places": places} if places else {})))

    @classmethod
    def read(cls, path: Path) -> "SurveyScales":
        """Read the file.

        Raises:
            ConfigurationError: it is missing, no JSON, of another kind or version, has unknown keys or
                impossible values, or names a place twice.
        """
        try:
            content = parse_json(path.read_bytes())
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                f"{path}: cannot be read ({one_line(error)}); make one with `upcracknet scale`"
            ) from error
        if not isinstance(content, dict) or content.get("format") != SCALES_FORMAT:
            raise ConfigurationError(f"{path}: is no scale file; make one with `upcracknet scale`")
        if content.get("version") != VERSION:
            raise ConfigurationError(
                f"{path}: has version {shown(content.get('version'))}, expected {VERSION}; update upcracknet"
            )
        _require_known(content, KEYS, str(path))
        default, named = content.get("default"), content.get("places", {})
        if not isinstance(named, dict):
            raise ConfigurationError(f"{path}: places are {shown(named)}, expected scales by folder or photo")
        places: dict[str, Scale] = {}
        for name, values in named.items():
            place = absolute_place(name, path.parent)
            if place in places:
                raise ConfigurationError(f"{path}: {shown(name)} is named twice; keep one")
            places[place] = from_dict(values, f"{path}: {name:.200}")
        return cls(None if default is None else from_dict(default, f"{path}: default"), places)


def to_dict(scale: Scale) -> dict[str, Any]:
    """Give a scale as plain values, for JSON; see :func:`from_dict`."""
    values: dict[str, Any] = {"matrix": scale.matrix}
    side = scale.matrix[0][0]
    if scale.matrix == ((side, 0, 0), (0, side, 0), (0, 0, 1)):
        values = {"millimetres_per_pixel": side}
    values |= {"source": scale.source, "uncertainty": scale.uncertainty, "method": scale.method}
    if scale.size is not None:
        values |= {"photo_width": scale.size[1], "photo_height": scale.size[0]}
    if scale.coarsest is not None:
        values["coarsest_millimetres_per_pixel"] = scale.coarsest
    return values


def from_dict(values: Any, name: str = "scale") -> Scale:
    """Read a scale from plain values; only ``millimetres_per_pixel`` or ``matrix`` is needed.

    Args:
        values: what :func:`to_dict` gives, or what somebody wrote by hand.
        name: for errors.

    Raises:
        ConfigurationError: keys are unknown or missing, or values impossible.
    """
    if not isinstance(values, dict):
        example = '{"millimetres_per_pixel": 1.2}'
        raise ConfigurationError(f"{name}: {shown(values)}, expected an object such as {example}")
    _require_known(values, SCALE_KEYS, name)
    number, matrix = values.get("millimetres_per_pixel"), values.get("matrix")
    if (number is None) == (matrix is None):
        raise ConfigurationError(f"{name}: expected either millimetres_per_pixel or matrix")
    try:
        scale = Scale.uniform(float(1 if number is None else number))
        if matrix is not None:
            first, second, third = ((float(x), float(y), float(z)) for x, y, z in matrix)
            scale = replace(scale, matrix=(first, second, third), source="given: a matrix")
        width, height = int(values.get("photo_width", 0)), int(values.get("photo_height", 0))
        coarsest = values.get("coarsest_millimetres_per_pixel")
        method: Method = values.get("method", scale.method if matrix is None else "rectangle")
        scale = replace(
            scale,
            source=str(values.get("source", scale.source)),
            uncertainty=float(values.get("uncertainty", scale.uncertainty)),
            method=method,
            size=(height, width) if width or height else None,
            coarsest=None if coarsest is None else float(coarsest),
        )
    except (TypeError, ValueError, OverflowError) as error:
        raise ConfigurationError(
            f"{name}: {one_line(error)}; expected numbers, and a matrix of 3×3"
        ) from error
    except ConfigurationError as error:
        raise ConfigurationError(f"{name}: {error}") from error
    if method not in get_args(Method):
        raise ConfigurationError(
            f"{name}: method {shown(method)}, expected one of {', '.join(get_args(Method))}"
        )
    if scale.size is not None and min(scale.size) < 1:
        raise ConfigurationError(
            f"{name}: a photo of {width}×{height} pixels, expected whole numbers above 0"
        )
    return scale


def _require_known(values: Mapping[str, Any], known: set[str], name: str) -> None:
    unknown = sorted(values.keys() - known)
    if unknown:
        raise ConfigurationError(
            f"{name}: unknown {shown(', '.join(unknown))}; expected {', '.join(sorted(known))}"
        )


def absolute_place(place: str, folder: Path) -> str:
    """Give the absolute path of a folder or photo that a file names.

    Args:
        place: as it is written there: a path, or an address such as ``s3://bucket/day-1``.
        folder: that paths are relative to.
    """
    if "://" in place:
        return place.rstrip("/")
    return os.path.abspath(folder / place)  # noqa: PTH100 - symbolic links keep their names


def place_around(address: str, places: Iterable[str]) -> str | None:
    """Find the place that counts for a photo: its own, or that of the nearest folder around it.

    Args:
        address: absolute path or URL of the photo.
        places: absolute paths or URLs of folders and photos.

    Returns:
        None where no place is around it.
    """
    return max((place for place in places if _is_within(address, place)), key=len, default=None)


def _is_within(address: str, place: str) -> bool:
    separator = "/" if "://" in place else os.sep
    return address == place or address.startswith(place.rstrip(separator) + separator)
