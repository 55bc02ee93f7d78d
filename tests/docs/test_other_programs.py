"""The scripts of the manual give the masks of ``detect``, without this package."""

import ast
import re
import runpy
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from upcracknet import CrackDetector
from upcracknet.data.photo import load_photo
from upcracknet.data.synthetic import synthesize_road
from upcracknet.detection import CrackRemoverScorer, CrackRemoverSettings
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
def road(tmp_path_factory) -> Path:
    """A photo of which no side is a multiple of 4, as the network wants it; the camera was held upright."""
    picture = Image.fromarray(synthesize_road(5, 201, 307).photo)
    path = tmp_path_factory.mktemp("road") / "photo.jpg"
    exif = picture.getexif()
    exif[0x0112] = 6  # orientation
    picture.save(path, quality=95, exif=exif)
    return path


@pytest.fixture(scope="module")
def model(tmp_path_factory, road) -> Path:
    """A small model whose every rule decides about something on the road."""
    torch.manual_seed(0)
    network, path = CrackRemover((4, 8)), tmp_path_factory.mktemp("model") / "small.safetensors"
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    scorer = CrackRemoverScorer(network, CrackRemoverSettings())
    score = scorer.score(torch.from_numpy(load_photo(road).copy()).permute(2, 0, 1)[None] / 255)
    level, hysteresis = score.quantile(torch.tensor([0.9, 0.98])).tolist()
    settings = CrackRemoverSettings(level=level, hysteresis=hysteresis, minimum_extent=6)
    record = WeightsRecord("CrackRemover", {"widths": [4, 8]}, settings.to_dict(), {})
    save_weights(path, network.state_dict(), record)
    return path


@pytest.mark.parametrize("name", SCRIPTS)
def test_masks_are_those_of_detect(name, model, road, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    export_model(str(model), tmp_path / name, ExportOptions())
    shutil.copy(road, "photo.jpg")
    runpy.run_path(str(_written(SCRIPTS[name])))
    found = np.asarray(Image.open("mask.png"))
    expected = CrackDetector.from_pretrained(name).detect("photo.jpg")
    assert found.shape == (307, 201)
    assert set(np.unique(found)) == {0, 255}
    np.testing.assert_array_equal(found > 0, expected.mask)
    above = expected.score > expected.threshold
    assert 0 < expected.mask.sum() < above.sum()  # hysteresis and specks decided about some


def _written(script: str) -> Path:
    path = Path("script.py")
    path.write_text(script, encoding="utf-8")
    return path
