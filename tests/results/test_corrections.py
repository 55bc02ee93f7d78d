"""Corrections are kept apart from the model's answer, count in the measures, and can be withdrawn."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import cv2
import numpy as np
import pytest
from tests.results.conftest import IN_MM, content, cracks, of, rows

from upcracknet.errors import DataError
from upcracknet.results import DetectionOptions, read_results
from upcracknet.results.correcting import withdraw_correction, write_correction
from upcracknet.results.corrections import Correction, correction_checksum, read_correction, read_corrections

NAME = "day-0/002.png"
OTHER = DetectionOptions("sauvola", runtime="torch")


def line_mask(thickness: int = 4) -> np.ndarray:
    """A level crack of 60 pixels, in a photo of conftest.py; a joint would span it all."""
    mask = np.zeros((64, 96), bool)
    mask[10 : 10 + thickness, 20:80] = True
    return mask


def corrected(name: str = NAME, **more) -> Correction:
    return Correction(name, "corrected", source="test", time="2026-05-01T12:00:00+00:00", **more)


@pytest.fixture
def results(photos, detect, tmp_path):
    detect(photos, measure=IN_MM)
    return read_results(tmp_path / "out")


class TestFile:
    def test_it_holds_what_the_contract_says(self, results):
        write_correction(results, corrected(note="two cracks, not one"), line_mask())
        path = results.path / "corrections" / "day-0" / "002.png.json"
        assert json.loads(path.read_bytes()) == {
            "format": "upcracknet correction",
            "version": 1,
            "name": NAME,
            "status": "corrected",
            "reason": None,
            "note": "two cracks, not one",
            "source": "test",
            "time": "2026-05-01T12:00:00+00:00",
            "mask": "corrections/day-0/002.png.png",
            "accepted_sha256": None,
            "photo_bytes": read_results(results.path).record(NAME).stamp.split()[0],
        }
        mask = cv2.imread(str(results.file("corrections/day-0/002.png.png")), cv2.IMREAD_UNCHANGED)
        assert np.array_equal(mask, line_mask() * 255) and mask.dtype == np.uint8
        assert [*read_corrections(results)] == [read_correction(results, NAME)]

    def test_a_photo_without_one(self, results):
        assert read_correction(results, NAME) is None
        assert correction_checksum(results, NAME) is None
        assert [*read_corrections(results)] == []

    def test_the_model_s_answer_stays(self, results, measure):
        before = content(results.path)
        write_correction(results, corrected(), line_mask())
        measure(IN_MM)
        after = content(results.path)
        kept = [name for name in before if name.startswith(("masks/", "overlays/", "scores/"))]
        assert len(kept) == 12 and all(before[name] == after[name] for name in kept)

    def test_a_mask_of_a_wrong_size_is_refused(self, results):
        with pytest.raises(DataError, match="corrected mask: 96x60 pixels, expected 96x64"):
            write_correction(results, corrected(), np.zeros((60, 96), bool))
        assert not (results.path / "corrections").exists()

    @pytest.mark.parametrize(("status", "mask"), [("corrected", None), ("accepted", line_mask())])
    def test_only_a_corrected_photo_has_a_mask(self, results, status, mask):
        with pytest.raises(DataError, match="a mask goes with the status `corrected`"):
            write_correction(results, Correction(NAME, status), mask)

    def test_an_unknown_photo(self, results):
        with pytest.raises(DataError, match=r"nothing\.png"):
            write_correction(results, Correction("day-0/nothing.png", "accepted"))

    @pytest.mark.parametrize(
        "change",
        [
            {"version": 2},
            {"name": "day-0/004.png"},
            {"status": "fine"},
            {"reason": "tree"},
            {"mask": "../mask.png"},
            {"mask": None},
            {"note": 3},
            {"note": float("nan")},
            {"time": None},
            {"accepted_sha256": 3},
        ],
    )
    def test_a_damaged_one_is_named(self, results, change):
        write_correction(results, corrected(), line_mask())
        path = results.path / "corrections" / f"{NAME}.json"
        path.write_text(json.dumps(json.loads(path.read_bytes()) | change))
        with pytest.raises(DataError, match=r"002\.png\.json: no correction"):
            read_correction(results, NAME)
        with pytest.raises(DataError, match=r"002\.png\.json: no correction"):
            write_correction(results, corrected(), line_mask())  # files of others are not replaced

    def test_accepting_later_drops_the_mask(self, results):
        write_correction(results, corrected(), line_mask())
        write_correction(results, Correction(NAME, "accepted"))
        found = read_correction(results, NAME)
        assert found is not None
        assert (found.status, found.mask) == ("accepted", None)
        assert [path.name for path in (results.path / "corrections").rglob("*.png")] == []

    def test_killed_while_it_writes(self, results, tmp_path):
        """Whenever it is killed, each correction that is there has its mask."""
        script = (
            "import sys, numpy as np\n"
            "from upcracknet.results import read_results\n"
            "from upcracknet.results.correcting import write_correction\n"
            "from upcracknet.results.corrections import Correction\n"
            "results = read_results(sys.argv[1])\n"
            "print('ready', flush=True)\n"
            "for number in range(100_000):\n"
            "    status = ('corrected', 'accepted')[number % 2]\n"
            "    mask = np.full((64, 96), number % 4 == 0) if status == 'corrected' else None\n"
            f"    write_correction(results, Correction({NAME!r}, status), mask)\n"
        )
        for attempt in range(3):
            process = subprocess.Popen(
                [sys.executable, "-c", script, str(results.path)], stdout=subprocess.PIPE, text=True
            )
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(0.05 + 0.031 * attempt)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            process.stdout.close()
            found = read_correction(results, NAME)
            assert found is None or found.mask is None or results.file(found.mask).exists()


class TestMeasure:
    def test_the_corrected_mask_counts(self, results, measure):
        write_correction(results, corrected(), line_mask())
        records, counts, _ = measure(IN_MM)
        assert [record.name for record in records] == [NAME]
        (record,) = records
        assert (record.review_status, record.reviewer_note) == ("corrected", None)
        assert record.crack_pixels == 240
        assert record.area_share == pytest.approx(240 / (64 * 96), abs=1e-6)
        assert record.crack_area_cm2 == pytest.approx(240 * 0.04)
        (crack,) = [row for row in cracks(results.path) if row["name"] == NAME]
        assert float(crack["length_px"]) == pytest.approx(60, abs=1)
        assert float(crack["length_mm"]) == pytest.approx(120, abs=2)
        assert (counts.reviewed, counts.measured) == (1, 6)
        assert json.loads((results.path / "summary.json").read_bytes())["reviewed"] == 1

    def test_a_rejected_photo_has_no_cracks(self, results, measure):
        """Complaint 21 (cityofaustin/atd-data-tech#28543): yes, no, other, and notes, in the table."""
        write_correction(results, Correction(NAME, "rejected", "shadow", "of a tree"))
        write_correction(results, Correction("day-1/001.png", "accepted"))
        found = of(measure(IN_MM)[0])
        record = found[NAME]
        assert (record.crack_pixels, record.crack_count, record.crack_length_m) == (0, 0, 0.0)
        assert (record.area_share, record.crack_area_cm2, record.severity) == (0.0, 0.0, None)
        table = rows(results.path)
        assert (table[NAME]["review_status"], table[NAME]["reviewer_note"]) == (
            "rejected",
            "shadow: of a tree",
        )
        assert table["day-1/001.png"]["review_status"] == "accepted"
        assert table["day-1/001.png"]["crack_pixels"] != "0"
        assert table["day-0/000.png"]["review_status"] == table["day-0/000.png"]["reviewer_note"] == ""

    def test_only_changed_corrections_are_measured_again(self, results, measure):
        write_correction(results, corrected(), line_mask())
        assert len(measure(IN_MM)[0]) == 1
        assert measure(IN_MM)[0] == []
        write_correction(results, corrected(), line_mask(6))
        assert measure(IN_MM)[0][0].crack_pixels == 360
        cv2.imwrite(str(results.file(f"corrections/{NAME}.png")), line_mask(8) * np.uint8(255))
        assert measure(IN_MM)[0][0].crack_pixels == 480  # painted over in another program

    def test_a_withdrawn_one_leaves_everything_as_it_was(self, results, measure):
        before = content(results.path)
        write_correction(results, corrected(), line_mask())
        measure(IN_MM)
        assert content(results.path) != before
        withdraw_correction(results, NAME)
        assert [record.name for record in measure(IN_MM)[0]] == [NAME]
        assert content(results.path) == before

    def test_pictures_show_the_corrected_cracks(self, results, measure):
        pictures = replace(IN_MM, crack_pictures=True)
        found = of(measure(pictures)[0])[NAME]
        before = results.file(found.picture).read_bytes()
        write_correction(results, Correction(NAME, "rejected", "joint"))
        measure(pictures)
        assert results.file(found.picture).read_bytes() != before

    def test_detecting_again_keeps_it(self, results, photos, detect):
        write_correction(results, corrected(), line_mask())
        records, _ = detect(photos, measure=IN_MM, overwrite=True)
        assert of(records)[NAME].crack_pixels == 240
        assert of(records)[NAME].review_status == "corrected"
        assert detect(photos, measure=IN_MM)[0] == []

    @pytest.mark.parametrize("spoil", ["damaged", "other size", "no mask"])
    def test_one_that_cannot_be_used_costs_that_photo_alone(self, results, measure, spoil):
        write_correction(results, corrected(), line_mask())
        mask = results.file(f"corrections/{NAME}.png")
        if spoil == "damaged":
            (results.path / "corrections" / f"{NAME}.json").write_text("{")
        elif spoil == "no mask":
            mask.unlink()
        else:
            cv2.imwrite(str(mask), np.zeros((8, 8), np.uint8))
        write_correction(results, Correction("day-1/001.png", "accepted"))
        found = of(measure(IN_MM)[0])
        assert found[NAME].cracks is None and [*found[NAME].measures] == ["scale"]
        assert "not measured: " in found[NAME].measure_warning
        assert found["day-1/001.png"].review_status == "accepted"

    def test_a_folder_with_corrections_is_not_searched_for_photos(self, results, detect, tmp_path):
        write_correction(results, corrected(), line_mask())
        with pytest.raises(DataError, match="no photos found"):
            detect(results.path, out=tmp_path / "other")
