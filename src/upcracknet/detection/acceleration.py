"""A scorer's network in a faster engine or on a card; what comes before and after it stays as it is."""

import copy
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
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
    CompiledNetwork,
    Engine,
    SixteenBitNetwork,
    compiled_network,
    export_network,
    is_out_of_memory,
    size_multiple,
)
from upcracknet.runtime.device import exact_convolutions, moved, require_convolutions

CALIBRATION_ROADS = 24
"""Synthetic roads on which the ranges of 8-bit integers are measured. They have cracks: without, ranges that
only cracks reach would be cut off."""

CALIBRATION_SIDE = 384
"""Side of these roads in pixels, for scorers that take any size."""

SEEN_SIDE = 768
"""Most pixels of a side of a photo that ranges are measured on: as large as the tiles of detection."""

ROUNDING = 1e-3
"""How far beyond 0 and 1 a score may be: as much as other engines and 16 bits differ."""

SIXTEEN_BITS = {"bf16": torch.bfloat16, "fp16": torch.float16}


def accelerated(scorer: Kind, sha256: str, engine: Engine, *, roads: int = CALIBRATION_ROADS) -> Kind:
    """Bring a scorer's network into another engine, or in PyTorch onto a card or into 16 bits.

    Args:
        scorer: a scorer with a trained network.
        sha256: checksum of its tensors.
        engine: an engine and a device that are there, not ``auto``.
        roads: synthetic roads on which ``int8`` is measured.

    Returns:
        a copy of the scorer, named after the engine too.

    Raises:
        ConfigurationError: the scorer cannot be exported, a package is missing, or the network does not fit
            into the memory of the card.
        OutputError: the network cannot be kept in the engine's form.
    """
    compiled: nn.Module
    if engine.runtime == "torch":
        compiled = _in_torch(scorer, engine)
    else:
        compiled = compiled_network(
            exported_part(scorer),
            sha256,
            engine,
            lambda: seen_by_network(scorer, calibration_roads(scorer, roads)),
        )
    return scorer.with_network(compiled, f"{scorer.name}, {engine}")  # results tell engines apart


def _in_torch(scorer: Scorer, engine: Engine) -> nn.Module:
    """A copy of a scorer's network on a device of PyTorch, in 32 or 16 bits."""
    if engine.precision != "fp32":
        network: nn.Module = SixteenBitNetwork(exported_part(scorer), SIXTEEN_BITS[engine.precision])
    else:
        assert scorer.network is not None
        network = copy.deepcopy(scorer.network)
    try:
        there = network.to(engine.device)
        require_convolutions(there)
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        raise ConfigurationError(
            f"device {engine.device}: {scorer.name} does not fit into its memory; end other programs that "
            "use it, or take --device cpu"
        ) from error
    return there


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


def device_of(scorer: Scorer) -> torch.device:
    """Tell where a scorer's images must lie: on the device of its network in PyTorch, else the processor."""
    tensors = () if scorer.network is None else (*scorer.network.parameters(), *scorer.network.buffers())
    return tensors[0].device if tensors else torch.device("cpu")


def score_pixels(scorer: Scorer, pixels: UInt8[np.ndarray, "b h w 3"]) -> Float[np.ndarray, "b h w"]:
    """Score tiles, in any thread.

    Returns:
        scores in [0, 1], as the scorer gives them.

    Raises:
        WeightsError: the scores are not finite, or the engine fails.
        ConfigurationError: the scores are no tensor of one score a pixel, or not in [0, 1].
        RuntimeError: memory ran out; see :func:`.is_out_of_memory`.
    """
    engine, device = engine_of(scorer), device_of(scorer)
    with ExitStack() as stack:
        if engine != "torch":
            stack.enter_context(PROCESSOR.beside_an_engine())
        if device.type == "cuda":
            stack.enter_context(exact_convolutions())
        bytes_there = moved(torch.from_numpy(pixels), device)  # a quarter of what 32 bits would be to carry
        images = bytes_there.permute(0, 3, 1, 2).contiguous().float().div_(255)
        answer = scorer.score(images)
        shape = (len(pixels), *pixels.shape[1:3])
        if not isinstance(answer, Tensor) or answer.shape != shape:
            given = tuple(answer.shape) if isinstance(answer, Tensor) else type(answer).__name__
            raise ConfigurationError(
                f"{scorer.name}: its scores are {given}, expected a tensor of {shape}: a score for each pixel"
            )
        scores: np.ndarray = answer.float().cpu().numpy()
    if not np.isfinite(scores).all():
        raise WeightsError(
            f"{scorer.name}: scores that are not finite numbers, run by {engine}; the weights or the "
            "exported file cannot be used: train, copy or export them again"
        )
    lowest, highest = scores.min(), scores.max()
    if lowest < 0 or highest > 1:
        if lowest < -ROUNDING or highest > 1 + ROUNDING:
            raise ConfigurationError(
                f"{scorer.name}: scores from {lowest:.4g} to {highest:.4g}, expected numbers from 0 to 1; "
                "scale what it gives, as by a sigmoid"
            )
        scores = scores.clip(0, 1)
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
        piece = photo[: side or SEEN_SIDE, : side or SEEN_SIDE]
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
