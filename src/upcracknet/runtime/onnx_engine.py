"""ONNX Runtime."""

import logging
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from upcracknet.runtime.compiled import Run
from upcracknet.runtime.engine import Engine

KEY = "upcracknet"


def convert(graph: Path) -> Any:
    """Read an ONNX graph; ONNX Runtime takes it as it is."""
    import onnx

    return onnx.load(str(graph))


def quantize(graph: Path, examples: Iterable[np.ndarray]) -> Any:
    """Turn weights and activations of an ONNX graph into 8-bit integers, in ranges measured on examples."""
    from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static

    class Reader(CalibrationDataReader):
        def __init__(self) -> None:
            self.images: Iterator[np.ndarray] = iter(examples)

        def get_next(self) -> dict[str, np.ndarray] | None:
            images = next(self.images, None)
            return None if images is None else {"images": images}

    quantized = graph.with_name("quantized.onnx")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        root = logging.getLogger()
        level = root.level
        root.setLevel(logging.ERROR)  # it recommends a preparation that the exporter has done
        try:
            quantize_static(
                str(graph), str(quantized), Reader(), per_channel=True, activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8, op_types_to_quantize=["Conv", "ConvTranspose"],
                extra_options={"ActivationSymmetric": False},
            )  # fmt: skip
        finally:
            root.setLevel(level)
    return convert(quantized)


def save(model: Any, path: Path, description: str) -> None:
    """Write a model with its description."""
    import onnx

    onnx.helper.set_model_props(model, {KEY: description})
    onnx.save(model, str(path))


def read(path: Path) -> tuple[str, bytes]:
    """Read a file's description, and everything else in it."""
    import onnx

    model = onnx.load(str(path), load_external_data=False)
    description = {entry.key: entry.value for entry in model.metadata_props}[KEY]
    del model.metadata_props[:]
    return description, model.SerializeToString(deterministic=True)


def load(path: Path, engine: Engine) -> Run:
    """Open a session on the processor, in the precision that the file has."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = engine.thread_count, 4
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def run(images: np.ndarray) -> Sequence[np.ndarray]:
        found: Sequence[np.ndarray] = session.run(None, {"images": images})
        return found

    return run
