"""How long a step of a training takes on this machine, measured by a few of them."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytorch_lightning as lightning
import torch
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Callback

from upcracknet.detection import Scorer
from upcracknet.detection.systems import SYSTEMS, imported
from upcracknet.runtime import choose_device
from upcracknet.runtime.device import exact_convolutions
from upcracknet.training.configuration import Configuration
from upcracknet.training.method import Method
from upcracknet.training.patches import PatchData
from upcracknet.training.recipe import in_16_bits, lightning_device, quiet_libraries

STEPS = 3
"""Steps that are taken; the first does not count, as it sets up what the others use."""

VALIDATION_SHARE = 1 / 3
"""Time of a validation batch in that of a step: forward alone; backward takes about twice as long."""


@dataclass(frozen=True)
class Timing:
    """What a few steps tell of a training.

    Attributes:
        step_seconds: time of a step.
        validation_images: images of the validation after each epoch.
        scorer: of the network that has hardly learned, on the processor.
    """

    step_seconds: float
    validation_images: int
    scorer: Scorer

    def seconds(self, configuration: Configuration) -> float:
        """Estimate a whole training of this kind, validation included, without early stopping."""
        batch, images = configuration.batch_size, configuration.data.patches_per_epoch or 0
        steps = max(1, images // batch) + VALIDATION_SHARE * self.validation_images / batch
        return self.step_seconds * steps * configuration.epochs


def time_steps(configuration: Configuration, data_root: Path | None, device: str) -> Timing:
    """Time a few steps of a training.

    Args:
        configuration: what would be trained.
        data_root: folder of the named datasets.
        device: as of :func:`.choose_device`.

    Raises:
        DataError: the photos are missing, or hold no undamaged window.
    """
    system = SYSTEMS[configuration.method]
    data: PatchData = imported(system.patches)(configuration, data_root)
    method: Method = imported(system.method)(configuration)
    clock = _Clock()
    accelerator, devices = lightning_device(device, 1)
    with quiet_libraries():
        trainer = lightning.Trainer(
            accelerator=accelerator,
            devices=devices,
            precision="bf16-mixed" if in_16_bits(configuration, device) else "32-true",
            max_epochs=1,
            limit_train_batches=STEPS,
            limit_val_batches=0,
            callbacks=[clock],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        method.to(memory_format=torch.channels_last)
        with exact_convolutions():
            trainer.fit(method, datamodule=data)
    name, settings = system.title, method.detection_settings()
    network = method.trained_network().to(choose_device(device))
    scorer, _ = imported(system.scorer)(network, settings, None, name)
    return Timing(clock.seconds, len(data.validation), scorer)


class _Clock(Callback):
    """The mean time between the ends of steps."""

    seconds = 0.0

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        now = time.perf_counter()
        if batch_idx == 0:
            self.started = now
        else:
            self.seconds = (now - self.started) / batch_idx
