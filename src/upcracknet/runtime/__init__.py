"""Trained networks in faster engines than PyTorch: ONNX Runtime and OpenVINO; in 32, 16 or 8 bits.

Only the network changes its engine; what comes before and after it stays the one inference path.
"""

from upcracknet.runtime.compiled import PROCESSOR, BFloat16Network, CompiledNetwork, size_multiple
from upcracknet.runtime.engine import Engine, Precision, Runtime, has_bfloat16
from upcracknet.runtime.exports import (
    compiled_network,
    export_network,
    open_exported,
    read_description,
    runtime_of_file,
)

__all__ = [
    "PROCESSOR",
    "BFloat16Network",
    "CompiledNetwork",
    "Engine",
    "Precision",
    "Runtime",
    "compiled_network",
    "export_network",
    "has_bfloat16",
    "open_exported",
    "read_description",
    "runtime_of_file",
    "size_multiple",
]
