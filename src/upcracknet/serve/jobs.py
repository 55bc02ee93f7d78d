"""What is known of each photo that was accepted, in SQLite: a job outlives the process that accepted it."""

import sqlite3
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from upcracknet.measure.severity import StandardName

State = Literal["waiting", "working", "done", "failed", "cancelled"]
"""Of a photo."""

JobState = Literal["waiting", "working", "done", "cancelled"]
"""Of a job; it is done when no photo of it is left, also where some failed."""

TRIES = 10
"""How often a photo may be begun: one at which the process ends each time must not stop all others."""

COLUMNS = "id, job, file_name, millimetres_per_pixel, standard, state, error"


@dataclass(frozen=True)
class AcceptedPhoto:
    """A photo that was accepted.

    Attributes:
        id: of the photo and its results: 32 hexadecimal digits.
        job: that it belongs to; None for one that was sent alone.
        file_name: what its sender calls it; only shown, never a name on this disk.
        millimetres_per_pixel: size of a pixel on the road, where its sender knows it.
        standard: whose severities, where its sender chose it.
        state: what has become of it.
        error: why it could not be used.
    """

    id: str
    job: str | None
    file_name: str
    millimetres_per_pixel: float | None = None
    standard: StandardName | None = None
    state: State = "waiting"
    error: str | None = None


@dataclass(frozen=True)
class Progress:
    """How far a job is.

    Attributes:
        photos: number of photos.
        done: of them, in how many cracks were sought.
        failed: how many could not be used.
        cancelled: how many were cancelled before they were begun.
        waiting: how many are left, those in work included.
        ahead: how many photos are done before its last one: its own, and those of earlier jobs.
    """

    photos: int
    done: int
    failed: int
    cancelled: int
    waiting: int
    ahead: int

    @property
    def state(self) -> JobState:
        """What has become of the job."""
        if self.cancelled:
            return "cancelled"
        if not self.waiting:
            return "done"
        return "working" if self.waiting < self.photos else "waiting"


