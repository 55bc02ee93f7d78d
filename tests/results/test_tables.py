from pathlib import Path

import pyarrow.dataset as pa_dataset

from upcracknet.results.records import Counts, Record
from upcracknet.results.tables import open_table, write_tables


def record(name: str, **known: object) -> Record:
    return Record(name, f"/photos/{name}", f"../photos/{name}", "1-2", "done", width=8, height=6, **known)  # type: ignore[arg-type]


def test_the_tables_of_several_folders_are_one(tmp_path: Path):
    """Each machine may write a folder of its own: columns and types are the same, whatever was found."""
    found = {
        "monday": [record("a.jpg", crack_pixels=3, severity="low", crack_length_m=1.5)],
        "tuesday": [record("b.jpg"), Record("c.jpg", "/photos/c.jpg", None, "", "failed", error="no photo")],
        "sunday": [],
    }
    for day, records in found.items():
        (tmp_path / day).mkdir()
        write_tables(tmp_path / day, records, tmp_path / day)
    together = pa_dataset.dataset(sorted(map(str, tmp_path.glob("*/photos.parquet"))))
    rows = together.to_table(["name", "status", "crack_length_m"]).sort_by("name").to_pylist()
    assert [row["name"] for row in rows] == ["a.jpg", "b.jpg", "c.jpg"]
    assert rows[0]["crack_length_m"] == 1.5 and rows[1]["crack_length_m"] is None
    assert rows[2]["status"] == "failed"
    headers = {
        (path.parent / "photos.csv").read_text().splitlines()[0] for path in tmp_path.glob("*/photos.csv")
    }
    assert len(headers) == 1


def test_sums_that_nobody_can_know_are_none_and_joints_are_no_cracks():
    counts = Counts()
    counts.add(record("found.jpg", crack_pixels=9))
    counts.add(record("joint.jpg", crack_pixels=9, crack_count=0, crack_length_px=0.0))
    assert (counts.photos, counts.with_cracks) == (2, 1)
    assert (counts.crack_length_m, counts.severity_length_m, counts.network_area_m2) == (None, None, None)
    counts.add(
        record("none.jpg", crack_count=0, crack_length_m=0.0, severity_length_m={}, network_area_m2=0.0)
    )
    assert (counts.crack_length_m, counts.severity_length_m, counts.network_area_m2) == (0, {}, 0)
    for length in (1.5, 0.25):
        values = {"crack_length_m": length, "severity_length_m": {"low": length}, "network_area_m2": 2.0}
        counts.add(record("crack.jpg", crack_pixels=9, crack_count=1, **values))
    assert (counts.photos, counts.with_cracks) == (5, 3)
    assert (counts.crack_length_m, counts.severity_length_m) == (1.75, {"low": 1.75})
    assert counts.network_area_m2 == 4


def test_tables_are_utf_8_whatever_the_machine_takes(tmp_path, monkeypatch):
    monkeypatch.setattr("locale.getpreferredencoding", lambda *_: "ascii")
    monkeypatch.setattr("_locale.getencoding", lambda: "ascii", raising=False)
    with open_table(tmp_path / "photos", {"photo": "string"}, None) as add:
        add({"photo": "Hauptstraße/道路.jpg"})
    assert "Hauptstraße/道路.jpg" in (tmp_path / "photos.csv").read_text(encoding="utf-8")
