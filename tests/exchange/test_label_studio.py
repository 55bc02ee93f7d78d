import json
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from tests.exchange.conftest import model_mask

from upcracknet.errors import DataError
from upcracknet.exchange import label_studio
from upcracknet.exchange.shapes import painted

RIGHT = [0, 0, 0, 8, 57, 27, 252, 96, 17, 255, 128]
"""The right one of two pixels; see test_brush.py."""


def region(kind: str, value: dict, **more) -> dict:
    size = {"original_width": 2, "original_height": 1, "image_rotation": 0}
    return {"type": kind, "from_name": "mask", "to_name": "image", "value": value} | size | more


BRUSH = region("brushlabels", {"format": "rle", "rle": RIGHT, "brushlabels": ["crack"]})
POLYGON = region(
    "polygonlabels", {"points": [[0, 0], [50, 0], [50, 100], [0, 100]], "polygonlabels": ["crack"]}
)


def task(*regions: dict, **data) -> dict:
    annotation = {"id": 1, "was_cancelled": False, "result": [*regions]}
    return {"id": 1, "annotations": [annotation], "data": {"image": "/data/x.jpg", "name": "a.jpg"} | data}


def test_brush_and_polygons_are_read():
    for regions, expected in (
        ([BRUSH], [0, 1]),
        ([POLYGON], [1, 0]),
        ([BRUSH, POLYGON], [1, 1]),
        ([], [0, 0]),
    ):
        (photo,) = label_studio.read([task(*regions)])
        assert photo.name == "a.jpg"
        assert painted(photo.shapes, (1, 2)).tolist() == [[bool(value) for value in expected]]


def test_the_last_annotation_counts_that_was_not_skipped():
    several = task()
    several["annotations"] = [
        {"result": []},
        {"was_cancelled": False, "result": [BRUSH]},
        {"was_cancelled": True, "result": [POLYGON]},
    ]
    skipped = task(name="b.jpg") | {"annotations": [{"was_cancelled": True, "result": [BRUSH]}]}
    untouched = {"data": {"name": "c.jpg"}, "predictions": [{"result": [BRUSH]}]}
    first, second, third = label_studio.read([several, skipped, untouched])
    assert painted(first.shapes, (1, 2)).tolist() == [[False, True]]
    assert second.shapes is None and third.shapes is None


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ({"image": "/data/local-files/?d=photos/day%201/a%23.jpg"}, "photos/day 1/a#.jpg"),
        ({"image": "/data/upload/3/0f3e9a1b-a.jpg"}, "/data/upload/3/a.jpg"),
        ({"image": "s3://roads/day-1/a.jpg"}, "/day-1/a.jpg"),
        ({"picture": "https://host/day-1/a.jpg?token=3"}, "/day-1/a.jpg"),
    ],
)
def test_names_of_tasks_that_were_made_by_hand(data, name):
    (photo,) = label_studio.read([{"data": data, "annotations": [{"result": []}]}])
    assert photo.name == name


def test_what_cannot_be_painted():
    turned = BRUSH | {"image_rotation": 90}
    box = region("rectanglelabels", {"x": 0, "rectanglelabels": ["crack"]})
    for one, message in ((turned, "turned in Label Studio"), (box, "marked by a rectangle")):
        (photo,) = label_studio.read([task(one)])
        with pytest.raises(DataError, match=message):
            painted(photo.shapes, (1, 2))


def test_the_file_shows_the_masks(export, results):
    """Names and labels agree with the setup (complaint 17: label-studio#7998, #4084: nothing was shown)."""
    folder, exported, _ = export("label-studio")
    tasks = json.loads((folder / "tasks.json").read_bytes())
    setup = ElementTree.parse(folder / "setup.xml").getroot()
    image, control = setup.find("Image"), setup.find("BrushLabels")
    assert image is not None and control is not None
    assert image.attrib["value"] == "$image"
    assert exported.photos == len(tasks) == 4
    for entry, record in zip(tasks, results.records(), strict=True):
        assert entry["data"]["image"] == f"/data/local-files/?d=photos/{record.name}"
        assert (folder / "photos" / entry["data"]["name"]).is_file()
        assert entry["data"]["severity"] == record.severity
        ((found,),) = [prediction["result"] for prediction in entry["predictions"]]
        assert (found["type"], found["value"]["format"]) == ("brushlabels", "rle")
        assert (found["from_name"], found["to_name"]) == (control.attrib["name"], image.attrib["name"])
        assert control.attrib["toName"] == image.attrib["name"]
        assert found["value"]["brushlabels"] == [label.attrib["value"] for label in control]
        assert (found["original_width"], found["original_height"], found["image_rotation"]) == (96, 64, 0)
        (photo,) = label_studio.read([{"data": entry["data"], "annotations": [{"result": [found]}]}])
        assert np.array_equal(painted(photo.shapes, (64, 96)), model_mask(results, record.name))


def test_photos_elsewhere(export):
    folder, _, _ = export("label-studio", photos="none", photo_address="s3://roads/2026/")
    tasks = json.loads((folder / "tasks.json").read_bytes())
    assert tasks[0]["data"]["image"] == "s3://roads/2026/day-0/000.png"


@pytest.mark.parametrize("tasks", [[3], [{}], [{"data": {}, "annotations": 3}], [{"image": "a", "mask": []}]])
def test_a_file_that_is_none(tasks):
    with pytest.raises(DataError, match="no tasks of Label Studio"):
        [*label_studio.read(tasks)]


def test_a_damaged_region_is_that_of_one_photo():
    broken = {key: value for key, value in BRUSH.items() if key != "original_width"}
    first, second = label_studio.read([task(broken), task(BRUSH)])
    with pytest.raises(DataError, match="its entry is damaged"):
        painted(first.shapes, (1, 2))
    assert painted(second.shapes, (1, 2)).any()


@pytest.mark.parametrize("labels", ["crack", 5, [["crack"]], {"crack": 1}, [None]])
def test_labels_of_another_type(labels):
    region = {
        "type": "brushlabels",
        "value": {"brushlabels": labels},
        "original_width": 1,
        "original_height": 1,
    }
    with pytest.raises(DataError, match="no tasks of Label Studio"):
        [*label_studio.read([{"data": {"name": "a"}, "annotations": [{"result": [region]}]}])]
