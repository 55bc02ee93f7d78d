"""Files that hold exported networks, and the cache of them."""

import importlib
import importlib.metadata
import json
import os
import re
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from upcracknet.errors import ConfigurationError, OutputError, WeightsError
from upcracknet.files import SCRATCH_FOLDER, STALE
from upcracknet.runtime import (
    Engine,
    compiled_network,
    export_network,
    exports,
    open_exported,
    read_description,
)

pytest.importorskip("openvino")
NAMES = ("n.onnx", "n.xml")


@pytest.fixture
def exported(network, tmp_path):
    """Writes the small network with a description."""

    def export(name: str):
        export_network(network, tmp_path / name, Engine(), description={"record": {"made by": "us"}})
        return tmp_path / name

    return export


class TestFiles:
    @pytest.mark.parametrize("name", NAMES)
    def test_they_answer_as_the_network_for_any_batch_and_size(self, network, exported, name):
        other = open_exported(exported(name), network, Engine())
        for shape in ((1, 3, 64, 64), (3, 3, 40, 96)):
            images = torch.rand(shape)
            expected, found = network(images), other(images)
            torch.testing.assert_close(found.logits, expected.logits, atol=1e-3, rtol=1e-3)
            torch.testing.assert_close(found.restored, expected.restored, atol=1e-3, rtol=1e-3)

    @pytest.mark.parametrize("name", NAMES)
    def test_the_description_comes_back(self, exported, name):
        path = exported(name)
        assert read_description(path) == {"record": {"made by": "us"}}
        assert {file.suffix for file in path.parent.glob("n.*")} == (
            {".onnx"} if path.suffix == ".onnx" else {".xml", ".bin"}
        )

    def test_other_programs_read_the_description_too(self, exported):
        import onnx
        import openvino

        [entry] = onnx.load(str(exported("n.onnx"))).metadata_props
        assert json.loads(entry.value)["record"] == {"made by": "us"}
        model = openvino.Core().read_model(str(exported("n.xml")))
        assert json.loads(model.get_rt_info("upcracknet").astype(str))["record"] == {"made by": "us"}

    @pytest.mark.parametrize("name", NAMES)
    def test_a_changed_byte_is_noticed_anywhere(self, exported, name):
        path = exported(name)
        for file in sorted(path.parent.glob("n.*")):
            content = file.read_bytes()
            for place in np.random.default_rng(0).integers(0, len(content), 12):
                changed = bytearray(content)
                changed[place] ^= 4
                file.write_bytes(changed)
                with pytest.raises(WeightsError, match="export it again") as caught:
                    read_description(path)
                assert len(str(caught.value)) < 250 + len(str(path))
                assert "\n" not in str(caught.value)
            file.write_bytes(content)
        assert read_description(path)

    @pytest.mark.parametrize("name", NAMES)
    @pytest.mark.parametrize("text", ["<net>no network", "", "\0" * 100])
    def test_what_is_no_export_is_named(self, network, tmp_path, name, text):
        (tmp_path / name).write_text(text)
        with pytest.raises(WeightsError, match="export it again"):
            read_description(tmp_path / name)
        with pytest.raises(WeightsError, match="export it again"):
            open_exported(tmp_path / name, network, Engine())
        with pytest.raises(WeightsError, match="no such file"):
            read_description(tmp_path / f"no-{name}")

    def test_another_suffix_is_refused(self, network, tmp_path):
        with pytest.raises(ConfigurationError, match=r"\.onnx, for ONNX Runtime, or \.xml"):
            export_network(network, tmp_path / "n.pt", Engine())

    def test_int8_needs_examples(self, network, tmp_path):
        with pytest.raises(ConfigurationError, match="examples"):
            export_network(network, tmp_path / "n.onnx", Engine(precision="int8"))

    @pytest.mark.parametrize("name", NAMES)
    def test_what_holds_for_one_size_alone_is_refused(self, tmp_path, name):
        class Fixed(torch.nn.Module):
            """A table of the size that it was exported at, as adaptive pooling can become."""

            size_multiple = 32

            def forward(self, images):
                return images.mean(dim=1) + torch.full((1,), float(int(images.shape[-2])))

        with pytest.raises(ConfigurationError, match="--runtime torch"):
            export_network(Fixed().eval(), tmp_path / name, Engine())
        assert not list(tmp_path.glob("n.*"))

    @pytest.mark.parametrize("name", NAMES)
    def test_what_a_killed_export_left_is_cleared_away(self, exported, tmp_path, name):
        old, new = tmp_path / f"{SCRATCH_FOLDER}old", tmp_path / f"{SCRATCH_FOLDER}new"
        foreign = tmp_path / ".export-of-another-program"
        for folder in (old, new, foreign):
            folder.mkdir()
            (folder / "graph.onnx").write_bytes(b"half")
            if folder != new:
                for path in (folder / "graph.onnx", folder):
                    os.utime(path, (time.time() - 86400,) * 2)
        exported(name)
        assert not old.exists()
        assert new.exists(), "another process may be at work"
        assert foreign.exists()

    def test_workers_beside_others_are_not_tied_to_the_first_cores(self, network, exported, monkeypatch):
        import openvino

        path, seen, compile_model = exported("n.xml"), [], openvino.Core.compile_model

        def watched(self, model, device, settings):
            seen.append((settings["ENABLE_CPU_PINNING"], settings["INFERENCE_NUM_THREADS"]))
            return compile_model(self, model, device, settings)

        monkeypatch.setattr(openvino.Core, "compile_model", watched)
        open_exported(path, network, Engine(threads=1))
        open_exported(path, network, Engine(threads=2, pinned=False))
        assert seen == [(True, 1), (False, 2)]


class TestCache:
    def test_a_network_is_exported_once(self, network, cache, monkeypatch):
        images = torch.rand(1, 3, 32, 32)
        first = compiled_network(network, "a", Engine("onnx"), tuple)(images)
        monkeypatch.setattr(exports, "export_network", None)
        again = compiled_network(network, "a", Engine("onnx"), tuple)(images)
        assert torch.equal(again.logits, first.logits)
        assert len(list(cache.iterdir())) == 1

    def test_what_a_killed_export_left_is_cleared_away_where_all_is_exported(self, network, cache):
        compiled_network(network, "a", Engine("onnx"), tuple)
        left = cache / f"{SCRATCH_FOLDER}left"
        left.mkdir()
        os.utime(left, (time.time() - STALE - 9,) * 2)
        compiled_network(network, "a", Engine("onnx"), tuple)
        assert not left.exists()

    def test_other_weights_or_statistics_are_another_network(self, cache):
        from upcracknet.networks import UNetGenerator

        network = UNetGenerator(2, 2).eval()
        for identity, statistics in (("a", "running"), ("b", "running"), ("a", "image")):
            for block in (*network.encoder, *network.decoder):
                if block.normalization is not None:
                    block.normalization.statistics = statistics
            compiled_network(network, identity, Engine("onnx"), tuple)
        assert len(list(cache.iterdir())) == 3

    def test_a_damaged_network_is_exported_again(self, network, cache):
        compiled_network(network, "a", Engine("onnx"), tuple)
        [path] = cache.glob("*/network.onnx")
        path.write_bytes(path.read_bytes()[:1000])
        assert compiled_network(network, "a", Engine("onnx"), tuple)(torch.rand(1, 3, 4, 4)).logits.shape

    def test_a_cache_that_cannot_be_written_is_named(self, network, monkeypatch, tmp_path):
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("UPCRACKNET_CACHE", str(tmp_path / "file" / "cache"))
        with pytest.raises(OutputError, match="UPCRACKNET_CACHE"):
            compiled_network(network, "a", Engine("onnx"), tuple)


def test_openvino_sends_no_telemetry(tmp_path):
    """In a process of its own: NNCF tells nobody where it sees pytest."""
    code = """
import sys, torch
from pathlib import Path
from upcracknet.networks import CrackRemover
from upcracknet.runtime import Engine, export_network
export_network(CrackRemover((4, 8)).eval(), Path(sys.argv[1]), Engine())
from upcracknet.runtime.backends import OpenVINO
try:
    OpenVINO().quantize(Path("no file"), [])
except Exception:
    pass
print([name for name in sys.modules if name.startswith("openvino_telemetry.")], Path.home())
"""
    environment = {**os.environ, "HOME": str(tmp_path), "CI": ""}
    words = [sys.executable, "-c", code, str(tmp_path / "out" / "n.xml")]
    answer = subprocess.run(words, env=environment, capture_output=True, text=True, check=True).stdout
    assert re.fullmatch(rf"\[\] {tmp_path}\n", answer)
    assert not [
        path for path in tmp_path.rglob("*") if "openvino" in path.name or "intel" in path.name.lower()
    ]


def test_a_package_for_cards_has_another_name_than_its_module(monkeypatch):
    def version(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    assert exports._version("onnxruntime") == importlib.import_module("onnxruntime").__version__
