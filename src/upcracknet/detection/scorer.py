"""The first contract: from road photos to score maps."""

from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from upcracknet.detection.error_map import error_map, filter_error
from upcracknet.detection.settings import DetectionSettings
from upcracknet.networks import UNetGenerator


@runtime_checkable
class Scorer(Protocol):
    """Anything that says how crack-like each pixel is: a restorer, a baseline, an exported model."""

    @property
    def name(self) -> str:
        """Shown in results."""
        ...

    @property
    def input_size(self) -> int | None:
        """Side of the square input it wants, in pixels; None takes any size."""
        ...

    def score(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b h w"]:
        """Score images in [0, 1]; the result lies in [0, 1], higher is more crack-like."""
        ...


class RestorationScorer:
    """UP-CrackNet's score: the filtered error between a photo and its restoration (III-D, equation 1).

    Args:
        generator: a trained generator; switched to evaluation mode.
        settings: statistics, error and filter.
        input_size: side of the square input in pixels; the size it was trained at.
        name: shown in results.
    """

    def __init__(
        self,
        generator: UNetGenerator,
        settings: DetectionSettings,
        input_size: int = 256,
        name: str = "UP-CrackNet",
    ) -> None:
        self.name, self.settings = name, settings
        self.input_size = input_size
        self.generator = generator.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        generator.use_statistics(settings.statistics)
        for module in generator.modules():
            if isinstance(module, nn.Dropout):
                module.train(settings.dropout)

    @torch.inference_mode()
    def restore(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
        """Restore whole images in [0, 1]: nothing is removed from them (Section III-D)."""
        if not self.settings.dropout:
            return self._restore(images)
        # One image at a time from one seed: the same photo gets the same map, whatever shares its batch.
        with torch.random.fork_rng(devices=[]):
            restored = []
            for image in images.split(1):  # type: ignore[no-untyped-call]
                torch.manual_seed(0)
                restored.append(self._restore(image))
        return torch.cat(restored)

    def _restore(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
        restored: Tensor = self.generator((images * 2 - 1).contiguous(memory_format=torch.channels_last))
        return (restored + 1) / 2

    def score(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b h w"]:
        """Filtered error map of each image, in [0, 1]."""
        errors = error_map(images, self.restore(images), self.settings.error, center=self.settings.center)
        return filter_error(errors, self.settings)
