import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from tests.exchange.conftest import model_mask

from upcracknet.errors import DataError
from upcracknet.exchange import cvat
from upcracknet.exchange.shapes import painted

GOLDEN = b"""<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta><job><id>5</id></job></meta>
  <image id="0" name="road/a.jpg" width="6" height="4">
    <mask label="crack" source="manual" occluded="0" rle="1, 2, 1, 1, 1" left="1" top="1" width="3"
      height="2" z_order="0"></mask>
    <polygon label="crack" occluded="0" points="4.00,0.00;6.00,0.00;6.00,1.00;4.00,1.00"/>
    <box label="pothole" occluded="0" xtl="0" ytl="0" xbr="3" ybr="3"/>
  </image>
  <image id="1" name="road/b.jpg" width="6" height="4">
    <polyline label="crack" points="0.5,2.5;5.5,2.5"/>
  </image>
</annotations>
"""
"""By hand, by the description of the format: the mask's rows are 0 1 1 and 0 1 0."""

EXPECTED = np.array([[0, 0, 0, 0, 1, 1], [0, 0, 1, 1, 0, 0], [0, 0, 1, 0, 0, 0], [0] * 6], bool)

WRITTEN = (
    '<mask label="crack" source="auto" occluded="0" rle="{rle}" left="{left}" top="{top}" width="{width}" '
    'height="{height}" z_order="0">'
)


def test_masks_polygons_and_lines_are_read():
    first, second = cvat.read(GOLDEN, line_width_px=1.0)
    assert (first.name, first.size) == ("road/a.jpg", (4, 6))
    assert np.array_equal(painted(first.shapes, (4, 6)), EXPECTED)
    assert painted(second.shapes, (4, 6)).sum(axis=1).tolist() == [0, 0, 6, 0]
    _, wide = cvat.read(GOLDEN, line_width_px=3.0)
    assert painted(wide.shapes, (4, 6))[:, 3].tolist() == [False, True, True, True]


def test_a_box_says_nothing_of_pixels():
    first, _ = cvat.read(GOLDEN, "pothole")
    with pytest.raises(DataError, match="marked by a box"):
        painted(first.shapes, (4, 6))


def test_what_is_written(export, results):
    """One mask a connected part, in its box, as CVAT takes them (complaint 17: cvat#7458)."""
    folder, exported, _ = export("cvat")
    text = (folder / "annotations.xml").read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    assert (root.tag, root.findtext("version")) == ("annotations", "1.1")
    assert root.findtext("meta/task/labels/label/name") == "crack"
    images = root.findall("image")
    assert exported.photos == len(images) == 4
    for number, (image, record) in enumerate(zip(images, results.records(), strict=True)):
        assert image.attrib == {"id": str(number), "name": record.name, "width": "96", "height": "64"}
        assert (folder / "images" / record.name).is_file()
        painted_here = np.zeros((64, 96), int)
        for mask in image.findall("mask"):
            assert WRITTEN.format(**mask.attrib) in text
            left, top, width, height = (int(mask.attrib[key]) for key in ("left", "top", "width", "height"))
            runs = [int(run) for run in mask.attrib["rle"].split(", ")]
            assert sum(runs) == width * height
            pixels = [index % 2 for index, run in enumerate(runs) for _ in range(run)]
            painted_here[top : top + height, left : left + width] += np.reshape(pixels, (height, width))
        assert np.array_equal(painted_here, model_mask(results, record.name))
    longest = images[0].find("mask/attribute[@name='number']")
    assert longest is not None
    assert longest.text == "1"


def test_the_label_for_its_editor(export):
    folder, _, _ = export("cvat", photos="none")
    text = (folder / "labels.json").read_text()
    assert '"name": "crack"' in text and '"type": "any"' in text and '"length_mm"' in text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<annotations>", "no file of CVAT that can be read"),
        (b'<annotations><image id="1"/></annotations>', "no file of CVAT"),
        (b"<html/>", "no annotations of CVAT's images"),
        (b"<annotations><track/></annotations>", "perhaps those of a video"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><annotations>&b;</annotations>', "no file of CVAT"),
    ],
)
def test_a_file_that_is_none(content, message):
    with pytest.raises(DataError, match=message):
        [*cvat.read(content)]


def test_a_damaged_mask_is_that_of_one_photo():
    first, second = cvat.read(GOLDEN.replace(b"1, 2, 1, 1, 1", b"1, x"))
    with pytest.raises(DataError, match="its entry is damaged"):
        painted(first.shapes, (4, 6))
    assert painted(second.shapes, (4, 6)).any()


@pytest.mark.parametrize("encoding", ["utf-7", "nothing", "utf-32", "cp037"])
def test_encodings_that_are_not_read(encoding):
    with pytest.raises(DataError, match="no file of CVAT"):
        [*cvat.read(f'<?xml version="1.0" encoding="{encoding}"?><annotations/>'.encode())]
