"""Annotated masks of every kind, read as crack or no crack."""

from pathlib import Path

import numpy as np
import pytest
import scipy.io
from PIL import Image

from upcracknet.data.photo import load_mask, save_image_atomically
from upcracknet.errors import PhotoError

CRACK = np.zeros((20, 30), np.bool_)
CRACK[8:10] = True


@pytest.mark.parametrize(
    ("name", "pixels"),
    [
        ("one.png", CRACK.astype(np.uint8)),
        ("full.png", CRACK * np.uint8(255)),
        ("bright.png", np.where(CRACK, 200, 20).astype(np.uint8)),
        ("sixteen.png", CRACK * np.uint16(65535)),
        ("sixteen-one.png", CRACK.astype(np.uint16)),
        ("sixteen-bits-of-eight.png", CRACK * np.uint16(255)),
        ("sixteen-red.png", np.stack([CRACK * np.uint16(255), *2 * [CRACK * np.uint16(0)]], axis=2)),
        ("red.png", np.stack([CRACK * np.uint8(255), CRACK * np.uint8(0), CRACK * np.uint8(0)], axis=2)),
    ],
)
def test_masks_of_every_kind(name: str, pixels: np.ndarray, tmp_path: Path) -> None:
    save_image_atomically(tmp_path / name, pixels)
    np.testing.assert_array_equal(load_mask(tmp_path / name), CRACK)


def test_one_bit_and_jpeg_masks(tmp_path: Path) -> None:
    Image.fromarray(CRACK).save(tmp_path / "a.png")
    Image.fromarray(CRACK * np.uint8(255)).save(tmp_path / "a.jpg", quality=60)
    for name in ("a.png", "a.jpg"):
        mask = load_mask(tmp_path / name)
        assert mask.dtype == np.bool_
        np.testing.assert_array_equal(mask, CRACK)


def test_true_is_one_byte_of_one(tmp_path: Path) -> None:
    """Of a 1-bit image Pillow gives 255 for True, at which scikit-image's skeleton reads beyond its table."""
    pixels = np.arange(64).reshape(8, 8) % 3 == 0
    Image.fromarray(pixels).save(tmp_path / "bit.png")
    mask = load_mask(tmp_path / "bit.png")
    assert np.array_equal(mask.view(np.uint8), pixels.astype(np.uint8))


def test_masks_without_cracks_and_all_crack(tmp_path: Path) -> None:
    for value in (0, 255):
        Image.new("L", (5, 4), value).save(tmp_path / "a.png")
        assert (load_mask(tmp_path / "a.png") == bool(value)).all()


def test_what_is_no_mask(tmp_path: Path) -> None:
    classes = np.zeros((9, 9), np.uint8)
    classes[0] = 3
    save_image_atomically(tmp_path / "classes.png", classes)
    with pytest.raises(PhotoError, match="brightest mask value is 3"):
        load_mask(tmp_path / "classes.png")
    save_image_atomically(tmp_path / "photo.png", np.arange(256, dtype=np.uint8).reshape(16, 16))
    with pytest.raises(PhotoError, match="50% of the mask"):
        load_mask(tmp_path / "photo.png")


def test_damaged_annotations_are_one_line(tmp_path: Path) -> None:
    labels = np.array([[1, 2, 3], [4, 2, 1]], np.uint8)
    scipy.io.savemat(tmp_path / "other.mat", {"something": labels})
    scipy.io.savemat(tmp_path / "volume.mat", {"groundTruth": {"Segmentation": np.zeros((2, 3, 4))}})
    (tmp_path / "text.mat").write_text("no annotation\n" * 20)
    (tmp_path / "empty.mat").write_bytes(b"")
    for name in ("other", "volume", "text", "empty", "missing"):
        with pytest.raises(PhotoError, match=f"{name}.mat: ") as caught:
            load_mask(tmp_path / f"{name}.mat")
        assert "\n" not in str(caught.value)
