"""Which libraries are installed and can be loaded, tried in a process of their own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

State = Literal["installed", "missing", "broken"]

CORE = {
    "torch": "torch", "numpy": "numpy", "opencv-python-headless": "cv2", "scikit-image": "skimage",
    "scipy": "scipy", "pillow": "PIL", "safetensors": "safetensors", "cyclopts": "cyclopts", "rich": "rich",
    "pyyaml": "yaml", "defusedxml": "defusedxml", "jinja2": "jinja2", "jaxtyping": "jaxtyping",
}  # fmt: skip
"""What nothing works without: the package's name, and the module that it brings."""

EXTRAS: Mapping[str, Mapping[str, str]] = {
    "train": {"pytorch-lightning": "pytorch_lightning", "tensorboard": "tensorboard"},
    "runtime": {
        **{"openvino": "openvino", "onnxruntime": "onnxruntime", "onnx": "onnx"},
        "onnxscript": "onnxscript",
    },
    "quantize": {"nncf": "nncf"},
    "survey": {
        **{"rasterio": "rasterio", "pyarrow": "pyarrow", "fsspec": "fsspec"},
        **{"pyogrio": "pyogrio", "shapely": "shapely"},
    },
    "video": {"av": "av"},
    "report": {"reportlab": "reportlab"},
    "heic": {"pillow-heif": "pillow_heif"},
    "ray": {"ray": "ray"},
    "serve": {
        **{"fastapi": "fastapi", "uvicorn": "uvicorn", "python-multipart": "python_multipart"},
        **{"prometheus-client": "prometheus_client", "fastapi-offline": "fastapi_offline"},
    },
}
"""What each extra of this package brings; a test compares it with ``pyproject.toml``."""

NEEDED_FOR = {
    "train": "train, reproduce",
    "runtime": "faster detection, export",
    "quantize": "--precision int8 with openvino",
    "survey": "map, GeoTIFFs, images of over 100 megapixels, Parquet, s3:// and other addresses",
    "video": "videos",
    "report": "report --pdf",
    "heic": "photos of iPhones (HEIC)",
    "ray": "detect --engine ray",
    "serve": "serve, review",
}
"""What each extra is needed for."""

PATIENCE = 300
"""Seconds after which a library that is still being loaded counts as broken."""

# What a library says while it is loaded must not mix with the answers; telemetry is off as in the engines.
_TRY = """
import importlib, json, os, sys
sys.modules["openvino_telemetry"] = None
answers = os.fdopen(os.dup(1), "w")
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
def tell(*words):
    print(json.dumps(words), file=answers, flush=True)
for name in sys.argv[1:]:
    tell(name)
    try:
        module = importlib.import_module(name)
        tell(name, "installed", str(getattr(module, "__version__", "")))
    except BaseException as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name == name
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        tell(name, "missing" if missing else "broken", reason)
os._exit(0)
"""


@dataclass(frozen=True)
class Library:
    """A library, and whether it can be used.

    Attributes:
        name: of the package.
        extra: of this package that brings it; None for what nothing works without.
        state: ``installed``; ``missing``; or ``broken``, where it is there and cannot be loaded.
        version: of the package; None where it is missing, or does not say.
        problem: why it cannot be loaded; None where it can, or is missing.
        fatal: loading it ends the process.
    """

    name: str
    extra: str | None
    state: State
    version: str | None = None
    problem: str | None = None
    fatal: bool = False

    @property
    def remedy(self) -> str | None:
        """What to type to get it, or to get it whole again; None where nothing need be done."""
        if self.state == "installed":
            return None
        again = "--force-reinstall " if self.state == "broken" else ""
        what = self.name if self.extra is None or again else f"'upcracknet[{self.extra}]'"
        return f"pip install {again}{what}"


def examine_libraries(
    core: Mapping[str, str] = CORE, extras: Mapping[str, Mapping[str, str]] = EXTRAS
) -> list[Library]:
    """Load every library in another process, which a broken one may end.

    Args:
        core: packages that nothing works without, and the module of each.
        extras: those of each extra.

    Returns:
        a line for each package, in the order of the tables.
    """
    wanted: list[tuple[str, str, str | None]] = [(name, module, None) for name, module in core.items()]
    wanted += [(name, module, extra) for extra, each in extras.items() for name, module in each.items()]
    tried = _tried([module for _, module, _ in wanted])
    return [_library(name, extra, *tried[module]) for name, module, extra in wanted]


def version_of(package: str) -> str | None:
    """Give the version of an installed package without loading it; None where there is none."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _library(name: str, extra: str | None, state: State, said: str, fatal: bool) -> Library:
    if state == "missing":
        return Library(name, extra, state)
    known = version_of(name)
    if state == "installed":
        return Library(name, extra, state, known or said or None)
    return Library(name, extra, state, known, said, fatal)


def _tried(modules: Sequence[str]) -> dict[str, tuple[State, str, bool]]:
    """State, version or reason, and whether it ended the process, of each module."""
    found: dict[str, tuple[State, str, bool]] = {}
    while left := [module for module in modules if module not in found]:
        words = [sys.executable, "-P", "-c", _TRY, *left]
        environment = os.environ | {"ORT_DISABLE_TELEMETRY": "1"}
        try:
            process = subprocess.run(  # noqa: S603 - this Python, with a program of this file
                words, env=environment, capture_output=True, timeout=PATIENCE, check=False
            )
            lines, why = process.stdout, f"ends the process (code {process.returncode})"
        except subprocess.TimeoutExpired as error:
            lines, why = error.stdout or b"", f"is not loaded after {PATIENCE} seconds"
        except OSError as error:
            return found | dict.fromkeys(left, ("broken", f"could not be tried: {error}", False))
        begun = left[0]
        for line in lines.splitlines():
            begun, *answer = json.loads(line)
            if answer:
                found[begun] = (answer[0], answer[1], False)
        if any(module not in found for module in left):
            found[begun] = ("broken", why, True)
    return found
