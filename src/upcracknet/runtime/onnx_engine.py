"""ONNX Runtime."""

import logging
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from upcracknet.runtime.compiled import Run

KEY = "upcracknet"


def convert(graph: Path, target: Path, description: str) -> None:
    """Store the description with the graph; ONNX Runtime takes it as it is."""
    import onnx

    model = onnx.load(str(graph))
    onnx.helper.set_model_props(model, {KEY: description})
    onnx.save(model, str(target))


def quantize(graph: Path, target: Path, description: str, examples: Iterable[np.ndarray]) -> None:
    """Weights and activations in 8-bit integers."""
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
    convert(quantized, target, description)


def load(path: Path, threads: int, precision: str, alone: bool) -> Run:
    """A session on the processor, in the precision that the file has."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = threads, 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def run(images: np.ndarray) -> Sequence[np.ndarray]:
        found: Sequence[np.ndarray] = session.run(None, {"images": images})
        return found

    return run


def describe(path: Path) -> str:
    """The description stored with a model."""
    import onnx

    model = onnx.load(str(path), load_external_data=False)
    return str({entry.key: entry.value for entry in model.metadata_props}[KEY])
