"""Photos without annotation, as an earlier model sees them: targets of a second round of training."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from upcracknet.data.photo import load_photo
from upcracknet.errors import DataError


@dataclass(frozen=True)
class SelfLabelledPhoto:
    """A photo and how crack-like an earlier model found each of its pixels.

    Attributes:
        photo: uint8 H×W×3 RGB.
        score: uint8 H×W, 255 is a score of 1.
    """

    photo: UInt8[np.ndarray, "h w 3"]
    score: UInt8[np.ndarray, "h w"]

    def crop(
        self, height: int, width: int, generator: np.random.Generator
    ) -> tuple[UInt8[np.ndarray, "_h _w 3"], Float32[np.ndarray, "_h _w"]]:
        """A random piece of at most this height and width; scores in [0, 1]."""
        height, width = min(height, self.score.shape[0]), min(width, self.score.shape[1])
        top = int(generator.integers(self.score.shape[0] - height + 1))
        left = int(generator.integers(self.score.shape[1] - width + 1))
        place = np.s_[top : top + height, left : left + width]
        return self.photo[place], self.score[place].astype(np.float32) / 255


def open_results(folders: Sequence[str | Path]) -> list[SelfLabelledPhoto]:
    """Read photos and scores that ``upcracknet detect --score png`` has left.

    Args:
        folders: its output folders.

    Raises:
        DataError: a folder holds no summary, no scores, or a score of another size than its photo.
        PhotoError: a photo cannot be read any more.
    """
    return [labelled for folder in folders for labelled in _open(Path(folder))]


def _open(folder: Path) -> list[SelfLabelledPhoto]:
    try:
        rows = json.loads((folder / "summary.json").read_text(encoding="utf-8"))["photos"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
        raise DataError(
            f"{folder}: no summary.json of `upcracknet detect` that can be read ({reason}); give the output "
            "folder of `upcracknet detect PHOTOS -o FOLDER --score png`"
        ) from error
    found = []
    for row in rows:
        if row.get("status") != "done":
            continue
        if not str(row.get("score") or "").endswith(".png"):
            raise DataError(f"{folder}: has no scores; run `upcracknet detect` again with --score png")
        score = cv2.imread(str(folder / row["score"]), cv2.IMREAD_UNCHANGED)
        photo = load_photo(row["photo"])
        if score is None or score.shape != photo.shape[:2]:
            raise DataError(
                f"{folder / row['score']}: missing, or not of the size of {row['photo']}; run "
                "`upcracknet detect` again with --overwrite"
            )
        found.append(SelfLabelledPhoto(photo, np.rint(score.astype(np.float32) / 257).astype(np.uint8)))
    if not found:
        raise DataError(f"{folder}: no photo was finished; look at its summary.csv")
    return found
