"""Faults while the service works: a sender learns of each, no photo costs another, it goes on afterwards."""

import errno
import os
import threading

import pytest
from tests.faults.injection import Fault, watched
from tests.faults.steps import SERVING, Step
from tests.serve.conftest import until
from tests.serve.test_job_paths import finished, send

from upcracknet.results.worker import Worker
from upcracknet.serve.worker import WRITER

ERRORS = {"full disk": errno.ENOSPC, "no permission": errno.EACCES, "disk error": errno.EIO}


@pytest.mark.parametrize("fault", ["full disk", "no permission"])
@pytest.mark.parametrize("step", SERVING, ids=lambda step: step.name)
def test_a_fault_at_a_step(start, road, tmp_path, step: Step, fault: str):
    client = start()

    def fail() -> None:
        raise OSError(ERRORS[fault], os.strerror(ERRORS[fault]))

    injected = Fault(tmp_path, step.touch, fail)
    with watched(injected):
        answer = send(client, road, road)
        if answer.status_code == 202:
            answer = finished(client, answer.json()["id"])
        until(lambda: injected.met)  # else the service no longer comes to this step, which may be its last
    if isinstance(answer, dict):
        said = [photo["error"] for photo in answer["results"] if photo["state"] == "failed"]
        assert answer["done"] + len(said) == 2
        assert len(said) <= 1
    else:
        assert answer.status_code == 503
        said = [answer.json()["detail"]]
    assert all(os.strerror(ERRORS[fault]) in error and "\n" not in error for error in said)
    after = finished(client, send(client, road, road).json()["id"])
    assert (after["done"], after["failed"]) == (2, 0)
    masks = {client.get(photo["result"] + "/mask").content for photo in after["results"]}
    assert len(masks) == 1


def test_a_folder_that_is_gone(start, road, tmp_path):
    client = start()
    expected = finished(client, send(client, road).json()["id"])
    mask = client.get(expected["results"][0]["result"] + "/mask").content
    folder = client.app_worker.store.results.path

    def take_away() -> None:
        folder.rename(tmp_path / "elsewhere")

    injected = Fault(tmp_path, f"replace {folder.name}/masks/*", take_away)
    with watched(injected):
        answer = finished(client, send(client, road).json()["id"])
    assert injected.met
    assert answer["failed"] == 1
    assert "cannot write" in answer["results"][0]["error"]
    assert send(client, road).status_code == 503
    (tmp_path / "elsewhere").rename(folder)
    again = finished(client, send(client, road).json()["id"])
    assert client.get(again["results"][0]["result"] + "/mask").content == mask


def test_photos_are_done_where_no_more_threads_can_be_started(start, road, monkeypatch):
    begin, write = threading.Thread.start, Worker.write
    asked, refused = [], threading.Event()

    def only_one(thread: threading.Thread) -> None:
        if thread.name.startswith(WRITER):
            asked.append(thread)
            if len(asked) > 1:
                refused.set()
                raise RuntimeError("can't start new thread")
        begin(thread)

    def when_refused(*photo):
        refused.wait(20)  # until then the pool has no idle thread
        return write(*photo)

    monkeypatch.setattr(threading.Thread, "start", only_one)
    monkeypatch.setattr(Worker, "write", when_refused)
    client = start()
    answer = finished(client, send(client, road, road, road).json()["id"])
    assert (answer["done"], answer["failed"]) == (3, 0)
    assert refused.is_set()
