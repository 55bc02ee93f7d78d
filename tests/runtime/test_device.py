"""Names of devices, what is said where one is missing, and which errors mean that memory ran out."""

from types import SimpleNamespace

import pytest
import torch
from torch.backends import cudnn

from upcracknet.errors import ConfigurationError
from upcracknet.runtime import device as devices
from upcracknet.runtime.device import (
    choose_device,
    exact_convolutions,
    is_out_of_memory,
    moved,
    require_convolutions,
)


@pytest.fixture
def two_cards(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)


@pytest.fixture
def no_card(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


@pytest.mark.usefixtures("two_cards")
@pytest.mark.parametrize(
    ("name", "device"), [("auto", "cuda:0"), ("cuda", "cuda:0"), ("cuda:1", "cuda:1"), ("cpu", "cpu")]
)
def test_a_name_becomes_a_device(name, device):
    assert choose_device(name) == torch.device(device)


@pytest.mark.usefixtures("no_card")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cuda", "device cuda: no card that PyTorch can use"),
        ("mps", "device mps: no graphics of an Apple processor"),
        ("gpu", "device gpu is OpenVINO's"),
        ("cuda:x", "device is 'cuda:x'; expected auto, cpu, cuda"),
        ("", "device is ''"),
    ],
)
def test_what_is_not_there_is_said(name, message):
    assert choose_device("auto") == torch.device("cpu")
    with pytest.raises(ConfigurationError, match=message):
        choose_device(name)


@pytest.mark.usefixtures("two_cards")
def test_a_card_that_is_not_there():
    with pytest.raises(ConfigurationError, match="numbered 0 to 1"):
        choose_device("cuda:2")


@pytest.mark.parametrize(
    ("error", "out"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), True),
        (MemoryError(), True),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), True),
        (RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"), True),
        (RuntimeError("CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"), True),
        (RuntimeError("Invalid buffer size: 9.75 GB"), True),
        (RuntimeError("shapes differ"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_which_errors_mean_that_memory_ran_out(error, out):
    assert is_out_of_memory(error) is out


def test_errors_of_onnx_runtime_are_no_runtime_errors():
    kind = type("Fail", (Exception,), {"__module__": "onnxruntime.capi.onnxruntime_pybind11_state"})
    assert is_out_of_memory(kind("Failed to allocate memory for requested buffer of size 9"))
    assert not is_out_of_memory(kind("unknown operator"))


def test_a_card_that_pytorch_has_no_code_for_is_named(monkeypatch):
    """It is counted, and takes tensors; the first calculation fails."""

    def fail(*_: object) -> None:
        raise RuntimeError("CUDA error: no kernel image is available for execution on the device")

    network = torch.nn.Linear(1, 1, device="meta")
    monkeypatch.setattr(torch.nn.functional, "conv2d", fail)
    require_convolutions(network)  # nothing is asked of what is no card
    monkeypatch.setattr(devices, "UNASKED", ())
    with pytest.raises(ConfigurationError, match=r"this PyTorch cannot calculate there .*no kernel image"):
        require_convolutions(network)


def test_rounding_of_convolutions_is_off_for_a_block_alone():
    before = cudnn.conv.fp32_precision
    with exact_convolutions():
        with exact_convolutions():  # of another thread, for one
            assert cudnn.conv.fp32_precision == "ieee"
        assert cudnn.conv.fp32_precision == "ieee"
    assert cudnn.conv.fp32_precision == before


def test_on_the_processor_nothing_moves():
    images = torch.rand(1, 3, 4, 4)
    assert moved(images, torch.device("cpu")) is images


def test_rounding_is_off_by_the_one_switch_of_an_older_pytorch(monkeypatch):
    older = SimpleNamespace(allow_tf32=True)
    monkeypatch.setattr(devices, "cudnn", older)
    with exact_convolutions():
        assert older.allow_tf32 is False
    assert older.allow_tf32 is True
