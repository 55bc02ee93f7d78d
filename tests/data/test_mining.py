import json
from pathlib import Path

import numpy as np
import pytest

from upcracknet.data.dataset import Sample
from upcracknet.data.folder import open_folder
from upcracknet.data.mining import contact_sheet, save_patches
from upcracknet.data.patches import UndamagedPatches
from upcracknet.data.photo import load_photo, save_image_atomically
from upcracknet.errors import OutputError


@pytest.fixture
def patches(tmp_path: Path) -> UndamagedPatches:
    photo = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    save_image_atomically(tmp_path / "road.png", photo)
    samples = [Sample("road", tmp_path / "road.png")]
    return UndamagedPatches(
        samples, size=16, window_sizes=(16,), stride=1, augment=False, patches_per_epoch=5
    )


def test_patches_on_disk_are_the_crops_of_the_manifest(patches: UndamagedPatches, tmp_path: Path) -> None:
    written: list[tuple[int, int]] = []
    manifest = save_patches(patches, tmp_path / "out", on_saved=lambda *counts: written.append(counts))
    assert written == [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]
    on_disk = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert on_disk == manifest
    photo = load_photo(tmp_path / "road.png")
    for entry in on_disk["patches"]:
        assert (entry["photo"], entry["size"]) == ("road", 16)
        crop = photo[entry["top"] : entry["top"] + 16, entry["left"] : entry["left"] + 16]
        np.testing.assert_array_equal(load_photo(tmp_path / "out" / entry["file"]), crop)


def test_written_folder_opens_as_undamaged_photos(patches: UndamagedPatches, tmp_path: Path) -> None:
    save_patches(patches, tmp_path / "out")
    dataset = open_folder(tmp_path / "out", "train")
    assert len(dataset) == 5
    assert all(sample.mask_path is None for sample in dataset)


def test_earlier_patches_are_not_mixed_in(patches: UndamagedPatches, tmp_path: Path) -> None:
    save_patches(patches, tmp_path / "out")
    with pytest.raises(OutputError, match="holds files already"):
        save_patches(patches, tmp_path / "out")


def test_contact_sheet() -> None:
    pictures = list(np.random.default_rng(0).integers(0, 256, (5, 16, 16, 3), np.uint8))
    sheet = contact_sheet(pictures, 16, rows=4, columns=3)
    assert sheet.shape == (2 * 16 + 4, 3 * 16 + 2 * 4, 3)
    np.testing.assert_array_equal(sheet[20:, :16], pictures[3])
    assert (sheet[20:, 40:] == 255).all()  # the sixth place
    assert (sheet[16:20] == 255).all()  # the gap
    assert contact_sheet(iter(pictures), 8, rows=1, columns=2).shape == (8, 8 + 4 + 8, 3)
