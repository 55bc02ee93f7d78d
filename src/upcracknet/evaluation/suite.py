"""The suite: all figures that the package must show, of one model and of what it is held against.

Its parts are measured one after the other and saved when they are finished, so that an interrupted suite goes
on where it was, as long as model, code and photos stay the same.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from upcracknet.errors import DataError, PhotoError
from upcracknet.evaluation.evaluate import Progress
from upcracknet.evaluation.suite_parts import PartStore, Record, code_digest
from upcracknet.evaluation.suite_plan import Part, Subject, plan_suite


@dataclass(frozen=True)
class SuiteResult:
    """What was measured so far.

    Attributes:
        subjects: `Subject.record` of each; the model asked for is the first.
        accuracy: The finished parts with figures of an annotated data set.
        false_alarms: The finished parts with figures of crack-free photos.
        missing: What could not be measured, and why.
        waiting: Titles of the parts that are not measured yet.
    """

    subjects: tuple[Record, ...]
    accuracy: tuple[Record, ...]
    false_alarms: tuple[Record, ...]
    missing: dict[str, str]
    waiting: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every part was measured on all of its photos."""
        parts = (*self.accuracy, *self.false_alarms)
        return not self.missing and not self.waiting and not any(part["unreadable"] for part in parts)


def run_suite(
    subjects: Sequence[Subject],
    data_root: str | Path | None,
    store: PartStore,
    *,
    finished: Callable[[SuiteResult], None] = lambda result: None,
    progress: Callable[[str, float], None] = lambda title, share: None,
) -> SuiteResult:
    """Measures all parts that are not in the store.

    Args:
        subjects: What is measured; the first is the model asked for.
        data_root: Folder with the data sets; None takes the variable UPCRACKNET_DATA.
        store: Where finished parts are, and are saved to.
        finished: Told the result so far at the beginning and after each part.
        progress: Told the title of the part in work and the share of all work that is done, 0 to 1.

    Raises:
        OutputError: The store cannot be written.
    """
    parts, missing = plan_suite(subjects, data_root)
    code = code_digest()
    done: dict[int, Record] = {}
    for index, part in enumerate(parts):
        saved = store.load(part.file_name, part.key(code))
        if saved is not None and not saved["unreadable"]:  # what could not be read may be there by now
            done[index] = saved
    to_do = [index for index in range(len(parts)) if index not in done]

    def result(waiting: Sequence[int]) -> SuiteResult:
        return SuiteResult(
            subjects=tuple(subject.record() for subject in subjects),
            accuracy=tuple(done[i] for i in sorted(done) if parts[i].kind == "accuracy"),
            false_alarms=tuple(done[i] for i in sorted(done) if parts[i].kind == "false alarms"),
            missing=dict(missing),
            waiting=tuple(parts[i].title for i in waiting),
        )

    finished(result(to_do))
    all_work, work_done = sum(parts[index].work for index in to_do), 0.0
    for place, index in enumerate(to_do):
        part = parts[index]
        told = partial(_tell, progress, part, work_done, all_work)
        try:
            done[index] = _measure(part, told)
        except (DataError, PhotoError) as error:
            missing[part.title] = str(error)
        else:
            store.save(part.file_name, part.key(code), done[index])
        work_done += part.work
        finished(result(to_do[place + 1 :]))
    return result(())


def _measure(part: Part, progress: Progress) -> Record:
    progress(0, 1)
    began = time.monotonic()
    figures = part.measure(progress)
    took = {"seconds": round(time.monotonic() - began, 1), "threads": torch.get_num_threads()}
    return part.subject.record() | part.on | figures | took


def _tell(
    progress: Callable[[str, float], None], part: Part, before: float, all_work: float, done: int, total: int
) -> None:
    """Turns photos done of a part into the share of all work."""
    progress(part.title, (before + part.work * done / total) / all_work)
