"""Works through the plan of all tables, alone or as several processes that share the folder of results."""

import os
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context, parent_process
from pathlib import Path

import cv2
import torch

from upcracknet.reproduction.experiment import Experiment
from upcracknet.reproduction.measurement import is_trained
from upcracknet.reproduction.plan import Piece, missing_data, status
from upcracknet.reproduction.result_files import ResultFiles
from upcracknet.reproduction.run import Progress, Run, work_on
from upcracknet.runtime import choose_device
from upcracknet.training.recipe import threads_of_each, usable_cores

CARD_WORKERS = 4
"""Processes that paint images for one training on a card; a processor's trainings keep their own."""


@dataclass(frozen=True)
class Shared:
    """What several processes need to work on one plan; see :class:`upcracknet.reproduction.run.Run`."""

    folder: Path
    data_root: Path | None
    device: str
    maximum_minutes: float | None
    piece_minutes: float | None
    workers: int | None


def work_through(pieces: Sequence[Piece], experiments: Sequence[Experiment], run: Run) -> None:
    """Do all pieces that are not done, and write the tables that it stands in after each.

    A training that does not end in its minutes keeps its checkpoint and goes on in the next call. A piece
    that lacks photos, or that another process has, is left, and named in the notes of ``run``.

    Args:
        pieces: in their order.
        experiments: the tables that are written.
        run: where and how.

    Raises:
        OutputError: the folder cannot be written.
        KeyboardInterrupt: interrupted by the user; the same call goes on.
    """
    missing, waiting, moving = missing_data(run.data_root), list(pieces), True
    tried, failed = set[str](), set[str]()
    standing = {each.name: {row.result_name for row in each.rows} for each in experiments}
    while waiting and moving and not run.is_over():
        held: list[Piece] = []
        moving = False
        for number, piece in enumerate(waiting):
            if run.is_over():
                return
            name = piece.row.run_name
            if status(piece, run.files)[0] in ("done", "skipped") or name in failed:
                continue
            if (problem := missing(piece)) is not None:
                run.notes[name] = f"no photos: {problem}"
                continue
            if piece.kind == "test" and not is_trained(piece.row, run.files.run_folder(piece.row)):
                held += [piece] if name not in tried else []
                continue
            run.progress.say(f"{len(waiting) - number} pieces left: {piece.name}")
            if not work_on(piece.rows, run, train=piece.kind == "train", test=piece.kind == "test"):
                held.append(piece)
                continue
            moving = True
            tried.add(name)
            if piece.kind == "train" and status(piece, run.files)[0] == "failed":
                failed.add(name)
            for experiment in experiments:
                if standing[experiment.name].intersection(row.result_name for row in piece.rows):
                    run.write_table(experiment)
        waiting = held


def work_together(
    pieces: Sequence[Piece], experiments: Sequence[Experiment], shared: Shared, processes: int
) -> None:
    """Let several processes do the pieces; each training is locked by one of them.

    Raises:
        OutputError: the folder cannot be written.
        KeyboardInterrupt: interrupted by the user; the same call goes on.
    """
    threads = threads_of_each(processes)
    work = partial(_work_in_process, tuple(pieces), tuple(experiments), shared, threads)
    # A fresh process each: a forked one cannot use a card, or threads, that this one has opened.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for done in [pool.submit(work, number) for number in range(processes)]:
            done.result()


def workers_for(device: str) -> int | None:
    """Give the processes that paint images for one training; None leaves it to the training."""
    return None if choose_device(device).type == "cpu" else min(CARD_WORKERS, usable_cores())


def _work_in_process(
    pieces: tuple[Piece, ...], experiments: tuple[Experiment, ...], shared: Shared, threads: int, number: int
) -> None:
    _end_with_parent()
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
    say = partial(_say, number)
    run = Run(
        ResultFiles(shared.folder),
        shared.data_root,
        shared.device,
        shared.maximum_minutes,
        Progress(say),
        shared.piece_minutes,
        shared.workers,
        threads,
    )
    work_through(pieces, experiments, run)


def _end_with_parent() -> None:
    """End this process once the one that began it has ended in whatever way: else it would go on unseen."""
    parent = parent_process()
    assert parent is not None

    def wait() -> None:
        parent.join()
        os._exit(128 + signal.SIGTERM)  # not sys.exit, which ends a thread alone; all files here are whole

    threading.Thread(target=wait, daemon=True).start()


def _say(number: int, line: str) -> None:
    os.write(2, f"[{number + 1}] {line}\n".encode(errors="backslashreplace"))
