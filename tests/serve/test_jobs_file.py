import sqlite3

import pytest

from upcracknet.errors import DataError
from upcracknet.serve.jobs import AcceptedPhoto, new_id
from upcracknet.serve.jobs_file import open_jobs


@pytest.fixture
def path(tmp_path):
    with open_jobs(tmp_path / "jobs.sqlite") as jobs:
        jobs.add([AcceptedPhoto(new_id(), None, "a.jpg") for _ in range(200)], new_id())
    return tmp_path / "jobs.sqlite"


def test_a_sound_table_is_opened_again(path):
    with open_jobs(path) as jobs:
        assert jobs.waiting() == 200


@pytest.mark.parametrize("start", [0, 18, 100, 4096, 8192, 20_000])
def test_a_damaged_table_is_one_line(path, start):
    content = bytearray(path.read_bytes())
    content[start : start + 4000] = b"\xa5" * len(content[start : start + 4000])
    path.write_bytes(bytes(content))
    with pytest.raises(DataError, match=r"no table of jobs|of version") as caught, open_jobs(path):
        pass
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "change", ["DROP TABLE photos", "ALTER TABLE photos DROP COLUMN tries", "DROP TABLE jobs"]
)
def test_a_table_without_its_columns_is_one_line(path, change):
    with sqlite3.connect(path) as database:
        database.execute(change)
    database.close()
    with pytest.raises(DataError, match="no table of jobs"), open_jobs(path):
        pass
