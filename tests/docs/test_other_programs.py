"""The scripts of the manual give the masks of ``detect``, without this package."""

import ast
import re
import runpy
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from upcracknet import CrackDetector
from upcracknet.data.synthetic import synthesize_road
from upcracknet.detection import CrackRemoverSettings, Threshold
from upcracknet.detection.exporting import ExportOptions, export_model
from upcracknet.networks import CrackRemover
from upcracknet.weights import WeightsRecord, save_weights

pytest.importorskip("openvino")
PAGE = Path(__file__).parents[2] / "docs/other-programs.md"
SCRIPTS = dict(
    zip(
        ("default.onnx", "default.xml"),
        re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE),
        strict=True,
    )
)


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_are_short_and_need_no_package_of_ours(name):
    script = SCRIPTS[name]
    assert len(script.splitlines()) <= 20
    assert name in script
    imported = {
        alias.name.partition(".")[0] if isinstance(node, ast.Import) else str(node.module)
        for node in ast.walk(ast.parse(script))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert imported <= {"json", "numpy", "PIL", "scipy", "onnxruntime", "openvino"}


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    """A small network that marks what is dark: exporting the shipped one takes long."""
    network, path = CrackRemover((4, 8)), tmp_path_factory.mktemp("model") / "dark.safetensors"
    for parameter in network.parameters():
        torch.nn.init.zeros_(parameter)
    first, _, last = network.refinement
    with torch.no_grad():
        first.weight[0, :3] = -1 / 27  # the mean of 3×3 pixels and three colours
        first.bias[0] = 1
        last.weight[0, 0] = 10
        last.bias[0] = -11
    settings = CrackRemoverSettings(level=0.6, hysteresis=0.8, minimum_extent=8)
    record = WeightsRecord("CrackRemover", {"widths": [4, 8]}, settings.to_dict(), {})
    save_weights(path, network.state_dict(), record)
    return path


@pytest.mark.parametrize("name", SCRIPTS)
def test_masks_are_those_of_detect(name, model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    export_model(str(model), Path(name), ExportOptions())
    # No side is a multiple of 4, as the network wants it, and the camera was held upright: orientation 6.
    picture = Image.fromarray(synthesize_road(5, 201, 307).photo)
    exif = picture.getexif()
    exif[0x0112] = 6
    picture.save("photo.jpg", exif=exif)
    Path("script.py").write_text(SCRIPTS[name], encoding="utf-8")

    runpy.run_path("script.py")
    found = np.asarray(Image.open("mask.png"))
    expected = CrackDetector.from_pretrained(name).detect("photo.jpg")
    assert found.shape == (307, 201)
    assert set(np.unique(found)) == {0, 255}
    np.testing.assert_array_equal(found > 0, expected.mask)
    scores = expected.score
    for rule in (Threshold(0.6), Threshold(0.6, hysteresis=0.8), Threshold(0.6, minimum_extent=8)):
        assert rule.mask(scores).sum() > expected.mask.sum()  # each rule decides about something
