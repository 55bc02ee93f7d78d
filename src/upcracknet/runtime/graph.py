"""Networks as ONNX graphs, for engines of this package and for other programs."""

import logging
import threading
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import nn

from upcracknet.runtime.compiled import Outputs, size_multiple
from upcracknet.runtime.folding import without_narrow_transposed

OLD_OPSET, OLD_IR_VERSION = 18, 8
"""Set of operators and version of the format of ONNX 1.13; ONNX Runtime 1.17 reads no newer format than 9."""

EXPORTING = threading.RLock()
"""Held while a network is exported: PyTorch can do that in one thread at a time."""


def write_graph(network: nn.Module, path: Path) -> None:
    """Write the ONNX graph of a network, for images ``images`` of any number and size.

    Args:
        network: a network in evaluation mode.
        path: the file.
    """
    from torch.export import Dim

    multiple = size_multiple(network)
    side = multiple * max(2, -(-64 // multiple))  # a size of one multiple would be taken for fixed
    sizes = {0: Dim("batch"), 2: multiple * Dim("rows"), 3: multiple * Dim("columns")}
    model = _graph(network, torch.rand(2, 3, side, side), dynamic_shapes={"images": sizes})
    path.write_bytes(model.SerializeToString())


def fixed_graph(network: nn.Module, side: int) -> Any:
    """Make the ONNX graph of a network for one image of one size, in a form that old programs read.

    Args:
        network: a network in evaluation mode.
        side: of the image, in pixels.

    Returns:
        an ``onnx.ModelProto`` with the input ``images``, float32 1×3×side×side.
    """
    model = _graph(network, torch.rand(1, 3, side, side), opset_version=OLD_OPSET)
    model.ir_version = OLD_IR_VERSION
    return model


def _graph(network: nn.Module, images: torch.Tensor, **choices: Any) -> Any:
    quiet = logging.getLogger("torch.onnx")
    level = quiet.level
    quiet.setLevel(logging.ERROR)  # it warns of packages that no network here needs
    try:
        with EXPORTING, torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                Outputs(without_narrow_transposed(network)).eval(),
                (images,),
                dynamo=True,
                input_names=["images"],
                verbose=False,
                **choices,
            )
    finally:
        quiet.setLevel(level)
    assert program is not None
    model = program.model_proto
    # The exporter notes at each node where in the code it comes from, with paths of this machine.
    graph = model.graph
    for part in (graph, *graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer):
        del part.metadata_props[:]
    return model
