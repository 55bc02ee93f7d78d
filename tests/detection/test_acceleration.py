"""Scorers in other engines: the same scores, and errors where there are none."""

import numpy as np
import pytest
import torch

from upcracknet.baselines.classical import LocalContrast
from upcracknet.data.synthetic import synthesize_road
from upcracknet.detection import CrackDetector, CrackRemoverScorer, CrackRemoverSettings, Threshold
from upcracknet.detection.acceleration import (
    accelerated,
    calibration_roads,
    engine_of,
    export_scorer,
    score_pixels,
    seen_by_network,
)
from upcracknet.detection.pretrained import load_pretrained
from upcracknet.detection.scorer import BaseScorer
from upcracknet.errors import ConfigurationError, WeightsError
from upcracknet.networks import CrackRemover
from upcracknet.runtime import Engine, SixteenBitNetwork, has_bfloat16, read_description

ENGINES = ("onnx", "openvino")
sixteen_bits = pytest.mark.skipif(not has_bfloat16(), reason="this processor has no bfloat16")


@pytest.fixture
def nothing_exported(tmp_path, monkeypatch):
    monkeypatch.setenv("UPCRACKNET_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def scorer() -> CrackRemoverScorer:
    torch.manual_seed(0)
    network = CrackRemover((4, 8))
    for parameter in network.parameters():  # an untrained one answers the same everywhere
        torch.nn.init.normal_(parameter, std=0.3)
    return CrackRemoverScorer(network, CrackRemoverSettings(scales=(0.5, 1.0)))


class TestScores:
    @pytest.mark.parametrize("engine", ENGINES)
    def test_they_are_those_of_torch_for_any_batch_and_size(self, scorer, engine):
        pytest.importorskip("openvino")
        other = accelerated(scorer, "a", Engine(engine))
        assert (other.name, engine_of(other)) == (f"{scorer.name}, {engine} fp32", engine)
        for shape in ((1, 64, 64), (3, 40, 96), (2, 37, 51)):
            images = torch.rand(shape[0], 3, *shape[1:])
            assert (other.score(images) - scorer.score(images)).abs().max() < 1e-3

    @pytest.mark.parametrize(("model", "engine"), [("default", "openvino"), ("up-cracknet-32", "onnx")])
    def test_the_shipped_models(self, model, engine):
        pytest.importorskip("openvino")
        photo = synthesize_road(1, 192, 256).photo
        scores = [
            CrackDetector.from_pretrained(model, runtime=runtime).detect(photo).score
            for runtime in ("torch", engine)
        ]
        assert np.abs(scores[0] - scores[1]).max() < 1e-3

    def test_int8_finds_nearly_the_same(self):
        pytest.importorskip("nncf")
        default = load_pretrained("default")
        scorer, threshold = default.scorer, default.threshold
        small = accelerated(scorer, "a", Engine("openvino", "int8"), roads=6)
        roads = [synthesize_road(seed, 256, 256) for seed in range(900, 904)]
        masks = [
            np.stack([CrackDetector(one, threshold).detect(road.photo).mask for road in roads])
            for one in (scorer, small)
        ]
        truth = np.stack([road.mask for road in roads])
        iou = [(mask & truth).sum() / (mask | truth).sum() for mask in masks]
        assert (masks[0] != masks[1]).any()  # 8 bits cannot be exact: something was quantised
        assert abs(iou[0] - iou[1]) < 0.03

    @sixteen_bits
    @pytest.mark.parametrize("engine", ["torch", "openvino"])
    def test_16_bits_find_nearly_the_same(self, scorer, engine):
        if engine == "openvino":
            pytest.importorskip("openvino")
        other = accelerated(scorer, "a", Engine(engine, "bf16"))
        images = torch.rand(2, 3, 37, 51)
        scores = other.score(images)
        assert scores.dtype == torch.float32
        assert 0 < (scores - scorer.score(images)).abs().max() < 0.05

    def test_beside_another_engine_torch_works_alone_and_gets_its_threads_back(self, scorer):
        pytest.importorskip("openvino")
        seen, before = [], torch.get_num_threads()
        torch.set_num_threads(2)

        class Watched(CrackRemoverScorer):
            def score(self, images):
                seen.append(torch.get_num_threads())
                return super().score(images)

        try:
            watched = Watched(CrackRemover((4, 8)), scorer.settings)
            for one in (watched, accelerated(watched, "threads", Engine("onnx"))):
                assert score_pixels(one, np.zeros((1, 64, 64, 3), np.uint8)).shape == (1, 64, 64)
            assert seen == [2, 1]
            assert torch.get_num_threads() == 2
        finally:
            torch.set_num_threads(before)


class Broken(torch.nn.Module):
    """Answers what is no number."""

    size_multiple = 4

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = value

    def forward(self, images):
        return torch.full_like(images, self.value)


class TestFinite:
    @pytest.mark.parametrize("value", [float("nan"), float("inf")])
    @pytest.mark.parametrize(
        "model",
        [
            *("default", "up-cracknet-32", "up-cracknet-32-calibrated"),
            pytest.param(("up-cracknet-32", "authors"), id="authors"),
        ],
    )
    def test_scores_that_are_no_numbers_are_an_error(self, model, value):
        scorer = load_pretrained(*(model if isinstance(model, tuple) else (model,))).scorer
        broken = Broken(value)
        if model == "default":
            broken.forward = lambda images: torch.full_like(images[:, 0], float("nan"))
        detector = CrackDetector(scorer.with_network(broken), Threshold(0.5))
        with pytest.raises(WeightsError, match="not finite numbers, run by torch") as caught:
            detector.detect(np.zeros((64, 64, 3), np.uint8))
        assert scorer.name in str(caught.value)

    def test_the_engine_is_named(self, scorer):
        pytest.importorskip("openvino")
        other = accelerated(scorer, "a", Engine("onnx"))
        other.network.run = lambda images: [np.full(images[:, 0].shape, np.nan, np.float32)]
        with pytest.raises(WeightsError, match="run by onnx"):
            score_pixels(other, np.zeros((1, 64, 64, 3), np.uint8))


def test_ranges_are_measured_on_no_more_than_a_tile(scorer):
    seen = list(seen_by_network(scorer, [np.zeros((800, 1100, 3), np.uint8)]))
    assert max(side for images in seen for side in images.shape[2:]) == 768


class Answering(BaseScorer):
    """Answers what it is given."""

    name = "mine"

    def __init__(self, answer) -> None:
        self.answer = answer

    def score(self, images):
        return self.answer


class TestAnswersOfOtherScorers:
    @pytest.mark.parametrize("value", [-0.5, 7.0])
    def test_scores_beyond_0_and_1_are_an_error(self, value):
        answer = torch.zeros(1, 64, 64)
        answer[0, 3, 4] = value
        with pytest.raises(ConfigurationError, match=r"mine: scores from .*, expected numbers from 0 to 1"):
            CrackDetector(Answering(answer), Threshold(0.5)).detect(np.zeros((64, 64, 3), np.uint8))

    def test_rounding_is_none(self):
        answer = torch.tensor([-1e-4, 1 + 1e-4]).repeat(1, 64, 32)
        score = score_pixels(Answering(answer), np.zeros((1, 64, 64, 3), np.uint8))
        assert (score.min(), score.max()) == (0, 1)

    @pytest.mark.parametrize(
        "answer", [torch.zeros(1, 1, 64, 64), torch.zeros(1, 32, 32), np.zeros((1, 64, 64)), None]
    )
    def test_another_form_is_an_error(self, answer):
        with pytest.raises(ConfigurationError, match=r"mine: its scores are .*tensor of \(1, 64, 64\)"):
            CrackDetector(Answering(answer), Threshold(0.5)).detect(np.zeros((64, 64, 3), np.uint8))


class TestExports:
    @pytest.mark.parametrize("engine", ENGINES)
    def test_they_say_what_goes_in_and_what_comes_out(self, scorer, tmp_path, engine):
        pytest.importorskip("openvino")
        path = tmp_path / ("n.onnx" if engine == "onnx" else "n.xml")
        threshold = Threshold(0.4, hysteresis=0.7, minimum_extent=9)
        export_scorer(scorer, threshold, path, Engine(), {"record": {}})
        description = read_description(path)
        assert (description["network"], description["precision"]) == ("CrackMarker", "fp32")
        for part in ("'images': float32", "multiples of 4", "[0, 1]", "sigmoid", "0.4", "0.7", "9 pixels"):
            assert part in description["about"]

    def test_examples_are_what_the_network_sees(self, scorer):
        road = next(calibration_roads(scorer))
        seen = list(seen_by_network(scorer, [road]))
        assert [images.shape for images in seen] == [(1, 3, 192, 192), (1, 3, 384, 384)]
        assert seen[0].min() >= 0
        assert seen[0].max() <= 1

    def test_roads_are_as_large_as_the_scorer_wants(self):
        scorer = load_pretrained("up-cracknet-32").scorer
        assert next(calibration_roads(scorer)).shape == (256, 256, 3)

    def test_what_leaves_its_answer_to_chance_stays_in_torch(self):
        scorer = load_pretrained("up-cracknet-32", "authors", Engine("auto")).scorer
        assert engine_of(scorer) == "torch"
        for engine in (Engine("torch", "bf16"), Engine("onnx")):
            with pytest.raises(ConfigurationError, match="--runtime torch"):
                accelerated(scorer, "a", engine)

    def test_a_method_without_a_network_cannot_be_exported(self, tmp_path):
        with pytest.raises(ConfigurationError, match="local-contrast: no network"):
            export_scorer(LocalContrast(), Threshold(), tmp_path / "n.onnx", Engine(), {})

    @pytest.mark.usefixtures("nothing_exported")
    def test_auto_takes_torch_where_exporting_fails(self, monkeypatch):
        pytest.importorskip("openvino")

        def fail(*_: object) -> None:
            raise RuntimeError("an operation that the exporter does not know\nand more")

        monkeypatch.setattr("upcracknet.runtime.exports.write_graph", fail)
        scorer = load_pretrained("default", engine=Engine("auto")).scorer
        assert engine_of(scorer) == "torch"
        with pytest.raises(ConfigurationError, match="does not know and more"):
            load_pretrained("default", engine=Engine("onnx"))
        if has_bfloat16():
            scorer = load_pretrained("default", engine=Engine("auto", "bf16")).scorer
            assert isinstance(scorer.network, SixteenBitNetwork)

    def test_auto_takes_the_processor_where_the_card_cannot_calculate(self, monkeypatch, caplog):
        def fail(*_: object) -> None:
            raise ConfigurationError("device cuda:0: this PyTorch cannot calculate there (no kernel image)")

        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
        monkeypatch.setattr("upcracknet.detection.pretrained.accelerated", fail)
        with caplog.at_level("WARNING", "upcracknet"):
            taken = load_pretrained("default", engine=Engine("torch", device="auto"))
        assert (taken.engine.device, engine_of(taken.scorer)) == ("cpu", "torch")
        assert "no kernel image); the processor is taken" in caplog.text
        with pytest.raises(ConfigurationError, match="cannot calculate there"):
            load_pretrained("default", engine=Engine("torch", device="cuda"))

    @pytest.mark.usefixtures("nothing_exported")
    def test_auto_takes_torch_where_an_engine_cannot_be_loaded(self, monkeypatch, caplog):
        """As where a library of the system is missing: asked for by name, it is one line."""
        pytest.importorskip("openvino")

        def load(module: str) -> None:
            raise ImportError(f"lib{module}.so: cannot open shared object file")

        monkeypatch.setattr("upcracknet.runtime.backends.import_module", load)
        with caplog.at_level("DEBUG", "upcracknet"):
            assert engine_of(load_pretrained("default", engine=Engine("auto")).scorer) == "torch"
        assert "openvino fp32 is not taken: openvino is installed but cannot be loaded" in caplog.text
        for name in ENGINES:
            with pytest.raises(ConfigurationError, match=r"so: cannot open.*`upcracknet doctor`"):
                load_pretrained("default", engine=Engine(name))


@pytest.mark.data
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("engine", "precision", "limit"),
    [("onnx", "fp32", 0.2), ("openvino", "fp32", 0.2), ("openvino", "bf16", 0.2), ("openvino", "int8", 1.0)],
)
def test_iou_on_deepcrack(real_data, engine, precision, limit):
    from upcracknet.data.registry import open_dataset
    from upcracknet.evaluation import PAPER, evaluate

    dataset = open_dataset("deepcrack", real_data)
    iou = [
        evaluate(CrackDetector.from_pretrained(**choice), dataset, PAPER).whole.exact.scores.iou
        for choice in ({}, {"runtime": engine, "precision": precision})
    ]
    assert 100 * (iou[0] - iou[1]) < limit
