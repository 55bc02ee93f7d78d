import json

import numpy as np
import pytest
from pycocotools import mask as pycocotools
from pycocotools.coco import COCO
from tests.exchange.conftest import corrected_mask, model_mask

from upcracknet.errors import DataError
from upcracknet.exchange import coco
from upcracknet.exchange.shapes import painted

GOLDEN = {
    "images": [{"id": 7, "file_name": "road/a.jpg", "width": 4, "height": 3}],
    "categories": [{"id": 1, "name": "crack"}, {"id": 2, "name": "pothole"}],
    "annotations": [
        # Down the columns of 3 pixels: 4 no crack, 2 crack, and the rest.
        {"image_id": 7, "category_id": 1, "segmentation": {"size": [3, 4], "counts": [4, 2, 6]}},
        # 9, 3: the last column.
        {"image_id": 7, "category_id": 1, "segmentation": {"size": [3, 4], "counts": "93"}},
        {"image_id": 7, "category_id": 1, "segmentation": [[0, 0, 1, 0, 1, 1, 0, 1]]},
        {"image_id": 7, "category_id": 2, "segmentation": {"size": [3, 4], "counts": [0, 12]}},
    ],
}
"""By hand, as an annotation program might write it."""

EXPECTED = np.array([[1, 0, 0, 1], [0, 1, 0, 1], [0, 1, 0, 1]], bool)


def test_masks_in_every_form_are_read():
    (photo,) = coco.read(GOLDEN)
    assert (photo.name, photo.size) == ("road/a.jpg", (3, 4))
    assert np.array_equal(painted(photo.shapes, (3, 4)), EXPECTED)


def test_another_label():
    (photo,) = coco.read(GOLDEN, "Pothole")
    assert painted(photo.shapes, (3, 4)).all()
    with pytest.raises(DataError, match=r"no label 'rut', there is crack, pothole; say with --label"):
        next(coco.read(GOLDEN, "rut"))


@pytest.mark.parametrize("odd", ["[" * 5000, "a\nb", -1, None])
def test_a_category_that_is_not_there_is_one_short_line(odd):
    wrong = GOLDEN | {"annotations": [GOLDEN["annotations"][0] | {"category_id": odd}]}
    with pytest.raises(DataError, match="no COCO file of instances") as caught:
        next(coco.read(wrong))
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 1000


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # pycocotools and NumPy 2
def test_it_opens_in_pycocotools(export, results, capsys):
    """One annotation a connected part (complaint 17: cvat#7458)."""
    folder, exported, problems = export("coco")
    data = COCO(str(folder / "annotations.json"))
    capsys.readouterr()
    assert (exported.photos, exported.left_out, problems) == (4, 0, [])
    assert [*data.cats.values()] == [{"id": 1, "name": "crack", "supercategory": ""}]
    names = [image["file_name"] for image in data.imgs.values()]
    assert names == [record.name for record in results.records()]
    for number, image in data.imgs.items():
        assert (folder / "photos" / image["file_name"]).is_file()
        annotations = data.imgToAnns[number]
        masks = [pycocotools.decode(annotation["segmentation"]) for annotation in annotations]
        assert np.array_equal(sum(masks), model_mask(results, image["file_name"]))
        for annotation, mask in zip(annotations, masks, strict=True):
            assert annotation["area"] == mask.sum() == pycocotools.area(annotation["segmentation"])
            assert annotation["bbox"] == pycocotools.toBbox(annotation["segmentation"]).tolist()
            assert annotation["iscrowd"] == 0


def test_cracks_have_their_measures(export, results):
    folder, _, _ = export("coco", photos="none")
    content = json.loads((folder / "annotations.json").read_bytes())
    record = next(results.records())
    first = [line["attributes"] for line in content["annotations"] if line["image_id"] == 1]
    longest = next(line for line in first if line.get("number") == 1)
    assert longest["length_mm"] == pytest.approx(2 * longest["length_px"], rel=1e-3)
    assert longest["severity"] == record.severity
    assert set(longest) == {
        *("number", "class", "severity", "length_px", "length_mm", "width_mean_px", "width_mean_mm")
    }
    assert not (folder / "photos").exists()


def test_an_empty_result_folder_gives_a_valid_file(export, results, tmp_path):
    for path in (results.path / "records").rglob("*.json"):
        path.unlink()
    folder, exported, _ = export("coco")
    content = json.loads((folder / "annotations.json").read_bytes())
    assert (content["images"], content["annotations"], exported.photos) == ([], [], 0)


def test_corrected_cracks_come_back(export, take, results, tmp_path):
    folder, _, _ = export("coco", photos="none")
    content = json.loads((folder / "annotations.json").read_bytes())
    content["annotations"] = [line for line in content["annotations"] if line["image_id"] != 1]
    more = {"id": 999, "image_id": 1, "category_id": 1, "segmentation": [[10, 10, 60, 10, 60, 14, 10, 14]]}
    content["annotations"].append(more)
    (tmp_path / "mine.json").write_text(json.dumps(content))
    imported, problems = take(tmp_path / "mine.json")
    assert (imported.corrected, imported.unchanged, problems) == (1, 3, [])
    expected = np.zeros((64, 96), bool)
    expected[10:14, 10:60] = True
    assert np.array_equal(corrected_mask(results, "day-0/000.png"), expected)


@pytest.mark.parametrize(
    "content",
    [
        {"images": 3, "annotations": []},
        {"images": [{"id": 1}], "annotations": []},
        {"images": [], "annotations": [{"image_id": 1}], "categories": [{"id": 1, "name": "crack"}]},
        {"images": [], "annotations": 3},
    ],
)
def test_a_file_that_is_none(content):
    with pytest.raises(DataError, match="no COCO file of instances"):
        [*coco.read(content)]


@pytest.mark.parametrize(
    "damage",
    [{"segmentation": {"size": [3, 4]}}, {"segmentation": [["a", 1]]}, {"segmentation": [[1, 2, 3]]}],
)
def test_a_damaged_entry_is_that_of_one_photo(damage):
    images = [*GOLDEN["images"], {"id": 8, "file_name": "b.jpg", "width": 4, "height": 3}]
    broken = {"image_id": 8, "category_id": 1} | damage
    first, second = coco.read(GOLDEN | {"images": images, "annotations": [*GOLDEN["annotations"], broken]})
    assert painted(first.shapes, (3, 4)).any()
    with pytest.raises(DataError, match="its entry is damaged"):
        painted(second.shapes, (3, 4))
