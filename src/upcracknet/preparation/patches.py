"""The chosen windows as files: a training set to look at before it is used."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from upcracknet.data.mining import CONTACT_SHEET_COLUMNS, CONTACT_SHEET_ROWS, contact_sheet
from upcracknet.data.photo import save_image_atomically
from upcracknet.errors import OutputError
from upcracknet.files import json_bytes, write_atomically
from upcracknet.preparation.choose import Choice, RankedWindow

IMAGES, MANIFEST = "images", "manifest.json"
CONTACT_SHEET, REJECTED_SHEET = "contact-sheet.png", "rejected.png"
SHOWN = CONTACT_SHEET_ROWS * CONTACT_SHEET_COLUMNS
SHOWN_SIDE = 224
"""Side of a window on a contact sheet, in pixels."""


def require_no_patches(folder: Path) -> None:
    """Refuse a folder that holds patches, so that two choices are never mixed.

    Raises:
        OutputError: there are files in its ``images/`` already.
    """
    images = folder / IMAGES
    if images.is_dir() and any(images.iterdir()):
        raise OutputError(f"{images} holds files already; choose another folder or empty it")


def save_choice(
    choice: Choice,
    folder: Path,
    notes: dict[str, Any],
    *,
    on_saved: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Write the chosen windows as PNG at their own size, a manifest and two contact sheets.

    The folder then holds ``images/patch-00000.png`` …, the most crack-like first; ``manifest.json``;
    ``contact-sheet.png`` with the first patches, so the most doubtful ones; and ``rejected.png`` with windows
    just beyond the limit. ``open_folder`` reads it as a folder of undamaged photos. Nothing is scaled:
    training cuts and scales windows itself.

    Args:
        choice: what was chosen.
        folder: where to; made as needed.
        notes: more for the manifest: the model and its checksum, counts.
        on_saved: called after each patch.

    Raises:
        OutputError: there are images in the folder already, or it cannot be written to, or the disk is full.
        PhotoError: a photo cannot be read any more.
    """
    require_no_patches(folder)
    files = [f"{IMAGES}/patch-{index:05d}.png" for index in range(len(choice.chosen))]
    shown = {}
    for done, (index, pixels) in enumerate(_cut(choice.chosen), start=1):
        save_image_atomically(folder / files[index], pixels)
        on_saved(done, len(files))
        if index < SHOWN:
            shown[index] = pixels.copy()
    rejected = {index: pixels.copy() for index, pixels in _cut(choice.rejected[:SHOWN])}
    for name, pictures in ((CONTACT_SHEET, shown), (REJECTED_SHEET, rejected)):
        if pictures:
            sheet = contact_sheet((pictures[index] for index in sorted(pictures)), SHOWN_SIDE)
            save_image_atomically(folder / name, sheet)
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


def _cut(windows: Sequence[RankedWindow]) -> Iterator[tuple[int, UInt8[np.ndarray, "h w 3"]]]:
    """Give the number and the pixels of each window, photo by photo, so that each photo is read once."""
    numbers: dict[Path, list[int]] = {}
    for number, ranked in enumerate(windows):
        numbers.setdefault(ranked.sample.photo_path, []).append(number)
    for of_photo in numbers.values():
        photo = windows[of_photo[0]].sample.photo()
        for number in of_photo:
            window = windows[number].window
            yield number, photo[window.top :, window.left :][: window.height, : window.width]
