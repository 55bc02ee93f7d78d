"""Surveys to place photos in."""

import pytest
from tests.measure.photos import write_photo
from tests.survey.places import folder_in, record_of

from upcracknet.survey.positions import locate


@pytest.fixture
def survey(tmp_path):
    """Locates photos given by their notes: (XMP, GPS, EXIF) and fields of their records."""
    results = folder_in(tmp_path / "out")

    def run(*photos, track=None, records=(), **options):
        made = [
            record_of(write_photo(tmp_path / f"photos/{number:02}.jpg", *notes), results.path, **more)
            for number, (notes, more) in enumerate(photos)
        ]
        return locate([*made, *records], results, track=track, **options)

    run.results = results
    return run
