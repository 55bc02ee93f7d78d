"""Models for Deepness, the plugin of QGIS, and for GeoDeep, which WebODM uses.

Both cut a raster into tiles of one size, ask a segmentation model in ONNX about each, and mark the class with
the highest probability. Neither has hysteresis or a rule for specks. Sources: Deepness 0.6.5,
``creators_add_metadata_to_model.rst`` and ``model_base.py``; GeoDeep 0.9.13.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from upcracknet.detection.acceleration import exported_part
from upcracknet.detection.scorer import Scorer
from upcracknet.detection.threshold import Threshold
from upcracknet.errors import ConfigurationError
from upcracknet.files import write_atomically
from upcracknet.runtime import Engine
from upcracknet.runtime.backends import KEY, loaded
from upcracknet.runtime.compiled import reason
from upcracknet.runtime.graph import fixed_graph

TILE_SIDE = 512
TILE_STEP = 128
"""Sides of tiles are multiples of this many pixels."""

TILE_SIDES = (256, 2048)
"""Smallest and largest side of a tile, in pixels."""

LEAST_MILLIMETRES = 0.1
"""Smallest pixel that Deepness can be given: its field has hundredths of a centimetre."""

OVERLAP_PERCENT = 20
"""Overlap of neighbouring tiles; both programs take a share of the side."""

GEODEEP_WIDTH_PX = 3
"""Narrowest crack that GeoDeep keeps: it takes the median of 5×5 pixels of each mask."""

TOLERANCE = 1e-3
"""Most that a probability may differ in the file, by rounding."""


class ClassProbabilities(nn.Module):
    """A scorer as a network with a class for the road and one for cracks.

    These programs mark the class with the highest probability. So the level of the scorer is moved to one
    half: with s the score and l the level, the probability of crack is the sigmoid of logit(s) − logit(l).

    Args:
        scorer: one whose score is a function of each image alone.
        level: scores above it are crack, above 0 and below 1.
    """

    def __init__(self, scorer: Scorer, level: float) -> None:
        super().__init__()
        self.scorer, self.level = scorer, level
        self.network = exported_part(scorer)  # the exporter finds the weights of what it can see
        self.size_multiple = self.network.size_multiple

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 2 h w"]:
        """Give the probabilities of road and of crack, which sum to 1; images in [0, 1]."""
        score = self.scorer.score(images)
        # The same as with logits, which are infinite at 0 and at 1.
        road, crack = (1 - score) * self.level, score * (1 - self.level)
        return torch.stack([road, crack], dim=1) / (road + crack)[:, None]


def qgis_problems(path: Path, millimetres_per_pixel: float | None, tile_side: int) -> list[str]:
    """List what is wrong with the choices for these programs, each as a sentence that says what to do.

    Args:
        path: file to write.
        millimetres_per_pixel: size of a pixel on the road.
        tile_side: side of a tile in pixels.
    """
    problems = []
    if path.suffix.lower() != ".onnx":
        problems.append(f"{path}: QGIS reads ONNX; give a name that ends in .onnx")
    if millimetres_per_pixel is None:
        problems.append(
            "QGIS shows the model a raster at one size of pixel; give --millimetres-per-pixel, such as 1.2"
        )
    elif not LEAST_MILLIMETRES <= millimetres_per_pixel < float("inf"):
        problems.append(
            f"--millimetres-per-pixel {millimetres_per_pixel:g}: expected {LEAST_MILLIMETRES:g} or more"
        )
    smallest, largest = TILE_SIDES
    if not smallest <= tile_side <= largest or tile_side % TILE_STEP:
        problems.append(
            f"--tile-size {tile_side}: expected a multiple of {TILE_STEP} from {smallest} to {largest}, such "
            "as 512 or 1024"
        )
    return problems


def export_for_qgis(
    scorer: Scorer, threshold: Threshold, path: Path, *, millimetres_per_pixel: float, tile_side: int,
    description: dict[str, Any],
) -> list[str]:  # fmt: skip
    """Write a model for Deepness and GeoDeep.

    Args:
        scorer: from images to scores.
        threshold: from scores to a mask; its level is built into the graph.
        path: the file.
        millimetres_per_pixel: size of a pixel on the road.
        tile_side: side of a tile in pixels.
        description: what else to keep with the model.

    Returns:
        what differs from detection by this package, in sentences.

    Raises:
        ConfigurationError: the model has no such form, or a package is missing.
        OutputError: the file cannot be written.
    """
    if threshold.level is None or not 0 < threshold.level < 1:
        raise ConfigurationError(
            f"{scorer.name}: QGIS needs one level for all photos, above 0 and below 1, and this model has "
            f"another rule ({threshold}); take the model default, or a crack remover of your own"
        )
    Engine(runtime="onnx").chosen()  # names the packages that are missing
    network = ClassProbabilities(scorer, threshold.level)
    try:
        model = fixed_graph(network, tile_side)
    except Exception as error:  # the exporter has many kinds of them
        raise ConfigurationError(
            f"{scorer.name}: cannot be written as one graph ({reason(error)}); take the model default"
        ) from error
    entries = _entries(millimetres_per_pixel, tile_side) | {KEY: description}
    for key, value in entries.items():
        model.metadata_props.add(key=key, value=json.dumps(value))
    content = model.SerializeToString()
    _compare(content, network, tile_side)
    write_atomically(path, content)
    return _differences(threshold, millimetres_per_pixel)


def _entries(millimetres_per_pixel: float, tile_side: int) -> dict[str, Any]:
    """What Deepness and GeoDeep read, by their names."""
    return {
        "model_type": "Segmentor",
        "class_names": {"0": "background", "1": "crack"},
        "resolution": round(millimetres_per_pixel / 10, 6),  # centimetres
        "tile_size": tile_side,
        "tiles_size": tile_side,  # the name in the handbook of Deepness; its code reads the other
        "tiles_overlap": OVERLAP_PERCENT,
        "standardization_mean": [0.0, 0.0, 0.0],
        "standardization_std": [1.0, 1.0, 1.0],
        "seg_thresh": 0.5,
        "seg_small_segment": 0,  # else both smooth masks, and narrow cracks vanish
    }


def _compare(content: bytes, network: ClassProbabilities, side: int) -> None:
    """Refuse a file that marks a synthetic road otherwise than the scorer."""
    from upcracknet.data.synthetic import synthesize_road

    road = synthesize_road(0, side, side).photo
    images = torch.from_numpy(road).permute(2, 0, 1)[None].contiguous().float() / 255
    session = loaded("onnxruntime").InferenceSession(content, providers=["CPUExecutionProvider"])
    [found] = session.run(None, {"images": images.numpy()})
    with torch.inference_mode():
        expected = network(images).numpy()
    if found.shape != expected.shape or not np.abs(found - expected).max() <= TOLERANCE:
        raise ConfigurationError(
            f"{network.scorer.name}: as one graph, this model answers otherwise; take the model default"
        )


def _differences(threshold: Threshold, millimetres_per_pixel: float) -> list[str]:
    notes = []
    if threshold.hysteresis > (threshold.level or 0):
        notes.append(
            f"No hysteresis: `detect` keeps a crack only where it scores above {threshold.hysteresis:g} "
            "somewhere; here every pixel above the level counts, so more is marked."
        )
    if threshold.minimum_extent > 1:
        notes.append(
            f"No least size: `detect` drops what reaches less than {threshold.minimum_extent} pixels; here "
            "specks stay."
        )
    notes.append(
        f"GeoDeep and WebODM smooth masks: cracks narrower than {GEODEEP_WIDTH_PX} pixels vanish there. At "
        f"{millimetres_per_pixel:g} mm per pixel these are cracks narrower than "
        f"{GEODEEP_WIDTH_PX * millimetres_per_pixel:.3g} mm."
    )
    tenths = millimetres_per_pixel * 10
    if abs(tenths - round(tenths)) > 1e-6:
        notes.append(
            f"Deepness has hundredths of a centimetre: it takes {millimetres_per_pixel:g} mm per pixel as "
            f"{tenths / 100:.2f} cm."
        )
    return notes
