"""The default model as a scorer: several sizes and flips of each image, fused."""

import math
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from upcracknet.detection.scorer import BaseScorer
from upcracknet.detection.threshold import Threshold
from upcracknet.errors import ConfigurationError
from upcracknet.networks import CrackRemover
from upcracknet.runtime import size_multiple
from upcracknet.runtime.folding import CrackMarker, fused

ScoreKind = Literal["mask", "darkening"]

AT_ONCE = 768 * 768
"""Pixels that the network sees at a time on the processor, unless a single image has more."""


MOST = 8
"""Largest scale: the network then sees 64 times as many pixels."""


@dataclass(frozen=True)
class CrackRemoverSettings:
    """How a crack remover detects.

    Attributes:
        score: ``mask`` takes the network's own mark; ``darkening`` takes how much darker the photo is
            than its restored road, the one-sided error of a restorer.
        scales: sizes at which each image is scored, as factors of its own; the logits are averaged.
        flips: average over the image, its mirror images, and both.
        level: scores above it are crack; calibrated on undamaged photos.
        hysteresis: connected crack pixels count only if one of them scores above this.
        minimum_extent: connected crack pixels that reach less far than this many pixels, in height and in
            width, are taken for specks and dropped.

    Raises:
        ConfigurationError: a value that cannot be.
    """

    score: ScoreKind = "mask"
    scales: tuple[float, ...] = (1.0,)
    flips: bool = False
    level: float = 0.5
    hysteresis: float = 0.0
    minimum_extent: int = 0

    def __post_init__(self) -> None:
        if self.score not in get_args(ScoreKind):
            raise ConfigurationError(f"score is {self.score!r}; expected {' or '.join(get_args(ScoreKind))}")
        if not self.scales or not all(_is_number(scale) and 0 < scale <= MOST for scale in self.scales):
            raise ConfigurationError(
                f"scales are {self.scales}; expected at least one, all above 0 and at most {MOST}"
            )
        numbers = (self.level, self.hysteresis, self.minimum_extent)
        if not isinstance(self.flips, bool) or not all(map(_is_number, numbers)):
            raise ConfigurationError(
                f"flips is {self.flips!r}, and level, hysteresis and minimum extent are {numbers}; expected "
                "true or false, and three numbers"
            )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for a weights file."""
        return asdict(self) | {"scales": list(self.scales)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "CrackRemoverSettings":
        """Rebuild settings; missing ones take their default.

        Raises:
            ConfigurationError: an unknown setting, or a value that cannot be.
        """
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise ConfigurationError(
                f"unknown detection settings {', '.join(unknown)}; known: {', '.join(sorted(known))}"
            )
        scales = values.get("scales", cls.scales)
        return cls(**values | {"scales": tuple(scales) if isinstance(scales, list) else scales})


class CrackRemoverScorer(BaseScorer):
    """How crack-like each pixel is, by a network that removes cracks.

    Args:
        network: a trained network; not changed.
        settings: score, scales and flips.
        name: shown in results.
    """

    def __init__(
        self, network: CrackRemover, settings: CrackRemoverSettings, name: str = "crack remover"
    ) -> None:
        self.name, self.settings = name, settings
        ready = CrackMarker(network) if settings.score == "mask" else fused(network)
        self.network: nn.Module = ready.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @torch.inference_mode()
    def score(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b h w"]:
        """Score each pixel, in [0, 1]; images in [0, 1]."""
        if self.settings.score == "darkening":
            restored: Tensor = self.network(self._padded(images)).restored
            darkening = restored[..., : images.shape[-2], : images.shape[-1]] - images
            return darkening.mean(dim=1).clamp(0, 1)
        scores = [self._fused(images)]
        if self.settings.flips:
            # Logits have no axis of colours, so their axes are one less.
            scores += [
                self._fused(images.flip(axes)).flip([axis - 1 for axis in axes])
                for axes in ([2], [3], [2, 3])
            ]
        return torch.stack(scores).mean(dim=0).sigmoid()

    def _fused(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b h w"]:
        """Logits, averaged over the scales."""
        # On the processor small images together; large ones, one after the other, are no slower, and take
        # less memory. A card takes all at once.
        on_card = images.device.type != "cpu"
        together = len(images) if on_card else max(1, AT_ONCE // (images.shape[-2] * images.shape[-1]))
        fused = []
        for part in images.split(together):  # type: ignore[no-untyped-call]
            at_scales = [self.logits(part, scale) for scale in self.settings.scales]
            fused.append(sum(at_scales[1:], at_scales[0]) / len(at_scales))
        return torch.cat(fused)

    @torch.inference_mode()
    def logits(self, images: Float[Tensor, "b 3 h w"], scale: float) -> Float[Tensor, "b h w"]:
        """Ask the network about images in [0, 1] at one scale, for logits at the images' own size.

        Only a scorer whose score is ``mask`` can tell.
        """
        height, width = images.shape[-2:]
        if scale != 1:
            size = (max(2, round(height * scale)), max(2, round(width * scale)))  # a mirror needs two
            images = F.interpolate(images, size, mode="bilinear", antialias=scale < 1)
        logits: Tensor = self.network(self._padded(images))
        logits = logits[:, : images.shape[-2], : images.shape[-1]]
        return (
            F.interpolate(logits[:, None], (height, width), mode="bilinear")[:, 0] if scale != 1 else logits
        )

    def _padded(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 _h _w"]:
        """Continued below and on the right to sizes that the network takes, by the mirror image."""
        multiple = size_multiple(self.network)
        below, right = -images.shape[-2] % multiple, -images.shape[-1] % multiple
        while below or right:  # a mirror image is no larger than the image
            step = (min(right, images.shape[-1] - 1), min(below, images.shape[-2] - 1))
            images = F.pad(images, (0, step[0], 0, step[1]), mode="reflect")
            below, right = below - step[1], right - step[0]
        return images


def crack_remover_scorer(
    network: CrackRemover, detection: dict[str, Any], preset: None, name: str
) -> tuple[CrackRemoverScorer, Threshold]:
    """Make a crack remover's scorer and threshold.

    Args:
        network: a trained network.
        detection: settings that are stored with it.
        preset: a crack remover has none.
        name: shown in results.

    Raises:
        ConfigurationError: an unknown setting, or a value that cannot be.
    """
    settings = CrackRemoverSettings.from_dict(detection)
    threshold = Threshold(
        settings.level, minimum_extent=settings.minimum_extent, hysteresis=settings.hysteresis
    )
    return CrackRemoverScorer(network, settings, name), threshold


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
