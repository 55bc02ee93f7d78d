import base64
import threading
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from tests.serve.conftest import until

from upcracknet import CrackDetector, Scale
from upcracknet.serve.jobs import new_id


class Gate(CrackDetector):
    """A detector that waits until it is let go."""

    def __init__(self, detector: CrackDetector) -> None:
        super().__init__(detector.scorer, detector.threshold)
        self.open, self.begun = threading.Event(), threading.Event()

    def detect_each(self, items):
        for item in items:
            self.begun.set()
            self.open.wait(30)
            yield from super().detect_each([item])


def post(client, content, name="road.png", **form):
    return client.post("/photos", files={"photo": (name, content)}, data=form)


def picture(content: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)


def test_measures_are_those_of_the_detector(client, road, model):
    answer = post(client, road, millimetres_per_pixel="1.5").json()
    found = model[0].detect(road)
    (crack,) = found.cracks(Scale.uniform(1.5))
    assert answer["measures"]["cracks"][0]["length_mm"] == pytest.approx(crack.length_mm, abs=1e-5)
    assert answer["crack_length_m"] == pytest.approx(crack.length_mm / 1000, abs=1e-4)
    assert answer["crack_pixels"] == found.crack_pixels
    assert answer["severity"] == crack.severity
    assert (answer["width"], answer["height"]) == (96, 64)


def test_mask_and_overlay_lie_behind_links(client, road, model):
    answer = post(client, road).json()
    mask = client.get(answer["mask"])
    assert mask.headers["Content-Type"] == "image/png"
    np.testing.assert_array_equal(picture(mask.content), model[0].detect(road).mask * np.uint8(255))
    overlay = client.get(answer["overlay"])
    assert overlay.headers["Content-Type"] == "image/jpeg"
    assert picture(overlay.content).shape == (64, 96, 3)
    assert client.get(f"/photos/{answer['id']}").json() == answer


def test_inline_answers_hold_the_pictures_and_nothing_is_kept(client, road):
    linked, inline = post(client, road).json(), post(client, road, inline="true").json()
    header, _, content = inline["mask"].partition(",")
    assert header == "data:image/png;base64"
    assert base64.b64decode(content) == client.get(linked["mask"]).content
    assert inline["overlay"].startswith("data:image/jpeg;base64,")
    assert client.get(f"/photos/{inline['id']}").status_code == 404
    names = [path.name for path in client.app_worker.store.results.path.rglob("*")]
    assert not [name for name in names if inline["id"] in name]


def test_without_a_scale_there_are_no_millimetres(client, road):
    answer = post(client, road).json()
    assert answer["crack_length_m"] is None
    assert answer["severity"] is None
    assert answer["crack_length_px"] > 90


def test_the_standard_is_chosen_for_each_photo(client, road):
    answers = [post(client, road, millimetres_per_pixel="2", standard=name).json()
               for name in ("astm-d6433", "fhwa-ltpp")]  # fmt: skip
    assert [answer["measures"]["standard"] for answer in answers] == ["astm-d6433", "fhwa-ltpp"]


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"millimetres_per_pixel": "0"}, "millimetres_per_pixel"),
        ({"millimetres_per_pixel": "nan"}, "millimetres_per_pixel"),
        ({"millimetres_per_pixel": "inf"}, "millimetres_per_pixel"),
        ({"millimetres_per_pixel": "wide"}, "millimetres_per_pixel"),
        ({"standard": "mine"}, "astm-d6433"),
        ({"inline": "perhaps"}, "inline"),
    ],
)
def test_wrong_fields_are_named(client, road, form, said):
    answer = post(client, road, **form)
    assert answer.status_code == 422
    assert said in answer.json()["detail"]


def test_wrong_bodies_are_refused(client, road):
    multipart, without_boundary = (
        {"Content-Type": f"multipart/form-data{more}"} for more in ("; boundary=x", "")
    )
    assert client.post("/photos").status_code == 422
    assert client.post("/photos", json={"photo": "road.png"}).status_code == 422
    assert client.post("/photos", data={"photo": "road.png"}).status_code == 422
    assert client.post("/photos", files={"picture": road}).status_code == 422
    assert client.post("/photos", content=b"--y\r\n", headers=multipart).status_code in (400, 422)
    assert client.post("/photos", content=road, headers=without_boundary).status_code in (400, 422)


def test_a_photo_that_cannot_be_used_is_named_as_its_sender_named_it(client):
    small = cv2.imencode(".png", np.zeros((8, 8), np.uint8))[1].tobytes()
    answer = post(client, small, "Straße 7.png")
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("Straße 7.png: 8×8 pixels")
    assert "not an image" in post(client, b"text").json()["detail"]


def test_no_answer_tells_a_path_of_this_machine(client, road, tmp_path):
    answers = [post(client, content).text for content in (road, road[:500], b"text", b"")]
    assert not [text for text in answers if str(tmp_path) in text or "uploads" in text]


