from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from PIL import Image

from upcracknet import CrackDetector
from upcracknet.detection import Threshold
from upcracknet.detection.scorer import BaseScorer
from upcracknet.errors import ConfigurationError, PhotoError, WeightsError


@dataclass
class Darkness(BaseScorer):
    """Scores each pixel by itself, so that tiled and whole results must agree exactly."""

    name: str = "darkness"
    input_size: int | None = 64
    batches: list[int] = field(default_factory=list)

    def score(self, images: torch.Tensor) -> torch.Tensor:
        self.batches.append(len(images))
        return 1 - images.mean(dim=1)


def darkness(photo: np.ndarray) -> np.ndarray:
    return 1 - photo.astype(np.float32).mean(axis=2) / 255


@pytest.mark.parametrize("size", [(64, 64), (63, 200), (129, 64), (16, 500), (300, 301)])
@pytest.mark.parametrize("input_size", [64, None])
def test_the_result_has_the_photos_own_size(size, input_size):
    photo = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    crack_map = CrackDetector(Darkness(input_size=input_size), Threshold(0.6), overlap=16).detect(photo)
    assert crack_map.score.dtype == np.float32
    assert crack_map.mask.dtype == np.bool_
    np.testing.assert_allclose(crack_map.score, darkness(photo), atol=1e-5)
    np.testing.assert_array_equal(crack_map.mask, crack_map.score > 0.6)
    np.testing.assert_array_equal(crack_map.photo, photo)


def test_many_photos_come_back_in_order_in_full_batches():
    generator = np.random.default_rng(0)
    sizes = [(64, 64), (64, 100), (20, 20), (200, 64), (64, 64), (64, 64)]
    photos = [generator.integers(0, 256, (*size, 3), dtype=np.uint8) for size in sizes]
    scorer = Darkness()
    crack_maps = list(CrackDetector(scorer, Threshold(0.5), overlap=16, batch_size=4).detect_many(photos))
    for photo, crack_map in zip(photos, crack_maps, strict=True):
        np.testing.assert_allclose(crack_map.score, darkness(photo), atol=1e-5)
    assert set(scorer.batches[:-1]) == {4}


def test_only_the_photos_in_work_are_read():
    read = []

    def photos():
        for number in range(20):
            read.append(number)
            yield np.zeros((64, 64, 3), np.uint8)

    results = CrackDetector(Darkness(), Threshold(0.5), batch_size=4).detect_many(photos())
    next(results)
    assert len(read) <= 8


@pytest.mark.parametrize("kind", ["array", "grey", "path", "text", "picture"])
def test_a_photo_may_be_an_array_a_path_or_a_picture(kind, tmp_path, photo):
    Image.fromarray(photo).save(tmp_path / "road.png")
    grey = photo[..., 0].copy()
    given = {
        "array": photo,
        "grey": grey,
        "path": tmp_path / "road.png",
        "text": str(tmp_path / "road.png"),
        "picture": Image.fromarray(photo),
    }[kind]
    crack_map = CrackDetector(Darkness(), Threshold()).detect(given)
    assert crack_map.mask.shape == (100, 150)
    assert crack_map.mask[48:52].all()


@pytest.mark.parametrize("size", [(1, 1), (20000, 3), (15, 100)])
def test_pictures_too_small_to_show_a_crack_are_refused(size):
    detector = CrackDetector(Darkness(), Threshold(0.5))
    with pytest.raises(PhotoError, match=f"{size[1]}×{size[0]} pixels, at least 16×16"):
        detector.detect(np.zeros((*size, 3), np.uint8))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_refused(value):
    photo = np.full((64, 64, 3), 0.5, np.float32)
    photo[3, 4, 1] = value
    with pytest.raises(PhotoError):
        CrackDetector(Darkness(), Threshold(0.5)).detect(photo)


def test_a_bad_photo_does_not_cost_those_before_it(tmp_path):
    photos = [np.zeros((64, 64, 3), np.uint8), np.zeros((64, 64, 3), np.uint8), tmp_path / "missing.jpg"]
    results = CrackDetector(Darkness(), Threshold(0.5)).detect_many(photos)
    assert [next(results).mask.shape for _ in range(2)] == [(64, 64)] * 2
    with pytest.raises(PhotoError, match=r"missing\.jpg"):
        next(results)


def test_each_result_has_the_key_of_its_photo(tmp_path):
    photos = np.random.default_rng(0).integers(0, 256, (5, 64, 80, 3), dtype=np.uint8)
    items = [("first", photos[0]), ("missing", tmp_path / "missing.jpg"), ("third", lambda: photos[2])]
    items += [("tiny", photos[3][:8]), ("last", photos[4])]
    found = dict(CrackDetector(Darkness(), Threshold(0.5), batch_size=3).detect_each(items))
    assert list(found) == ["first", "missing", "third", "tiny", "last"]
    for name, photo in (("first", photos[0]), ("third", photos[2]), ("last", photos[4])):
        np.testing.assert_allclose(found[name].score, darkness(photo), atol=1e-5)
    assert "missing.jpg: no such file" in str(found["missing"])
    assert "tiny: 80×8 pixels" in str(found["tiny"])


def test_impossible_settings_are_refused():
    for overlap in (-1, 33):
        with pytest.raises(ConfigurationError, match=f"overlap of {overlap} pixels: expected 0 to 32"):
            CrackDetector(Darkness(), Threshold(0.5), overlap=overlap)
    assert CrackDetector(Darkness(), Threshold(0.5), overlap=32).overlap == 32
    with pytest.raises(ConfigurationError, match="batch size 0"):
        CrackDetector(Darkness(), Threshold(0.5), batch_size=0)


def test_a_self_trained_model_loads_from_its_file_and_its_run_folder(small_model, photo):
    by_file = CrackDetector.from_pretrained(small_model).detect(photo)
    small_model.rename(small_model.with_name("generator.safetensors"))
    by_folder = CrackDetector.from_pretrained(small_model.parent).detect(photo)
    np.testing.assert_array_equal(by_file.score, by_folder.score)
    assert 0 <= by_file.score.min() <= by_file.score.max() <= 1


@pytest.mark.parametrize("preset", ["paper", "authors"])
def test_each_preset_gives_the_same_map_for_the_same_photo(small_model, photo, preset):
    detector = CrackDetector.from_pretrained(small_model, preset=preset)
    first, second = detector.detect_many([photo, photo])
    third = detector.detect(photo)
    assert first.mask.any()
    np.testing.assert_array_equal(first.score, third.score)
    if preset == "paper":
        np.testing.assert_array_equal(first.score, second.score)


def test_statistics_of_the_image_do_not_depend_on_the_batch(small_model):
    photos = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)
    batched = CrackDetector.from_pretrained(small_model, batch_size=3).detect_many(photos)
    single = CrackDetector.from_pretrained(small_model, batch_size=1).detect_many(photos)
    for one, other in zip(batched, single, strict=True):
        np.testing.assert_allclose(one.score, other.score, atol=1e-5)


def test_unknown_models_and_presets_are_named():
    with pytest.raises(
        WeightsError, match=r"no-such-model: no such model; give one of default, up-cracknet-32"
    ):
        CrackDetector.from_pretrained("no-such-model")
    with pytest.raises(ConfigurationError, match="crack remover has no preset 'no-such'; leave --preset out"):
        CrackDetector.from_pretrained("default", preset="no-such")
