"""Networks in other engines: the same answers, exported once, for any number of images of any size."""

import json
from dataclasses import asdict

import numpy as np
import pytest
import torch

from upcracknet.cli.main import run
from upcracknet.data.synthetic import synthesize_road
from upcracknet.detection import CrackDetector, acceleration
from upcracknet.detection.acceleration import (
    accelerated,
    calibration_roads,
    engine_of,
    score_pixels,
    seen_by_network,
)
from upcracknet.detection.pretrained import load_pretrained
from upcracknet.errors import ConfigurationError, OutputError, WeightsError
from upcracknet.runtime import (
    chosen_runtime,
    compiled_network,
    engines,
    export_network,
    open_exported,
    read_description,
    share_processor,
)
from upcracknet.runtime.engine import Engine
from upcracknet.weights import WeightsRecord, load_weights

pytest.importorskip("openvino")
ENGINES = ("onnx", "openvino")


class TestParity:
    @pytest.mark.parametrize("engine", ENGINES)
    def test_scores_are_those_of_torch_for_any_batch_and_size(self, scorer, engine):
        other = accelerated(scorer, "a", engine)
        for shape in ((1, 64, 64), (3, 40, 96), (2, 37, 51)):
            images = torch.rand(shape[0], 3, *shape[1:])
            difference = (other.score(images) - scorer.score(images)).abs().max()
            assert difference < 1e-3

    @pytest.mark.parametrize(("model", "engine"), [("default", "openvino"), ("up-cracknet-32", "onnx")])
    def test_the_shipped_models(self, model, engine):
        photo = synthesize_road(1, 192, 256).photo
        scores = [
            CrackDetector.from_pretrained(model, runtime=runtime).detect(photo).score
            for runtime in ("torch", engine)
        ]
        assert np.abs(scores[0] - scores[1]).max() < 1e-3

    def test_int8_finds_nearly_the_same(self, monkeypatch):
        monkeypatch.setattr(acceleration, "CALIBRATION_ROADS", 6)
        photos = [synthesize_road(seed, 256, 256) for seed in range(900, 904)]
        masks = [
            np.stack([detector.detect(road.photo).mask for road in photos])
            for detector in (
                CrackDetector.from_pretrained(),
                CrackDetector.from_pretrained(runtime="openvino", precision="int8"),
            )
        ]
        truth = np.stack([road.mask for road in photos])
        plain, small = ((mask & truth).sum() / (mask | truth).sum() for mask in masks)
        assert (masks[0] != masks[1]).any()  # 8 bits cannot be exact: something was quantised
        assert abs(plain - small) < 0.03


class TestCache:
    def test_a_network_is_exported_once(self, scorer, cache, monkeypatch):
        first = accelerated(scorer, "a", "onnx").score(torch.ones(1, 3, 32, 32))
        monkeypatch.setattr(engines, "export_network", None)
        assert torch.equal(accelerated(scorer, "a", "onnx").score(torch.ones(1, 3, 32, 32)), first)
        assert len(list(cache.iterdir())) == 1

    def test_other_weights_are_another_network(self, scorer, network, cache):
        accelerated(scorer, "a", "onnx")
        accelerated(scorer, "b", "onnx")
        assert len(list(cache.iterdir())) == 2

    def test_a_cache_that_cannot_be_written_is_named(self, network, monkeypatch, tmp_path):
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("UPCRACKNET_CACHE", str(tmp_path / "file" / "cache"))
        with pytest.raises(OutputError, match="UPCRACKNET_CACHE"):
            compiled_network(network, 4, "a", "onnx", "fp32", lambda: ())


