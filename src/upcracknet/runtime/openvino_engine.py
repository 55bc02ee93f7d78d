"""OpenVINO."""

import logging
import re
import sys
from collections.abc import Iterable, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np

from upcracknet.errors import ConfigurationError
from upcracknet.runtime.compiled import Run
from upcracknet.runtime.engine import Engine

KEY = "upcracknet"


def convert(graph: Path) -> Any:
    """Bring an ONNX graph into OpenVINO's own form."""
    return _openvino().convert_model(str(graph))


def quantize(graph: Path, examples: Iterable[np.ndarray]) -> Any:
    """Turn weights and activations of an ONNX graph into 8-bit integers, in ranges measured on examples.

    Raises:
        ConfigurationError: the package for it is missing.
    """
    model = convert(graph)
    try:
        import nncf
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "OpenVINO in int8 needs nncf; install it with `pip install 'upcracknet[quantize]'`"
        ) from error
    logging.getLogger("nncf").setLevel(logging.ERROR)
    images = list(examples)
    with redirect_stdout(sys.stderr):  # its progress; results alone belong on standard output
        return nncf.quantize(model, nncf.Dataset(images), subset_size=len(images))


def save(model: Any, path: Path, description: str) -> None:
    """Write a model with its description: ``.xml``, and ``.bin`` with the numbers."""
    model.set_rt_info(description, KEY)
    _openvino().save_model(model, str(path), compress_to_fp16=False)


def read(path: Path) -> tuple[str, bytes]:
    """Read a file's description, and everything else in it and its ``.bin``."""
    model = _openvino().Core().read_model(str(path))
    description = str(model.get_rt_info(KEY).astype(str))
    rest = re.sub(rb'<%b value="[^"]*" ?/>' % KEY.encode(), b"", path.read_bytes())
    return description, rest + path.with_suffix(".bin").read_bytes()


def load(path: Path, engine: Engine) -> Run:
    """Compile a model for this processor."""
    settings = {
        "INFERENCE_NUM_THREADS": engine.thread_count,
        "PERFORMANCE_HINT": "LATENCY",
        "ENABLE_CPU_PINNING": engine.pinned,
        # On processors with such units OpenVINO would calculate in 16 bits unasked.
        "INFERENCE_PRECISION_HINT": "bf16" if engine.precision == "bf16" else "f32",
    }
    compiled = _openvino().Core().compile_model(str(path), "CPU", settings)

    def run(images: np.ndarray) -> Sequence[np.ndarray]:
        return [np.asarray(array) for array in compiled(images, share_inputs=True).to_tuple()]

    return run


def _openvino() -> Any:
    """OpenVINO, which with its tools reports its use over the network unless this module is missing."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino
