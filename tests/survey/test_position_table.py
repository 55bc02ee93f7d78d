"""Tables of positions: what is read, which photo a line is of, and what is left out by name."""

from datetime import UTC, datetime

import pytest

from upcracknet.errors import DataError
from upcracknet.results.records import Record
from upcracknet.survey.position_table import GivenPosition, read_positions

NAMES = ("day-1/IMG_1.JPG", "day-1/IMG_2.JPG", "day-2/IMG_1.JPG", "top.png")
RECORDS = [Record(name, f"/data/road/{name}", None, "1", "done") for name in NAMES]


@pytest.fixture
def read(tmp_path):
    def run(text: str | bytes, records=RECORDS):
        path = tmp_path / "places.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_positions(path, records)

    return run


def test_all_columns_in_any_order_and_spelling_and_others_are_passed_over(read):
    text = (
        "Time, ALTITUDE ,street,Photo,Longitude,Latitude,Heading,Course\n"
        '2024-05-01T10:00:00.5Z,-3.5,"Main, Street",top.png,-70.5,-33.25,-90,450\n'
    )
    with_bad_course, notes = read(text)
    assert not with_bad_course
    assert notes == [
        "places.csv: left out lines without a usable position: 2 (course '450', expected -360 to 360).",
    ]
    found, notes = read(text.replace("450", "359.5"))
    seconds = datetime(2024, 5, 1, 10, 0, 0, 500_000, UTC).timestamp()
    assert found == {"top.png": GivenPosition(-33.25, -70.5, 270.0, 359.5, -3.5, seconds)}
    assert not notes


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbfphoto,latitude,longitude\r\ntop.png,52.5,13.25\r\n",
        b"photo;latitude;longitude\ntop.png;52,5;13,25\n",
        b"photo;latitude;longitude\n\n;;\ntop.png;52.5;13.25",
        b"sep=;\r\nphoto;latitude;longitude\r\ntop.png;52,5;13,25\r\n",
        b"photo\tlatitude\tlongitude\ntop.png\t52,5\t13.25\n",
        b'"photo","latitude","longitude"\n"top.png","52.5","13.25"\n',
    ],
)
def test_what_spreadsheets_write(read, text):
    """With a mark of UTF-8 in front, semicolons, decimal commas, empty lines, quotes."""
    assert read(text) == ({"top.png": GivenPosition(52.5, 13.25)}, [])


@pytest.mark.parametrize(
    ("photo", "name"),
    [
        ("top.png", "top.png"),
        ("/data/road/top.png", "top.png"),
        ("day-2/IMG_1.JPG", "day-2/IMG_1.JPG"),
        ("./day-2/IMG_1.JPG", "day-2/IMG_1.JPG"),
        ("../road/day-2/IMG_1.JPG", "day-2/IMG_1.JPG"),
        (r"day-2\IMG_1.JPG", "day-2/IMG_1.JPG"),
        ("road/day-1/IMG_1.JPG", "day-1/IMG_1.JPG"),
        ("IMG_2.JPG", "day-1/IMG_2.JPG"),
    ],
)
def test_a_photo_is_named_by_its_name_its_path_or_the_end_of_either(read, photo, name):
    assert list(read(f"photo,latitude,longitude\n{photo},1,2\n")[0]) == [name]


def test_names_that_are_unknown_or_of_several_photos_are_said(read):
    """IMG_1.JPG of an other day must not lie where this one lies."""
    rows = ["IMG_1.JPG,1,2", "day-3/IMG_1.JPG,1,2", "MG_2.JPG,1,2", "a,1,2", "b,1,2", "c,1,2", "top.png,3,4"]
    found, notes = read("photo,latitude,longitude\n" + "\n".join(rows))
    assert list(found) == ["top.png"]
    assert notes == [
        "places.csv: left out photos that are not in the result folder: day-3/IMG_1.JPG, MG_2.JPG, a and 2 "
        "more.",
        "places.csv: left out names that several photos have; give more of their paths: IMG_1.JPG.",
    ]


def test_a_whole_name_is_no_end_of_another(read):
    records = [Record(name, f"/data/{name}", None, "1", "done") for name in ("a.jpg", "x/a.jpg", "x/b.jpg")]
    found, notes = read("photo,latitude,longitude\na.jpg,1,2\nx/b.jpg,3,4\n", records)
    assert {name: place.latitude for name, place in found.items()} == {"a.jpg": 1, "x/b.jpg": 3}
    assert not notes
    found, _ = read("photo,latitude,longitude\na.jpg,1,2\nx/a.jpg,3,4\n", records)
    assert {name: place.latitude for name, place in found.items()} == {"a.jpg": 1, "x/a.jpg": 3}


def test_a_photo_twice_has_one_place_or_none(read):
    text = "photo,latitude,longitude\ntop.png,1,2\ntop.png,1,2\nIMG_2.JPG,1,2\nIMG_2.JPG,1,3\n"
    found, notes = read(text)
    assert list(found) == ["top.png"]
    assert notes == ["places.csv: left out photos with more than one position: IMG_2.JPG."]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("top.png,,2", "has no photo, latitude or longitude"),
        ("top.png", "has no photo, latitude or longitude"),
        ("top.png,0,0.0", "0°, 0°, which stands for no place"),
        (",1,2", "has no photo, latitude or longitude"),
        ("top.png,north,2", "latitude 'north', expected -90 to 90"),
        ("top.png,91,2", "latitude '91', expected -90 to 90"),
        ("top.png,1,nan", "longitude 'nan', expected -180 to 180"),
        ("top.png,1,2,noon", "time 'noon', expected UTC, such as 2024-05-01T10:00:00Z"),
    ],
)
def test_a_bad_line_is_named_and_the_others_count(read, line, why):
    found, notes = read(f"photo,latitude,longitude,time\nIMG_2.JPG,1,2\n{line}\n")
    assert list(found) == ["day-1/IMG_2.JPG"]
    assert notes == [f"places.csv: left out lines without a usable position: 3 ({why})."]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "has no column photo, latitude, longitude; expected"),
        (b"photo,lat,lon\n", "has no column latitude, longitude; expected"),
        ("photo;latitude;longitude\nstraße.jpg;1;2\n".encode("latin-1"), "is not in UTF-8"),
    ],
)
def test_what_is_no_table_is_refused_in_one_line(read, text, message):
    with pytest.raises(DataError, match=message) as caught:
        read(text)
    assert "\n" not in str(caught.value)


def test_a_table_that_is_missing(tmp_path):
    with pytest.raises(DataError, match=r"none\.csv: cannot be read"):
        read_positions(tmp_path / "none.csv", RECORDS)
