import csv
import json
import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from upcracknet.baselines.classical import LocalContrast
from upcracknet.data.dataset import CrackDataset, Sample
from upcracknet.data.registry import DATASETS, open_dataset
from upcracknet.detection import CrackDetector, Threshold
from upcracknet.errors import DataError, OutputError
from upcracknet.evaluation import NATIVE, PAPER, evaluate, write_report
from upcracknet.evaluation.evaluate import groups_of
from upcracknet.evaluation.metrics import ConfusionCounts
from upcracknet.evaluation.protocol import PAPER_SHIFTED
from upcracknet.evaluation.report import to_markdown

WriteDataset = Callable[..., CrackDataset]
BAR = np.s_[10:14, 10:50]  # 160 pixels
SHIFTED = np.s_[12:16, 10:50]  # half of it on the bar
FULL = np.s_[:, :]


def test_counts_of_known_photos(write_dataset: WriteDataset, detector: CrackDetector) -> None:
    dataset = write_dataset([BAR, BAR], [BAR, SHIFTED])
    result = evaluate(detector, dataset, NATIVE)
    exact, nearby, tolerant = result.whole.tolerances
    assert exact.counts == ConfusionCounts(160 + 80, 80, 80, 2 * 2400 - 400, 160 + 80)
    assert exact.scores.iou == pytest.approx(240 / 400)
    assert exact.ods.threshold == pytest.approx(1, abs=1e-4)
    assert nearby.counts.true_positive == 160 + 120
    assert tolerant.scores.f1 == 1
    assert [item.name for item in result.items] == ["photo0", "photo1"]
    assert [item.scores.iou for item in result.items] == [1, pytest.approx(80 / 240)]
    assert result.whole.prevalence == pytest.approx(160 / 2400)
    assert (result.model, result.threshold_rule) == ("darkness", "fixed at 0.5")
    assert result.complete


def test_results_match_their_photos_when_sizes_differ_and_batches_are_shared(
    tmp_path: Path, detector: CrackDetector
) -> None:
    samples = []
    for index, (height, width) in enumerate([(40, 60), (700, 30), (40, 60), (16, 16), (600, 600)]):
        photo = np.full((height, width, 3), 200, np.uint8)
        photo[: 2 + index] = 0
        cv2.imwrite(str(tmp_path / f"{index}.png"), photo)
        cv2.imwrite(str(tmp_path / f"{index}-mask.png"), 255 - photo[..., 0])
        samples.append(Sample(str(index), tmp_path / f"{index}.png", tmp_path / f"{index}-mask.png"))
    result = evaluate(detector, CrackDataset("roads", "test", tmp_path, tuple(samples)), NATIVE)
    assert [item.scores.iou for item in result.items] == [1] * 5
    assert [item.counts[0].annotated for item in result.items] == [120, 90, 240, 80, 3600]


def test_paper_protocol_compares_at_256_pixels(write_dataset: WriteDataset, detector: CrackDetector) -> None:
    result = evaluate(detector, write_dataset([BAR], [BAR], size=(128, 128)), PAPER)
    assert result.whole.exact.counts.pixels == 256 * 256
    assert result.whole.exact.counts.annotated == 4 * 160


def test_progress_counts_samples(write_dataset: WriteDataset, detector: CrackDetector) -> None:
    calls: list[tuple[int, int]] = []
    dataset = write_dataset([BAR] * 3, [BAR, None, BAR])
    evaluate(detector, dataset, NATIVE, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(1, 2), (2, 2)]


def test_an_unreadable_photo_is_reported_and_costs_no_other(
    write_dataset: WriteDataset, detector: CrackDetector
) -> None:
    dataset = write_dataset([BAR] * 3, [BAR] * 3)
    damaged = dataset[1].photo_path
    damaged.write_bytes(damaged.read_bytes()[:60])
    result = evaluate(detector, dataset, NATIVE)
    assert not result.complete
    assert [name for name, _ in result.unreadable] == ["photo1"]
    assert str(damaged) in result.unreadable[0][1]
    assert [item.name for item in result.items] == ["photo0", "photo2"]
    assert "**Incomplete**: darkness was not evaluated on photo1" in to_markdown([result])


def test_a_photo_the_detector_refuses_is_reported_and_costs_no_other(
    write_dataset: WriteDataset, detector: CrackDetector, tmp_path: Path
) -> None:
    dataset = write_dataset([BAR] * 3, [BAR] * 3)
    cv2.imwrite(str(dataset[1].photo_path), np.zeros((3, 5, 3), np.uint8))
    cv2.imwrite(str(dataset[1].mask_path), np.zeros((3, 5), np.uint8))
    result = evaluate(detector, dataset, NATIVE)
    assert [item.name for item in result.items] == ["photo0", "photo2"]
    assert result.whole.exact.scores.iou == 1
    assert [name for name, _ in result.unreadable] == ["photo1"]
    assert "5×3" in result.unreadable[0][1]


