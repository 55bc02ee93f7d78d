import errno
import json
import os

import pytest

from upcracknet.errors import DataError
from upcracknet.results import ResultFolder, read_results


def test_a_result_folder_is_read(photos, detect, tmp_path):
    made, _ = detect(photos)
    results = read_results(tmp_path / "out")
    records = list(results.records())
    assert sorted(made, key=lambda record: record.name) == records
    assert results.record("day-0/002.png") == records[1]
    assert records[0].settings["model"] == "local-contrast"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no result folder"),
        ("{", "no result folder"),
        ("[]", "not written by `upcracknet detect`"),
        ('{"format": "upcracknet results", "version": 2}', "version 2, expected 1; update upcracknet"),
    ],
)
def test_another_folder_is_refused(tmp_path, content, message):
    if content is not None:
        (tmp_path / "results.json").write_text(content)
    with pytest.raises(DataError, match=message):
        read_results(tmp_path)


ESCAPING = json.dumps(
    {
        "name": "a",
        "photo": "/a",
        "photo_relative": None,
        "stamp": "",
        "status": "done",
        "mask": "../../mine.png",
    }
)


OTHERS = json.dumps({"name": "../../a", "photo": "/a", "photo_relative": None, "stamp": "", "status": "done"})
NUMBER = json.dumps({"name": 5, "photo": "x", "photo_relative": None, "stamp": "", "status": "done"})


def test_a_file_of_others_among_the_records_stays(photos, detect, tmp_path):
    detect(photos)
    notes = tmp_path / "out" / "records" / "notes.json"
    notes.write_text('{"notes": 1}')
    assert detect(photos)[1].done == 6
    assert notes.read_text() == '{"notes": 1}'


@pytest.mark.parametrize(
    "content", ["", "[1]", '{"name": 1}', "null", "\x00", "[" * 9999, ESCAPING, OTHERS, NUMBER]
)
def test_a_damaged_record_is_named_and_its_photo_done_again(photos, detect, tmp_path, content):
    detect(photos)
    record = tmp_path / "out" / "records" / "day-0" / "002.png.json"
    record.write_text(content)
    with pytest.raises(DataError, match=r"002\.png\.json: no record"):
        list(read_results(tmp_path / "out").records())
    assert [done.name for done in detect(photos)[0]] == ["day-0/002.png"]


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO])
def test_what_the_disk_does_not_give_out_is_not_taken_for_nothing(tmp_path, monkeypatch, number):
    """Else tables would be written of the photos that are left."""

    def refuse(folder):
        raise OSError(number, os.strerror(number))

    (tmp_path / "records").mkdir()
    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(DataError, match=f"records: cannot be listed .{os.strerror(number)}"):
        [*ResultFolder(tmp_path).readable_records()]
