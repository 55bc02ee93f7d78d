"""What trained networks run by: PyTorch, ONNX Runtime or OpenVINO, on processor or card, in 32, 16 or 8 bits.

Only the network changes its engine; what comes before and after it stays the one inference path.
"""

import os

# ONNX Runtime sends how it is used to its maker, and keeps a file in the user's folder for it, unless this is
# set before its first import, which may be in another package: exporter and quantizer import it as well.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

from upcracknet.runtime.compiled import PROCESSOR, CompiledNetwork, SixteenBitNetwork, size_multiple
from upcracknet.runtime.device import choose_device, is_out_of_memory
from upcracknet.runtime.engine import Engine, Precision, Runtime, has_bfloat16, what_runs
from upcracknet.runtime.exports import (
    compiled_network,
    export_network,
    open_exported,
    read_description,
    runtime_of_file,
)

__all__ = [
    "PROCESSOR",
    "CompiledNetwork",
    "Engine",
    "Precision",
    "Runtime",
    "SixteenBitNetwork",
    "choose_device",
    "compiled_network",
    "export_network",
    "has_bfloat16",
    "is_out_of_memory",
    "open_exported",
    "read_description",
    "runtime_of_file",
    "size_multiple",
    "what_runs",
]
