"""PyTorch exports in one thread at a time; who makes detectors in several need not know that."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn

from upcracknet.runtime.graph import fixed_graph


def test_threads_export_one_after_the_other(monkeypatch):
    at_work, at_once = [], []

    def export(*network, **choices):
        """In place of PyTorch's, which takes seconds."""
        at_work.append(network)
        at_once.append(len(at_work))
        time.sleep(0.02)  # time for another one to begin
        at_work.pop()
        raise RuntimeError("exported")

    def exported(number: int) -> None:
        with pytest.raises(RuntimeError, match="exported"):
            fixed_graph(nn.Conv2d(3, 1, 3), 64)

    monkeypatch.setattr(torch.onnx, "export", export)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(exported, range(4)))
    assert at_once == [1, 1, 1, 1]
