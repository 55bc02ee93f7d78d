from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from upcracknet.data.dataset import CrackDataset, Sample
from upcracknet.detection import CrackDetector
from upcracknet.evaluation import NATIVE, evaluate
from upcracknet.evaluation.metrics import ConfusionCounts
from upcracknet.evaluation.panels import (
    FALSE_NEGATIVE,
    FALSE_POSITIVE,
    GAP,
    STRIP,
    TRUE_POSITIVE,
    Example,
    choose_examples,
    color_confusion,
    color_score,
    comparison_panel,
    contact_sheet,
    scale_to_width,
    text_strip,
)
from upcracknet.evaluation.results import ItemResult

WriteDataset = Callable[..., CrackDataset]
BAR = np.s_[10:14, 10:50]

TRUTH = np.array([[True, True, False, False]])
PREDICTION = np.array([[True, False, True, False]])
PHOTO = np.full((1, 4, 3), 200, np.uint8)


def example(label: str = "best") -> Example:
    random = np.random.default_rng(0)
    photo = random.integers(0, 256, (48, 64, 3), dtype=np.uint8)
    truth, prediction = random.random((2, 48, 64)) < 0.1
    return Example(label, photo, truth, prediction, random.random((48, 64), np.float32))


def test_colours_of_the_four_cases() -> None:
    picture = color_confusion(PHOTO, TRUTH, PREDICTION)[0]
    assert tuple(picture[0]) == TRUE_POSITIVE
    assert tuple(picture[1]) == FALSE_NEGATIVE
    assert tuple(picture[2]) == FALSE_POSITIVE
    assert tuple(picture[3]) == (110, 110, 110)  # 200 darkened


def test_the_colours_are_green_red_and_blue() -> None:
    assert np.argmax(TRUE_POSITIVE) == 1
    assert np.argmax(FALSE_NEGATIVE) == 0
    assert np.argmax(FALSE_POSITIVE) == 2


def test_higher_scores_are_brighter_and_the_scale_is_the_maps_own() -> None:
    ramp = np.linspace(0, 0.01, 32, dtype=np.float32)[None]
    brightness = cv2.cvtColor(color_score(ramp), cv2.COLOR_RGB2GRAY)[0].astype(int)
    assert (np.diff(brightness) > 0).all()
    assert brightness[0] < 5
    assert (color_score(ramp) == color_score(100 * ramp)).all()
    red, _, blue = color_score(ramp)[0, 24]
    assert red > blue  # inferno goes over red, not blue


def test_a_map_of_zeros_is_black() -> None:
    assert color_score(np.zeros((4, 4), np.float32)).max() < 5


def test_panel_shows_photo_annotation_score_and_result() -> None:
    shown = example()
    panel = comparison_panel(shown)
    assert panel.shape == (48, 4 * 64 + 3 * GAP, 3)
    pictures = [panel[:, place * (64 + GAP) : place * (64 + GAP) + 64] for place in range(4)]
    assert (pictures[0] == shown.photo).all()
    assert (pictures[1] == 255 * shown.truth[..., None]).all()
    assert (pictures[2] == color_score(shown.score)).all()
    assert (pictures[3] == color_confusion(shown.photo, shown.truth, shown.prediction)).all()
    assert (panel[:, 64 : 64 + GAP] == 255).all()


@pytest.mark.parametrize("width", [32, 128])
def test_scaling_keeps_the_proportions(width: int) -> None:
    assert scale_to_width(example().photo, width).shape == (width * 48 // 64, width, 3)


def test_sheet_has_a_label_above_each_panel() -> None:
    sheet = contact_sheet([example("best"), example("worst")], width=64)
    assert sheet.shape == (2 * GAP + STRIP + 2 * (STRIP + 48), 2 * GAP + 4 * 64 + 3 * GAP, 3)
    labels = [sheet[GAP + STRIP + k * (STRIP + 48) :][:STRIP, GAP : GAP + 64] for k in range(2)]
    assert all((label < 128).any() for label in labels)
    assert (labels[0] != labels[1]).any()


def test_legend_names_the_three_colours() -> None:
    head = contact_sheet([example()], width=256)[: GAP + STRIP, -(256 + GAP) :].reshape(-1, 3)
    for color in (TRUE_POSITIVE, FALSE_POSITIVE, FALSE_NEGATIVE):
        assert (head == color).all(axis=1).sum() == 100


def test_labels_with_other_letters_are_written() -> None:
    assert (text_strip("Straße", 100) == text_strip("Stra?e", 100)).all()


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
    ("available", "asked", "expected"),
    [(2, 9, 2), (9, 9, 9), (10, 9, 9), (10, 11, 10), (12, 11, 11), (5, 1, 1), (5, 2, 2)],
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
