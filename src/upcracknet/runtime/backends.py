"""ONNX Runtime and OpenVINO: what each needs to write a network to a file, and to run it from there."""

import logging
import re
import sys
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import redirect_stdout
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np

from upcracknet.errors import ConfigurationError
from upcracknet.runtime.compiled import Run, reason
from upcracknet.runtime.device import card_number, device_kind
from upcracknet.runtime.engine import Engine

KEY = "upcracknet"

PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "mps": "CoreMLExecutionProvider",
    "gpu": "DmlExecutionProvider",
}
"""ONNX Runtime's name of each device; DirectML is that of Windows."""

OPENVINO_DEVICES = {"cpu": "CPU", "gpu": "GPU"}
"""OpenVINO's name of each device; its NPU wants images of one size alone."""


class Backend(ABC):
    """What an engine does with files; its packages are imported when it does."""

    name: Literal["onnx", "openvino"]

    @abstractmethod
    def library(self) -> Any:
        """Load the engine.

        Raises:
            ConfigurationError: it is installed and broken.
        """

    @abstractmethod
    def convert(self, graph: Path) -> Any:
        """Bring an ONNX graph into the engine's own form."""

    @abstractmethod
    def quantize(self, graph: Path, examples: Iterable[np.ndarray]) -> Any:
        """Turn weights and activations of a graph into 8-bit integers, in ranges measured on examples.

        Raises:
            ConfigurationError: a package for it is missing.
        """

    @abstractmethod
    def save(self, model: Any, path: Path, description: str) -> None:
        """Write a model with its description."""

    @abstractmethod
    def read(self, path: Path) -> tuple[str, bytes]:
        """Read a model's description, and everything else in its files."""

    @abstractmethod
    def load(self, path: Path, engine: Engine) -> Run:
        """Make a model ready to run on the engine's device.

        Raises:
            ConfigurationError: the installed engine does not have this device.
        """


class ONNXRuntime(Backend):
    """A file ``.onnx``, in the precision that it was written with."""

    name = "onnx"

    def library(self) -> Any:
        """Load ONNX Runtime."""
        return loaded("onnxruntime")

    def convert(self, graph: Path) -> Any:
        """Read an ONNX graph; ONNX Runtime takes it as it is."""
        return loaded("onnx").load(str(graph))

    def quantize(self, graph: Path, examples: Iterable[np.ndarray]) -> Any:
        """Quantise by ONNX Runtime, each channel with a range of its own."""
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
        return self.convert(quantized)

    def save(self, model: Any, path: Path, description: str) -> None:
        """Write the graph with the description among its metadata."""
        onnx = loaded("onnx")
        onnx.helper.set_model_props(model, {KEY: description})
        onnx.save(model, str(path))

    def read(self, path: Path) -> tuple[str, bytes]:
        """Read the description, and the graph without any metadata."""
        model = loaded("onnx").load(str(path), load_external_data=False)
        description = {entry.key: entry.value for entry in model.metadata_props}[KEY]
        del model.metadata_props[:]
        return description, model.SerializeToString(deterministic=True)

    def load(self, path: Path, engine: Engine) -> Run:
        """Open a session on the device; what a card cannot do of a network the processor does."""
        onnxruntime = self.library()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = engine.thread_count, 4
        provider = PROVIDERS[device_kind(engine.device)]
        _require(provider, onnxruntime.get_available_providers(), engine)
        if provider == "CPUExecutionProvider":
            session = onnxruntime.InferenceSession(str(path), options, providers=[provider])
        else:
            # 32 bits stay 32 bits: with TensorFloat-32, cards would round to 10 bits unasked.
            chosen = {"device_id": card_number(engine.device), "use_tf32": 0} if "CUDA" in provider else {}
            providers = [(provider, chosen), "CPUExecutionProvider"]
            session = onnxruntime.InferenceSession(str(path), options, providers=providers)
            _require(provider, session.get_providers(), engine)  # without a driver it takes the processor

        def run(images: np.ndarray) -> Sequence[np.ndarray]:
            found: Sequence[np.ndarray] = session.run(None, {"images": images})
            return found

        return run


class OpenVINO(Backend):
    """A file ``.xml``, and ``.bin`` with the numbers beside it."""

    name = "openvino"

    def library(self) -> Any:
        """Load OpenVINO; without this module neither it nor its tools report their use over the network."""
        sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
        return loaded("openvino")

    def convert(self, graph: Path) -> Any:
        """Bring an ONNX graph into OpenVINO's intermediate representation."""
        return self.library().convert_model(str(graph))

    def quantize(self, graph: Path, examples: Iterable[np.ndarray]) -> Any:
        """Quantise by NNCF."""
        model = self.convert(graph)
        if find_spec("nncf") is None:
            raise ConfigurationError(
                "OpenVINO in int8 needs nncf; install it with `pip install 'upcracknet[quantize]'`"
            )
        nncf = loaded("nncf")
        logging.getLogger("nncf").setLevel(logging.ERROR)
        images = list(examples)
        with redirect_stdout(sys.stderr):  # its progress; results alone belong on standard output
            return nncf.quantize(model, nncf.Dataset(images), subset_size=len(images))

    def save(self, model: Any, path: Path, description: str) -> None:
        """Write the model, its numbers in 32 bits."""
        model.set_rt_info(description, KEY)
        self.library().save_model(model, str(path), compress_to_fp16=False)

    def read(self, path: Path) -> tuple[str, bytes]:
        """Read the description, and everything else in both files."""
        model = self.library().Core().read_model(str(path))
        description = str(model.get_rt_info(KEY).astype(str))
        rest = re.sub(rb'<%b value="[^"]*" ?/>' % KEY.encode(), b"", path.read_bytes())
        return description, rest + path.with_suffix(".bin").read_bytes()

    def load(self, path: Path, engine: Engine) -> Run:
        """Compile the model for the device."""
        core, device = self.library().Core(), OPENVINO_DEVICES[device_kind(engine.device)]
        _require(device, core.available_devices, engine)
        settings: dict[str, Any] = {
            "PERFORMANCE_HINT": "LATENCY",
            # On devices with such units OpenVINO would calculate in 16 bits unasked.
            "INFERENCE_PRECISION_HINT": {"bf16": "bf16", "fp16": "f16"}.get(engine.precision, "f32"),
        }
        if device == "CPU":
            settings |= {"INFERENCE_NUM_THREADS": engine.thread_count, "ENABLE_CPU_PINNING": engine.pinned}
        compiled = core.compile_model(str(path), device, settings)

        def run(images: np.ndarray) -> Sequence[np.ndarray]:
            return [np.asarray(array) for array in compiled(images, share_inputs=True).to_tuple()]

        return run


def _require(device: str, available: Sequence[str], engine: Engine) -> None:
    """Refuse a device that an engine does not name among its own; several cards are GPU.0, GPU.1."""
    if not any(name.partition(".")[0] == device for name in available):
        raise ConfigurationError(
            f"device {engine.device}: {engine.runtime} has {', '.join(available)} here, not {device}; take "
            "--device cpu, or install the engine's package for this card"
        )


def loaded(module: str) -> Any:
    """Load a library that is installed.

    Raises:
        ConfigurationError: it is broken, as with a library of the system that is missing.
    """
    try:
        return import_module(module)
    except Exception as error:  # whatever its own files raise
        raise ConfigurationError(
            f"{module} is installed but cannot be loaded ({reason(error)}); `upcracknet doctor` says how to "
            "mend it, or take --runtime torch"
        ) from error
