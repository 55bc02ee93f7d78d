import pytest

from upcracknet.errors import DataError
from upcracknet.exchange.photos import PhotoIndex, file_name
from upcracknet.results import Record


def record(name: str, photo: str | None = None) -> Record:
    return Record(name, photo or f"/road/{name}", None, "", "done", mask=f"masks/{name}.png")


@pytest.mark.parametrize(
    ("name", "photo", "expected"),
    [
        ("day-1/a.jpg", None, "day-1/a.jpg"),
        ("straße ü.JPG", None, "straße ü.JPG"),
        ("A.jpg~2", "/road/x/A.jpg", "A.jpg~2.jpg"),
        ("a\nb\x01.png", None, "a%0Ab%01.png"),
        ("caf%E9.jpg", "/road/caf\udce9.jpg", "caf%E9.jpg"),
        ("a", "https://host/a?page=1.5", "a.jpg"),
        ("drive.mp4/000001000ms", "/road/drive.mp4/000001000ms", "drive.mp4/000001000ms.jpg"),
    ],
)
def test_names_that_every_format_takes(name, photo, expected):
    assert file_name(record(name, photo)) == expected


INDEX = PhotoIndex(map(record, ["day-1/a.jpg", "day-2/a.jpg", "day-2/b.png", "c.jpg", "c.png", "x/y/z.tif"]))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("day-1/a.jpg", "day-1/a.jpg"),
        ("/home/me/photos/day-2/a.jpg", "day-2/a.jpg"),
        ("photos\\day-2\\b.png", "day-2/b.png"),
        ("b.png", "day-2/b.png"),
        ("b.jpg", "day-2/b.png"),
        ("day-2/b.png.png", "day-2/b.png"),
        ("b_mask.png", "day-2/b.png"),
        ("c.png", "c.png"),
        ("c.png.png", "c.png"),
        ("z.tif", "x/y/z.tif"),
        ("y/z", "x/y/z.tif"),
    ],
)
def test_names_are_found(given, expected):
    assert INDEX.find(given) == expected


@pytest.mark.parametrize(
    ("names", "given", "expected"),
    [
        (["a.jpg", "day-1/a.jpg"], "day-1/a.jpg.png", "day-1/a.jpg"),
        (["a.jpg", "day-1/a.jpg"], "job/day-1/a.jpg", "day-1/a.jpg"),
        (["a.jpg", "day-1/a.jpg"], "a.jpg.png", "a.jpg"),
        (["a.jpg", "day-1/a.png"], "a.png", "a.jpg"),
        (["a.jpg", "a.png"], "job/a.png", "a.png"),
    ],
)
def test_a_photo_of_the_folder_that_is_named_comes_first(names, given, expected):
    assert PhotoIndex([record(name) for name in names]).find(given) == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("d.jpg", "d.jpg: no photo of this result folder"),
        ("day-3/b.png", "no photo"),
        ("a.jpg", "fits 2 photos, day-1/a.jpg and day-2/a.jpg; name its folder"),
        ("c.tif", "fits 2 photos"),
        ("", "no photo"),
    ],
)
def test_unknown_and_double_names_are_refused(given, message):
    with pytest.raises(DataError, match=message):
        INDEX.find(given)
