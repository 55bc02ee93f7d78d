"""From photos to a result folder: resumable, nothing lost, nothing foreign touched."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.results.conftest import LIGHT, content, rows

from upcracknet.detection.pretrained import load_pretrained
from upcracknet.results import MeasureOptions, open_detection, read_results
from upcracknet.runtime import Engine

FOLDERS = ("masks", "overlays", "scores", "records")


def test_every_photo_has_its_results(photos, detect, tmp_path):
    options, measure = replace(LIGHT, scores="png"), MeasureOptions(millimetres_per_pixel=2.0)
    records, counts = detect(photos, options=options, measure=measure)
    assert (len(records), counts.done, counts.with_cracks) == (6, 6, 6)
    out = tmp_path / "out"
    assert [*rows(out)] == [f"day-{n}/{n + 2 * k:03}.png" for n in (0, 1) for k in range(3)]
    for row in rows(out).values():
        mask = cv2.imread(str(out / row["mask"]), cv2.IMREAD_UNCHANGED)
        assert mask.shape == (64, 96) == (int(row["height"]), int(row["width"]))
        assert np.count_nonzero(mask) == int(row["crack_pixels"]) > 0
        assert float(row["crack_area_cm2"]) == pytest.approx(int(row["crack_pixels"]) * 4 / 100)
        assert cv2.imread(str(out / row["overlay"])).shape == (64, 96, 3)
        assert cv2.imread(str(out / row["score"]), cv2.IMREAD_UNCHANGED).dtype == np.uint16
    summary = json.loads((out / "summary.json").read_text())
    metres = sum(float(row["crack_length_m"]) for row in rows(out).values())
    assert summary.pop("crack_length_m") == pytest.approx(metres, abs=1e-3)
    assert sum(summary.pop("severity_length_m").values()) == pytest.approx(metres, abs=1e-2)
    assert summary == {
        "photos": 6, "done": 6, "failed": 0, "with_cracks": 6, "measured": 6, "reviewed": 0,
        "network_area_m2": 0.0,
    }  # fmt: skip


def test_both_tables_say_the_same(photos, detect, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    detect(photos)
    table = parquet.read_table(tmp_path / "out" / "photos.parquet").to_pylist()
    texts = [{key: "" if value is None else str(value) for key, value in row.items()} for row in table]
    assert texts == [*rows(tmp_path / "out").values()]


def test_a_second_run_does_only_what_is_missing(photos, detect, tmp_path):
    detect(photos)
    before = content(tmp_path / "out")
    assert detect(photos)[0] == []
    assert content(tmp_path / "out") == before
    (tmp_path / "out" / "masks" / "day-0" / "002.png.png").unlink()
    cv2.imwrite(str(photos / "day-1" / "001.png"), np.full((64, 96, 3), 99, np.uint8))
    records, counts = detect(photos)
    assert sorted(record.name for record in records) == ["day-0/002.png", "day-1/001.png"]
    assert counts.done == 6
    after = content(tmp_path / "out")
    assert after["masks/day-0/002.png.png"] == before["masks/day-0/002.png.png"]
    assert after["masks/day-1/001.png.png"] != before["masks/day-1/001.png.png"]
    assert len(detect(photos, options=replace(LIGHT, scores="npy"))[0]) == 6  # other settings
    assert len(detect(photos, options=replace(LIGHT, scores="npy"), overwrite=True)[0]) == 6


def test_a_folder_grows_with_further_photos(photos, detect, tmp_path):
    detect(photos / "day-0")
    records, counts = detect(photos / "day-1")
    assert (len(records), counts.photos) == (3, 3)
    assert len(rows(tmp_path / "out")) == 6
    assert len({row["mask"] for row in rows(tmp_path / "out").values()}) == 6
    assert detect(photos)[0] == []  # they keep the names they have


@pytest.mark.parametrize("options", [LIGHT, replace(LIGHT, scores="npy")])
def test_photos_that_were_moved_are_the_same_photos(photos, detect, tmp_path, options):
    """Of 6, 3 move elsewhere with their times, as a card is emptied into an archive."""
    before, _ = detect(photos)
    (tmp_path / "archive").mkdir()
    (photos / "day-0").rename(tmp_path / "archive" / "of last year")
    again, _ = detect(tmp_path / "archive", options=options)
    assert len(again) == (0 if options == LIGHT else 3)
    assert len(rows(tmp_path / "out")) == 6
    found = {record.name: record for record in read_results(tmp_path / "out").records()}
    assert found.keys() == {record.name for record in before}
    assert all(Path(record.photo).is_file() for record in found.values())


def test_a_copy_and_another_photo_of_that_name_are_photos_of_their_own(photos, detect, tmp_path):
    detect(photos / "day-0")
    shutil.copytree(photos / "day-0", tmp_path / "copy")
    assert len(detect(tmp_path / "copy")[0]) == 3
    shutil.move(photos / "day-0", tmp_path / "elsewhere")
    changed = next((tmp_path / "elsewhere").iterdir())
    changed.write_bytes(changed.read_bytes() + b" ")
    assert len(detect(tmp_path / "elsewhere")[0]) == 1
    assert len(rows(tmp_path / "out")) == 7


def test_results_that_are_not_asked_for_any_more_are_gone(photos, detect, tmp_path):
    detect(photos, options=replace(LIGHT, scores="png"))
    detect(photos, options=replace(LIGHT, overlays=False))
    assert not [path for kind in ("overlays", "scores") for path in (tmp_path / "out" / kind).rglob("*.*")]


def test_a_photo_that_fails_is_recorded_and_the_rest_goes_on(photos, detect, tmp_path):
    detect(photos)
    (photos / "day-0" / "000.png").write_bytes(b"no photo")
    cv2.imwrite(str(photos / "day-0" / "tiny.png"), np.zeros((4, 4, 3), np.uint8))
    _, counts = detect(photos)
    assert (counts.done, counts.failed) == (5, 2)
    failed = rows(tmp_path / "out")
    assert "not an image" in failed["day-0/000.png"]["error"]
    assert "at least 16×16" in failed["day-0/tiny.png"]["error"]
    assert failed["day-0/tiny.png"]["crack_pixels"] == ""
    assert not (tmp_path / "out" / "masks" / "day-0" / "000.png.png").exists()  # of the photo that was
    (photos / "day-0" / "tiny.png").unlink()
    (photos / "day-0" / "000.png").unlink()
    assert detect(photos)[1].failed == 0
    assert len(rows(tmp_path / "out")) == 5


def test_a_photo_replaced_meanwhile_is_not_believed(photos, detect, monkeypatch):
    from upcracknet.results import sources

    load_photo = sources.load_photo

    def replacing(path):
        photo = load_photo(path)
        if path.name == "002.png":
            cv2.imwrite(str(path), np.full((48, 48, 3), 99, np.uint8))
        return photo

    with monkeypatch.context() as patch:
        patch.setattr(sources, "load_photo", replacing)
        _, counts = detect(photos)
    assert counts.failed == 1
    records, counts = detect(photos)
    assert [(record.name, record.height) for record in records] == [("day-0/002.png", 48)]


def test_results_of_the_processor_do_not_name_it_and_those_of_a_card_name_its_kind(
    photos, tmp_path, monkeypatch
):
    on_card = Engine("torch", device="cuda:1")
    with open_detection([str(photos)], tmp_path / "out", LIGHT, None) as detection:
        assert "device" not in detection.settings.detection
        assert detection.what_runs.startswith("runs on the processor by torch in fp32")
    loaded = replace(load_pretrained("local-contrast"), engine=on_card)
    monkeypatch.setattr("upcracknet.results.loading.load_pretrained", lambda *_: loaded)
    monkeypatch.setattr("upcracknet.results.loading.what_runs", lambda *_: "runs on a card")
    with open_detection([str(photos)], tmp_path / "card", LIGHT, None) as detection:
        assert detection.settings.detection["device"] == "cuda"
