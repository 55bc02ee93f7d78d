"""What takes seconds and has no part in a fault is made once or left out; a server on the web is a file."""

import io
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from functools import cache
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from urllib.response import addinfourl

import pytest
import torch

from upcracknet import calibration
from upcracknet.calibration import crack_remover
from upcracknet.data.painted import PaintingRange
from upcracknet.data.synthetic import drive
from upcracknet.measure import picture
from upcracknet.reproduction import measurement
from upcracknet.results import log
from upcracknet.runtime import exports
from upcracknet.training import callbacks

_write_graph = exports.write_graph


def _write_graph_once(world: Path) -> Callable[[torch.nn.Module, Path], None]:
    """Write the graph of the small network; PyTorch, which takes seconds, is asked once."""
    kept = world.with_name("graph.onnx")

    def write_graph(network: torch.nn.Module, path: Path) -> None:
        if not kept.exists():
            _write_graph(network, kept)
        path.write_bytes(kept.read_bytes())

    return write_graph


_look = cache(drive.Drive._look)
_version_of = cache(log.version_of)
_distracting_roads = cache(calibration.distracting_roads)  # drawn in seconds
SMALL_ROADS = {"roads": (64, PaintingRange(shrinking=(1.0, 1.0)))}


def _server(world: Path) -> Callable[..., addinfourl]:
    """Serve the archive of a data set, also its rest, as the authors' server does."""

    def urlopen(request: urllib.request.Request, timeout: float) -> addinfourl:
        content, headers = (world / "served.zip").read_bytes(), Message()
        start = int(request.get_header("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        headers["ETag"], headers["Content-Length"] = '"1"', str(len(content) - start)
        if start == len(content):
            headers["Content-Range"] = f"bytes */{start}"
            raise urllib.error.HTTPError(request.full_url, 416, "no more", headers, io.BytesIO())
        code = 206 if start else 200
        return addinfourl(io.BytesIO(content[start:]), headers, request.full_url, code)

    return urlopen


@contextmanager
def in_cache(world: Path) -> Iterator[None]:
    """Keep exports in the folder; leave out, or make only once, what takes seconds; while the block runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UPCRACKNET_CACHE", str(world / "cache"))
        patch.setenv("OGR_SQLITE_SYNCHRONOUS", "OFF")  # GDAL; what it writes takes its place as a whole
        patch.setattr(drive.Drive, "_look", lambda self, number: _look(self, number))
        patch.setattr(log, "version_of", _version_of)
        patch.setattr(picture, "MOST_ENLARGED", 1)
        patch.setattr(exports, "write_graph", _write_graph_once(world))
        patch.setattr(calibration, "distracting_roads", _distracting_roads)
        patch.setattr(calibration, "PAINTINGS", SMALL_ROADS)
        patch.setattr(crack_remover, "LEVELS", (0.3, 0.5))
        patch.setattr(urllib.request, "urlopen", _server(world))
        ticks = SimpleNamespace(perf_counter=count(0.0).__next__)  # how fast it was is written down
        patch.setattr(measurement, "time", ticks)
        patch.setattr(callbacks, "time", ticks)
        patch.delenv("UPCRACKNET_DATA", raising=False)
        yield
