"""What a photo's results are called: one rule, by which two photos never share a name."""

import hashlib
import os
import re
from pathlib import Path, PurePosixPath

from upcracknet.results.frames import file_of

LONGEST = 200
"""Bytes of a part of a name; disks allow 255, and the suffixes of the files come on top."""

RESULT_SUFFIXES = (".png", ".tif", ".jpg", ".npy", ".json")


def photo_names(addresses: list[str], known: dict[str, str], taken: set[str]) -> dict[str, str]:
    """Name the results of photos.

    A name is the photo's path below the deepest folder that all have in common, with its suffix; that of a
    frame is its video's, a slash and when it is shown. Parts that
    are too long for a file name are cut, bytes that are not UTF-8 are written as ``%FF``, and a name that
    differs from another only in case gets a number.

    Args:
        addresses: absolute paths and URLs.
        known: names that some of them have already, and keep.
        taken: names that other photos have, case-folded; the new ones are added.

    Returns:
        the name of each address.
    """
    if all(address in known for address in addresses):
        return dict(known)
    # As paths from one root, so that files of this machine and of others can be named together.
    bare = {a: "/" + a.partition("://")[2].lstrip("/") if "://" in a else a for a in addresses}
    # A video is no folder that frames could have in common.
    around = {str(PurePosixPath(file_of(Path(path)).as_posix()).parent) for path in bare.values()}
    common = os.path.commonpath(around)
    names = dict(known)
    for address, path in sorted(bare.items()):
        if address in known:
            continue
        *folders, file = map(_part, PurePosixPath(Path(os.path.relpath(path, common)).as_posix()).parts)
        # No folder is called as another photo's results may be.
        folders = [f"{part}~" if part.lower().endswith(RESULT_SUFFIXES) else part for part in folders]
        name = "/".join([*folders, file])
        number, chosen = 1, name
        while chosen.casefold() in taken:
            number += 1
            chosen = f"{name}~{number}"
        taken.add(chosen.casefold())
        names[address] = chosen
    return names


def _part(part: str) -> str:
    """A folder's or file's name that every disk takes."""
    content = os.fsencode(part)
    name = re.sub("[\udc80-\udcff]", lambda sign: f"%{ord(sign[0]) - 0xDC00:02X}", part)
    if len(name.encode()) <= LONGEST:
        return name
    digest = hashlib.sha256(content).hexdigest()[:12]
    start = name.encode()[: LONGEST - 30].decode(errors="ignore")
    return f"{start}~{digest}{PurePosixPath(name).suffix[:16]}"
