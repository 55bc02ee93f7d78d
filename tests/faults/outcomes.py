"""What a command leaves, as it is compared: without times of day."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import torch

from upcracknet.results.log import LOG, OLDER_LOG
from upcracknet.weights import load_weights

LOCKS = (".upcracknet", "locks")
FOREIGN = "notes.txt"
"""A file of somebody else, which is looked at apart."""


def files(*folders: str) -> Callable[[Path], dict[str, bytes]]:
    """What stands in folders, or files, but for locks and logs; times of day are left out."""

    def outcome(world: Path) -> dict[str, bytes]:
        found = [world / folder for folder in folders]
        paths = [path for place in found for path in (place.rglob("*") if place.is_dir() else [place])]
        return {
            path.relative_to(world).as_posix(): _content(path)
            for path in paths
            if path.is_file() and path.parent.name not in LOCKS and path.name not in (FOREIGN, LOG, OLDER_LOG)
        }  # fmt: skip

    return outcome


def trained(world: Path) -> dict[str, bytes]:
    """What training leaves."""
    found = files("run")(world)
    checkpoint = found.pop("run/checkpoints/last.ckpt", b"")
    if checkpoint:  # it holds times
        state = torch.load(world / "run/checkpoints/last.ckpt", weights_only=True)
        found["epoch"] = str((state["epoch"], state["global_step"])).encode()
        found["weights"] = _values(state["state_dict"])
    return found


def _values(tensors: dict[str, torch.Tensor]) -> bytes:
    return b"".join(tensor.numpy().tobytes() for tensor in tensors.values())


def _content(path: Path) -> bytes:
    if path.suffix == ".safetensors":  # its header has no order
        tensors, record = load_weights(path)
        return _values(tensors) + str(record.detection).encode()
    if path.suffix == ".gpkg":
        with closing(sqlite3.connect(path)) as database:
            content = "\n".join(database.iterdump()).encode()
    elif path.suffix == ".pdf":
        content = path.read_bytes()
        return b"whole" if content.startswith(b"%PDF") and content.endswith(b"%%EOF\n") else content
    else:
        content = path.read_bytes()
    return re.sub(rb"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(Z|\+00:00)?", b"", content)
