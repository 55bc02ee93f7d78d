"""A correction whose mask or file cannot be written leaves what was said before, mask and all."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest
from tests.faults.injection import Fault, watched
from tests.results.conftest import IN_MM, content

from upcracknet.errors import DataError, OutputError
from upcracknet.results import read_results
from upcracknet.results.correcting import withdraw_correction, write_correction
from upcracknet.results.corrections import Correction, read_correction

NAME = "day-0/002.png"
FILE, MASK = f"out/corrections/{NAME}.json", f"out/corrections/{NAME}.png"


def line_mask(thickness: int = 4) -> np.ndarray:
    mask = np.zeros((64, 96), bool)
    mask[10 : 10 + thickness, 20:80] = True
    return mask


@pytest.fixture
def results(photos, detect, tmp_path):
    detect(photos, measure=IN_MM)
    return read_results(tmp_path / "out")


def fail() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("links", [True, False], ids=["links", "a disk without links"])
@pytest.mark.parametrize("before", [None, "rejected", "corrected"])
@pytest.mark.parametrize(
    "touch", ["write out/corrections/day-0/.upcracknet-*", f"replace {MASK}", f"replace {FILE}"]
)
def test_what_was_said_before_stays(results, tmp_path, monkeypatch, touch, before, links):
    if before is not None:
        write_correction(
            results, Correction(NAME, before, note="first"), line_mask() if before == "corrected" else None
        )
    known = content(results.path)
    if not links:
        monkeypatch.setattr(Path, "hardlink_to", lambda *places: fail())
    fault = Fault(tmp_path, touch, fail)
    with watched(fault), pytest.raises(OutputError, match="No space left"):
        write_correction(results, Correction(NAME, "corrected", note="second"), line_mask(9))
    assert fault.met
    assert content(results.path) == known
    written = write_correction(results, Correction(NAME, "corrected", note="second"), line_mask(9))
    assert read_correction(results, NAME) == written


@pytest.mark.parametrize("touch", [f"replace {MASK}", f"replace {FILE}"])
def test_nothing_is_made_where_a_folder_was_moved_away(results, tmp_path, touch):
    """Else a file could name a mask that lies elsewhere."""
    write_correction(results, Correction(NAME, "corrected", note="first"), line_mask())
    away = tmp_path / "away"
    fault = Fault(tmp_path, touch, lambda: results.path.rename(away))
    with watched(fault), pytest.raises(OutputError, match="cannot write"):
        write_correction(results, Correction(NAME, "corrected", note="second"), line_mask(9))
    assert fault.met and not results.path.exists()
    assert read_correction(read_results(away), NAME).note == "first"


def test_a_mask_that_cannot_be_deleted_is_read_by_nobody(results, tmp_path):
    write_correction(results, Correction(NAME, "corrected"), line_mask())
    with watched(Fault(tmp_path, f"delete {MASK}", fail)):
        write_correction(results, Correction(NAME, "rejected"))
    assert read_correction(results, NAME).mask is None
    write_correction(results, Correction(NAME, "corrected"), line_mask())
    with watched(Fault(tmp_path, f"delete {MASK}", fail)):
        withdraw_correction(results, NAME)
    assert read_correction(results, NAME) is None


def test_a_mask_that_cannot_be_read_is_not_accepted(results, tmp_path):
    """An answer without its checksum would count for any later mask."""
    with (
        watched(Fault(tmp_path, f"read out/masks/{NAME}.png", fail)),
        pytest.raises(DataError, match=r"002\.png\.png: cannot be read \(No space left"),
    ):
        write_correction(results, Correction(NAME, "accepted"))
    assert read_correction(results, NAME) is None


def test_what_no_file_can_keep_replaces_nothing(results):
    write_correction(results, Correction(NAME, "corrected", note="first"), line_mask())
    known = content(results.path)
    with pytest.raises(DataError, match="holds what no file can keep, such as control signs"):
        write_correction(results, Correction(NAME, "rejected", note="a\0b"))
    assert content(results.path) == known
