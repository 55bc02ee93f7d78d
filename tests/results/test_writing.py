"""A result folder that is written: names, files of others, two processes, kill -9 at any step."""

import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from tests.results.conftest import LIGHT, content, rows, write_photos

from upcracknet.errors import OutputError, PhotoError
from upcracknet.locks import claimed
from upcracknet.results import MeasureOptions, Record, open_detection, read_results
from upcracknet.results.remeasuring import open_remeasuring
from upcracknet.results.worker import Worker

FOLDERS = ("masks", "overlays", "scores", "cracks", "pictures", "records")


@pytest.mark.parametrize(
    "name", ["x" * 246 + ".png", "道" * 80 + ".png", "~a.png", "[b].png", "=1+1.png", "a\nb.png"]
)
def test_any_name_that_a_disk_takes(detect, tmp_path, name):
    write_photos(tmp_path / "p", 1)
    (tmp_path / "p" / "day-0" / "000.png").rename(tmp_path / "p" / name)
    cv2.imwrite(str(tmp_path / "p" / "other.png"), np.full((32, 32, 3), 90, np.uint8))
    _, counts = detect(tmp_path / "p")
    assert counts.done == 2
    (row,) = (row for row in rows(tmp_path / "out").values() if not row["name"].startswith("other"))
    assert row["photo"] == str(tmp_path / "p" / name)
    assert row["name"][:1] != "="  # a spreadsheet would take it for a formula
    assert (tmp_path / "out" / row["mask"]).exists()


def test_a_name_that_is_not_utf_8(detect, tmp_path):
    write_photos(tmp_path / "p", 1)
    os.rename(tmp_path / "p" / "day-0" / "000.png", os.fsencode(tmp_path / "p") + b"/stra\xdfe.png")  # noqa: PTH104
    assert detect(tmp_path / "p")[1].done == 1
    assert rows(tmp_path / "out")["stra%DFe.png"]["photo"].endswith("stra\\xdfe.png")
    assert detect(tmp_path / "p")[0] == []


def test_a_folder_called_as_a_result(detect, tmp_path):
    for name in ("a.png", "a.png.png/x.png", "a.png.json/x.png", "a.png.jpg/x.png"):
        (tmp_path / "p" / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(tmp_path / "p" / name), np.full((32, 32, 3), 90, np.uint8))
    assert detect(tmp_path / "p")[1].done == 4


def test_photos_never_share_a_result(detect, tmp_path):
    for name in ("a.png", "a.jpg", "A.png", "b/a.png"):
        (tmp_path / "p" / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(tmp_path / "p" / name), np.full((32, 32, 3), 90, np.uint8))
    detect(tmp_path / "p")
    masks = {row["mask"].casefold() for row in rows(tmp_path / "out").values()}
    assert len(masks) == 4


def test_a_moved_folder_stays_finished(photos, detect, tmp_path):
    detect(photos)
    (tmp_path / "moved").mkdir()
    photos.rename(tmp_path / "moved" / "photos")
    (tmp_path / "out").rename(tmp_path / "moved" / "out")
    assert detect(tmp_path / "moved" / "photos", out=tmp_path / "moved" / "out")[0] == []
    results = read_results(tmp_path / "moved" / "out")
    for record in results.records():
        assert results.photo(record).is_file()
        assert results.file(record.mask).is_file()


