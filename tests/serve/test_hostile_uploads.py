"""Sixty of the thousand uploads of ``benchmarks/service.py``."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def outside(tmp_path_factory) -> Path:
    return tmp_path_factory.getbasetemp().parent


def test_hostile_uploads_are_answered(client, road, uploads, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = {*tmp_path.iterdir()}
    kinds = set()
    for upload in uploads.hostile_uploads(60):
        kinds.add(upload.kind)
        answer = client.post(
            "/photos", files={"photo": (upload.name, upload.content)}, data={"inline": "true"}
        )
        assert answer.status_code in uploads.ANSWERS, (upload.kind, answer.text)
        assert answer.status_code == 200 or answer.json()["detail"]
    assert len(kinds) > 15
    assert client.post("/photos", files={"photo": road}).status_code == 200
    assert {*tmp_path.iterdir()} == before
    left = {path.name for path in client.app_worker.store.results.path.iterdir()}
    assert left <= {"results.json", "jobs.sqlite", "jobs.sqlite-wal", "jobs.sqlite-shm", "uploads", "records",
                    "masks", "overlays", "cracks", ".upcracknet"}  # fmt: skip


@pytest.mark.parametrize("where", ["photos", "jobs"])
def test_names_never_reach_the_disk(client, road, uploads, where):
    field = {"photos": "photo", "jobs": "photos"}[where]
    for name in uploads.NAMES:
        answer = client.post(f"/{where}", files={field: (name, road)})
        assert answer.status_code in (200, 202, 422), (name, answer.text)  # an empty name is no file
    names = [path.name for path in client.app_worker.store.results.path.rglob("*") if path.is_file()]
    assert not [name for name in names if "outside" in name or "passwd" in name or "xxxx" in name]
    assert not os.path.exists("/tmp/outside.png")  # noqa: PTH110
