"""Whether a change left detection bit for bit as it was: this checkout against another revision.

    python benchmarks/golden.py c8fa702             # all shipped models, twelve photos, two rasters; minutes
    python benchmarks/golden.py c8fa702 default     # one model

Scores depend on the processor's arithmetic, so no stored numbers can be compared: both revisions run here, in
this environment, over the same synthetic photos. Compared are masks and scores in one process, of rasters in
windows, and by two workers of Ray.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

from upcracknet.data.synthetic import synthesize_road

ROOT = Path(__file__).parent.parent
SIZES = (
    *((256, 256), (384, 544), (320, 480), (360, 640), (64, 96), (224, 224)),
    *((900, 1300), (1000, 800), (300, 301), (257, 511), (600, 768), (1537, 1025)),
)
RASTERS = ((900, 1400), (700, 700))
MODELS = ("default", "up-cracknet-32", "up-cracknet-32-calibrated")
OLD_NAMES = {"up-cracknet-32": "paper", "up-cracknet-32-calibrated": "paper-calibrated"}
"""What models were called when the command was ``detect --score`` and Ray's was ``survey``, at c8fa702."""


def write_images(folder: Path) -> list[str]:
    import rasterio
    from rasterio.transform import from_origin

    for number, (height, width) in enumerate(SIZES):
        photo = synthesize_road(100 + number, height, width).photo
        cv2.imwrite(str(folder / f"road-{number:02}.png"), photo[..., ::-1])
    for number, (height, width) in enumerate(RASTERS):
        bands = np.moveaxis(synthesize_road(200 + number, height, width).photo, -1, 0)
        with rasterio.open(
            folder / f"ortho-{number}.tif", "w", driver="GTiff", count=3, height=height, width=width,
            dtype="uint8", crs="EPSG:25833", transform=from_origin(5e5, 58e5, 0.002, 0.002), compress="lzw",
        ) as file:  # fmt: skip
            file.write(bands)
    return [str(folder)]


def detect(checkout: Path, photos: list[str], output: Path, model: str, *, ray: bool) -> Path:
    """Run a checkout's own command."""
    old = not (checkout / "src" / "upcracknet" / "results").is_dir()
    words = [*photos, "-o", str(output), "--runtime", "torch"]
    words += ["--model", OLD_NAMES.get(model, model) if old else model]
    if ray:
        words += ["--engine", "ray", "--workers", "2", *(["--scores"] if old else ["--scores", "png"])]
    else:
        words += ["--score" if old else "--scores", "npy"]
    command = "survey" if old and ray else "detect"
    environment = os.environ | {"PYTHONPATH": str(checkout / "src")}
    subprocess.run(
        [sys.executable, "-m", "upcracknet", command, *words],
        env=environment, cwd=output.parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    return output


def arrays(folder: Path) -> dict[str, np.ndarray]:
    """Masks and scores by the photos' names without suffixes."""
    found = {}
    for kind in ("masks", "scores"):
        for path in sorted((folder / kind).rglob("*.*")):
            is_array = path.suffix == ".npy"
            values = np.load(path) if is_array else cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
            found[f"{kind} of {path.name.partition('.')[0]}"] = values
    return found


def main() -> None:
    revision, *models = sys.argv[1:]
    different = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        other = folder / "other"
        subprocess.run(
            ["git", "-C", str(ROOT), "worktree", "add", "--detach", str(other), revision], check=True
        )
        try:
            (folder / "photos").mkdir()
            photos = write_images(folder / "photos")
            for model in models or MODELS:
                for ray in (False, True):
                    before, after = (
                        arrays(detect(checkout, photos, folder / f"{model}-{ray}-{label}", model, ray=ray))
                        for label, checkout in (("before", other), ("after", ROOT))
                    )
                    unequal = [
                        key for key in before.keys() | after.keys()
                        if not np.array_equal(before.get(key, ()), after.get(key, ()))
                    ]  # fmt: skip
                    assert len(before) == 2 * (len(SIZES) + len(RASTERS)), f"{model}: results are missing"
                    different += len(unequal)
                    how = "by two workers of Ray" if ray else "in one process"
                    print(f"{model}, {how}: {len(after)} arrays, {len(unequal)} different", *unequal[:3])
        finally:
            subprocess.run(["git", "-C", str(ROOT), "worktree", "remove", "--force", str(other)], check=True)
    sys.exit(bool(different))


if __name__ == "__main__":
    main()
