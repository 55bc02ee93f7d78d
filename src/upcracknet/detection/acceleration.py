"""A scorer's network in a faster engine; what comes before and after the network stays as it is."""

from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from itertools import chain
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from upcracknet.detection.scorer import Kind, Scorer
from upcracknet.detection.threshold import Threshold
from upcracknet.errors import ConfigurationError, WeightsError
from upcracknet.runtime import (
    PROCESSOR,
    BFloat16Network,
    CompiledNetwork,
    Engine,
    compiled_network,
    export_network,
    size_multiple,
)

CALIBRATION_ROADS = 24
"""Synthetic roads on which the ranges of 8-bit integers are measured. They have cracks: without, ranges that
only cracks reach would be cut off."""

CALIBRATION_SIDE = 384
"""Side of these roads in pixels, for scorers that take any size."""


def accelerated(scorer: Kind, sha256: str, engine: Engine, *, roads: int = CALIBRATION_ROADS) -> Kind:
    """Bring a scorer's network into another engine, or into 16 bits in PyTorch.

    Args:
        scorer: a scorer with a trained network.
        sha256: checksum of its tensors.
        engine: an engine that is installed, not ``auto``.
        roads: synthetic roads on which ``int8`` is measured.

    Returns:
        a copy of the scorer, named after the engine too.

    Raises:
        ConfigurationError: the scorer cannot be exported, or a package is missing.
        OutputError: the network cannot be kept in the engine's form.
    """
    network = exported_part(scorer)
    compiled: nn.Module
    if engine.runtime == "torch":
        compiled = BFloat16Network(network) if engine.precision == "bf16" else network
    else:
        compiled = compiled_network(
            network, sha256, engine, lambda: seen_by_network(scorer, calibration_roads(scorer, roads))
        )
    return scorer.with_network(compiled, f"{scorer.name}, {engine}")  # results tell engines apart


def export_scorer(
    scorer: Scorer,
    threshold: Threshold,
    path: Path,
    engine: Engine,
    description: dict[str, Any],
    *,
    photos: Iterable[UInt8[np.ndarray, "_h _w 3"]] = (),
    roads: int = CALIBRATION_ROADS,
) -> None:
    """Write a scorer's network for another engine.

    Args:
        scorer: a scorer with a trained network.
        threshold: from its scores to a mask; stored for other programs.
        path: ``.onnx`` for ONNX Runtime or ``.xml`` for OpenVINO.
        engine: precision to export for.
        description: stored with it, beside what goes in and what comes out in plain words.
        photos: undamaged road on which the ranges of ``int8`` are measured, beside synthetic roads with
            cracks.
        roads: number of these.

    Raises:
        ConfigurationError: the scorer cannot be exported, another suffix, or a package is missing.
        OutputError: the file cannot be written.
    """
    network = exported_part(scorer)
    multiple = size_multiple(network)
    about = (
        "Finds road cracks. Input 'images': float32, batch×3×height×width, channels red, green, blue; height "
        f"and width multiples of {multiple}: {network.interface}. Crack is where the score is above the "
        f"level ({threshold}). Scores and levels are numbers from 0 to 1; lengths are pixels."
    )
    export_network(
        network,
        path,
        engine,
        examples=lambda: seen_by_network(scorer, chain(calibration_roads(scorer, roads), photos)),
        description={"about": about, "network": type(network).__name__, "precision": engine.precision}
        | description,
    )


def can_be_exported(scorer: Scorer) -> bool:
    """Tell whether a scorer has a network that other engines can run: one that leaves nothing to chance."""
    return scorer.network is not None and not any(
        isinstance(module, nn.Dropout) and module.training for module in scorer.network.modules()
    )


def exported_part(scorer: Scorer) -> nn.Module:
    """Give the network of a scorer.

    Raises:
        ConfigurationError: it has none, or one that other engines cannot run.
    """
    if scorer.network is None or not can_be_exported(scorer):
        raise ConfigurationError(
            f"{scorer.name}: no network that another engine can run (classical methods have none, and "
            "dropout at test time, as in the preset authors, needs PyTorch in 32 bits); take "
            "--runtime torch and --precision fp32"
        )
    return scorer.network


def engine_of(scorer: Scorer) -> Literal["torch", "onnx", "openvino"]:
    """Name of the engine that runs a scorer's network; ``torch`` for classical methods too."""
    return scorer.network.engine if isinstance(scorer.network, CompiledNetwork) else "torch"


def score_pixels(scorer: Scorer, pixels: UInt8[np.ndarray, "b h w 3"]) -> Float[np.ndarray, "b h w"]:
    """Score tiles, in any thread.

    Returns:
        scores in [0, 1], as the scorer gives them.

    Raises:
        WeightsError: the scores are not finite, or the engine fails.
    """
    engine = engine_of(scorer)
    with nullcontext() if engine == "torch" else PROCESSOR.beside_an_engine():
        images = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous().float().div_(255)
        scores: np.ndarray = scorer.score(images).float().cpu().numpy()
    if not np.isfinite(scores).all():
        raise WeightsError(
            f"{scorer.name}: scores that are not finite numbers, run by {engine}; the weights or the "
            "exported file cannot be used: train, copy or export them again"
        )
    return scores


def calibration_roads(scorer: Scorer, count: int = CALIBRATION_ROADS) -> Iterator[UInt8[np.ndarray, "h w 3"]]:
    """Synthetic roads with cracks, of the size that a scorer wants, the same at each call."""
    from upcracknet.data.synthetic import synthesize_road  # only when a network is quantised

    side = scorer.input_size or CALIBRATION_SIDE
    for seed in range(count):
        yield synthesize_road(seed, side, side).photo


def seen_by_network(
    scorer: Scorer, photos: Iterable[UInt8[np.ndarray, "_h _w 3"]]
) -> Iterator[Float[np.ndarray, "b 3 _h _w"]]:
    """Record what a scorer gives its network when it scores photos."""
    recording = _Recording(exported_part(scorer))
    watched = scorer.with_network(recording)
    for photo in photos:
        side = scorer.input_size
        piece = photo if side is None else photo[:side, :side]
        if side is not None and piece.shape[:2] != (side, side):
            continue
        watched.score(torch.from_numpy(np.ascontiguousarray(piece)).permute(2, 0, 1)[None].float() / 255)
        yield from recording.seen
        recording.seen.clear()


class _Recording(nn.Module):
    """A network that remembers what it was asked."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network, self.size_multiple, self.seen = network, size_multiple(network), list[np.ndarray]()

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Any:
        self.seen.append(np.ascontiguousarray(images.numpy(force=True), np.float32))
        return self.network(images)
