"""The model in the package: complete, small, and as good as its card says."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

import upcracknet
from upcracknet import CrackDetector
from upcracknet.data.patches import UndamagedPatches
from upcracknet.data.registry import open_dataset
from upcracknet.data.synthetic import synthesize_road
from upcracknet.detection.pretrained import SHIPPED, weights_path
from upcracknet.evaluation.evaluate import evaluate
from upcracknet.evaluation.protocol import PAPER
from upcracknet.weights import load_weights

DOCS = Path(upcracknet.__file__).parents[2] / "docs"
CARDS, FIGURES = DOCS / "models", DOCS / "results" / "figures.json"


@pytest.mark.parametrize(
    ("name", "architecture"),
    [("default", "CrackRemover"), ("up-cracknet-32", "UNetGenerator")],
)
def test_weights_say_where_they_come_from(name, architecture):
    assert {model.file for model in SHIPPED.values()} == {"default", "up-cracknet-32"}
    _, record = load_weights(weights_path(name))
    assert record.architecture == architecture
    assert "deepcrack" in record.provenance["data"]
    for key in ("code", "seed", "images_seen", "configuration"):
        assert key in record.provenance
    assert "dirty" not in record.provenance["code"]
    card = (CARDS / f"{name}.md").read_text(encoding="utf-8")
    assert record.sha256 in card
    assert re.search(r"^\| version \| \d+\.\d+\.\d+, shipped since \d+\.\d+\.\d+ \|$", card, re.MULTILINE)


def test_all_weights_together_are_small():
    assert (
        sum(weights_path(name).stat().st_size for name in {model.file for model in SHIPPED.values()}) <= 40e6
    )


def test_the_default_finds_cracks_and_leaves_the_same_roads_clean_without_them():
    detector = CrackDetector.from_pretrained()
    found = truth = right = false = pixels = 0
    for seed in range(3, 9):
        road = synthesize_road(seed, 256, 256, distractors=False)
        damaged, undamaged = detector.detect_many([road.photo, road.undamaged])
        found, truth = found + int(damaged.mask.sum()), truth + int(road.mask.sum())
        right += int((damaged.mask & road.mask).sum())
        false, pixels = false + int(undamaged.mask.sum()), pixels + undamaged.mask.size
    assert right / truth > 0.4
    assert right / found > 0.4
    assert false / pixels < 0.01


def test_the_same_photo_gives_the_same_map():
    photo = synthesize_road(3, 300, 500).photo
    first, second = (CrackDetector.from_pretrained("up-cracknet-32").detect(photo) for _ in range(2))
    np.testing.assert_array_equal(first.mask, second.mask)


@pytest.mark.data
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("model", "dataset"),
    [("default", "deepcrack"), ("default", "cfd"), ("default", "crack500"), ("up-cracknet-32", "deepcrack")],
)
def test_accuracy_is_what_the_pages_say(real_data, model, dataset):
    figures = json.loads(FIGURES.read_text(encoding="utf-8"))["measured"][model]["paper"][dataset]
    result = evaluate(CrackDetector.from_pretrained(model), open_dataset(dataset, real_data), PAPER)
    assert result.complete
    assert 100 * result.whole.exact.scores.iou == pytest.approx(figures["iou"], abs=0.3)


@pytest.mark.data
@pytest.mark.timeout(900)
def test_roads_without_cracks_stay_clean(real_data):
    """Crack-free windows of test photos: fewer than 0.2 % of their pixels are marked as crack."""
    patches = UndamagedPatches(
        open_dataset("deepcrack", real_data),
        window_sizes=(256,),
        margin=8,
        augment=False,
        patches_per_epoch=24,
    )
    photos = [(patches[i].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8) for i in range(24)]
    masks = [crack_map.mask for crack_map in CrackDetector.from_pretrained().detect_many(photos)]
    assert np.mean(masks) < 0.002
