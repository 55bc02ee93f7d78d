"""A scorer's network in a faster engine; what comes before and after the network stays as it is."""

import copy
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from upcracknet.detection.scorer import RestorationScorer, Scorer
from upcracknet.errors import ConfigurationError
from upcracknet.runtime import (
    BFloat16Network,
    CompiledNetwork,
    Precision,
    compiled_network,
    export_network,
)

AnyScorer = TypeVar("AnyScorer", bound=Scorer)

CALIBRATION_ROADS = 24
"""Synthetic roads on which the ranges of 8-bit integers are measured. They have cracks: without, ranges that
only cracks reach would be cut off."""

CALIBRATION_SIDE = 384
"""Side of these roads in pixels, for scorers that take any size."""


def accelerated(
    scorer: AnyScorer,
    checksum: str,
    runtime: Literal["torch", "onnx", "openvino"],
    precision: Precision = "fp32",
) -> AnyScorer:
    """A copy of a scorer whose network runs in another engine, or in PyTorch in 16 bits.

    Args:
        scorer: a scorer with a trained network.
        checksum: of its weights.
        runtime: the engine; ``torch`` for ``bf16`` alone.
        precision: what it calculates in.

    Raises:
        ConfigurationError: the scorer cannot be exported, or a package is missing.
        OutputError: the network cannot be kept in the engine's form.
    """
    network, multiple = exported_part(scorer)
    compiled: nn.Module
    if runtime == "torch":
        compiled = BFloat16Network(network, multiple)
    else:
        identity = f"{checksum} {getattr(getattr(scorer, 'settings', None), 'statistics', '')}"
        compiled = compiled_network(
            network,
            multiple,
            identity,
            runtime,
            precision,
            lambda: seen_by_network(scorer, calibration_roads(scorer)),
        )
    other = with_network(scorer, compiled)
    other.name = f"{scorer.name}, {runtime} {precision}"  # type: ignore[misc]  # results tell engines apart
    return other


def export_scorer(
    scorer: Scorer, path: Path, precision: Precision, photos: Iterable[UInt8[np.ndarray, "_h _w 3"]] | None,
    description: dict[str, Any],
) -> None:  # fmt: skip
    """Write a scorer's network for another engine.

    Args:
        scorer: a scorer with a trained network.
        path: ``.onnx`` for ONNX Runtime or ``.xml`` for OpenVINO.
        precision: what it calculates in.
        photos: undamaged road on which the ranges of ``int8`` are measured, beside synthetic roads with
            cracks; None takes the synthetic ones alone.
        description: stored with it, and what was exported.

    Raises:
        ConfigurationError: the scorer cannot be exported, another suffix, or a package is missing.
        OutputError: the file cannot be written.
    """
    network, multiple = exported_part(scorer)
    export_network(
        network,
        multiple,
        path,
        precision=precision,
        examples=lambda: seen_by_network(scorer, chain(calibration_roads(scorer), photos or ())),
        description=description | {"network": type(network).__name__},
    )


def can_be_exported(scorer: Scorer) -> bool:
    """Whether a scorer has a network that other engines can run."""
    dropout = isinstance(scorer, RestorationScorer) and scorer.settings.dropout
    return _slot(scorer) is not None and not dropout


def exported_part(scorer: Scorer) -> tuple[nn.Module, int]:
    """The network of a scorer, and what the height and width of its images must be multiples of.

    Raises:
        ConfigurationError: it has none, or one that other engines cannot run.
    """
    if not can_be_exported(scorer):
        raise ConfigurationError(
            f"{scorer.name}: no network that another engine can run (classical methods have none, and "
            "dropout at test time, as in the preset authors, needs PyTorch in 32 bits); take "
            "--runtime torch and --precision fp32"
        )
    slot = _slot(scorer)
    assert slot is not None
    network: nn.Module = getattr(scorer, slot)
    multiple = scorer.input_size or getattr(network, "size_multiple", None)
    assert multiple is not None  # every network has one of both
    return network, multiple


def engine_of(scorer: Scorer) -> Literal["torch", "onnx", "openvino"]:
    """Name of the engine that runs a scorer's network; ``torch`` for classical methods too."""
    slot = _slot(scorer)
    network = None if slot is None else getattr(scorer, slot)
    return network.engine if isinstance(network, CompiledNetwork) else "torch"


def score_pixels(scorer: Scorer, pixels: UInt8[np.ndarray, "b h w 3"]) -> Float[np.ndarray, "b h w"]:
    """Scores of tiles, as a scorer gives them.

    Beside another engine PyTorch works with one thread: its others would wait for work at full load after
    each of its few operations, and take the engine's cores (four tenths of the time of small photos).
    """
    threads = torch.get_num_threads()
    beside = engine_of(scorer) != "torch"
    if beside:
        torch.set_num_threads(1)
    try:
        images = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous().float().div_(255)
        scores: np.ndarray = scorer.score(images).float().cpu().numpy()
        return scores
    finally:
        if beside:
            torch.set_num_threads(threads)


def with_network(scorer: AnyScorer, compiled: nn.Module) -> AnyScorer:
    """A copy of the scorer that asks another network, which answers in the same form."""
    other = copy.copy(scorer)
    slot = _slot(scorer)
    assert slot is not None
    setattr(other, slot, compiled)
    return other


def calibration_roads(scorer: Scorer) -> Iterator[UInt8[np.ndarray, "h w 3"]]:
    """Synthetic roads with cracks, of the size that a scorer wants, the same at each call."""
    from upcracknet.data.synthetic import synthesize_road  # only when a network is quantised

    side = scorer.input_size or CALIBRATION_SIDE
    for seed in range(CALIBRATION_ROADS):
        yield synthesize_road(seed, side, side).photo


def seen_by_network(
    scorer: Scorer, photos: Iterable[UInt8[np.ndarray, "_h _w 3"]]
) -> Iterator[Float[np.ndarray, "b 3 _h _w"]]:
    """What a scorer gives its network when it scores photos."""
    network, _ = exported_part(scorer)
    watched = copy.copy(scorer)
    slot = _slot(scorer)
    assert slot is not None
    recording = _Recording(network)
    setattr(watched, slot, recording)
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
        self.network, self.seen = network, list[np.ndarray]()
        self.size_multiple = getattr(network, "size_multiple", 1)

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Any:
        self.seen.append(np.ascontiguousarray(images.numpy(force=True), np.float32))
        return self.network(images)


def _slot(scorer: Scorer) -> str | None:
    """Name of the attribute that holds a scorer's network."""
    return next((name for name in ("network", "generator") if hasattr(scorer, name)), None)
