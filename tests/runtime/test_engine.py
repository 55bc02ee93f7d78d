"""Which engine is taken, and what cannot be."""

import pytest
import torch

from upcracknet.errors import ConfigurationError
from upcracknet.runtime import Engine, engine, has_bfloat16


def test_auto_takes_the_fastest_that_is_installed(monkeypatch):
    monkeypatch.setattr(engine, "find_spec", lambda name: True)
    assert Engine("auto").chosen() == Engine("openvino")
    monkeypatch.setattr(engine, "find_spec", lambda name: None if name == "openvino" else True)
    assert Engine("auto", threads=3, pinned=False).chosen() == Engine("onnx", threads=3, pinned=False)
    monkeypatch.setattr(engine, "find_spec", lambda name: None)
    assert Engine("auto").chosen() == Engine("torch")


def test_a_missing_engine_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(engine, "find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match=r"pip install 'upcracknet\[runtime\]'"):
        Engine("openvino").chosen()
    with pytest.raises(ConfigurationError, match="int8 needs the runtime"):
        Engine("auto", "int8").chosen()


def test_16_bits_are_not_for_every_engine(monkeypatch):
    monkeypatch.setattr(engine, "has_bfloat16", lambda: True)
    monkeypatch.setattr(engine, "find_spec", lambda name: True)
    assert Engine("auto", "bf16").chosen().runtime == "openvino"
    monkeypatch.setattr(engine, "find_spec", lambda name: None if name == "openvino" else True)
    assert Engine("auto", "bf16").chosen().runtime == "torch"
    with pytest.raises(ConfigurationError, match="torch or openvino"):
        Engine("onnx", "bf16").chosen()


def test_16_bits_need_a_processor_that_has_them(monkeypatch):
    monkeypatch.setattr(engine, "has_bfloat16", lambda: False)
    with pytest.raises(ConfigurationError, match="which this one does not"):
        Engine("openvino", "bf16").chosen()
    assert isinstance(has_bfloat16(), bool)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"runtime": "cuda"}, "runtime is 'cuda'; expected one of auto, torch, onnx, openvino"),
        ({"runtime": None}, "runtime is None"),
        ({"precision": "fp16"}, "precision is 'fp16'; expected one of fp32, bf16, int8"),
        ({"threads": 0}, "threads is 0"),
    ],
)
def test_unknown_values_are_named_with_what_is_known(values, message):
    with pytest.raises(ConfigurationError, match=message):
        Engine(**values)


def test_an_engine_has_as_many_threads_as_pytorch_or_as_it_is_given():
    assert Engine("onnx").thread_count == torch.get_num_threads()
    assert Engine("onnx", threads=3).thread_count == 3
