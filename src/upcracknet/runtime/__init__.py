"""Trained networks in faster engines than PyTorch: ONNX Runtime and OpenVINO; in 32, 16 or 8 bits.

Only the network changes its engine; what comes before and after it stays the one inference path.
"""

from upcracknet.runtime.bfloat16 import BFloat16Network, has_bfloat16
from upcracknet.runtime.compiled import CompiledNetwork
from upcracknet.runtime.engines import (
    PRECISIONS,
    RUNTIMES,
    Precision,
    Runtime,
    chosen_runtime,
    compiled_network,
    export_network,
    open_exported,
    read_description,
    runtime_of_file,
    share_processor,
)

__all__ = [
    "PRECISIONS",
    "RUNTIMES",
    "BFloat16Network",
    "CompiledNetwork",
    "Precision",
    "Runtime",
    "chosen_runtime",
    "compiled_network",
    "export_network",
    "has_bfloat16",
    "open_exported",
    "read_description",
    "runtime_of_file",
    "share_processor",
]
