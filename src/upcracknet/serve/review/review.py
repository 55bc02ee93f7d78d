"""A review of a result folder: all that the server of the page works with."""

from pathlib import Path

from fastapi import HTTPException

from upcracknet.results.folder import read_results
from upcracknet.results.suggesting import doubt
from upcracknet.serve.review.levels import PhotoLevels
from upcracknet.serve.review.map_data import SurveyMap
from upcracknet.serve.review.measurer import Measurer
from upcracknet.serve.review.pictures import Pictures
from upcracknet.serve.review.presence import Presence
from upcracknet.serve.review.rows import Photo, Photos
from upcracknet.serve.review.saving import Saving


class Review:
    """Photos, pictures, map and corrections of a result folder.

    Args:
        folder: of ``upcracknet detect``.

    Attributes:
        results: the folder.
        survey_map: its map.
        photos: its photos.
        pictures: of them.
        saving: of corrections.
        measurer: measures again; it is started by ``with``.
        presence: open tabs.

    Raises:
        DataError: it is no result folder.
    """

    def __init__(self, folder: Path) -> None:
        self.results = read_results(folder)
        self.survey_map = SurveyMap(self.results)
        self.photos = Photos(self.results, self.survey_map.places())
        levels = PhotoLevels(self.results)
        self.pictures = Pictures(self.results, levels)
        self.saving = Saving(self.photos, levels)
        self.measurer = Measurer(self.photos)
        self.presence = Presence()

    def refresh(self) -> None:
        """Read what other programs have changed in the folder.

        Raises:
            DataError: it is gone.
        """
        read_results(self.results.path)  # else all photos would seem to be deleted
        self.photos.places = self.survey_map.places()
        self.photos.refresh()

    def photo(self, number: int) -> Photo:
        """Find a photo, as it is now on the disk.

        Raises:
            HTTPException: there is none.
            DataError: the folder is gone.
        """
        try:
            self.photos.look(self.photos.get(number).record.name)
            return self.photos.get(number)
        except KeyError as error:
            read_results(self.results.path)
            raise HTTPException(404, "no such photo; load the page again") from error

    def done_photo(self, number: int) -> Photo:
        """Find a photo that has a mask.

        Raises:
            HTTPException: there is none, or it could not be used.
            DataError: the folder is gone.
        """
        photo = self.photo(number)
        if photo.record.mask is None:
            raise HTTPException(404, f"the photo could not be used: {photo.record.error}")
        return photo

    def work_out_doubts(self) -> None:
        """Tell of each photo how much in doubt its cracks are."""
        for name in self.photos.names():
            try:
                record = self.photos.named(name).record
            except KeyError:  # deleted meanwhile
                continue
            if record.status == "done":
                self.photos.set_doubt(name, doubt(self.results, record))
