"""The file of the table of accepted photos: made where it is missing, and refused where it is damaged."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from upcracknet.errors import DataError
from upcracknet.files import one_line
from upcracknet.serve.jobs import COLUMNS, Jobs

VERSION = 1

SCHEMA = f"""
CREATE TABLE jobs (id TEXT PRIMARY KEY, created REAL NOT NULL, cancelled INTEGER NOT NULL DEFAULT 0);
CREATE TABLE photos (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  job TEXT REFERENCES jobs (id),
  file_name TEXT NOT NULL,
  millimetres_per_pixel REAL,
  standard TEXT,
  state TEXT NOT NULL,
  error TEXT,
  tries INTEGER NOT NULL DEFAULT 0,
  finished REAL
);
CREATE INDEX photos_of_a_job ON photos (job, state);
CREATE INDEX photos_to_do ON photos (state, number);
CREATE INDEX photos_by_age ON photos (finished);
PRAGMA user_version = {VERSION};
"""


@contextmanager
def open_jobs(path: Path) -> Iterator[Jobs]:
    """Open the table of accepted photos; make it when it is not there.

    Raises:
        DataError: the file is no such table, or of another version.
    """
    try:
        connection = sqlite3.connect(path, check_same_thread=False)
    except sqlite3.Error as error:
        raise DataError(f"{path}: cannot be opened ({one_line(error)}); choose another folder") from error
    with closing(connection):
        try:
            # Readers need not wait for writers; each transaction is on the disk when it ends.
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                connection.executescript(f"BEGIN;{SCHEMA}COMMIT;")
            for (problem,) in connection.execute("PRAGMA quick_check(1)"):
                if problem != "ok":
                    raise sqlite3.DatabaseError(problem)
            connection.execute(f"SELECT {COLUMNS}, tries, finished FROM photos LIMIT 1")
            connection.execute("SELECT id, created, cancelled FROM jobs LIMIT 1")
        except sqlite3.Error as error:
            raise DataError(
                f"{path}: no table of jobs ({one_line(error)}); move it away, or choose another folder"
            ) from error
        if version not in (0, VERSION):
            raise DataError(f"{path}: of version {version}, expected {VERSION}; update upcracknet")
        yield Jobs(connection)
