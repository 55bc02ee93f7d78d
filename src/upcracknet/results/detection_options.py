"""What a user chooses of a detection."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from upcracknet.runtime import Precision, Runtime


@dataclass(frozen=True)
class DetectionOptions:
    """How cracks are found, and what is written of each photo.

    Attributes:
        model: default, up-cracknet-32, up-cracknet-32-calibrated, a run folder of `upcracknet train`, a
            .safetensors file, a file of ``upcracknet export``, or a classical method of `upcracknet methods`,
            such as sauvola.
        preset: detection settings other than the model's own: paper, paper-running or authors; for weights of
            Deepcrack19 guided-filter.
        runtime: what runs the network: torch, onnx or openvino; auto takes the fastest that is installed. The
            first time a model is exported, which takes about ten seconds.
        precision: fp16, bf16 and int8 are faster and slightly different. fp16 is for cards; bf16 for torch on
            a card, or for torch or openvino on a processor that has it; int8 for onnx or openvino on the
            processor.
        device: where the network runs: cpu; cuda, the first card of NVIDIA or AMD, or cuda:1, the second;
            mps, the graphics of an Apple processor; gpu, a card by openvino (Intel) or onnx (DirectML). auto
            takes cuda with torch where PyTorch finds a card, else the processor.
        overlap: overlap of neighbouring tiles of large photos, in pixels; without it 96, for UP-CrackNet 64.
        batch_size: most tiles scored at a time; without it 8 on the processor, on a card as many as keep it
            busy. Where memory runs out, fewer.
        overlays: write the photo with its cracks in red.
        region: which part of the photos is road: a JSON file with a polygon for all photos, or one for each
            folder, in shares of width and height (docs/where-the-road-is.md). The rest is left out.
        road: where the road is on the ground, for georeferenced images: a layer of polygons, such as a
            GeoPackage. The rest is left out.
        every: which frames of a video are taken: one each so many seconds, such as 0.5s, or one each so many
            metres, such as 2m, which needs the track (--gpx).
        clock_offset: seconds to add to the times of a video, so that they are those of the track.
        keep_frames: write the frames of videos.
        scores: also write the score map, as 16-bit PNG or as float32 NumPy array; of images in windows as
            16-bit GeoTIFF.
    """

    model: str = "default"
    preset: str | None = None
    runtime: Runtime = "auto"
    precision: Precision = "fp32"
    device: str = "auto"
    overlap: int | None = None
    batch_size: int | None = None
    overlays: bool = True
    scores: Literal["none", "png", "npy"] = "none"
    region: Path | None = None
    road: Path | None = None
    every: str = "1s"
    clock_offset: float = 0.0
    keep_frames: bool = False
