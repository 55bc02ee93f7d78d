from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from upcracknet.data.dataset import CrackDataset, Sample
from upcracknet.detection import CrackDetector
from upcracknet.evaluation import NATIVE, evaluate
from upcracknet.evaluation.confusion import ConfusionCounts
from upcracknet.evaluation.examples import choose_examples
from upcracknet.evaluation.panels import GAP, TRUE_POSITIVE
from upcracknet.evaluation.results import ItemResult

WriteDataset = Callable[..., CrackDataset]
BAR = np.s_[10:14, 10:50]


def results(count: int) -> list[ItemResult]:
    """Result k has an IoU of k / count, in a shuffled order."""
    order = np.random.default_rng(0).permutation(count)
    return [
        ItemResult(
            str(k),
            Sample(str(k), Path("x.png")),
            0.5,
            {0: ConfusionCounts(int(k), 0, count - int(k), 0, int(k))},
        )
        for k in order
    ]


def test_best_median_and_worst() -> None:
    chosen = choose_examples(results(21), 9)
    assert [item.name for _, item in chosen] == ["20", "19", "18", "11", "10", "9", "2", "1", "0"]
    assert [kind for kind, _ in chosen] == ["best"] * 3 + ["median"] * 3 + ["worst"] * 3


@pytest.mark.parametrize(
    ("available", "asked", "expected"), [(2, 9, 2), (9, 9, 9), (10, 9, 9), (10, 11, 9), (4, 3, 3)]
)
def test_none_is_chosen_twice(available: int, asked: int, expected: int) -> None:
    names = [item.name for _, item in choose_examples(results(available), asked)]
    assert len(names) == len(set(names)) == expected


def test_panel_shows_the_detectors_mask_at_full_size(
    write_dataset: WriteDataset, detector: CrackDetector, tmp_path: Path
) -> None:
    evaluate(detector, write_dataset([BAR], [BAR]), NATIVE, output=tmp_path / "out")
    panel = cv2.imread(str(tmp_path / "out" / "panels" / "photo0.png"))[..., ::-1]
    assert panel.shape == (40, 4 * 60 + 3 * GAP, 3)
    assert (panel[:, -60:][BAR] == TRUE_POSITIVE).all()


def test_no_panels_on_request(write_dataset: WriteDataset, detector: CrackDetector, tmp_path: Path) -> None:
    evaluate(detector, write_dataset([BAR], [BAR]), NATIVE, output=tmp_path / "out", examples=0)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["per_image.csv"]
