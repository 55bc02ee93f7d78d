"""The chosen windows as files: a training set to look at before it is used."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jaxtyping import UInt8

from upcracknet.data.photo import save_image_atomically
from upcracknet.errors import OutputError
from upcracknet.files import write_atomically
from upcracknet.preparation.choice import Choice, RankedWindow

IMAGES, MANIFEST = "images", "manifest.json"
CONTACT_SHEET, REJECTED_SHEET = "contact-sheet.png", "rejected.png"
SHEET_ROWS, SHEET_COLUMNS, SHEET_SIDE, SHEET_GAP = 6, 8, 224, 4

Pixels = UInt8[np.ndarray, "h w 3"]


def require_no_patches(folder: Path) -> None:
    """Refuses a folder that holds patches, so that two choices are never mixed.

    Raises:
        OutputError: there are files in its images/ already.
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
) -> dict[str, Any]:
    """Writes the chosen windows as PNG at their own size, a manifest and two contact sheets.

    The folder then holds ``images/patch-00000.png`` …, the most crack-like first; ``manifest.json``;
    ``contact-sheet.png`` with the first patches, so the most doubtful ones; and ``rejected.png`` with windows
    just beyond the limit. `open_folder` reads it as a folder of undamaged photos. Nothing is scaled: training
    cuts and scales windows itself.

    Args:
        choice: what was chosen.
        folder: where to; made as needed.
        notes: more for the manifest: the model and its checksum, counts.
        on_saved: told after each patch.

    Returns:
        The manifest.

    Raises:
        OutputError: there are images in the folder already, or it cannot be written to, or the disk is full.
        PhotoError: a photo cannot be read any more.
    """
    require_no_patches(folder)
    files = [f"{IMAGES}/patch-{index:05d}.png" for index in range(len(choice.chosen))]
    saved = 0

    def save(index: int, pixels: Pixels) -> None:
        nonlocal saved
        save_image_atomically(folder / files[index], pixels)
        saved += 1
        on_saved(saved, len(files))

    for name, ranked, use in (
        (CONTACT_SHEET, choice.chosen, save),
        (REJECTED_SHEET, choice.rejected, lambda index, pixels: None),
    ):
        if ranked:
            save_image_atomically(folder / name, _sheet(ranked, use))
    manifest = {
        **notes,
        "settings": choice.settings.to_dict(),
        "windows": choice.windows,
        "limit": None if choice.limit is None else round(choice.limit, 6),
        "patches": [
            {"file": file} | _entry(ranked) for file, ranked in zip(files, choice.chosen, strict=True)
        ],
        "rejected": [_entry(ranked) for ranked in choice.rejected],
    }
    write_atomically(folder / MANIFEST, (json.dumps(manifest, indent=2) + "\n").encode())
    return manifest


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
    }


def _sheet(ranked: Sequence[RankedWindow], use: Callable[[int, Pixels], None]) -> Pixels:
    """The first windows side by side, each scaled to one size; hands the pixels of all windows on."""
    shown = min(len(ranked), SHEET_ROWS * SHEET_COLUMNS)
    step = SHEET_SIDE + SHEET_GAP
    columns = min(shown, SHEET_COLUMNS)
    sheet = np.full((-(-shown // columns) * step - SHEET_GAP, columns * step - SHEET_GAP, 3), 255, np.uint8)
    numbers: dict[Path, list[int]] = {}
    for index, one in enumerate(ranked):
        numbers.setdefault(one.sample.photo_path, []).append(index)
    for indices in numbers.values():  # each photo is read once
        photo = ranked[indices[0]].sample.photo()
        for index in indices:
            window = ranked[index].window
            pixels = photo[window.top :, window.left :][: window.height, : window.width]
            use(index, pixels)
            if index < shown:
                top, left = (place * step for place in divmod(index, columns))
                shrinks = window.height > SHEET_SIDE
                sheet[top : top + SHEET_SIDE, left : left + SHEET_SIDE] = cv2.resize(
                    pixels,
                    (SHEET_SIDE, SHEET_SIDE),
                    interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR,
                )
    return sheet