class Jobs:
    """The table of accepted photos. Any thread may call; each call is one transaction.

    Args:
        connection: to the database; see :func:`.open_jobs`.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection, self._lock = connection, threading.Lock()

    def add(self, photos: Sequence[AcceptedPhoto], job: str | None = None) -> None:
        """Accept photos, of one job or alone; once this returns, a crash does not lose them.

        Args:
            photos: the photos, in the order in which they are worked at.
            job: makes a job of them.
        """
        with self._transaction() as database:
            if job is not None:
                database.execute("INSERT INTO jobs (id, created) VALUES (?, ?)", (job, time.time()))
            database.executemany(
                f"INSERT INTO photos ({COLUMNS}, finished) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        *(photo.id, job, photo.file_name, photo.millimetres_per_pixel, photo.standard),
                        *(photo.state, photo.error, time.time() if photo.state == "failed" else None),
                    )
                    for photo in photos
                ],
            )

    def take(self) -> AcceptedPhoto | None:
        """Give the next photo of a job, and note that it is in work; None where none waits."""
        with self._transaction() as database:
            row = database.execute(
                "UPDATE photos SET state = 'working', tries = tries + 1 WHERE number = (SELECT number "
                "FROM photos WHERE state = 'waiting' AND job IS NOT NULL ORDER BY number LIMIT 1) "
                f"RETURNING {COLUMNS}"
            ).fetchone()
        return None if row is None else AcceptedPhoto(*row)

    def finish(self, photo: str, error: str | None = None) -> None:
        """Note that a photo is done, or why it failed."""
        state = "done" if error is None else "failed"
        with self._transaction() as database:
            database.execute(
                "UPDATE photos SET state = ?, error = ?, finished = ? WHERE id = ?",
                (state, error, time.time(), photo),
            )

    def photo(self, photo: str) -> AcceptedPhoto | None:
        """Look up a photo; None where there is none, or no longer."""
        with self._transaction() as database:
            row = database.execute(f"SELECT {COLUMNS} FROM photos WHERE id = ?", (photo,)).fetchone()
        return None if row is None else AcceptedPhoto(*row)

    def photos_of(self, job: str) -> list[AcceptedPhoto]:
        """List the photos of a job, in the order in which they were sent; empty where there is none."""
        with self._transaction() as database:
            rows = database.execute(
                f"SELECT {COLUMNS} FROM photos WHERE job = ? ORDER BY number", (job,)
            ).fetchall()
        return [AcceptedPhoto(*row) for row in rows]

    def progress(self, job: str) -> Progress | None:
        """Tell how far a job is; None where there is none, or no longer."""
        with self._transaction() as database:
            row = database.execute("SELECT cancelled FROM jobs WHERE id = ?", (job,)).fetchone()
            states: dict[str, int] = dict(
                database.execute("SELECT state, count(*) FROM photos WHERE job = ? GROUP BY state", (job,))
            )
            ahead = database.execute(
                "SELECT count(*) FROM photos WHERE state IN ('waiting', 'working') AND number <= "
                "(SELECT max(number) FROM photos WHERE job = ? AND state IN ('waiting', 'working'))",
                (job,),
            ).fetchone()[0]
        if row is None:
            return None
        left = states.get("waiting", 0) + states.get("working", 0)
        return Progress(
            photos=sum(states.values()),
            done=states.get("done", 0),
            failed=states.get("failed", 0),
            cancelled=states.get("cancelled", 0),
            waiting=left,
            ahead=ahead,
        )

    def cancel(self, job: str) -> bool:
        """Cancel the photos of a job that were not begun; tells whether there is such a job."""
        with self._transaction() as database:
            found = database.execute("UPDATE jobs SET cancelled = 1 WHERE id = ?", (job,)).rowcount
            database.execute(
                "UPDATE photos SET state = 'cancelled', finished = ? WHERE job = ? AND state = 'waiting'",
                (time.time(), job),
            )
        return found > 0

    def waiting(self) -> int:
        """Count the photos of jobs that wait or are in work."""
        with self._transaction() as database:
            count: int = database.execute(
                "SELECT count(*) FROM photos WHERE state IN ('waiting', 'working') AND job IS NOT NULL"
            ).fetchone()[0]
        return count

    def recover(self) -> None:
        """Put right what a process left that ended in the midst of its work.

        Photos of jobs wait again; those that were begun :data:`TRIES` times have failed. Photos that were
        sent alone are forgotten: nobody waits for them any more.
        """
        with self._transaction() as database:
            database.execute(
                "UPDATE photos SET state = 'failed', finished = ?, error = ? "
                "WHERE state = 'working' AND tries >= ?",
                (time.time(), f"the service ended {TRIES} times while it worked at this photo", TRIES),
            )
            database.execute("DELETE FROM photos WHERE job IS NULL AND state IN ('waiting', 'working')")
            database.execute("UPDATE photos SET state = 'waiting' WHERE state = 'working'")

    def unfinished(self) -> set[str]:
        """Give the ids of the photos that are still needed."""
        with self._transaction() as database:
            rows = database.execute("SELECT id FROM photos WHERE state IN ('waiting', 'working')")
            return {row[0] for row in rows}

    def expired(self, before: float, keep: int) -> list[str]:
        """Give the ids of photos whose results are no longer kept; none of a job that is not finished.

        Args:
            before: seconds since 1970; results that were finished earlier are too old.
            keep: how many photos, the newest, are kept.
        """
        with self._transaction() as database:
            rows = database.execute(
                "WITH open AS (SELECT job FROM photos WHERE state IN ('waiting', 'working') "
                "AND job IS NOT NULL), kept AS (SELECT id, finished FROM photos "
                "WHERE finished IS NOT NULL AND (job IS NULL OR job NOT IN open)) "
                "SELECT id FROM kept WHERE finished < ? OR id IN "
                "(SELECT id FROM kept ORDER BY finished DESC LIMIT -1 OFFSET ?)",
                (before, keep),
            ).fetchall()
        return [row[0] for row in rows]

    def forget(self, photos: Sequence[str]) -> None:
        """Forget photos, and jobs that have none left."""
        with self._transaction() as database:
            database.executemany("DELETE FROM photos WHERE id = ?", [(photo,) for photo in photos])
            database.execute(
                "DELETE FROM jobs WHERE NOT EXISTS (SELECT 1 FROM photos WHERE photos.job = jobs.id)"
            )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._connection:
            yield self._connection


def new_id() -> str:
    """Make an id that nobody can guess: 32 hexadecimal digits."""
    return uuid.uuid4().hex
