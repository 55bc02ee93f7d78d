"""Which photos to correct first: those in which the model is in doubt, and no two alike."""

from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, Float32, UInt8

from upcracknet.data.image_file import decoded_by_opencv
from upcracknet.errors import DataError, PhotoError, UpCrackNetError
from upcracknet.results.corrections import is_outdated, read_correction
from upcracknet.results.effective_mask import mask_file_in_windows
from upcracknet.results.folder import ResultFolder
from upcracknet.results.records import Record
from upcracknet.results.scores import load_score

LONGEST = 1024
"""Longest side in pixels at which scores are looked at."""

MOST = 1000
"""Photos that are looked at; of more, every so many, as they follow each other along the road."""

LEAST_CRACK = 0.001
"""Share of a photo that a small crack covers; doubt about less than that is little doubt."""

SHORT = 0.1
"""Of the photo's shorter side; a part of a mask that reaches less far may be no crack, or one that is
broken."""

MIDDLE = 512
"""Side in pixels of the part of a photo that is compared with others."""


def suggest(results: ResultFolder, count: int) -> list[str]:
    """Choose photos to correct.

    The first is the one in which the model is most in doubt. Each further one is a photo that is doubtful and
    unlike all that were chosen before, or corrected already (k-centre choice, Sener and Savarese, "Active
    learning for convolutional neural networks: a core-set approach", ICLR 2018, weighted by doubt⁴).

    Args:
        results: the result folder. Scores (``detect --scores png``) make the choice better.
        count: how many photos.

    Returns:
        names of photos that nobody has looked at, the first choice first; fewer than asked for where there
        are no more.
    """
    records = [record for record in results.readable_records() if record.status == "done"]
    done = [record for record in records if _is_looked_at(results, record)]
    names = {record.name for record in done}
    candidates = [record for record in records if record.name not in names]
    candidates = candidates[:: -(-len(candidates) // max(MOST, count)) or 1]
    if not candidates:
        return []
    doubts = np.array([doubt(results, record) for record in candidates])
    looks = _normalised(np.stack([_look(results, record) for record in (*candidates, *done[-MOST:])]))
    chosen = spread(doubts, looks[: len(candidates)], looks[len(candidates) :], count)
    return [candidates[place].name for place in chosen]


def doubt(results: ResultFolder, record: Record) -> float:
    """Tell how much of what the model found in a photo, or left out, is expected to be wrong.

    With a stored score, this is the expected error of the mask divided by all that is or may be crack: 1
    minus an estimate of its IoU. A score at the threshold is wrong in one case of two. Without a score it is
    the share of the mask in short parts, which are false alarms or pieces of one crack.

    Args:
        results: the result folder.
        record: of the photo.

    Returns:
        0 for none, to 1; 0 of a photo that could not be used or whose files cannot be read.
    """
    if record.status != "done" or record.mask is None:
        return 0.0
    try:
        score = load_score(results, record, LONGEST)
        if score is not None:
            return doubt_of_score(score, record.threshold or 0.5)
        return _doubt_of_mask(_small_mask(results.file(record.mask)))
    except UpCrackNetError:
        return 0.0


def doubt_of_score(score: Float[np.ndarray, "h w"], threshold: float) -> float:
    """Estimate the share of what is or may be crack that a mask at a threshold has wrong.

    Args:
        score: 0 to 1.
        threshold: above which a pixel is marked.

    Returns:
        0 to 1.
    """
    # Scores become shares of cases in which there is a crack: one half at the threshold.
    odds = score * (1 - threshold)
    crack = odds / np.maximum(odds + (1 - score) * threshold, 1e-9)
    marked = score > threshold
    wrong = float(np.where(marked, 1 - crack, crack).sum())
    union = float(np.where(marked, 1.0, crack).sum())
    return min(1.0, wrong / (union + LEAST_CRACK * score.size))


def spread(
    doubts: Float[np.ndarray, " n"],
    looks: Float[np.ndarray, "n d"],
    known: Float[np.ndarray, "m d"],
    count: int,
) -> list[int]:
    """Choose places that are doubtful and far from each other.

    Args:
        doubts: 0 to 1 of each.
        looks: where each lies.
        known: where those lie that need not be chosen any more.
        count: how many to choose.

    Returns:
        their numbers, the first choice first.
    """
    far = np.full(len(looks), np.inf)
    for look in known:
        far = np.minimum(far, np.linalg.norm(looks - look, axis=1))
    chosen: list[int] = []
    while len(chosen) < min(count, len(looks)):
        # To the fourth: photos that only look odd would win otherwise. Where nothing is near, doubt decides.
        worth = doubts**4 * np.where(np.isinf(far), 1.0, far)
        worth[chosen] = -1.0
        best = int(np.argmax(worth))
        chosen.append(best)
        far = np.minimum(far, np.linalg.norm(looks - looks[best], axis=1))
    return chosen


def _doubt_of_mask(mask: UInt8[np.ndarray, "h w"]) -> float:
    count, _, parts, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count == 1:
        return 0.0
    reach = parts[1:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1)
    areas = parts[1:, cv2.CC_STAT_AREA]
    short = float(areas[reach < SHORT * min(mask.shape)].sum())
    return short / (float(areas.sum()) + LEAST_CRACK * mask.size)


def _small_mask(path: Path) -> UInt8[np.ndarray, "h w"]:
    """A mask of at most ``LONGEST`` pixels; where any pixel of a cell is crack, the cell is."""
    if path.suffix == ".tif":
        with mask_file_in_windows(path) as (read, (height, width)):
            step = max(1, -(-max(height, width) // LONGEST))
            rows = [
                read(slice(top, min(top + step, height)), slice(0, width)).any(axis=0)
                for top in range(0, height, step)
            ]
        whole = np.stack(rows).astype(np.uint8)
        return np.maximum.reduceat(whole, np.arange(0, width, step), axis=1)
    found = decoded_by_opencv(path, str(path), cv2.IMREAD_GRAYSCALE)
    mask = np.asarray(found > 127, np.uint8)
    step = max(1, -(-max(mask.shape) // LONGEST))
    mask = np.maximum.reduceat(mask, np.arange(0, mask.shape[0], step), axis=0)
    return np.maximum.reduceat(mask, np.arange(0, mask.shape[1], step), axis=1)


def _is_looked_at(results: ResultFolder, record: Record) -> bool:
    """Whether a person said something of a photo that still counts; what is damaged is left to the person."""
    try:
        correction = read_correction(results, record.name)
    except DataError:
        return True
    return correction is not None and not is_outdated(results, record, correction)


def _look(results: ResultFolder, record: Record) -> Float32[np.ndarray, " d"]:
    """What a photo looks like, by few numbers: its colours, its grain at four scales, how much is crack."""
    picture = _picture(results, record)
    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB).astype(np.float32)
    light, grain = lab[..., 0], list[float]()
    for _ in range(4):
        smooth = np.asarray(cv2.GaussianBlur(light, (0, 0), 1.0), np.float32)
        grain.append(float((light - smooth).std()))
        light = smooth[::2, ::2]
    share = np.log10((record.area_share or 0.0) + LEAST_CRACK)
    return np.array([*lab.mean(axis=(0, 1)), lab[..., 0].std(), *np.log(np.add(grain, 1)), share], np.float32)


def _picture(results: ResultFolder, record: Record) -> UInt8[np.ndarray, "h w 3"]:
    """The middle of a photo, or of its overlay; grey where neither is at hand."""
    photo = results.photo(record)
    large = max(record.width or 0, record.height or 0) > 2 * LONGEST
    how = cv2.IMREAD_REDUCED_COLOR_4 if large else cv2.IMREAD_COLOR
    paths = [photo, None if record.overlay is None else results.file(record.overlay)]
    if str(record.mask).endswith(".tif"):  # of an image in windows, which would be decoded whole
        paths.reverse()
    for path in paths:
        if not isinstance(path, Path):
            continue
        with suppress(PhotoError):
            found = decoded_by_opencv(path, str(path), how)
            top, left = (max(0, (length - MIDDLE) // 2) for length in found.shape[:2])
            return np.ascontiguousarray(found[top : top + MIDDLE, left : left + MIDDLE, ::-1], np.uint8)
    return np.full((MIDDLE, MIDDLE, 3), 128, np.uint8)


def _normalised(looks: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
    """Give each number the same weight."""
    return np.asarray((looks - looks.mean(axis=0)) / np.maximum(looks.std(axis=0), 1e-6))
