from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from upcracknet.data.photo import save_image_atomically
from upcracknet.training.configuration import TrainingConfiguration, load_configuration
from upcracknet.training.recipe import train


@pytest.fixture(scope="session")
def crack_free(tmp_path_factory) -> Path:
    """A folder of six small made photos without cracks."""
    folder = tmp_path_factory.mktemp("crack-free")
    random = np.random.default_rng(0)
    for number in range(6):
        photo = random.normal(130, 20, (80, 96, 3)).clip(0, 255).astype(np.uint8)
        save_image_atomically(folder / f"{number}.png", photo)
    return folder


@pytest.fixture(scope="session")
def configure(crack_free) -> Callable[..., TrainingConfiguration]:
    """Configurations of tiny runs: four photos to train on, two for validation, two patches a step."""

    def configure(**overrides: str) -> TrainingConfiguration:
        tiny = {
            "data.photos": str(crack_free),
            "data.size": "64",
            "data.window_sizes": "[48, 64]",
            "data.validation_share": "0.34",
            "data.patches_per_epoch": "4",
            "networks.generator_filters": "4",
            "networks.generator_depth": "5",
            "networks.discriminator_filters": "4",
            "batch_size": "2",
            "epochs": "2",
            "workers": "0",
            "precision": "32",
        }
        return load_configuration(
            None, tiny | {key.replace("__", "."): text for key, text in overrides.items()}
        )

    return configure


@pytest.fixture(scope="module")
def train_quietly():
    """Trains on the processor without progress."""

    def run(configuration, folder, **options):
        return train(configuration, folder, device="cpu", progress=False, **options)

    return run


@pytest.fixture(scope="module")
def run(configure, train_quietly, tmp_path_factory) -> Path:
    """The folder of a run of two epochs."""
    folder = tmp_path_factory.mktemp("runs") / "two"
    train_quietly(configure(), folder)
    return folder
