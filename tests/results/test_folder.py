import json

import pytest

from upcracknet.errors import DataError
from upcracknet.results import read_results


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


@pytest.mark.parametrize("content", ["", "[1]", '{"name": 1}', "null", "\x00", "[" * 9999, ESCAPING])
def test_a_damaged_record_is_named_and_its_photo_done_again(photos, detect, tmp_path, content):
    detect(photos)
    record = tmp_path / "out" / "records" / "day-0" / "002.png.json"
    whole = json.loads(record.read_text())
    record.write_text(content)
    with pytest.raises(DataError, match=r"002\.png\.json: no record that can be read|names files outside"):
        list(read_results(tmp_path / "out").records())
    (tmp_path / "out" / whole["mask"]).unlink()
    (tmp_path / "out" / whole["overlay"]).unlink()
    assert [done.name for done in detect(photos)[0]] == ["day-0/002.png"]
