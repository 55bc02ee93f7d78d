"""OpenVINO."""

import logging
import sys
from collections.abc import Iterable, Sequence
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np

from upcracknet.errors import ConfigurationError
from upcracknet.runtime.compiled import Run

KEY = "upcracknet"


def convert(graph: Path, target: Path, description: str) -> None:
    """The graph in OpenVINO's own form: ``.xml``, and ``.bin`` with the numbers."""
    import openvino

    model = openvino.convert_model(str(graph))
    model.set_rt_info(description, KEY)
    openvino.save_model(model, str(target), compress_to_fp16=False)


def quantize(graph: Path, target: Path, description: str, examples: Iterable[np.ndarray]) -> None:
    """Weights and activations in 8-bit integers.

    Raises:
        ConfigurationError: the package for it is missing.
    """
    import openvino

    try:
        import nncf
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "OpenVINO in int8 needs nncf; install it with `pip install 'upcracknet[quantize]'`"
        ) from error
    logging.getLogger("nncf").setLevel(logging.ERROR)
    images = list(examples)
    graph_model, dataset = openvino.convert_model(str(graph)), nncf.Dataset(images)
    with redirect_stdout(sys.stderr):  # its progress; results alone belong on standard output
        model = nncf.quantize(graph_model, dataset, subset_size=len(images))
    model.set_rt_info(description, KEY)
    openvino.save_model(model, str(target), compress_to_fp16=False)


def load(path: Path, threads: int, precision: str, alone: bool) -> Run:
    """The model compiled for this processor."""
    import openvino

    settings = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"}
    # Threads that are tied to cores are faster by a fifth; but each process takes the first cores.
    settings["ENABLE_CPU_PINNING"] = alone
    # On processors with such units OpenVINO would calculate in 16 bits unasked.
    settings["INFERENCE_PRECISION_HINT"] = "bf16" if precision == "bf16" else "f32"
    compiled = openvino.Core().compile_model(str(path), "CPU", settings)

    def run(images: np.ndarray) -> Sequence[np.ndarray]:
        return [np.asarray(array) for array in compiled(images, share_inputs=True).to_tuple()]

    return run


def describe(path: Path) -> str:
    """The description stored with a model."""
    import openvino

    return str(openvino.Core().read_model(str(path)).get_rt_info(KEY).astype(str))
