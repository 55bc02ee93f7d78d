"""What the training of every system shares: what is logged, drawn at random, shown and kept."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import pytorch_lightning as lightning
from torch import Tensor, nn

from upcracknet.detection.systems import SYSTEMS
from upcracknet.training.configuration import Configuration
from upcracknet.weights import WeightsRecord


class Method(lightning.LightningModule, ABC):
    """A system's training step, and what a run shows and keeps of it.

    Args:
        configuration: everything that decides the run.
    """

    def __init__(self, configuration: Configuration) -> None:
        super().__init__()
        self.configuration = configuration

    def step_seed(self, batches: int) -> int:
        """Give a seed of this step of this process: what is drawn by it needs no saved state to be resumed.

        Args:
            batches: number of batches that this process has learned from.
        """
        step = batches * self.trainer.world_size + self.global_rank
        return self.configuration.seed * 1_000_003 + step

    def log_losses(self, part: str, losses: Mapping[str, Tensor], images: int) -> None:
        """Log mean losses of an epoch, over all processes.

        Args:
            part: ``train`` or ``validation``, whose ``total`` chooses the weights that are kept.
            losses: by name.
            images: number of images that they are means of.
        """
        self.log_dict(
            {f"{part}/{name}": value for name, value in losses.items()},
            on_step=False,
            on_epoch=True,
            batch_size=images,
            sync_dist=True,
        )

    def facts(self) -> dict[str, Any]:
        """Tell where the weights come from, for the run's record and for the weights'."""
        data = self.configuration.data
        photos = (data.photos,) if isinstance(data.photos, str) else data.photos
        return {"data": f"{' and '.join(photos)}, {data.split}" if photos else "synthetic roads"}

    @abstractmethod
    def pictures(self, batch: Any) -> list[Tensor]:
        """Give the rows of a picture of a batch: images b×3×h×w in [0, 1].

        Called in evaluation mode, without gradients.
        """

    @abstractmethod
    def trained_network(self) -> nn.Module:
        """Give the network that detects, whose weights are kept."""

    @abstractmethod
    def network_arguments(self) -> dict[str, Any]:
        """Give the arguments that make a network of this kind; plain values."""

    def detection_settings(self) -> dict[str, Any]:
        """Give what detection needs to know of the training; plain values."""
        return {}

    def weights_record(self, provenance: dict[str, Any]) -> WeightsRecord:
        """Describe the network for its weights file."""
        system = SYSTEMS[self.configuration.method]
        return WeightsRecord(
            system.architecture,
            self.network_arguments(),
            self.detection_settings(),
            provenance | {"method": system.title},
        )
