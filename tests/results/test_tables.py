from pathlib import Path

import pyarrow.dataset as pa_dataset

from upcracknet.results.records import Record
from upcracknet.results.tables import write_tables


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
