"""16 bits: nearly the same answers, on processors that have them."""

import numpy as np
import pytest
import torch

from upcracknet.cli.main import run
from upcracknet.data.synthetic import synthesize_road
from upcracknet.detection import CrackDetector
from upcracknet.detection.acceleration import accelerated
from upcracknet.detection.pretrained import load_pretrained
from upcracknet.errors import ConfigurationError
from upcracknet.runtime import BFloat16Network, chosen_runtime, engines, has_bfloat16
from upcracknet.runtime.engine import Engine

pytest.importorskip("openvino")


@pytest.mark.skipif(not has_bfloat16(), reason="this processor has no bfloat16")
class TestSixteenBits:
    @pytest.mark.parametrize("engine", ["torch", "openvino"])
    def test_scores_are_nearly_the_same(self, scorer, engine):
        other = accelerated(scorer, "a", engine, "bf16")
        images = torch.rand(2, 3, 37, 51)
        scores = other.score(images)
        assert scores.dtype == torch.float32
        assert 0 < (scores - scorer.score(images)).abs().max() < 0.05

    @pytest.mark.parametrize("model", ["default", "up-cracknet-32"])
    def test_cracks_are_nearly_the_same(self, model):
        photos = [synthesize_road(seed, 256, 256) for seed in range(900, 904)]
        truth = np.stack([road.mask for road in photos])
        iou = []
        for choice in ({}, {"runtime": "torch", "precision": "bf16"}):
            detector = CrackDetector.from_pretrained(model, **choice)
            mask = np.stack([detector.detect(road.photo).mask for road in photos])
            iou.append((mask & truth).sum() / (mask | truth).sum())
        assert abs(iou[0] - iou[1]) < 0.01

    def test_auto_takes_an_engine_that_has_them(self, monkeypatch):
        assert chosen_runtime("auto", "bf16") == "openvino"
        monkeypatch.setattr(engines, "find_spec", lambda name: None if name == "openvino" else True)
        assert chosen_runtime("auto", "bf16") == "torch"
        with pytest.raises(ConfigurationError, match="torch or openvino"):
            chosen_runtime("onnx", "bf16")

    def test_an_exported_file_keeps_its_precision(self, weights, tmp_path, capsys, photo):
        path = tmp_path / "road.xml"
        assert run(["export", str(weights), "-o", str(path), "--precision", "bf16"]) == 0
        assert run(["export", str(weights), "-o", str(tmp_path / "full.xml")]) == 0
        scores = [
            CrackDetector.from_pretrained(file).detect(photo).score for file in (path, tmp_path / "full.xml")
        ]
        assert 0 < np.abs(scores[0] - scores[1]).max() < 0.05


def test_16_bits_need_a_processor_that_has_them(monkeypatch):
    monkeypatch.setattr(engines, "has_bfloat16", lambda: False)
    with pytest.raises(ConfigurationError, match="which this one does not"):
        chosen_runtime("openvino", "bf16")


@pytest.mark.skipif(not has_bfloat16(), reason="this processor has no bfloat16")
def test_auto_takes_torch_in_16_bits_where_exporting_fails(weights, monkeypatch):
    def fail(*_: object) -> None:
        raise RuntimeError("an operation that the exporter does not know")

    monkeypatch.setattr("upcracknet.runtime.graph.write_graph", fail)
    scorer = load_pretrained(weights, engine=Engine("auto", "bf16")).scorer
    assert isinstance(scorer.network, BFloat16Network)


@pytest.mark.skipif(not has_bfloat16(), reason="this processor has no bfloat16")
def test_what_cannot_be_shortened_says_so():
    with pytest.raises(ConfigurationError, match="--precision fp32"):
        load_pretrained("up-cracknet-32", "authors", engine=Engine(precision="bf16"))
