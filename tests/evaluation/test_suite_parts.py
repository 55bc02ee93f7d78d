import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from upcracknet.data.dataset import CrackDataset
from upcracknet.errors import OutputError
from upcracknet.evaluation import suite_parts
from upcracknet.evaluation.suite_parts import PartStore, code_digest, dataset_digest

KEY, PART = {"model": "a", "sha256": None}, {"iou": 0.5, "unreadable": []}


def test_a_part_comes_back_under_its_key_alone(tmp_path: Path) -> None:
    store = PartStore(tmp_path / "parts")
    assert store.load("a", KEY) is None
    store.save("a", KEY, PART)
    assert store.load("a", KEY) == PART
    assert store.load("a", KEY | {"sha256": "1"}) is None
    assert store.load("b", KEY) is None
    assert PartStore(tmp_path / "parts", overwrite=True).load("a", KEY) is None


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"key": {"model": "a", "sha256": null}}', b"\xff"])
def test_a_damaged_part_is_measured_again(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "a.json").write_bytes(damage)
    assert PartStore(tmp_path).load("a", KEY) is None


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "parts").write_text("a file")
    with pytest.raises(OutputError, match="parts"):
        PartStore(tmp_path / "parts").save("a", KEY, PART)


def test_the_code_that_figures_depend_on(monkeypatch: pytest.MonkeyPatch) -> None:
    everything = code_digest()
    assert everything == code_digest()
    monkeypatch.setattr(suite_parts, "CODE", ("detection", "evaluation/thin.py"))
    part = code_digest()
    assert part != everything
    monkeypatch.setattr(suite_parts, "CODE", ("detection",))
    assert code_digest() not in (part, everything)


def test_a_changed_photo_changes_the_digest(write_dataset: Callable[..., CrackDataset]) -> None:
    bar = np.s_[10:14, :]
    dataset = write_dataset([bar, bar], [bar, None])
    before = dataset_digest(dataset)
    assert dataset_digest(dataset) == before
    assert dataset_digest(CrackDataset("roads", "test", dataset.root, dataset.samples[:1])) != before
    os.utime(dataset[0].photo_path, (1, 1))
    assert dataset_digest(dataset) != before
    dataset[0].photo_path.unlink()
    assert dataset_digest(dataset)