class TestForeignFiles:
    def test_masks_drawn_by_hand_are_not_touched(self, photos, detect, tmp_path):
        drawn = tmp_path / "data" / "masks" / "a.png"
        drawn.parent.mkdir(parents=True)
        drawn.write_bytes(b"drawn")
        with pytest.raises(OutputError, match="holds masks that `upcracknet detect` did not write"):
            detect(photos, out=tmp_path / "data")
        assert content(tmp_path / "data") == {"masks/a.png": b"drawn"}

    def test_a_file_that_no_record_names_is_not_replaced(self, photos, detect, tmp_path):
        detect(photos / "day-0")
        foreign = tmp_path / "out" / "masks" / "day-1" / "001.png.png"
        foreign.parent.mkdir()
        foreign.write_bytes(b"mine")
        with pytest.raises(OutputError, match=r"001\.png\.png: in the way, and no record"):
            detect(photos)
        assert foreign.read_bytes() == b"mine"

    def test_nor_one_beside_a_result_that_now_gets_more_files(self, photos, detect, tmp_path):
        detect(photos, options=replace(LIGHT, overlays=False))
        foreign = tmp_path / "out" / "scores" / "day-0" / "000.png.png"
        foreign.parent.mkdir(parents=True)
        foreign.write_bytes(b"mine")
        assert detect(photos, options=replace(LIGHT, overlays=False))[0] == []  # it is not in the way
        with pytest.raises(OutputError, match=r"scores/day-0/000\.png\.png: in the way"):
            detect(photos, options=replace(LIGHT, scores="png"))
        assert foreign.read_bytes() == b"mine"

    def test_files_of_others_that_look_half_written_stay(self, photos, detect, tmp_path):
        for name in (".download.part", ".game.scores", ".upcracknet-1-1-1.part"):
            (tmp_path / "out" / "mine").mkdir(parents=True, exist_ok=True)
            (tmp_path / "out" / "mine" / name).write_text("precious")
        detect(photos)
        assert len([*(tmp_path / "out" / "mine").iterdir()]) == 3

    def test_results_among_the_photos_are_no_photos(self, photos, detect):
        for out in (photos, photos, photos / "results", photos / "results"):
            assert detect(photos, out=out)[1].photos == 6


def test_two_runs_do_not_write_to_one_folder(photos, detect, tmp_path):
    with claimed(tmp_path / "out" / ".upcracknet" / "lock"), pytest.raises(OutputError, match="in work by"):
        detect(photos)


def test_a_deleted_folder_is_noticed(photos, detect, tmp_path, monkeypatch):
    from upcracknet.results.writing import WritableResults

    finish = WritableResults.finish

    def deleting(self, record):
        done = finish(self, record)
        if record.name == "day-0/002.png":
            (tmp_path / "out").rename(tmp_path / "elsewhere")
        return done

    with monkeypatch.context() as patch:
        patch.setattr(WritableResults, "finish", deleting)
        with pytest.raises(OutputError, match="was deleted or moved while it was written"):
            detect(photos)
    assert detect(photos)[1].done == 6  # as the message says


