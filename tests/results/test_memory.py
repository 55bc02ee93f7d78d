"""A large image under a memory ceiling that the whole image would break."""

import subprocess
import sys

import numpy as np
import pytest

rasterio = pytest.importorskip("rasterio")

SIDE = 8192
ALLOWED = 350_000_000
"""Bytes on top of the loaded libraries; the image's scores alone take 268 million, its pixels 201 million."""

PROGRAM = """
import resource, sys, pathlib
import cv2, torch, rasterio
from upcracknet import CrackDetector
from upcracknet.results import detect_raster
import scipy.sparse.csgraph, skimage.filters
torch.set_num_threads(1); cv2.setNumThreads(1)
import numpy as np
detector = CrackDetector.from_pretrained("local-contrast")
detector.detect(np.zeros((800, 800, 3), np.uint8))
now = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (now + int(sys.argv[3]),) * 2)
found = detect_raster(detector, pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
print(found.width, found.height, found.crack_pixels)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the ceiling is Linux's")
def test_memory_does_not_grow_with_the_image(tmp_path):
    path = tmp_path / "large.tif"
    profile = {"driver": "GTiff", "count": 3, "dtype": "uint8", "width": SIDE, "height": SIDE, "tiled": True}
    place = rasterio.transform.from_origin(500000, 5400000, 0.002, 0.002)
    block = np.random.default_rng(0).integers(120, 160, (3, 512, SIDE), np.uint8)
    block[:, 200:204] = 20
    with rasterio.open(path, "w", crs="EPSG:32633", transform=place, **profile) as file:
        for top in range(0, SIDE, 512):
            file.write(block, window=rasterio.windows.Window(0, top, SIDE, 512))

    def run(allowed: int) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, "-W", "ignore", "-c", PROGRAM, str(path), str(tmp_path / "mask.tif")]
        return subprocess.run([*words, str(allowed)], capture_output=True, text=True, check=False)

    found = run(ALLOWED)
    assert found.returncode == 0, found.stderr[-2000:]
    width, height, crack_pixels = map(int, found.stdout.split())
    assert (width, height) == (SIDE, SIDE)
    assert crack_pixels > 16 * 4 * SIDE * 0.9
    assert run(30_000_000).returncode != 0  # the ceiling does hold
