import base64

import cv2
import numpy as np
import pytest

from upcracknet.exchange.brush import from_brush
from upcracknet.exchange.label_studio import SETUP
from upcracknet.serve import label_studio

OWN_SETUP = """<View><Header value="Roads"/><Image name="photo" value="$picture"/>
<BrushLabels name="paint" toName="photo"><Label value="Other"/><Label value="Cracks"/></BrushLabels></View>"""


def uri(content: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"


def predict(client, *photos, setup=SETUP, key="image"):
    tasks = [{"id": number, "data": {key: photo}} for number, photo in enumerate(photos)]
    return client.post("/predict", json={"tasks": tasks, "label_config": setup, "project": "7.1"})


def test_a_prediction_is_the_mask(client, road, model):
    blank = cv2.imencode(".png", np.full((40, 40), 128, np.uint8))[1].tobytes()
    answer = predict(client, uri(road), uri(blank)).json()
    cracked, empty = answer["results"]
    (region,) = cracked["result"]
    assert (region["from_name"], region["to_name"]) == ("mask", "image")
    assert region["value"]["brushlabels"] == ["crack"]
    found = model[0].detect(road)
    np.testing.assert_array_equal(from_brush(region["value"]["rle"], (64, 96)), found.mask)
    assert cracked["score"] == pytest.approx(found.area_share, abs=1e-6)
    assert (empty["result"], empty["score"]) == ([], 0)


def test_names_are_those_of_the_projects_setup(client, road):
    (prediction,) = predict(client, uri(road), setup=OWN_SETUP, key="picture").json()["results"]
    (region,) = prediction["result"]
    assert (region["from_name"], region["to_name"]) == ("paint", "photo")
    assert region["value"]["brushlabels"] == ["Cracks"]


def test_a_damaged_photo_costs_no_other_task(client, road):
    answer = predict(client, uri(road[:300]), uri(road)).json()
    damaged, whole = answer["results"]
    assert "cannot be read" in damaged["error"]
    assert whole["error"] is None
    assert whole["result"]


@pytest.mark.parametrize(
    "photo",
    [
        *(
            "/data/upload/1/road.png",
            "/data/local-files/?d=../../etc/passwd",
            "/etc/passwd",
            "file:///etc/passwd",
        ),
        *(
            "http://169.254.169.254/latest",
            "https://evil.example/road.png",
            "s3://bucket/road.png",
            "",
            None,
            7,
        ),
        *("data:text/plain;base64,aGVsbG8=", "data:image/png,hello", "data:image/png;base64,???", ["a"]),
    ],
)
def test_no_address_is_fetched_and_no_file_read(client, photo, monkeypatch):
    monkeypatch.setattr("socket.create_connection", lambda *_, **__: pytest.fail("was fetched"))
    answer = predict(client, photo)
    assert answer.status_code == 422
    assert "data.image" in answer.json()["detail"]


def test_setup_says_which_model_answers(client):
    answer = client.post(
        "/setup", json={"project": "7.1", "schema": SETUP, "hostname": "http://x", "access_token": "t"}
    )
    assert answer.json() == {"model_version": "local-contrast"}
    assert client.get("/health").json()["status"] == "UP"


@pytest.mark.parametrize(
    "setup",
    [
        *("", "<View>", "<View/>", SETUP.replace("BrushLabels", "RectangleLabels"), "\0", "[]"),
        SETUP.replace('toName="image"', 'toName="other"'),
        SETUP.replace("crack", "tree").replace("<Label", '<Label value="car"/><Label', 1),
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><View>&a;</View>',
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><View>&b;</View>',
    ],
)
def test_setups_without_a_brush_are_refused(client, road, setup):
    assert client.post("/setup", json={"schema": setup}).status_code == 422
    assert predict(client, uri(road), setup=setup).status_code == 422


def test_results_of_predictions_are_not_kept(client, road):
    predict(client, uri(road))
    assert not [*client.app_worker.store.results.records()]


def test_few_predictions_are_read_at_a_time(client, road, monkeypatch):
    """Their photos come into memory; the others are asked to wait before they are read."""
    monkeypatch.setattr(label_studio, "MOST_PREDICTIONS", 0)
    answer = predict(client, uri(road))
    assert answer.status_code == 503 and answer.headers["Retry-After"] == "5"
    monkeypatch.undo()
    assert predict(client, uri(road)).status_code == 200
