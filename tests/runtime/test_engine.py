"""Which engine is taken, and what cannot be."""

import pytest
import torch

from upcracknet.errors import ConfigurationError
from upcracknet.runtime import Engine, engine, has_bfloat16, what_runs


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
    with pytest.raises(ConfigurationError, match="int8 is not for torch on cpu"):
        Engine("auto", "int8").chosen()


def test_16_bits_are_not_for_every_engine(monkeypatch):
    monkeypatch.setattr(engine, "has_bfloat16", lambda: True)
    monkeypatch.setattr(engine, "find_spec", lambda name: True)
    assert Engine("auto", "bf16").chosen().runtime == "openvino"
    monkeypatch.setattr(engine, "find_spec", lambda name: None if name == "openvino" else True)
    assert Engine("auto", "bf16").chosen().runtime == "torch"
    with pytest.raises(
        ConfigurationError, match="bf16 is not for onnx on cpu; take fp32, or one of: torch on cpu"
    ):
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
        ({"precision": "fp8"}, "precision is 'fp8'; expected one of fp32, fp16, bf16, int8"),
        ({"threads": 0}, "threads is 0"),
        ({"device": "tpu"}, "device is 'tpu'; expected auto, cpu, cuda"),
    ],
)
def test_unknown_values_are_named_with_what_is_known(values, message):
    with pytest.raises(ConfigurationError, match=message):
        Engine(**values)


def test_an_engine_has_as_many_threads_as_pytorch_or_as_it_is_given():
    assert Engine("onnx").thread_count == torch.get_num_threads()
    assert Engine("onnx", threads=3).thread_count == 3


class TestDevices:
    @pytest.fixture(autouse=True)
    def everything_installed(self, monkeypatch):
        monkeypatch.setattr(engine, "find_spec", lambda name: True)

    @pytest.fixture
    def card(self, monkeypatch):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "made-up card")

    @pytest.mark.usefixtures("card")
    @pytest.mark.parametrize(
        ("asked", "taken"),
        [
            (Engine("auto", device="auto"), Engine("torch", device="cuda:0")),
            (Engine("auto", "fp16", device="auto"), Engine("torch", "fp16", device="cuda:0")),
            (Engine("auto", "int8", device="auto"), Engine("openvino", "int8", device="cpu")),
            (Engine("onnx", device="auto"), Engine("onnx", device="cpu")),
            (Engine("onnx", device="cuda:1"), Engine("onnx", device="cuda:1")),
            (Engine("auto", device="cuda:1"), Engine("torch", device="cuda:1")),
            (Engine("auto", device="gpu"), Engine("openvino", device="gpu")),
            (Engine("auto", device="cpu"), Engine("openvino", device="cpu")),
        ],
    )
    def test_auto_takes_torch_on_a_card_where_nothing_else_is_asked_for(self, asked, taken):
        assert asked.chosen() == taken

    @pytest.mark.usefixtures("card")
    @pytest.mark.parametrize(
        ("asked", "message"),
        [
            (Engine("openvino", device="cuda"), "openvino runs on cpu, gpu"),
            (Engine("torch", device="gpu"), "torch runs on cpu, cuda, mps"),
            (Engine("torch", device="cuda:2"), "numbered 0 to 1"),
            (Engine("onnx", "fp16", device="cuda"), "fp16 is not for onnx on cuda"),
            (Engine("torch", "int8", device="cuda"), "int8 is not for torch on cuda"),
        ],
    )
    def test_what_a_device_cannot_do_is_refused(self, asked, message):
        with pytest.raises(ConfigurationError, match=message):
            asked.chosen()

    @pytest.mark.usefixtures("card")
    def test_one_line_says_what_runs_where(self):
        asked = Engine("auto", device="auto")
        assert what_runs(asked, asked.chosen()) == "runs on cuda:0 (made-up card) by torch in fp32"
        asked = Engine("onnx", device="auto")
        assert "by onnx in fp32 (onnx in fp32 was asked for)" in what_runs(asked, asked.chosen())

    def test_without_a_card_auto_says_why_it_took_the_processor(self, monkeypatch):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
        asked = Engine("auto", device="auto")
        assert asked.chosen() == Engine("openvino")
        said = what_runs(asked, asked.chosen())
        assert said.startswith("runs on the processor by openvino in fp32 (no graphics card: ")
        with pytest.raises(ConfigurationError, match="fp16 is not for torch on cpu"):
            Engine("auto", "fp16", device="auto").chosen()
