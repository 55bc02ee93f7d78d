"""From a PyTorch network to an ONNX graph that takes any batch and any size."""

import logging
import warnings
from pathlib import Path

import torch
from torch import nn
from torch.export import Dim

from upcracknet.runtime.compiled import Outputs, size_multiple
from upcracknet.runtime.folding import without_narrow_transposed


def write_graph(network: nn.Module, path: Path) -> None:
    """Write the ONNX graph of a network.

    Args:
        network: a network in evaluation mode.
        path: the file.
    """
    multiple = size_multiple(network)
    side = multiple * max(2, -(-64 // multiple))  # a size of one multiple would be taken for fixed
    images = torch.rand(2, 3, side, side)
    sizes = {0: Dim("batch"), 2: multiple * Dim("rows"), 3: multiple * Dim("columns")}
    quiet = logging.getLogger("torch.onnx")
    level = quiet.level
    quiet.setLevel(logging.ERROR)  # it warns of packages that no network here needs
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                Outputs(without_narrow_transposed(network)).eval(),
                (images,),
                dynamo=True,
                input_names=["images"],
                dynamic_shapes={"images": sizes},
                verbose=False,
            )
    finally:
        quiet.setLevel(level)
    assert program is not None
    program.save(str(path))
