import io
import time

import pytest
from tests.serve.conftest import until

from upcracknet.errors import OutputError
from upcracknet.serve.jobs import TRIES, new_id


def send(client, *contents, **form):
    files = [("photos", (f"{number}.png", content)) for number, content in enumerate(contents)]
    return client.post("/jobs", files=files, data=form)


def finished(client, job: str) -> dict:
    until(lambda: client.get(f"/jobs/{job}").json()["waiting"] == 0)
    return client.get(f"/jobs/{job}").json()


def test_a_job_answers_as_single_photos_do(client, road):
    accepted = send(client, road, road, millimetres_per_pixel="1.5")
    assert accepted.status_code == 202
    answer = finished(client, accepted.json()["id"])
    assert (answer["state"], answer["done"], answer["seconds_left"]) == ("done", 2, 0)
    single = client.post("/photos", files={"photo": road}, data={"millimetres_per_pixel": "1.5"}).json()
    for photo in answer["results"]:
        assert client.get(photo["result"]).json()["measures"] == single["measures"]
        assert client.get(photo["result"] + "/mask").content == client.get(single["mask"]).content
    assert [photo["file_name"] for photo in answer["results"]] == ["0.png", "1.png"]


def test_a_bad_photo_is_one_named_failure(client, road):
    answer = finished(client, send(client, road, b"text", road[:400], road).json()["id"])
    assert (answer["done"], answer["failed"]) == (2, 2)
    assert [photo["state"] for photo in answer["results"]] == ["done", "failed", "failed", "done"]
    assert "not an image" in answer["results"][1]["error"]
    assert answer["results"][2]["error"].startswith("2.png: ")


def test_a_restart_goes_on_with_what_was_accepted(start, road):
    stopped = start(working=False)
    job = send(stopped, road, road, road).json()["id"]
    jobs = stopped.app_worker.store.jobs
    jobs.take()  # in work when the process ended
    client = start_again(start, stopped)
    answer = finished(client, job)
    assert (answer["done"], answer["failed"]) == (3, 0)
    until(lambda: not [*client.app_worker.store.uploads.iterdir()])  # they go after it is said


def start_again(start, client):
    """As after ``kill -9``: the system has freed the lock of the folder, all else is as it was."""
    store = client.app_worker.store
    (store.results.path / ".upcracknet" / "lock").unlink()
    return start(folder=store.results.path)


def test_photos_that_nobody_waits_for_are_forgotten_after_a_restart(start, road):
    stopped = start(working=False)
    store = stopped.app_worker.store
    alone = store.receive(io.BytesIO(road), "road.png")
    store.jobs.add([alone])
    (store.uploads / new_id()).write_bytes(b"half")
    client = start_again(start, stopped)
    assert client.get(f"/photos/{alone.id}").status_code == 404
    assert not [*client.app_worker.store.uploads.iterdir()]


def test_a_photo_at_which_the_process_ends_each_time_fails_at_last(start, road):
    stopped = start(working=False)
    job = send(stopped, road, road).json()["id"]
    jobs = stopped.app_worker.store.jobs
    for _ in range(TRIES):
        first = jobs.take()
        jobs.recover()
    assert jobs.photo(first.id).state == "failed"
    answer = finished(start_again(start, stopped), job)
    assert [photo["state"] for photo in answer["results"]] == ["failed", "done"]


def test_a_cancelled_job_leaves_out_what_was_not_begun(start, road):
    client = start(working=False)
    job = send(client, road, road, road).json()["id"]
    jobs = client.app_worker.store.jobs
    jobs.finish(jobs.take().id)
    answer = client.delete(f"/jobs/{job}").json()
    assert (answer["state"], answer["done"], answer["cancelled"]) == ("cancelled", 1, 2)
    assert jobs.take() is None
    assert client.delete(f"/jobs/{job}").json() == answer


def test_a_job_that_is_done_stays_so_when_it_is_cancelled(start, road):
    client = start(working=False)
    job = send(client, road).json()["id"]
    jobs = client.app_worker.store.jobs
    jobs.finish(jobs.take().id)
    answer = client.delete(f"/jobs/{job}").json()
    assert (answer["state"], answer["done"], answer["cancelled"]) == ("done", 1, 0)


def test_progress_counts_what_is_ahead(start, road):
    client = start(working=False)
    first, second = (send(client, road, road).json()["id"] for _ in range(2))
    client.app_worker.seconds_per_photo = 2.0
    assert client.get(f"/jobs/{first}").json()["seconds_left"] == 4.0
    assert client.get(f"/jobs/{second}").json()["seconds_left"] == 8.0
    client.app_worker.store.jobs.take()
    assert client.get(f"/jobs/{first}").json()["state"] == "waiting"
    client.app_worker.store.jobs.finish(client.app_worker.store.jobs.photos_of(first)[0].id)
    assert client.get(f"/jobs/{first}").json()["state"] == "working"
    assert client.get(f"/jobs/{first}").json()["seconds_left"] == 2.0


def test_results_of_a_job_are_kept_until_it_is_done(start, road):
    client = start(working=False, keep_photos=1)
    job, store = send(client, road, road).json()["id"], client.app_worker.store
    store.jobs.finish(store.jobs.take().id)
    assert store.jobs.expired(time.time() + 9, 0) == []
    store.jobs.finish(store.jobs.take().id)
    assert len(store.jobs.expired(0.0, 1)) == 1
    store.forget(store.jobs.expired(time.time() + 9, 9))
    assert client.get(f"/jobs/{job}").status_code == 404


def test_too_many_photos_are_refused(start, road):
    client = start(working=False, max_job_photos=2, max_waiting_photos=3)
    assert send(client, road, road, road).status_code == 400
    assert send(client, road, road).status_code == 202
    answer = send(client, road, road)
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers


def test_nothing_is_accepted_when_the_disk_is_nearly_full(start, road, monkeypatch):
    client = start()
    monkeypatch.setattr("upcracknet.serve.store.LEAST_FREE", 1 << 62)
    for answer in (send(client, road), client.post("/photos", files={"photo": road})):
        assert answer.status_code == 503
        assert "nearly full" in answer.json()["detail"]


@pytest.mark.parametrize("method", ["get", "delete"])
def test_unknown_jobs(client, method):
    assert getattr(client, method)(f"/jobs/{new_id()}").status_code == 404
    assert getattr(client, method)("/jobs/..%2f").status_code in (404, 422)


def test_one_folder_has_one_service(start):
    start()
    with pytest.raises(OutputError, match="in work by process"):
        start()


def test_a_field_that_there_is_not_is_refused(client, road):
    answer = client.post("/jobs", files=[("photos", ("a.png", road))], data={"scale": "1.5"})
    assert answer.status_code == 422
    assert (
        "unknown: 'scale'; a form here has millimetres_per_pixel, photos, standard" in answer.json()["detail"]
    )
