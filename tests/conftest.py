import os
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from upcracknet.networks import UNetGenerator
from upcracknet.weights import WeightsRecord, save_weights

# Test processes share the cores; more threads each would only get in each other's way.
torch.set_num_threads(1)
cv2.setNumThreads(1)


@pytest.fixture
def small_model(tmp_path) -> Path:
    """Weights of a small untrained generator that takes 64×64 pixels."""
    torch.manual_seed(0)
    path = tmp_path / "small.safetensors"
    record = WeightsRecord("UNetGenerator", {"filters": 4, "depth": 4}, {"input_size": 64}, {"data": "none"})
    save_weights(path, UNetGenerator(4, 4).state_dict(), record)
    return path


@pytest.fixture
def photo() -> np.ndarray:
    """A grey noisy road with one dark line, uint8 100×150×3."""
    road = np.random.default_rng(0).normal(130, 8, (100, 150, 3)).clip(0, 255).astype(np.uint8)
    road[48:52] = 30
    return road


@pytest.fixture
def tiny_deepcrack(tmp_path) -> Path:
    """A data root with two photos in DeepCrack's layout: each has a dark line and sound road beside it."""
    random = np.random.default_rng(0)
    for part in ("test_img", "test_lab"):
        (tmp_path / "data" / "DeepCrack" / part).mkdir(parents=True)
    for name, column in (("a", 8), ("b", 12)):
        road = random.normal(160, 4, (170, 200, 3)).clip(0, 255).astype(np.uint8)
        mask = np.zeros(road.shape[:2], np.uint8)
        road[:, column : column + 3] = 40
        mask[:, column : column + 3] = 255
        cv2.imwrite(str(tmp_path / "data" / "DeepCrack" / "test_img" / f"{name}.jpg"), road)
        cv2.imwrite(str(tmp_path / "data" / "DeepCrack" / "test_lab" / f"{name}.png"), mask)
    return tmp_path / "data"


@pytest.fixture
def real_data() -> Path:
    """Folder of the real datasets."""
    folder = os.environ.get("UPCRACKNET_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("UPCRACKNET_DATA does not name a folder with the real datasets")
    return Path(folder)
