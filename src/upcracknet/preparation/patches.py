"""The chosen windows: as files to look at, and how many of them are free of annotated cracks."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, UInt8

from upcracknet.data.dataset import Sample
from upcracknet.data.mining import (
    CONTACT_SHEET,
    CONTACT_SHEET_COLUMNS,
    CONTACT_SHEET_ROWS,
    IMAGES,
    MANIFEST,
    contact_sheet,
    require_no_patches,
)
from upcracknet.data.photo import photo_size, save_image_atomically
from upcracknet.data.undamaged import Window
from upcracknet.errors import OutputError, PhotoError
from upcracknet.files import json_bytes, one_line, scratch_folder, stamp_of_file, write_atomically
from upcracknet.preparation.choose import Choice, RankedWindow

REJECTED_SHEET = "rejected.png"
SHEETS = (CONTACT_SHEET, REJECTED_SHEET)
SHOWN = CONTACT_SHEET_ROWS * CONTACT_SHEET_COLUMNS
SHOWN_SIDE = 224
"""Side of a window on a contact sheet, in pixels."""


def save_choice(
    choice: Choice,
    folder: Path,
    notes: dict[str, Any],
    stamps: Mapping[Path, str] | None = None,
    *,
    on_saved: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Write the chosen windows as PNG at their own size, a manifest and two contact sheets.

    The folder then holds ``images/patch-00000.png`` …, the most crack-like first; ``manifest.json``;
    ``contact-sheet.png`` with the first patches, so the most doubtful ones; and ``rejected.png`` with windows
    just beyond the limit. ``open_folder`` reads it as a folder of undamaged photos. Nothing is scaled:
    training cuts and scales windows itself. The images come last, all at once: where they are, all is there.

    Args:
        choice: what was chosen.
        folder: where to; made as needed.
        notes: more for the manifest: the model and its checksum, counts.
        stamps: of ``stamp_of_file`` when the photos were looked at; those without are not checked.
        on_saved: called after each patch.

    Raises:
        OutputError: there are patches in the folder already, or files of somebody else in place of manifest
            and sheets, or it cannot be written to, or the disk is full.
        PhotoError: a photo cannot be read any more, or is another one: nobody looked at that one.
    """
    require_no_patches(folder, *SHEETS)
    try:
        with scratch_folder(folder) as scratch:
            _write(choice, folder, scratch, notes, stamps or {}, on_saved)
            if choice.chosen:
                (scratch / IMAGES).rename(folder / IMAGES)
    except OSError as error:
        raise OutputError(
            f"cannot write {folder}: {one_line(error)}; choose another folder or free some space"
        ) from error


def _write(
    choice: Choice,
    folder: Path,
    scratch: Path,
    notes: dict[str, Any],
    stamps: Mapping[Path, str],
    on_saved: Callable[[int, int], None],
) -> None:
    """Write the images into a scratch folder, all else beside where they will be."""
    files = [f"{IMAGES}/patch-{index:05d}.png" for index in range(len(choice.chosen))]
    shown = {}
    for done, (index, pixels) in enumerate(_cut(choice.chosen, stamps), start=1):
        save_image_atomically(scratch / files[index], pixels)
        on_saved(done, len(files))
        if index < SHOWN:
            shown[index] = pixels.copy()
    rejected = {index: pixels.copy() for index, pixels in _cut(choice.rejected[:SHOWN], stamps)}
    manifest = {
        **notes,
        "settings": asdict(choice.settings),
        "windows": choice.windows,
        "windows_marked_as_crack": choice.refused,
        "limit": None if choice.limit is None else round(choice.limit, 6),
        "patches": [
            {"file": file} | _entry(ranked) for file, ranked in zip(files, choice.chosen, strict=True)
        ],
        "rejected": [_entry(ranked) for ranked in choice.rejected],
    }
    write_atomically(folder / MANIFEST, json_bytes(manifest))
    for name, pictures in ((CONTACT_SHEET, shown), (REJECTED_SHEET, rejected)):
        if pictures:
            sheet = contact_sheet((pictures[index] for index in sorted(pictures)), SHOWN_SIDE)
            save_image_atomically(folder / name, sheet)


def _entry(ranked: RankedWindow) -> dict[str, Any]:
    return {
        "photo": str(ranked.sample.photo_path),
        "top": ranked.window.top,
        "left": ranked.window.left,
        "size": ranked.window.height,
        "crackness": round(ranked.crackness, 6),
        "detector_score": round(ranked.detector_score, 6),
        "classifier_probability": None if ranked.probability is None else round(ranked.probability, 6),
        "round": ranked.first_round,
        "marked_as_crack": ranked.cracked,
    }


def _cut(
    windows: Sequence[RankedWindow], stamps: Mapping[Path, str]
) -> Iterator[tuple[int, UInt8[np.ndarray, "h w 3"]]]:
    """Give the number and the pixels of each window, photo by photo, so that each photo is read once."""
    numbers: dict[Path, list[int]] = {}
    for number, ranked in enumerate(windows):
        numbers.setdefault(ranked.sample.photo_path, []).append(number)
    for path, of_photo in numbers.items():
        photo = windows[of_photo[0]].sample.photo()
        if path in stamps and stamp_of_file(path) != stamps[path]:
            raise PhotoError(f"{path}: was replaced after it was looked at; run the same command again")
        for number in of_photo:
            window = windows[number].window
            yield number, photo[window.top :, window.left :][: window.height, : window.width]


HARDLY_ANY = 0.001
"""Share of crack pixels below which a window has hardly any."""

Place = tuple[Sample, Window]


@dataclass(frozen=True)
class Purity:
    """Shares in [0, 1] over the windows of photos that have a usable mask.

    Attributes:
        windows: how many windows were measured.
        without_cracks: share of them without any annotated crack pixel.
        hardly_any_cracks: share of them with less than 0.1 % crack pixels.
        crack_share: mean share of crack pixels in a window.
    """

    windows: int
    without_cracks: float
    hardly_any_cracks: float
    crack_share: float


def measure_purity(windows: Sequence[Place]) -> Purity | None:
    """Compare windows with the annotation; None where no photo has a usable mask of its size."""

    @lru_cache(maxsize=64)
    def mask_of(sample: Sample) -> Bool[np.ndarray, "h w"] | None:
        try:
            mask = None if sample.mask_path is None else sample.mask()
            return mask if mask is not None and mask.shape == photo_size(sample.photo_path) else None
        except PhotoError:
            return None

    found = []
    for sample, window in windows:
        mask = mask_of(sample)
        if mask is not None:
            inside = mask[window.top :, window.left :][: window.height, : window.width]
            found.append(float(inside.mean()))
    if not found:
        return None
    shares = np.array(found)
    return Purity(
        len(shares),
        float(np.mean(shares == 0)),
        float(np.mean(shares < HARDLY_ANY)),
        float(shares.mean()),
    )


def windows_by_chance(windows: Sequence[Place], samples: Sequence[Sample], seed: int) -> list[Place]:
    """Draw as many windows of the same sizes, anywhere in any of the photos, to compare the choice with."""
    generator = np.random.default_rng(seed)
    shapes = [photo_size(sample.photo_path) for sample in samples]
    drawn = []
    for _, window in windows:
        size = window.height
        large = [number for number, shape in enumerate(shapes) if min(shape) >= size]
        number = large[generator.integers(len(large))]
        top, left = (int(generator.integers(side - size + 1)) for side in shapes[number])
        drawn.append((samples[number], Window(top, left, size, size)))
    return drawn
