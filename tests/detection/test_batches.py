"""Batches that suit the device, and that shrink where memory runs out."""

import numpy as np
import pytest
import torch

from upcracknet.detection import CrackDetector, Threshold, batches
from upcracknet.detection.batches import CARD_PIXELS, Batches
from upcracknet.detection.scorer import BaseScorer
from upcracknet.errors import PhotoError


class Small(BaseScorer):
    """A scorer on a device that holds only so many pixels."""

    name = "small"

    def __init__(self, room: int, input_size: int | None = None) -> None:
        self.room, self.input_size = room, input_size
        self.asked = list[int]()

    def score(self, images: torch.Tensor) -> torch.Tensor:
        self.asked.append(len(images))
        if images[:, 0].numel() > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate too much")
        return 1 - images.mean(dim=1)


@pytest.fixture
def card(monkeypatch):
    """Batches take the scorer for one on a card; its images stay where they are."""
    monkeypatch.setattr(batches, "device_of", lambda scorer: torch.device("mps"))


def photos(count: int, size: tuple[int, int] = (32, 32)) -> list[np.ndarray]:
    return list(np.random.default_rng(0).integers(0, 256, (count, *size, 3), np.uint8))


def darkness(photo: np.ndarray) -> np.ndarray:
    return 1 - photo.astype(np.float32).mean(axis=2) / 255


def test_out_of_memory_halves_the_batch_and_later_ones_stay_small():
    scorer = Small(3 * 32 * 32)
    asked = Batches(scorer, 8)
    for _ in range(2):
        for photo, score in zip(photos(8), asked.scores(photos(8)), strict=True):
            np.testing.assert_allclose(score, darkness(photo), atol=1e-5)
    assert scorer.asked == [8, 4, 2, 2, 2, 2, 2, 2, 2, 2]


def test_a_tile_that_does_not_fit_alone_has_no_scores_and_costs_no_other():
    scorer = Small(32 * 32)
    asked = Batches(scorer)
    assert asked.scores(photos(1, (64, 64))) == [None]
    assert asked.scores(photos(1))[0] is not None


@pytest.mark.parametrize(("kind", "share"), [("cuda", 1), ("mps", 4)])
def test_a_card_takes_as_many_as_keep_it_busy(kind, share, monkeypatch):
    """Apple's less: its largest tensors have 4 GiB."""
    monkeypatch.setattr(batches, "device_of", lambda scorer: torch.device(kind))
    assert Batches(Small(0)).size(768, 768) == 16 // share
    assert Batches(Small(0, 256)).size(256, 256) == CARD_PIXELS // share // 256**2
    assert Batches(Small(0), 2).size(768, 768) == 2


def test_the_processor_takes_as_many_as_before():
    assert Batches(Small(0)).size(768, 768) == 1
    assert Batches(Small(0)).size(256, 256) == 8
    assert Batches(Small(0, 512)).size(512, 512) == 8


@pytest.mark.parametrize("where", ["processor", "card"])
def test_a_photo_too_large_for_memory_fails_by_name_and_the_others_go_on(where, request):
    if where == "card":
        request.getfixturevalue("card")
    given = {"first": photos(1)[0], "large": photos(1, (48, 48))[0], "last": photos(2)[1]}
    detector = CrackDetector(Small(32 * 32), Threshold(0.5))
    found = dict(detector.detect_each(given.items()))
    assert list(found) == ["first", "large", "last"]
    assert isinstance(found["large"], PhotoError)
    assert str(found["large"]).startswith("large: 48×48 pixels do not fit into the memory of")
    for name in ("first", "last"):
        np.testing.assert_allclose(found[name].score, darkness(given[name]), atol=1e-5)


def test_a_large_image_whose_tiles_do_not_fit_fails_by_name(tmp_path):
    detector = CrackDetector(Small(1), Threshold(0.5))
    with pytest.raises(PhotoError, match=r"ortho\.tif: 64×64 pixels do not fit into the memory of cpu"):
        detector.detect_rows(
            lambda tile: photos(1, (tile.height, tile.width))[0], (64, 64), "ortho.tif", tmp_path / "scores"
        )


@pytest.mark.usefixtures("card")
def test_on_a_card_photos_of_all_sizes_come_in_order():
    given = [photos(1, (32 + 16 * (number % 3), 48))[0] for number in range(20)]
    detector = CrackDetector(Small(5 * 48 * 64), Threshold(0.5))
    found = list(detector.detect_many(given))
    for photo, crack_map in zip(given, found, strict=True):
        np.testing.assert_allclose(crack_map.score, darkness(photo), atol=1e-5)


@pytest.mark.usefixtures("card")
def test_an_error_of_a_card_comes_to_the_caller():
    class Broken(Small):
        def score(self, images: torch.Tensor) -> torch.Tensor:
            raise RuntimeError("an illegal memory access was encountered")

    with pytest.raises(RuntimeError, match="illegal memory access"):
        CrackDetector(Broken(1), Threshold(0.5)).detect(photos(1)[0])


def test_large_photos_are_not_read_ahead_for_a_small_input():
    """Eight tiles of 256 pixels share a batch; eight photos of 100 megapixels would be 2.4 GB."""

    class Small(BaseScorer):
        name, input_size = "small", 256

        def score(self, images):
            return images[:, 0]

    batches = Batches(Small())
    assert batches.size(10_000, 10_000) == 8
    assert batches.ahead(10_000, 10_000) == 1
    assert batches.ahead(256, 256) == 8
