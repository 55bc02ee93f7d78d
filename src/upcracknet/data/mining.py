"""Mined undamaged patches as files: a training set to look at, to keep and to share (paper, IV-A)."""

import os
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8

from upcracknet.data.patches import UndamagedPatches
from upcracknet.data.photo import save_image_atomically
from upcracknet.errors import OutputError
from upcracknet.files import json_bytes, one_line, require_writable, scratch_folder, write_atomically
from upcracknet.parsing import parse_json

IMAGES, MANIFEST, CONTACT_SHEET = "images", "manifest.json", "contact-sheet.png"
CONTACT_SHEET_ROWS = 6
CONTACT_SHEET_COLUMNS = 8


def require_no_patches(folder: Path, *sheets: str) -> None:
    """Refuse a folder that holds patches, so that two choices are never mixed, or files of somebody else.

    The manifest is written first and the images last: of a run that was ended between them, what is there may
    be replaced.

    Args:
        folder: for the patches.
        sheets: names of the pictures that go beside the manifest.

    Raises:
        OutputError: there are files in its ``images/`` already, or a manifest or picture of those names that
            no such run wrote, or it cannot be written to.
    """
    require_writable(folder)
    images = folder / IMAGES
    if os.path.lexists(images) and (not images.is_dir() or any(images.iterdir())):
        raise OutputError(f"{images} holds files already; choose another folder or empty it")
    if _is_of_patches(folder / MANIFEST):
        return
    for path in (folder / MANIFEST, *(folder / sheet for sheet in sheets)):
        if os.path.lexists(path):
            raise OutputError(f"{path} is there and was not written by this command; choose another folder")


def _is_of_patches(path: Path) -> bool:
    """Whether a file is the manifest of patches, those of ``upcracknet prepare`` included."""
    try:
        content = parse_json(path.read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and {"patches", "windows"} <= content.keys()


def save_patches(
    patches: UndamagedPatches,
    folder: Path,
    *,
    on_saved: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, object]:
    """Write all patches of the current epoch as PNG, with a manifest and a contact sheet.

    The folder then holds ``images/patch-00000.png`` …, ``manifest.json`` (where each patch was cut) and
    ``contact-sheet.png``; ``open_folder`` reads it as a folder of undamaged photos. The images
    come last, all at once: where they are, all is there.

    Args:
        patches: what to write.
        folder: where to; made as needed.
        on_saved: called with the number of patches written so far, and of all.

    Returns:
        the manifest: size, seed, counts, and for each patch its file, photo and window.

    Raises:
        OutputError: see :func:`require_no_patches`; or it cannot be written to, or the disk is full.
        PhotoError: a photo that is not held in memory cannot be read any more.
    """
    require_no_patches(folder, CONTACT_SHEET)
    try:
        with scratch_folder(folder) as scratch:
            manifest = _write(patches, folder, scratch / IMAGES, on_saved)
            (scratch / IMAGES).rename(folder / IMAGES)
    except OSError as error:
        raise OutputError(
            f"cannot write {folder}: {one_line(error)}; choose another folder or free some space"
        ) from error
    return manifest


def _write(
    patches: UndamagedPatches, folder: Path, images: Path, on_saved: Callable[[int, int], None]
) -> dict[str, object]:
    """Write the images into a scratch folder, all else beside where they will be."""
    entries = []
    for index in range(len(patches)):
        sample, window = patches.choose(index)
        name = f"patch-{index:05d}.png"
        save_image_atomically(images / name, _pixels(patches, index))
        place = {"top": window.top, "left": window.left, "size": window.height}
        entries.append({"file": f"images/{name}", "photo": sample.name} | place)
        on_saved(index + 1, len(patches))
    manifest: dict[str, object] = {
        "size": patches.size,
        "seed": patches.seed,
        "photos": patches.photo_count,
        "windows": patches.window_count,
        "patches": entries,
    }
    pictures = (_pixels(patches, index) for index in range(len(patches)))
    write_atomically(folder / MANIFEST, json_bytes(manifest))
    save_image_atomically(folder / CONTACT_SHEET, contact_sheet(pictures, patches.size))
    return manifest


def contact_sheet(
    pictures: Iterable[UInt8[np.ndarray, "_ _ 3"]],
    side: int,
    *,
    rows: int = CONTACT_SHEET_ROWS,
    columns: int = CONTACT_SHEET_COLUMNS,
) -> UInt8[np.ndarray, "h w 3"]:
    """Put the first pictures side by side in one picture.

    Args:
        pictures: RGB pictures, at least one; those that no place is left for are not asked for.
        side: to which square each is scaled, in pixels.
        rows: how many rows at most.
        columns: how many pictures a row at most.

    Returns:
        the picture, no larger than needed; empty places and the gaps of 4 pixels are white.
    """
    shown = list(islice(pictures, rows * columns))
    gap, columns = 4, min(columns, len(shown))
    rows = -(-len(shown) // columns)
    sheet = np.full((rows * (side + gap) - gap, columns * (side + gap) - gap, 3), 255, np.uint8)
    for index, picture in enumerate(shown):
        top, left = (place * (side + gap) for place in divmod(index, columns))
        method = cv2.INTER_AREA if picture.shape[0] > side else cv2.INTER_LINEAR
        sheet[top : top + side, left : left + side] = cv2.resize(picture, (side, side), interpolation=method)
    return sheet


def _pixels(patches: UndamagedPatches, index: int) -> UInt8[np.ndarray, "h w 3"]:
    return patches[index].mul(255).round().byte().permute(1, 2, 0).numpy()