def test_a_mask_of_another_size_is_reported(write_dataset: WriteDataset, detector: CrackDetector) -> None:
    dataset = write_dataset([BAR] * 2, [BAR] * 2)
    cv2.imwrite(str(dataset[0].mask_path), np.zeros((20, 20), np.uint8))
    assert [name for name, _ in evaluate(detector, dataset, NATIVE).unreadable] == ["photo0"]


def test_no_masks_at_all(write_dataset: WriteDataset, detector: CrackDetector, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has 2 photos and none with a crack mask"):
        evaluate(detector, write_dataset([BAR] * 2, [None, None]), NATIVE)


def test_nothing_readable(write_dataset: WriteDataset, detector: CrackDetector) -> None:
    dataset = write_dataset([BAR], [BAR])
    dataset[0].photo_path.write_bytes(b"")
    with pytest.raises(DataError, match="none of the 1 annotated photos could be read"):
        evaluate(detector, dataset, NATIVE)


def test_deepcracks_training_scenes_are_also_left_out(
    write_dataset: WriteDataset, detector: CrackDetector
) -> None:
    dataset = write_dataset([BAR, BAR], [BAR, SHIFTED])
    leaked = Sample("11216", dataset[1].photo_path, dataset[1].mask_path)
    official = CrackDataset("deepcrack", "test", dataset.root, (dataset[0], leaked))
    everything, rest = evaluate(detector, official, NATIVE).groups
    assert (everything.name, everything.images) == ("all", 2)
    assert (rest.name, rest.images) == ("without training scenes", 1)
    assert rest.exact.scores.iou == 1
    assert everything.exact.scores.iou == pytest.approx(0.6)
    assert groups_of(dataset) == {"all": frozenset()}
    assert groups_of(CrackDataset("deepcrack", "train", dataset.root, ())) == {"all": frozenset()}
    assert len(groups_of(CrackDataset("deepcrack", "test, 1 photo in 4", dataset.root, ()))) == 2
    assert len(DATASETS["deepcrack"].training_scenes) == 11


def test_files(write_dataset: WriteDataset, detector: CrackDetector, tmp_path: Path) -> None:
    output = tmp_path / "out"
    result = evaluate(detector, write_dataset([BAR, BAR], [BAR, SHIFTED]), NATIVE, output=output)
    write_report([result], output)
    assert sorted(path.name for path in output.iterdir()) == [
        "evaluation.json",
        "evaluation.md",
        "panels",
        "panels.png",
        "per_image.csv",
    ]
    assert sorted(path.name for path in (output / "panels").iterdir()) == ["photo0.png", "photo1.png"]
    with (output / "per_image.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert [(line["name"], line["true_positive"], line["iou"]) for line in lines] == [
        ("photo0", "160", "1.000000"),
        ("photo1", "80", "0.333333"),
    ]
    figures = json.loads((output / "evaluation.json").read_text())["results"][0]
    assert figures["groups"][0]["tolerances"][0]["pooled"]["iou"] == pytest.approx(0.6)


def test_output_that_cannot_be_written(
    write_dataset: WriteDataset, detector: CrackDetector, tmp_path: Path
) -> None:
    (tmp_path / "out").write_text("a file, not a folder")
    with pytest.raises(OutputError, match="out"):
        evaluate(detector, write_dataset([BAR], [BAR]), NATIVE, output=tmp_path / "out")


REAL = os.environ.get("UPCRACKNET_DATA")


@pytest.mark.data
@pytest.mark.skipif(not REAL, reason="UPCRACKNET_DATA does not say where the real data sets are")
@pytest.mark.parametrize(
    ("name", "images", "prevalence", "otsu_iou", "best_iou"),
    [("deepcrack", 237, 4.326, 45.5, 59.3), ("cfd", 236, 1.924, 10.4, 31.1)],
)
def test_classical_baseline_on_real_data(
    name: str, images: int, prevalence: float, otsu_iou: float, best_iou: float
) -> None:
    """Figures of an independent three-line script: 45.8 and 59.3 on DeepCrack, 10.6 and 31.0 on CFD.

    Its Otsu worked on 8-bit maps, so its Otsu figures agree within 0.5 only. Its masks were shrunk by the
    former rule.
    """
    result = evaluate(CrackDetector(LocalContrast(), Threshold()), open_dataset(name), PAPER_SHIFTED)
    assert result.complete
    assert result.whole.images == images
    assert 100 * result.whole.prevalence == pytest.approx(prevalence, abs=0.001)
    assert 100 * result.whole.exact.scores.iou == pytest.approx(otsu_iou, abs=0.5)
    assert 100 * result.whole.exact.ods.scores.iou == pytest.approx(best_iou, abs=0.2)
