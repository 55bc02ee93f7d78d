"""Models for QGIS: read as Deepness 0.6.5 and GeoDeep 0.9.13 read them, and marking what the scorer marks."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

from upcracknet.baselines.supervised.enet import ENet
from upcracknet.baselines.supervised.scorer import SegmentationScorer, normalise
from upcracknet.data.synthetic import synthesize_road
from upcracknet.detection import CrackRemoverScorer, CrackRemoverSettings, RestorationScorer, Threshold
from upcracknet.detection.qgis import ClassProbabilities, export_for_qgis, qgis_problems
from upcracknet.detection.settings import PRESETS
from upcracknet.errors import ConfigurationError
from upcracknet.networks import CrackRemover, UNetGenerator
from upcracknet.runtime import read_description

pytestmark = pytest.mark.xdist_group("a model for QGIS")  # what all need is made once

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

SIDE = 256


def crack_remover(**settings) -> CrackRemoverScorer:
    torch.manual_seed(0)
    network = CrackRemover((4, 8))
    for parameter in network.parameters():  # an untrained one answers the same everywhere
        torch.nn.init.normal_(parameter, std=0.3)
    return CrackRemoverScorer(network, CrackRemoverSettings(**settings))


def exported(path: Path, scorer, level: float = 0.4, **rules) -> list[str]:
    threshold = Threshold(level, **rules)
    description = {"for": "qgis"}
    return export_for_qgis(
        scorer, threshold, path, millimetres_per_pixel=1.2, tile_side=SIDE, description=description
    )


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("qgis") / "crack.onnx"
    exported(path, crack_remover())
    return path


def road() -> np.ndarray:
    """One tile as these programs give it: float32 1×3×side×side, RGB in [0, 1]."""
    return (synthesize_road(7, SIDE, SIDE).photo / np.float32(255)).transpose(2, 0, 1)[None]


def usual_level(scorer) -> float:
    """A level that marks a tenth of the road."""
    return float(scorer.score(torch.from_numpy(road())).quantile(0.9))


def assert_marks_the_same(path: Path, scorer, level: float) -> None:
    [found] = onnxruntime.InferenceSession(path).run(None, {"images": road()})
    score = scorer.score(torch.from_numpy(road())).numpy()[0]
    logits = np.log(score) - np.log1p(-score) - np.log(level / (1 - level))
    np.testing.assert_allclose(found[0, 1], 1 / (1 + np.exp(-logits)), atol=1e-3)
    sure = np.abs(score - level) > 1e-4  # rounding may turn the others
    assert 0.01 < (score > level).mean() < 0.99
    np.testing.assert_array_equal(found[0].argmax(axis=0)[sure], (score > level)[sure])


class TestWhatIsRead:
    """The rules of the readers, written down again from their code."""

    def test_the_graph(self, model):
        graph = onnx.load(model)
        onnx.checker.check_model(graph, full_check=True)
        assert graph.ir_version <= 9  # the newest that ONNX Runtime 1.17 reads
        assert [17 <= entry.version <= 20 for entry in graph.opset_import] == [True]

        session = onnxruntime.InferenceSession(model)
        [images], [probabilities] = session.get_inputs(), session.get_outputs()
        assert images.type == "tensor(float)"
        assert len(images.shape) == 4
        assert images.shape[-3] == 3
        assert type(images.shape[-1]) is int  # goes into a spin box; a name would be a TypeError
        assert images.shape[-1] == images.shape[-2] == SIDE
        assert len(probabilities.shape) == 4
        assert probabilities.shape[-3] == 2  # GeoDeep takes the argmax: one channel finds nothing
        assert probabilities.shape[2] == probabilities.shape[3]

    def test_each_key(self, model):
        meta = onnxruntime.InferenceSession(model).get_modelmeta().custom_metadata_map
        read = {key: json.loads(value) for key, value in meta.items()}
        assert str(read["model_type"]).capitalize() == "Segmentor"
        names = sorted(read["class_names"].items(), key=lambda entry: int(entry[0]))
        assert [int(key) for key, _ in names] == list(range(2))
        assert [name for _, name in names] == ["background", "crack"]
        # Spin boxes with two decimals: what they show is what was meant.
        assert round(float(read["resolution"]), 2) == float(meta["resolution"]) == 0.12
        assert round(float(read["seg_thresh"]), 2) == float(meta["seg_thresh"]) == 0.5
        assert int(meta["seg_small_segment"]) == read["seg_small_segment"] == 0
        assert type(read["tiles_overlap"]) is int
        assert 15 <= float(meta["tiles_overlap"]) <= 25
        assert int(read["tile_size"]) == int(read["tiles_size"]) == SIDE
        assert [float(value) for value in read["standardization_mean"]] == [0] * 3
        assert [float(value) for value in read["standardization_std"]] == [1] * 3

    def test_probabilities_sum_to_one(self, model):
        [found] = onnxruntime.InferenceSession(model).run(None, {"images": road()})
        np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)

    def test_no_path_of_this_machine_is_in_it(self, model):
        content = model.read_bytes()
        assert b"stack_trace" not in content
        assert str(Path(__file__).parents[2]).encode() not in content


class TestWhatIsMarked:
    def test_what_the_scorer_marks(self, model):
        assert_marks_the_same(model, crack_remover(), 0.4)

    def test_scales_and_flips_are_in_the_graph(self, tmp_path):
        scorer = crack_remover(scales=(0.5, 1.0), flips=True)
        level = usual_level(scorer)
        exported(tmp_path / "n.onnx", scorer, level)
        assert_marks_the_same(tmp_path / "n.onnx", scorer, level)

    def test_supervised_networks_too(self, tmp_path):
        torch.manual_seed(0)
        network = ENet().train()
        for module in network.modules():  # as after training: else numbers grow from layer to layer
            if isinstance(module, torch.nn.BatchNorm2d):
                module.momentum = None
        with torch.no_grad():
            network(normalise(torch.from_numpy(road())).repeat(2, 1, 1, 1))
        scorer = SegmentationScorer(network.eval(), "ENet")
        level = usual_level(scorer)
        exported(tmp_path / "n.onnx", scorer, level)
        assert_marks_the_same(tmp_path / "n.onnx", scorer, level)

    def test_certain_scores_stay_numbers(self):
        class Certain(CrackRemoverScorer):
            def score(self, images):
                return images[:, 0]

        scorer = Certain(CrackRemover((4, 8)), CrackRemoverSettings())
        images = torch.tensor([0.0, 0.6, 1.0]).expand(1, 3, 4, 3)
        found = ClassProbabilities(scorer, 0.6)(images)[0, 1, 0]
        torch.testing.assert_close(found, torch.tensor([0.0, 0.5, 1.0]))

    def test_in_the_oldest_runtime_that_deepness_comes_with(self, model, tmp_path):
        """ONNX Runtime 1.17.0 needs NumPy 1 and an interpreter of its own: UPCRACKNET_OLD_RUNTIME."""
        python = os.environ.get("UPCRACKNET_OLD_RUNTIME")
        if python is None:
            pytest.skip("UPCRACKNET_OLD_RUNTIME names no Python with ONNX Runtime 1.17.0")
        np.save(tmp_path / "road.npy", road())
        code = (
            "import sys, numpy, onnxruntime; assert onnxruntime.__version__.startswith('1.17.')\n"
            "images = numpy.load(sys.argv[2])\n"
            "found = onnxruntime.InferenceSession(sys.argv[1]).run(None, {'images': images})[0]\n"
            "numpy.save(sys.argv[3], found)"
        )
        words = [python, "-c", code, str(model), str(tmp_path / "road.npy"), str(tmp_path / "found.npy")]
        subprocess.run(words, check=True, env={})
        [expected] = onnxruntime.InferenceSession(model).run(None, {"images": road()})
        np.testing.assert_allclose(np.load(tmp_path / "found.npy"), expected, atol=1e-4)


class TestChoices:
    def test_all_problems_at_once(self):
        problems = qgis_problems(Path("n.xml"), None, 500)
        for word, problem in zip(("onnx", "--millimetres", "500"), problems, strict=True):
            assert word in problem

    @pytest.mark.parametrize("size", [0.0, -1.0, 0.05, float("nan"), float("inf")])
    def test_sizes_that_deepness_cannot_show(self, size):
        [problem] = qgis_problems(Path("n.onnx"), size, 512)
        assert "0.1 or more" in problem

    @pytest.mark.parametrize("side", [512, 1024])
    def test_usual_sizes_are_fine(self, side):
        assert not qgis_problems(Path("n.ONNX"), 0.1, side)

    def test_a_level_on_each_photo_is_refused(self, tmp_path):
        scorer = RestorationScorer(UNetGenerator(4, 4), PRESETS["paper"], 64)
        with pytest.raises(ConfigurationError, match=r"UP-CrackNet: .* one level .*Otsu on each photo"):
            exported(tmp_path / "n.onnx", scorer, None)
        assert not list(tmp_path.iterdir())

    def test_what_cannot_be_a_graph_is_refused(self, tmp_path):
        class Sorting(CrackRemoverScorer):
            def score(self, images):
                return torch.from_numpy(np.sort(super().score(images).numpy()))

        scorer = Sorting(CrackRemover((4, 8)), CrackRemoverSettings())
        with pytest.raises(ConfigurationError, match="one graph"):
            exported(tmp_path / "n.onnx", scorer)
        assert not list(tmp_path.iterdir())

    def test_what_differs_from_detect_is_said(self, tmp_path, monkeypatch):
        monkeypatch.setattr("upcracknet.detection.qgis._compare", lambda *_: None)
        monkeypatch.setattr("upcracknet.detection.qgis.fixed_graph", lambda *_: onnx.ModelProto())
        path, scorer = tmp_path / "n.onnx", crack_remover()
        [geodeep] = exported(path, scorer, hysteresis=0.3)
        assert "narrower than 3.6 mm" in geodeep
        hysteresis, specks, _ = exported(path, scorer, hysteresis=0.9, minimum_extent=16)
        assert "0.9" in hysteresis
        assert "16 pixels" in specks
        notes = export_for_qgis(
            scorer, Threshold(0.4), path, millimetres_per_pixel=1.26, tile_side=SIDE, description={}
        )
        assert "1.26 mm per pixel as 0.13 cm" in notes[-1]

    def test_it_is_no_model_of_this_package(self, model):
        with pytest.raises(ConfigurationError, match="made for QGIS"):
            read_description(model)
