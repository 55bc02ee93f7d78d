"""Networks as ONNX graphs."""

from pathlib import Path

import numpy as np
import pytest
import torch

from upcracknet.runtime.graph import fixed_graph, write_graph

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
HERE = str(Path(__file__).parents[2]).encode()


def test_a_graph_of_any_size_says_nothing_of_this_machine(network, tmp_path):
    write_graph(network, tmp_path / "n.onnx")
    content = (tmp_path / "n.onnx").read_bytes()
    assert HERE not in content
    assert b"stack_trace" not in content
    images = torch.rand(3, 3, 40, 96)
    found = onnxruntime.InferenceSession(content).run(None, {"images": images.numpy()})
    np.testing.assert_allclose(found[1], network(images).logits.detach(), atol=1e-3)


def test_a_graph_of_one_size_is_read_by_old_programs(network):
    graph = fixed_graph(network, 64)
    assert (graph.ir_version, graph.opset_import[0].version) == (8, 18)
    [images] = graph.graph.input
    assert [size.dim_value for size in images.type.tensor_type.shape.dim] == [1, 3, 64, 64]
    onnx.checker.check_model(graph, full_check=True)
