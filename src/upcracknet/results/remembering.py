"""Measure a photo again as it was measured before: by the scale, standard and direction of its record."""

from dataclasses import dataclass, replace
from typing import Any

from upcracknet.errors import ConfigurationError, DataError
from upcracknet.files import delete, one_line
from upcracknet.measure.frame import Direction
from upcracknet.measure.scale_file import SurveyScales, from_dict
from upcracknet.results.crack_files import read_cracks
from upcracknet.results.folder import ResultFolder
from upcracknet.results.inspecting import measure_record
from upcracknet.results.measuring import Measuring, Terms
from upcracknet.results.records import Record
from upcracknet.results.settings import MeasureOptions
from upcracknet.results.sources import Source
from upcracknet.results.writing import WritableResults


@dataclass(frozen=True)
class Remembered(Measuring):
    """How the cracks of one photo were measured; the files of scale and track are not needed.

    Attributes:
        by_track: the driving direction that the track gave; None where there was no track, or it gave none.
    """

    by_track: Direction | None = None

    def of_photo(self, source: Source, size: tuple[int, int]) -> Terms:
        """Find the terms of a photo as before."""
        return self._as_before(super().of_photo(source, size))

    def of_map(self, image: Any, source: Source) -> Terms:
        """Find the terms of an image in windows as before."""
        return self._as_before(super().of_map(image, source))

    def _as_before(self, terms: Terms) -> Terms:
        known = self.track_sha256 is not None and self.direction is None
        return replace(terms, direction=self.by_track) if known else terms


def measuring_of(record: Record, results: ResultFolder) -> Measuring:
    """Tell how a photo's cracks were measured.

    Args:
        record: of the photo.
        results: the folder.

    Returns:
        that, or, where nothing was measured, how it is done without options: by the scale that is noted, else
        in pixels.

    Raises:
        DataError: the record does not say it, or the file of cracks is damaged.
    """
    measures = record.measures or {}
    try:
        if record.cracks is None:
            noted = measures.get("scale")
            scales = SurveyScales(None if noted is None else from_dict(noted))
            return replace(Measuring.of(MeasureOptions()), scales=scales)
        scale, by_track = measures["scale"], None
        if measures["track_sha256"] is not None:
            direction = read_cracks(results.file(record.cracks), lines=False)["direction"]
            by_track = None if direction is None else Direction(**direction)
        return Remembered(
            SurveyScales(None if scale is None else from_dict(scale)), measures["standard"],
            measures["direction"], None, measures["track_sha256"], measures["widths"], measures["pictures"],
            by_track,
        )  # fmt: skip
    except (KeyError, TypeError, ConfigurationError) as error:
        raise DataError(
            f"{record.name}: its record does not say how it was measured ({one_line(error)}); run "
            "`upcracknet measure` with its options"
        ) from error


def measure_corrected(name: str, results: WritableResults) -> Record:
    """Measure a photo again after it was corrected, as it was measured before.

    Its record keeps what it says until the new one takes its place, so that a crash in between does not lose
    its scale; meanwhile the checksum in it is that of an earlier correction, or of none.

    Args:
        name: of the photo's results.
        results: the folder, claimed.

    Returns:
        the new record.

    Raises:
        DataError: it cannot be measured, and why; its record stays as it was.
        OutputError: it cannot be written.
    """
    old = results.record(name)
    new = measure_record(old.without_measures(), results, measuring_of(old, results))
    if new.cracks is None:
        raise DataError(f"{name}: {new.measure_warning}")
    results.finish(new)
    for file in {*old.files} - {*new.files}:
        delete(results.file(file))
    return new
