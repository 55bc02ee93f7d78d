import json

import pytest

from upcracknet.data.registry import open_dataset
from upcracknet.errors import DataError
from upcracknet.reproduction import packs
from upcracknet.reproduction.packs import PARTS, unpacked, write_packs


def contents(dataset):
    return {
        sample.name: (sample.photo_path.read_bytes(), sample.mask_path.read_bytes()) for sample in dataset
    }


def test_unpacked_photos_are_the_packed_ones(made_datasets, tmp_path, monkeypatch):
    monkeypatch.setattr(packs, "LARGEST", 8000)
    written = write_packs(made_datasets, tmp_path / "packs")
    assert len(written) > len(PARTS), "a part that is too large makes several packs"
    root = unpacked(tmp_path / "packs", tmp_path / "data")
    for name, split in PARTS:
        assert contents(open_dataset(name, root, split)) == contents(open_dataset(name, made_datasets, split))


def test_the_same_photos_are_the_same_pack(made_datasets, tmp_path):
    first, second = (write_packs(made_datasets, tmp_path / name) for name in ("a", "b"))
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_packs_that_are_not_here_are_left_out_and_each_is_unpacked_once(made_datasets, tmp_path):
    for path in write_packs(made_datasets, tmp_path / "packs"):
        if "deepcrack-train" not in path.name:
            path.unlink()
    root = unpacked(tmp_path / "packs", tmp_path / "data")
    assert len(open_dataset("deepcrack", root, "train")) == 4
    with pytest.raises(DataError):
        open_dataset("crack500", root, "train")
    photo = root / "DeepCrack" / "train_img" / "0.jpg"
    photo.write_bytes(b"")
    unpacked(tmp_path / "packs", tmp_path / "data")
    assert photo.read_bytes() == b""


def test_another_pack_than_the_one_that_was_written_is_refused(made_datasets, tmp_path):
    pack = write_packs(made_datasets, tmp_path)[0]
    pack.write_bytes(pack.read_bytes()[:-1])
    expected = json.loads((tmp_path / "packs.json").read_text())[pack.name]
    with pytest.raises(DataError, match=f"expected {expected}"):
        unpacked(tmp_path, tmp_path / "data")
    assert not (tmp_path / "data").exists()
