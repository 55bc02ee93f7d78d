"""The first contract: from road photos to score maps."""

import copy
from typing import Any, Protocol, TypeVar, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from upcracknet.detection.error_map import error_map, filter_error, stretched
from upcracknet.detection.settings import PRESETS, DetectionSettings
from upcracknet.detection.threshold import Threshold
from upcracknet.errors import ConfigurationError
from upcracknet.networks import UNetGenerator
from upcracknet.networks.generator import normalize_with
from upcracknet.runtime import PROCESSOR

Kind = TypeVar("Kind", bound="Scorer")
Base = TypeVar("Base", bound="BaseScorer")


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

    @property
    def padding(self) -> str:
        """How images are continued to sizes that the network takes, as a mode of ``numpy.pad``."""
        ...

    @property
    def network(self) -> nn.Module | None:
        """The network it asks; None for a method without learning."""
        ...

    def with_network(self: Kind, network: nn.Module | None, name: str | None = None) -> Kind:
        """Make a copy that asks another network, which answers in the same form; None keeps the name."""
        ...

    def score(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b h w"]:
        """Score images in [0, 1]; the result lies in [0, 1], higher is more crack-like."""
        ...


class BaseScorer:
    """What all scorers of this package share: all of the contract but ``score``."""

    name: str
    input_size: int | None = None
    padding: str = "reflect"
    network: nn.Module | None = None

    def with_network(self: Base, network: nn.Module | None, name: str | None = None) -> Base:
        """Copy the scorer, with another network; see :class:`Scorer`."""
        other = copy.copy(self)
        other.network = network
        other.name = self.name if name is None else name
        return other


def detecting_copy(network: nn.Module) -> nn.Module:
    """Copy a network for detection: in evaluation mode, its numbers laid out as processors like them."""
    ready = copy.deepcopy(network).eval()
    channels_last: nn.Module = ready.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return channels_last


class RestorationScorer(BaseScorer):
    """UP-CrackNet's score: the filtered error between a photo and its restoration (III-D, equation 1).

    Args:
        generator: a trained generator; not changed.
        settings: statistics, dropout, error and filter.
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
        self.input_size: int = input_size
        self.network: nn.Module = detecting_copy(generator)
        normalize_with(settings.statistics, self.network)
        for module in self.network.modules():
            if isinstance(module, nn.Dropout):
                module.train(settings.dropout)

    def with_settings(self, settings: DetectionSettings) -> "RestorationScorer":
        """Make a scorer of the same generator with other settings; only for a generator in PyTorch."""
        assert isinstance(self.network, UNetGenerator)
        return RestorationScorer(self.network, settings, self.input_size, self.name)

    @torch.inference_mode()
    def restore(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
        """Restore whole images in [0, 1]: nothing is removed from them (Section III-D)."""
        if not self.settings.dropout:
            return self._restore(images)
        # One image at a time from one seed: the same photo gets the same map, whatever shares its batch.
        # PyTorch's random numbers belong to the process, and those of a card to the card: other ones.
        cards = [images.device] if images.device.type == "cuda" else []
        with PROCESSOR.claimed(), torch.random.fork_rng(devices=cards):
            restored = []
            for image in images.split(1):  # type: ignore[no-untyped-call]
                torch.manual_seed(0)
                restored.append(self._restore(image))
        return torch.cat(restored)

    def _restore(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
        restored: Tensor = self.network((images * 2 - 1).contiguous(memory_format=torch.channels_last))
        return (restored + 1) / 2

    def score(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b h w"]:
        """Give the filtered error map of each image, in [0, 1]."""
        settings = self.settings
        if settings.stretch:
            images = stretched(images, eight_bit=settings.eight_bit)
        errors = error_map(images, self.restore(images), settings.error, center=settings.center)
        if settings.stretch:
            errors = stretched(errors, eight_bit=settings.eight_bit)
        return filter_error(errors, settings)


def restoration_scorer(
    network: UNetGenerator, detection: dict[str, Any], preset: str | None, name: str
) -> tuple[RestorationScorer, Threshold]:
    """Make a restorer's scorer and threshold.

    Args:
        network: a trained generator.
        detection: settings and input size that are stored with it.
        preset: name of settings that take the place of the stored ones.
        name: shown in results.

    Raises:
        ConfigurationError: an unknown setting, a filter that cannot be, or an input size that the network
            does not take.
        ValueError: a setting of another type.
    """
    stored = dict(detection)
    input_size = int(stored.pop("input_size", 256))
    settings = DetectionSettings.from_dict(stored) if preset is None else PRESETS[preset]
    if input_size <= 0 or input_size % network.size_multiple:
        raise ConfigurationError(f"input size {input_size}, expected a multiple of {network.size_multiple}")
    threshold = Threshold(floor=settings.level_floor, minimum_extent=settings.minimum_extent)
    return RestorationScorer(network, settings, input_size, name), threshold