class TestChoice:
    def test_auto_takes_the_fastest_that_is_installed(self, monkeypatch):
        assert chosen_runtime("auto") == "openvino"
        monkeypatch.setattr(engines, "find_spec", lambda name: None if name == "openvino" else True)
        assert chosen_runtime("auto") == "onnx"
        monkeypatch.setattr(engines, "find_spec", lambda name: None)
        assert chosen_runtime("auto") == "torch"

    def test_a_missing_engine_says_how_to_install_it(self, monkeypatch):
        monkeypatch.setattr(engines, "find_spec", lambda name: None)
        with pytest.raises(ConfigurationError, match=r"pip install 'upcracknet\[runtime\]'"):
            chosen_runtime("openvino")
        with pytest.raises(ConfigurationError, match="int8 needs the runtime"):
            chosen_runtime("auto", "int8")

    def test_what_cannot_be_exported_stays_in_torch_with_auto(self):
        scorer = load_pretrained("up-cracknet-32", "authors", engine=Engine("auto")).scorer
        assert scorer.generator.__class__.__name__ == "UNetGenerator"
        with pytest.raises(ConfigurationError, match="--runtime torch"):
            load_pretrained("up-cracknet-32", "authors", engine=Engine("onnx"))

    def test_auto_takes_torch_where_exporting_fails(self, weights, monkeypatch):
        def fail(*_: object) -> None:
            raise RuntimeError("an operation that the exporter does not know\nand more")

        monkeypatch.setattr("upcracknet.runtime.graph.write_graph", fail)
        scorer = load_pretrained(weights, engine=Engine("auto")).scorer
        assert engine_of(scorer) == "torch"
        with pytest.raises(ConfigurationError, match="does not know"):
            load_pretrained(weights, engine=Engine("onnx"))

    def test_classical_methods_have_no_engine(self):
        scorer = load_pretrained("local-contrast", engine=Engine("auto")).scorer
        assert scorer.name

    def test_int8_needs_examples(self, network, tmp_path):
        with pytest.raises(ConfigurationError, match="examples"):
            export_network(network, 4, tmp_path / "n.onnx", precision="int8")

    @pytest.mark.parametrize("engine", ENGINES)
    def test_what_holds_for_one_size_alone_is_refused(self, tmp_path, engine):
        class Fixed(torch.nn.Module):
            """A table of the size that it was exported at, as adaptive pooling can become."""

            def forward(self, images):
                return images.mean(dim=1) + torch.full((1,), float(int(images.shape[-2])))

        path = tmp_path / f"n.{'onnx' if engine == 'onnx' else 'xml'}"
        with pytest.raises(ConfigurationError, match="--runtime torch"):
            export_network(Fixed().eval(), 32, path)
        assert not list(tmp_path.glob("n.*"))

    def test_another_suffix_is_refused(self, network, tmp_path):
        with pytest.raises(ConfigurationError, match=r"\.onnx, for ONNX Runtime, or \.xml"):
            export_network(network, 4, tmp_path / "n.pt")


