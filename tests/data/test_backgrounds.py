from functools import partial

import cv2
import numpy as np
import pytest

from upcracknet.data.backgrounds import (
    DOUBT,
    LabelledPhoto,
    LabelledPhotos,
    Labels,
    Memory,
    draw_place,
    undamaged_piece,
    without_cracks,
)
from upcracknet.data.dataset import Sample
from upcracknet.data.patches import UndamagedPatches
from upcracknet.data.photo import save_image_atomically


@pytest.fixture(scope="module")
def windows(tmp_path_factory) -> UndamagedPatches:
    """Windows of 32 and 64 pixels of a photo in which no two places look alike."""
    path = tmp_path_factory.mktemp("windows") / "photo.png"
    save_image_atomically(path, np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8))
    return UndamagedPatches([Sample("photo", path)], size=32, window_sizes=(32, 64), stride=8)


@pytest.mark.parametrize(("height", "width"), [(32, 32), (20, 40), (64, 64)])
def test_a_piece_has_the_size_that_is_wanted(windows, height, width):
    for seed in range(5):
        piece = undamaged_piece(windows, height, width, np.random.default_rng(seed))
        assert piece.photo.shape == (height, width, 3)
        assert piece.known.all()
        assert not piece.crack.any()


@pytest.mark.parametrize(("height", "width"), [(100, 100), (256, 128), (70, 300)])
def test_where_windows_are_too_small_a_piece_keeps_its_shape_and_is_no_mirror(windows, height, width):
    for seed in range(5):
        photo = undamaged_piece(windows, height, width, np.random.default_rng(seed)).photo
        assert max(photo.shape) == 64
        assert photo.shape[0] / photo.shape[1] == pytest.approx(height / width, rel=0.05)
        grey = photo[..., 0].astype(np.float32)
        for mirrored in (grey[::-1], grey[:, ::-1]):
            for patch_top in range(0, grey.shape[0] - 7, 8):
                piece = np.ascontiguousarray(grey[patch_top : patch_top + 8, :8])
                found = cv2.matchTemplate(np.ascontiguousarray(mirrored), piece, cv2.TM_CCOEFF_NORMED)
                assert found.max() < 0.9


def test_the_largest_of_a_few_windows_is_taken():
    """Photos whose windows are small are not enlarged where another photo has one that is large enough."""

    class Windows(UndamagedPatches):
        def __init__(self):
            pass

        def window(self, generator, least):
            return np.zeros((*[int(generator.choice((16, 64)))] * 2, 3), np.uint8)

    sides = [
        undamaged_piece(Windows(), 64, 64, np.random.default_rng(seed)).photo.shape[0] for seed in range(60)
    ]
    assert np.mean([side == 64 for side in sides]) > 0.75


def test_a_place_lies_within_the_whole_and_is_anywhere_in_it():
    generator = np.random.default_rng(0)
    seen = np.zeros((50, 80), bool)
    for _ in range(4000):
        rows, columns = draw_place((50, 80), 20, 30, generator)
        assert (rows.stop - rows.start, columns.stop - columns.start) == (20, 30)
        assert 0 <= rows.start <= rows.stop <= 50
        assert 0 <= columns.start <= columns.stop <= 80
        seen[rows, columns] = True
    assert seen.all()
    rows, columns = draw_place((1, 1), 900, 3, generator)
    assert (rows, columns) == (slice(0, 1), slice(0, 1))


def test_a_piece_has_the_scores_of_its_own_pixels():
    score = np.zeros((40, 60), np.uint8)
    score[:, 30:] = 255
    photo = np.repeat(score[..., None], 3, axis=2)
    labels = Labels([LabelledPhoto(photo, score)], sure=(0.05, 0.6))
    for seed in range(5):
        piece = labels.piece(20, 35, np.random.default_rng(seed))
        assert piece.photo.shape == (20, 35, 3)
        assert np.array_equal(piece.crack > 0, piece.photo[..., 0] == 255)


def test_what_lies_near_a_doubtful_score_is_not_known():
    score = np.zeros((41, 41), np.uint8)
    score[20, 20] = 40  # about 0.16
    labels = Labels([LabelledPhoto(np.zeros((41, 41, 3), np.uint8), score)], sure=(0.05, 0.6))
    piece = labels.piece(41, 41, np.random.default_rng(0))
    assert not piece.crack.any()
    assert (piece.known == 0).sum() == DOUBT**2
    assert piece.known[20, 20] == 0


def test_a_road_without_cracks_is_known_all_over():
    background = without_cracks(np.zeros((3, 5, 3), np.uint8))
    assert background.known.shape == background.crack.shape == (3, 5)
    assert background.known.all()
    assert not background.crack.any()


def test_labelled_photos_are_held_while_there_is_room_and_read_again_after_it():
    read = list[int]()

    def photo(number: int) -> LabelledPhoto:
        read.append(number)
        return LabelledPhoto(np.full((10, 10, 3), number, np.uint8), np.zeros((10, 10), np.uint8))

    memory = Memory(cache_bytes=2 * 400)
    photos = LabelledPhotos([memory.first_read(partial(photo, number)) for number in range(3)])
    assert read == [0, 1, 2]
    for _ in range(2):
        assert [labelled.photo[0, 0, 0] for labelled in photos] == [0, 1, 2]
    assert read == [0, 1, 2, 2, 2]
    assert [labelled.photo[0, 0, 0] for labelled in photos[1:]] == [1, 2]
