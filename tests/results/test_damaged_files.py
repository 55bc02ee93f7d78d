"""Files of a result folder with values that no run writes: refused, each in one line."""

import json
import shutil
from typing import Any

import numpy as np
import pytest
from tests.results.conftest import IN_MM, LIGHT, write_photos

from upcracknet.errors import DataError, UpCrackNetError
from upcracknet.results import ResultFolder, open_detection, read_results
from upcracknet.results.correcting import write_correction
from upcracknet.results.corrections import Correction, correction_path, read_correction
from upcracknet.results.crack_files import read_cracks
from upcracknet.results.records import Record
from upcracknet.results.reviewed import reviewed_photos
from upcracknet.results.scores import load_score
from upcracknet.results.suggesting import suggest
from upcracknet.results.writing import WritableResults


@pytest.fixture(scope="module")
def detected(tmp_path_factory) -> ResultFolder:
    folder = tmp_path_factory.mktemp("damaged")
    with open_detection([str(write_photos(folder / "photos", 2))], folder / "out", LIGHT, IN_MM) as detection:
        detection.run(lambda record: None)
    return read_results(folder / "out")


@pytest.fixture
def folder(detected, tmp_path) -> ResultFolder:
    shutil.copytree(detected.path, tmp_path / "out")
    return read_results(tmp_path / "out")


def first(folder: ResultFolder) -> Record:
    return next(folder.records())


def changed(path, **values: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_bytes()) | values))


RECORDS: list[dict[str, Any]] = [
    {"width": "96"},
    {"width": 0},
    {"width": -1},
    {"width": 10**12},
    {"width": None},
    {"height": True},
    {"crack_pixels": 1e300},
    {"crack_pixels": float("nan")},
    {"crack_pixels": -1},
    {"area_share": 7},
    {"area_share": float("inf")},
    {"severity": ["low"]},
    {"severity_length_m": {"low": "1"}},
    {"stamp": 1},
    {"severity_length_m": [1]},
    {"settings": []},
    {"settings": {"detection": "x"}},
    {"measures": "x"},
    {"measures": {"standard": 3}},
    {"taken_at": "yesterday"},
    {"taken_at": 5},
    {"photo": None},
    {"photo": "a\0b"},
    {"photo": "\ud800"},
    {"mask": 3},
    {"mask": "../../x"},
    {"status": "perhaps"},
    {"warning": {}},
    {"settings": json.loads("[" * 90 + "]" * 90)},
    {"threshold": "0.5"},
]


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("values", RECORDS, ids=str)
def test_a_record_with_impossible_values_is_refused(folder, values):
    path = folder.path / "records" / f"{first(folder).name}.json"
    changed(path, **values)
    with pytest.raises(DataError, match="no record"):
        Record.read(path)


def test_a_record_in_another_encoding_is_read(folder):
    path = folder.path / "records" / f"{first(folder).name}.json"
    before = Record.read(path)
    path.write_bytes(path.read_text().encode("utf-16"))
    assert Record.read(path) == before


CRACKS: list[dict[str, Any]] = [
    {"cracks": 1},
    {"cracks": [1]},
    {"cracks": {"a": 1}},
    {"networks": "x"},
    {"quantities": [{"amount": "x"}]},
    {"cracks": [{"length_px": "long"}]},
    {"cracks": [{"axis": [[1, 2]]}]},
    {"cracks": [{"axis": [[[1]]]}]},
    {"cracks": [{"axis": [[["a", "b"]]]}]},
    {"cracks": [{"axis": [[]]}]},
    {"cracks": [{"axis": [[[1, float("nan")]]]}]},
    {"cracks": [{"axis": [[[1, 2]]], "width_along_px": [[1, 2]]}]},
    {"cracks": [{"width_along_px": [["x"]]}]},
    {"networks": [{"polygon": [[1, 2]]}]},
    {"scale": 3},
    {"standard": []},
    {"width": "96"},
]


@pytest.mark.parametrize("values", CRACKS, ids=str)
def test_a_file_of_cracks_with_impossible_values_is_refused(folder, values):
    path = folder.file(str(first(folder).cracks))
    assert read_cracks(path)["cracks"]
    changed(path, **values)
    with pytest.raises(DataError, match="no file of cracks"):
        read_cracks(path)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    "values",
    [
        {"status": []},
        {"status": "x"},
        {"reason": {}},
        {"note": 3},
        {"time": None},
        {"mask": 5},
        {"name": "other"},
    ],
    ids=str,
)
def test_a_correction_with_impossible_values_is_refused(folder, values):
    name = first(folder).name
    write_correction(folder, Correction(name, "rejected", "shadow"))
    changed(correction_path(folder, name), **values)
    with pytest.raises(DataError, match="no correction"):
        read_correction(folder, name)


@pytest.mark.parametrize(
    "region", ["x", [], [[1]], [[1, 2], 3], [["a", "b"]] * 3, {"a": 1}, [[0, 0], [9, 9], [0, 9]]], ids=str
)
def test_a_record_with_a_polygon_that_is_none(folder, region):
    record = first(folder)
    write_correction(folder, Correction(record.name, "accepted"))
    path = folder.path / "records" / f"{record.name}.json"
    changed(path, settings=json.loads(path.read_bytes())["settings"] | {"region": region})
    ((photo,), _) = reviewed_photos(folder)
    with pytest.raises(UpCrackNetError, match=r"polygon|corners|encloses"):
        photo.looked_at()


@pytest.mark.parametrize(
    "score",
    [
        np.full((64, 96), np.nan, np.float32),
        np.zeros((64, 96), "U3"),
        np.zeros((64, 96), [("a", "f4")]),
        np.zeros(5),
    ],
)
def test_scores_that_are_none(folder, score):
    record = first(folder)
    np.save(folder.path / "scores.npy", score)
    changed(folder.path / "records" / f"{record.name}.json", score="scores/x.npy")
    (folder.path / "scores").mkdir()
    (folder.path / "scores.npy").rename(folder.path / "scores" / "x.npy")
    with pytest.raises(DataError, match="score"):
        load_score(folder, first(folder))
    assert len(suggest(folder, 2)) == 2  # it costs no other photo


def test_a_mask_that_claims_more_than_memory_holds(folder):
    record = first(folder)
    path = folder.file(str(record.mask))
    content = bytearray(path.read_bytes())
    content[16:24] = (60_000).to_bytes(4, "big") * 2
    path.write_bytes(bytes(content))
    assert len(suggest(folder, 2)) == 2


@pytest.mark.parametrize("content", [b'"a\n', b'"\\x"\n"b"\n', b"\xff\xfe\n", b'["a"]\n', b'"\\ud800"\n'])
def test_damaged_notes_of_names_cost_nothing(folder, content):
    results = WritableResults(folder.path)
    results.scratch.mkdir(exist_ok=True)
    (results.scratch / "names").write_bytes(content + b'"good"\n')
    assert "good" in results.noted_names()
