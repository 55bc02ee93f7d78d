"""What the commands need in which faults are injected: photos, results, models, data sets."""

import json
import zipfile
from pathlib import Path

import cv2
import numpy as np
import scipy.io
import torch
from PIL import ExifTags, Image
from tests.results.rasters import UTM, write

from upcracknet.cli.main import run
from upcracknet.networks import CrackRemover
from upcracknet.weights import WeightsRecord, save_weights

LIGHT = ("--model", "local-contrast", "--runtime", "torch")
GPS = ExifTags.GPS


def road(number: int, size: tuple[int, int] = (64, 96)) -> np.ndarray:
    """A grey road with a winding crack."""
    photo = np.random.default_rng(number).normal(150, 9, (*size, 3)).clip(0, 255).astype(np.uint8)
    for x in range(size[1]):
        y = 20 + 3 * number + round(5 * np.sin(x / 7))
        photo[y : y + 4, x] = 40
    return photo


def write_photos(world: Path) -> None:
    """Two photos that know where they were taken, and an image that is read in windows."""
    (world / "photos").mkdir()
    for number in range(2):
        exif = Image.Exif()
        exif[ExifTags.IFD.GPSInfo] = {
            GPS.GPSLatitudeRef: "N", GPS.GPSLatitude: (48 + number * 1e-4, 0.0, 0.0),
            GPS.GPSLongitudeRef: "E", GPS.GPSLongitude: (9.0, 0.0, 0.0),
        }  # fmt: skip
        Image.fromarray(road(number)).save(world / "photos" / f"{number}.jpg", quality=95, exif=exif)
    write(world / "photos" / "map.tif", road(2, (80, 90)), **UTM)


def write_crack_free(world: Path) -> None:
    (world / "photos").mkdir()
    for number in range(4):
        photo = np.random.default_rng(number).normal(130, 20, (160, 192, 3)).clip(0, 255).astype(np.uint8)
        cv2.imwrite(str(world / "photos" / f"{number}.png"), photo)


def write_model(world: Path) -> None:
    torch.manual_seed(0)
    record = WeightsRecord("CrackRemover", {"widths": [4, 6]}, {}, {})
    save_weights(world / "small.safetensors", CrackRemover((4, 6)).state_dict(), record)


def detect(world: Path) -> int:
    words = ("--scores", "png", "--crack-pictures", "--millimetres-per-pixel", "2")
    return run(["detect", f"{world}/photos", "-o", f"{world}/out", *LIGHT, *words])


def write_results(world: Path) -> None:
    write_photos(world)
    assert detect(world) == 0


def write_annotated(world: Path) -> None:
    write_results(world)
    (world / "annotated").mkdir()
    for number in range(2):
        mask = np.zeros((64, 96), np.uint8)
        mask[30 + number, :50] = 255
        cv2.imwrite(str(world / "annotated" / f"{number}.jpg.png"), mask)


def write_model_and_photos(world: Path) -> None:
    write_model(world)
    write_crack_free(world)


def write_survey(world: Path) -> None:
    """Results of two drives, both on the map."""
    write_photos(world)
    (world / "photos/map.tif").unlink()  # is not laid on another one
    assert detect(world) == 0
    (world / "out").rename(world / "before")
    assert detect(world) == 0
    assert run(["map", f"{world}/before"]) == run(["map", f"{world}/out"]) == 0


def write_data_set(world: Path, name: str = "Crack500", parts: tuple[str, ...] = ("train", "test")) -> None:
    """Write small photos, each with a crack, as Crack500 and DeepCrack lie on the disk."""
    for part in parts:
        for number in range(3 if part == "train" else 1):
            mask = np.zeros((64, 96), np.uint8)
            mask[20 + 3 * number :][:8] = 255
            for kind, suffix, picture in (("img", "jpg", road(number)), ("lab", "png", mask)):
                path = world / "data" / name / f"{part}_{kind}" / f"{number}.{suffix}"
                path.parent.mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(path), picture)


def write_tiny_training(world: Path) -> None:
    """Write a data set, and a configuration whose training takes no time."""
    write_data_set(world)
    tiny = {
        "data": {"size": 32, "window_sizes": [16, 24], "validation_share": 0.34},
        "networks": {"generator_depth": 2}, "losses": {"ssim": 0, "msgms": 0, "style": 0},
        "batch_size": 2, "precision": "32", "workers": 0,
    }  # fmt: skip
    (world / "tiny.yaml").write_text(json.dumps(tiny))


def write_archive(world: Path) -> None:
    """Write the archive of a data set, as its authors serve it, and a folder of others for it."""
    (world / "data").mkdir()
    with zipfile.ZipFile(world / "served.zip", "w") as archive:
        for name in ("image/001.jpg", "image/002.jpg", "groundTruth/001.mat"):
            archive.writestr(f"CrackForest-dataset-master/{name}", name * 200)


def write_data_sets(world: Path) -> None:
    """Write all data sets of the paper's tables."""
    write_data_set(world)
    write_data_set(world, "DeepCrack")
    for part in ("image", "groundTruth"):
        (world / "data/CFD" / part).mkdir(parents=True)
    cv2.imwrite(f"{world}/data/CFD/image/001.jpg", road(1, (256, 256)))
    labels = {"groundTruth": {"Segmentation": np.ones((256, 256))}}
    scipy.io.savemat(world / "data/CFD/groundTruth/001.mat", labels)


def write_packs(world: Path) -> None:
    """Pack all data sets, as for a machine that has none."""
    write_data_sets(world)
    assert run(["reproduce", "pack", "--data-root", f"{world}/data", "-o", f"{world}/tables"]) == 0


def synthesize_roads(world: Path, seed: int = 0, width: int = 24) -> int:
    words = f"--count 2 --seed {seed} --height 16 --width {width} --no-distractors --overwrite"
    return run(["synthesize", f"{world}/roads", *words.split()])


def synthesize_other_roads(world: Path) -> None:
    """Make roads of which the next run replaces one, leaves none, and makes another."""
    assert synthesize_roads(world, seed=1, width=20) == 0


def write_scale(world: Path) -> None:
    """Write photos, and a scale for all that no other scale is for."""
    write_crack_free(world)
    assert run(["scale", "1.2", "-o", f"{world}/scales/scale.json"]) == 0


def nothing(world: Path) -> None:
    """Nothing is needed."""
