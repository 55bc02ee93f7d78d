"""The map of the page: photos, sections and cracks as GeoJSON, from what ``upcracknet map`` wrote."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from upcracknet.errors import DataError
from upcracknet.files import stamp_of_file
from upcracknet.results.folder import ResultFolder
from upcracknet.serve.review.rows import Row
from upcracknet.survey import geojson, survey_file
from upcracknet.survey.records import Section, Survey, SurveyPhoto

CRACKS_BYTES = 30_000_000
"""Largest file of cracks that a page is given: some ten thousand cracks."""

OF_PHOTO = ("id", "name", "severity", "severity_rank", "crack_length_m", "review_status", "error")
OF_SECTION = (
    *("number", "road", "start_m", "end_m", "severity", "length_m", "width_max_mm", "cracking_percent"),
    *("pci", "pci_lowest", "pci_highest"),
)


class SurveyMap:
    """The survey of a result folder, if there is one; read again when it was made again.

    Args:
        results: the folder.
    """

    def __init__(self, results: ResultFolder) -> None:
        self.results = results
        self._stamp = ""
        self._survey: Survey | None = None

    def survey(self) -> Survey | None:
        """Give the survey.

        Returns:
            none where no map was made.

        Raises:
            DataError: it is damaged.
        """
        stamp = stamp_of_file(self.results.path / survey_file.NAME)
        if stamp != self._stamp:
            self._survey = survey_file.read_survey(self.results) if stamp else None
            self._stamp = stamp
        return self._survey

    def places(self) -> dict[str, SurveyPhoto]:
        """Give the photos of the survey by name; none where there is no survey, or a damaged one."""
        try:
            survey = self.survey()
        except DataError:
            return {}
        return {} if survey is None else {photo.record.name: photo for photo in survey.photos}

    def content(self, rows: Iterable[Row]) -> bytes | None:
        """Give all that the page's map shows, as JSON.

        Args:
            rows: of the photos.

        Returns:
            none where no map was made.

        Raises:
            DataError: the survey is damaged.
        """
        survey = self.survey()
        if survey is None:
            return None
        photos = [_photo(row) for row in rows if row["latitude"] is not None]
        sections = [_section(section) for section in survey.sections if len(section.line) > 1]
        known = {
            "photos": _collection(photos),
            "sections": _collection(sections),
            "outdated": survey.outdated,
        }
        # The file of cracks is JSON already, and long: it is not read and written again.
        head = json.dumps(known, separators=(",", ":")).encode()[:-1]
        return head + b',"cracks":' + self._cracks() + b"}"

    def _cracks(self) -> bytes:
        path = self.results.path / geojson.NAME
        try:
            if path.stat().st_size > CRACKS_BYTES:
                return b"null"
            return path.read_bytes()
        except OSError:
            return b"null"


def _photo(row: Row) -> dict[str, Any]:
    values = {field: row[field] for field in OF_PHOTO}
    return _feature({"type": "Point", "coordinates": [row["longitude"], row["latitude"]]}, values)


def _section(section: Section) -> dict[str, Any]:
    known = asdict(section)
    values = {field: known[field] for field in OF_SECTION}
    return _feature({"type": "LineString", "coordinates": section.line}, values)


def _feature(geometry: Mapping[str, Any], properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _collection(features: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": features}