def kill_while(run, target: str, moment: str) -> None:
    """Run in a process of its own, killed where a file of a kind takes its place: the third of a folder."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)  # a child would wait for ever for threads of OpenCV that it does not have
    seen = []
    child = os.fork()
    if not child:
        move = Path.replace

        def killing(self, place):
            place = Path(place)
            hit = place.name == target or place.parts[-3:-2] == (target,)
            seen.append(hit)
            last = hit and sum(seen) == (3 if target in FOLDERS else 1)
            if last and moment == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            done = move(self, place)
            if last:
                os.kill(os.getpid(), signal.SIGKILL)
            return done

        Path.replace = killing
        run()
        os._exit(0)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1]), "nothing was killed"


def require_whole(out: Path) -> None:
    """What records say is done is whole, and is what they say."""
    for path in (out / "records").rglob("*.json"):
        record = Record.read(path)
        assert cv2.imread(str(out / record.mask), cv2.IMREAD_UNCHANGED).shape == (64, 96)
        if record.cracks is not None:
            found = json.loads((out / record.cracks).read_text())
            assert (found["scale"], found["standard"]) == (
                record.measures["scale"],
                record.measures["standard"],
            )
            assert cv2.imread(str(out / record.picture)).size


kills = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forked processes")
MEASURE = MeasureOptions(millimetres_per_pixel=2.0, crack_pictures=True)


@kills
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(
    "target",
    ["names", *FOLDERS, "photos.csv", "photos.parquet", "cracks.csv", "summary.json"],
)
def test_a_run_killed_at_any_step_loses_nothing(detect, tmp_path, target, moment):
    """Kill -9 where a file takes its place, then run again: byte for byte as if nothing had happened."""
    how = {"options": replace(LIGHT, scores="png"), "measure": MEASURE}
    photos = write_photos(tmp_path / "many", 8)
    detect(photos, out=tmp_path / "whole", **how)
    out = tmp_path / "killed"
    kill_while(lambda: detect(photos, out=out, **how), target, moment)
    require_whole(out)
    detect(photos, out=out, **how)
    assert content(out) == content(tmp_path / "whole")
    assert sorted(path.name for path in (out / ".upcracknet").iterdir()) == ["lock"]


@kills
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("target", ["names", "cracks", "pictures", "records", "cracks.csv"])
def test_measuring_killed_at_any_step_loses_nothing(detect, tmp_path, target, moment):
    def measure(out: Path) -> None:
        with open_remeasuring(out, replace(MEASURE, standard="fhwa-ltpp")) as remeasuring:
            remeasuring.run(lambda record: None)

    photos = write_photos(tmp_path / "many", 4)
    for out in (tmp_path / "whole", tmp_path / "killed"):
        detect(photos, out=out, measure=MEASURE)
    measure(tmp_path / "whole")
    kill_while(lambda: measure(tmp_path / "killed"), target, moment)
    require_whole(tmp_path / "killed")
    measure(tmp_path / "killed")
    assert content(tmp_path / "killed") == content(tmp_path / "whole")
    assert sorted(path.name for path in (tmp_path / "killed" / ".upcracknet").iterdir()) == ["lock"]


def test_what_another_worker_finished_stays(photos, tmp_path):
    """A host that could not be reached goes on with photos that were given to another one meanwhile."""
    for overwrite in (False, True):
        with open_detection([str(photos)], tmp_path / "out", LIGHT, overwrite=overwrite) as detection:
            results, works = detection.results, detection.plan.todo
            planned = {work.name: work.record for work in works}
            records = [*detection.records()]
            written = {record.name: results.stamp(record) for record in records}
            assert len(written) == 6
            assert all(written[name] != planned[name] for name in written)  # old records were replaced
            late = Worker(detection.detector, results, detection.settings, detection.measuring)
            assert {record.name for record in late.process(works)} == set(written)
            assert {record.name: results.stamp(record) for record in records} == written


@pytest.mark.parametrize("then", ["is scored to its end", "can no longer be read"])
def test_what_another_worker_finished_of_an_image_in_windows_stays(tmp_path, then):
    """The other one finishes while the late one is at its first tile."""
    pytest.importorskip("rasterio")
    from tests.results.rasters import UTM, write

    road = cv2.imread(str(write_photos(tmp_path / "photos", 1, (300, 400)) / "day-0" / "000.png"))
    image = write(tmp_path / "road.tif", road, **UTM)

    def inodes() -> dict[str, int]:
        return {name: (tmp_path / "out" / name).stat().st_ino for name in content(tmp_path / "out")}

    seen = []

    def meanwhile(work, done, total):
        if not seen:
            (other,) = Worker(*how).process([work])
            assert other.status == "done"
            seen.append(inodes())
            if then == "can no longer be read":
                raise PhotoError("road.tif: cannot be read")

    with open_detection([str(image)], tmp_path / "out", replace(LIGHT, scores="png")) as detection:
        how = detection.detector, detection.results, detection.settings, detection.measuring
        (late,) = Worker(*how, meanwhile).process(detection.plan.todo)
        assert late.status == "done"
        (again,) = Worker(*how).process(detection.plan.todo)  # it was finished before this one began
        assert again == late
        assert seen == [inodes()]
        assert {name.partition("/")[0] for name in seen[0]} >= {"masks", "scores", "records"}
        assert not [*detection.results.scratch.glob("*.scores")]