def test_a_photo_of_too_many_pixels_is_refused_before_it_is_decoded(start, monkeypatch):
    client = start(max_megapixels=1.0)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda self: pytest.fail("was decoded"))
    wide = cv2.imencode(".png", np.zeros((1000, 1001), np.uint8))[1].tobytes()
    answer = post(client, wide)
    assert answer.status_code == 413
    assert "1001x1000 pixels" in answer.json()["detail"]


def test_a_file_of_too_many_bytes_is_refused(start):
    client = start(max_photo_mb=1)
    assert post(client, bytes(1_500_000)).status_code == 413
    assert post(client, bytes(9_000_000)).status_code == 413  # more than the whole form may have
    assert not [*client.app_worker.store.uploads.iterdir()]


def test_a_full_queue_says_when_to_try_again(start, road, model):
    gate = Gate(model[0])
    client = start(gate, queue=1, request_seconds=20.0)
    first = threading.Thread(target=post, args=(client, road))
    first.start()
    until(lambda: client.app_worker.queued == 1)
    answer = post(client, road)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    gate.open.set()
    first.join()
    assert post(client, road).status_code == 200


def test_an_answer_that_takes_too_long_is_not_waited_for(start, road, model):
    gate = Gate(model[0])
    client = start(gate, request_seconds=0.05)
    answer = post(client, road)
    assert answer.status_code == 503
    assert "as a job" in answer.json()["detail"]
    gate.open.set()


def test_a_service_that_stops_finishes_what_is_in_work(start, road, model):
    gate = Gate(model[0])
    client = start(gate, request_seconds=60.0)
    with ThreadPoolExecutor(2) as senders:
        first = senders.submit(post, client, road)
        assert gate.begun.wait(20)
        second = senders.submit(post, client, road)
        until(lambda: client.app_worker.queued == 2)
        client.app_worker.stop()
        assert client.get("/health").status_code == 503
        assert post(client, road).status_code == 503
        gate.open.set()
        assert first.result().status_code == 200
        assert second.result().status_code == 503


def test_a_defect_costs_its_own_photo_alone(start, road, model):
    class Broken(CrackDetector):
        def detect_each(self, items):
            for item in items:
                if broken:
                    broken.clear()
                    raise RuntimeError("the engine is gone")
                yield from super().detect_each([item])

    broken = [True]
    client = start(Broken(model[0].scorer, model[0].threshold))
    answer = post(client, road)
    assert answer.status_code == 503
    assert "the engine is gone" in answer.json()["detail"]
    assert post(client, road).status_code == 200


def test_results_are_kept_for_a_time_and_a_number(start, road):
    client = start(keep_photos=2)
    ids = [post(client, road).json()["id"] for _ in range(3)]
    client.app_worker.store.expire()
    assert [client.get(f"/photos/{one}").status_code for one in ids] == [404, 200, 200]
    client.app_worker.store.jobs.forget(ids)
    assert client.get(f"/photos/{ids[2]}/mask").status_code == 404


def test_figures_count_what_was_asked(client, road):
    post(client, road)
    post(client, b"text")
    client.get(f"/photos/{new_id()}")
    client.request("BREW", "/coffee")
    figures = client.get("/metrics").text
    assert 'upcracknet_requests_total{method="POST",path="/photos",status="200"} 1.0' in figures
    assert 'upcracknet_requests_total{method="POST",path="/photos",status="422"} 1.0' in figures
    assert 'upcracknet_requests_total{method="GET",path="/photos/{id}",status="404"} 1.0' in figures
    assert 'upcracknet_requests_total{method="other",path="other",status="404"} 1.0' in figures
    assert 'upcracknet_photos_total{outcome="done"} 1.0' in figures
    assert "upcracknet_queued_photos 0.0" in figures


def test_unknown_photos_and_paths(client):
    assert client.get(f"/photos/{new_id()}").status_code == 404
    for name in ("..", "%2e%2e", "A" * 32, "g" * 32, "0" * 31, "..%2f..%2fetc%2fpasswd"):
        assert client.get(f"/photos/{name}").status_code in (404, 422)
    assert client.get(f"/photos/{new_id()}/results.json").status_code == 422
    assert client.get("/photos").status_code == 405


def test_a_field_that_there_is_not_is_refused(client, road):
    """A misspelt scale would else be a photo without millimetres."""
    answer = post(client, road, milimetres_per_pixel="1.5")
    assert answer.status_code == 422
    assert "'milimetres_per_pixel'" in answer.json()["detail"]
    assert "inline, millimetres_per_pixel, photo, standard" in answer.json()["detail"]
    by_address = client.post("/photos?millimetres_per_pixel=2", files={"photo": ("a.png", road)})
    assert by_address.status_code == 422
    assert "unknown: 'millimetres_per_pixel'" in by_address.json()["detail"]