class TestFiles:
    @pytest.mark.parametrize("name", ["road.onnx", "road.xml"])
    def test_an_exported_file_is_a_model(self, weights, tmp_path, name, capsys, photo):
        path = tmp_path / "exported" / name
        assert run(["export", str(weights), "-o", str(path)]) == 0
        report = json.loads(capsys.readouterr().out)
        assert report["precision"] == "fp32" and report["megabytes"] > 0
        assert {file.suffix for file in path.parent.iterdir()} == (
            {".onnx"} if path.suffix == ".onnx" else {".xml", ".bin"}
        )
        expected = CrackDetector.from_pretrained(weights).detect(photo)
        found = CrackDetector.from_pretrained(path).detect(photo)
        assert np.abs(found.score - expected.score).max() < 1e-3
        assert found.threshold == expected.threshold == 0.4

    def test_the_description_holds_the_record(self, weights, network, tmp_path):
        record = WeightsRecord("CrackRemover", {"widths": [4, 8]}, {}, {"data": "none"})
        export_network(network, 4, tmp_path / "n.onnx", description={"record": asdict(record)})
        assert read_description(tmp_path / "n.onnx")["record"]["provenance"] == {"data": "none"}

    def test_other_choices_than_the_files_own_are_refused(self, weights, tmp_path, capsys):
        path = tmp_path / "road.onnx"
        assert run(["export", str(weights), "-o", str(path)]) == 0
        for choice in ({"runtime": "openvino"}, {"precision": "int8"}, {"preset": "paper"}):
            with pytest.raises(ConfigurationError):
                CrackDetector.from_pretrained(path, **choice)

    @pytest.mark.parametrize("name", ["road.onnx", "road.xml"])
    def test_a_damaged_file_is_named(self, tmp_path, name):
        (tmp_path / name).write_text("<net>no network")
        with pytest.raises(WeightsError, match="export it again"):
            CrackDetector.from_pretrained(tmp_path / name)

    def test_a_file_of_another_version_is_named(self, weights, network, tmp_path):
        _, record = load_weights(weights)
        path = tmp_path / "road.onnx"  # both answers of the network; today the logits alone are asked for
        export_network(network, 4, path, description={"record": asdict(record), "precision": "fp32"})
        with pytest.raises(WeightsError, match="another version of upcracknet; export it again"):
            CrackDetector.from_pretrained(path)

    def test_classical_methods_cannot_be_exported(self, tmp_path, capsys):
        assert run(["export", "sauvola", "-o", str(tmp_path / "s.onnx")]) == 1
        assert "no trained network" in capsys.readouterr().err

    @pytest.mark.parametrize("name", ["road.onnx", "road.xml"])
    def test_int8_is_measured_on_photos_of_ones_own(self, name, weights, tmp_path, capsys, monkeypatch):
        monkeypatch.setattr(acceleration, "CALIBRATION_ROADS", 2)
        photos = tmp_path / "clean"
        assert run(["synthesize", str(photos), "--count", "2", "--height", "96", "--width", "96"]) == 0
        capsys.readouterr()
        path = tmp_path / name
        arguments = ["--precision", "int8", "--photos", str(photos / "undamaged")]
        assert run(["export", str(weights), "-o", str(path), *arguments]) == 0
        assert json.loads(capsys.readouterr().out)["precision"] == "int8"
        assert CrackDetector.from_pretrained(path, precision="int8").detect(np.zeros((64, 64, 3), np.uint8))


class TestThreads:
    def test_beside_another_engine_torch_works_alone_and_gets_its_threads_back(self, scorer, monkeypatch):
        seen, before = [], torch.get_num_threads()
        torch.set_num_threads(2)
        try:
            for other in (scorer, accelerated(scorer, "threads", "onnx")):
                score = type(other).score

                def watched(self, images, score=score):
                    seen.append(torch.get_num_threads())
                    return score(self, images)

                with monkeypatch.context() as patched:
                    patched.setattr(type(other), "score", watched)
                    pixels = np.zeros((1, 64, 64, 3), np.uint8)
                    assert score_pixels(other, pixels).shape == (1, 64, 64)
            assert seen == [2, 1]
            assert torch.get_num_threads() == 2
        finally:
            torch.set_num_threads(before)

    def test_workers_that_share_a_machine_are_not_tied_to_its_first_cores(
        self, network, tmp_path, monkeypatch
    ):
        import openvino

        export_network(network, 4, tmp_path / "n.xml")
        seen, compile_model = [], openvino.Core.compile_model

        def watched(self, model, device, settings):
            seen.append(settings["ENABLE_CPU_PINNING"])
            return compile_model(self, model, device, settings)

        monkeypatch.setattr(openvino.Core, "compile_model", watched)
        monkeypatch.setattr(engines, "_alone", True)
        open_exported(tmp_path / "n.xml", network, 4)
        share_processor()
        open_exported(tmp_path / "n.xml", network, 4)
        assert seen == [True, False]


class TestExamples:
    def test_they_are_what_the_network_sees(self, scorer):
        road = next(calibration_roads(scorer))
        seen = list(seen_by_network(scorer, [road]))
        assert [images.shape for images in seen] == [(1, 3, 192, 192), (1, 3, 384, 384)]
        assert seen[0].min() >= 0
        assert seen[0].max() <= 1

    def test_roads_are_as_large_as_the_scorer_wants(self):
        scorer = load_pretrained("up-cracknet-32").scorer
        scorer.input_size = 512
        assert next(calibration_roads(scorer)).shape == (512, 512, 3)

    def test_results_tell_engines_apart(self, scorer):
        assert accelerated(scorer, "a", "onnx").name == f"{scorer.name}, onnx fp32"


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
