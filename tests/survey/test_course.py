from datetime import timedelta, timezone

import numpy as np
import pytest
from tests.survey.roads import START, at, north

from upcracknet.errors import DataError
from upcracknet.measure.track import Track
from upcracknet.survey.course import find_course
from upcracknet.survey.line_layer import read_lines


def track(*metres: float, seconds_a_point: float = 1.0) -> Track:
    """A track along the road that leads north."""
    seconds = START.timestamp() + seconds_a_point * np.arange(len(metres))
    points = [(*north(value), second) for value, second in zip(metres, seconds, strict=True)]
    return Track((np.array(points),))


def test_chainage_runs_along_the_track_as_it_was_driven():
    course = find_course([at(100)], track(*range(0, 301, 10), *range(290, -1, -10)), None)
    (road,) = course.roads
    assert road.length_m == pytest.approx(600, abs=0.1)
    assert road.name is None
    assert course.moments == (START.timestamp() + 10,)
    assert "driven twice has two stretches" in course.note


def test_a_car_that_stands_makes_the_road_no_longer():
    """A minute at a light, where the receiver strays by 2 m each second: 120 m of way and more."""
    straying = [200 + 2 * (second % 2) for second in range(60)]
    (road,) = find_course([], track(*range(0, 200, 10), *straying, *range(210, 401, 10)), None).roads
    assert road.length_m == pytest.approx(400, abs=0.1)


def test_through_a_tunnel_the_road_goes_straight_on():
    """2 km without points, in a new segment of the track."""
    before, after = track(*range(0, 101, 10)), track(*range(2100, 2201, 10))
    later = after.segments[0] + [0, 0, 600]
    (road,) = find_course([], Track((before.segments[0], later)), None).roads
    assert road.length_m == pytest.approx(2200, abs=0.2)


def test_far_away_another_road_begins():
    before, after = track(*range(0, 101, 10)), track(*range(9000, 9201, 10))
    later = after.segments[0] + [0, 0, 600]
    roads = find_course([], Track((before.segments[0], later)), None).roads
    assert [road.name for road in roads] == ["track 1", "track 2"]
    assert [road.length_m for road in roads] == pytest.approx([100, 200], abs=0.1)


def test_a_track_without_times():
    points = track(*range(0, 301, 10)).segments[0]
    points[:, 2] = np.nan
    course = find_course([at(100)], Track((points,)), None)
    assert course.roads[0].moments is None
    assert course.roads[0].length_m == pytest.approx(300, abs=0.1)
    assert "the track has no times" in course.note


def test_from_photo_to_photo_in_the_order_of_their_times():
    positions = [at(metres, source="exif") for metres in (200, 0, 100)]
    course = find_course(positions, None, None)
    (road,) = course.roads
    assert road.length_m == pytest.approx(200, abs=0.1)
    assert road.places[0] == pytest.approx(north(0)[::-1])
    assert course.moments == (2.0, 0.0, 1.0)
    assert "order of their times" in course.note


def test_times_of_several_zones_are_one_order():
    """A clock five hours behind shows an earlier time of day, and is no earlier."""
    behind = timezone(timedelta(hours=-5))
    course = find_course([at(0), at(100, time=at(100).time.astimezone(behind))], None, None)
    assert course.moments == (0.0, 1.0)


def test_from_photo_to_photo_without_times():
    course = find_course([at(metres, time=None) for metres in (0, 100, 200)], None, None)
    assert course.roads[0].length_m == pytest.approx(200, abs=0.1)
    assert "order of their names, as most have no time" in course.note


def test_a_photo_without_a_time_leaves_the_others_in_their_order():
    """It lies where the road is nearest; by names, the road would go there and back."""
    positions = [at(200), at(100, time=None), at(0), at(50)]
    course = find_course(positions, None, None)
    assert course.roads[0].length_m == pytest.approx(200, abs=0.1)
    assert course.moments == (2.0, None, 0.0, 1.0)
    assert "Photos without a time, which lie where it is nearest: 1." in course.note


def test_photos_far_from_each_other_are_no_road():
    course = find_course([at(metres, source="exif") for metres in (0, 50, 5000, 5050, 9000)], None, None)
    assert [road.name for road in course.roads] == ["drive 1", "drive 2"]
    assert [road.length_m for road in course.roads] == pytest.approx([50, 50], abs=0.1)


@pytest.mark.parametrize(
    ("positions", "said"),
    [
        ([], "fewer than two photos have a place"),
        ([at(0)], "fewer than two photos have a place"),
        ([at(0, source="raster"), at(50, source="raster")], "--line"),
    ],
)
def test_where_there_is_no_road(positions, said):
    course = find_course(positions, None, None)
    assert course.roads == ()
    assert len(course.moments) == len(positions)
    assert said in course.note


def test_photos_all_at_one_place_are_no_road():
    course = find_course([at(0), at(0)], None, None)
    assert course.roads == () and course.note.startswith("There are no sections: photos lie on one spot")


def test_a_road_over_the_date_line_and_in_the_south():
    positions = [
        at(0, latitude=-17.0, longitude=longitude, time=START + timedelta(seconds=number))
        for number, longitude in enumerate((179.999, -180.0, -179.999))
    ]
    (road,) = find_course(positions, None, None).roads
    assert road.length_m == pytest.approx(0.002 * 106_488, rel=0.001)


class TestLineLayer:
    @pytest.fixture(autouse=True)
    def with_pyogrio(self):
        pytest.importorskip("pyogrio")

    @staticmethod
    def write(path, lines, names=None, crs="EPSG:4326", column="name", kind="LineString", driver=None):
        import pyogrio
        import shapely

        shapes = np.array([shapely.to_wkb(line) for line in lines], object)
        fields = {} if names is None else {column: np.array(names, object)}
        pyogrio.raw.write(
            path, shapes, list(fields.values()), list(fields), crs=crs, geometry_type=kind, driver=driver
        )

    @staticmethod
    def shape(*metres, east=0.0):
        import shapely

        return shapely.LineString([(7.0 + east, north(value)[0]) for value in metres])

    @pytest.mark.parametrize("name", ["roads.gpkg", "roads.geojson", "roads.shp"])
    def test_lines_of_any_format(self, tmp_path, name):
        shapes = [self.shape(0, 500), self.shape(0, 300, east=0.01)]
        self.write(tmp_path / name, shapes, ["Große Straße", None], column="Street")
        lines = read_lines(tmp_path / name)
        assert [name for name, _ in lines] == ["Große Straße", "line 2"]
        assert lines[0][1] == pytest.approx(np.array([north(0)[::-1], north(500)[::-1]]))
        course = find_course([at(0)], None, tmp_path / name)
        assert [road.length_m for road in course.roads] == pytest.approx([500, 300], abs=0.1)
        assert name in course.note

    def test_lines_in_another_reference_system(self, tmp_path):
        """UTM zone 32 north: its central meridian is at 9°, where the equator is at (500000, 0)."""
        import shapely

        line = shapely.LineString([(500_000, 0), (500_000, 1000)])
        self.write(tmp_path / "roads.gpkg", [line], crs="EPSG:32632")
        ((_, places),) = read_lines(tmp_path / "roads.gpkg")
        # A degree of latitude at the equator is 110,574 m, and UTM shortens by 0.9996.
        assert places == pytest.approx(np.array([[9, 0], [9, 1000 / 0.9996 / 110_574]]), abs=1e-7)

    def test_a_street_in_several_pieces(self, tmp_path):
        """Pieces that meet are one line, whatever way they were drawn; others get a number."""
        pieces = [self.shape(100, 0), self.shape(100, 250), self.shape(900, 1000)]
        self.write(tmp_path / "roads.gpkg", pieces, ["Main Street"] * 3)
        lines = dict(read_lines(tmp_path / "roads.gpkg"))
        assert sorted(lines) == ["Main Street 1", "Main Street 2"]
        assert sorted(len(places) for places in lines.values()) == [2, 3]

    @pytest.mark.parametrize("far", [179.999, 179.9990000003])
    def test_a_street_that_its_file_cuts_at_the_date_line(self, tmp_path, far):
        """RFC 7946, section 3.1.9, asks for that cut; the street is one all the same."""
        import shapely

        halves = [[(far, -16.8), (180, -16.8)], [(-180, -16.8), (-179.9995, -16.8)]]
        self.write(tmp_path / "roads.geojson", [shapely.MultiLineString(halves)], ["Kings Road"])
        ((name, places),) = read_lines(tmp_path / "roads.geojson")
        assert name == "Kings Road"
        assert np.abs(places[:, 0]).round(4).tolist() == [179.999, 180, 179.9995]

    def test_a_file_without_lines(self, tmp_path):
        import shapely

        self.write(tmp_path / "areas.gpkg", [shapely.box(0, 0, 1, 1)], kind="Polygon")
        with pytest.raises(DataError, match="has no lines"):
            read_lines(tmp_path / "areas.gpkg")

    def test_a_file_without_a_reference_system(self, tmp_path):
        with pytest.warns(UserWarning):
            self.write(tmp_path / "roads.shp", [self.shape(0, 100)], crs=None)
        with pytest.raises(DataError, match=r"reference system.*\.prj"):
            read_lines(tmp_path / "roads.shp")

    def test_a_file_that_is_none(self, tmp_path):
        (tmp_path / "roads.gpkg").write_text("nothing")
        with pytest.raises(DataError, match="no file of shapes that is opened here"):
            read_lines(tmp_path / "roads.gpkg")
        with pytest.raises(DataError, match="no such file"):
            read_lines(tmp_path / "none.gpkg")


def test_curves_stay_curves():
    """A quarter of a circle of 30 m radius, a point a metre: 47.12 m."""
    angles = np.linspace(0, np.pi / 2, 48)
    positions = [
        (45 + 30 * np.sin(angle) / 111_132, 7 + 30 * np.cos(angle) / 78_847, START.timestamp() + number)
        for number, angle in enumerate(angles)
    ]
    (road,) = find_course([], Track((np.array(positions),)), None).roads
    assert road.length_m == pytest.approx(47.12, rel=0.002)
    assert len(road.places) < 48


@pytest.mark.parametrize(("metres", "length_m"), [(range(50, 951, 10), 1000), (range(-100, 501, 10), 1100)])
def test_two_receivers_are_one_road(metres, length_m):
    """Both recorded one drive: the one that began first counts, and the other one where that ended."""
    other = track(*metres).segments[0] + [0, 3e-5, metres[0] / 10]
    (road,) = find_course([], Track((track(*range(0, 1001, 10)).segments[0], other)), None).roads
    assert road.length_m == pytest.approx(length_m, abs=6)
    assert (np.diff(road.moments) > 0).all()


def test_drives_of_two_days_are_two_roads():
    monday, tuesday = track(*range(0, 301, 10)), track(*range(2000, 2301, 10))
    later = tuesday.segments[0] + [0, 0, 86_400]
    roads = find_course([], Track((monday.segments[0], later)), None).roads
    assert [road.length_m for road in roads] == pytest.approx([300, 300], abs=0.2)


def test_numbers_in_names_are_in_the_order_of_their_values():
    """As text, img10 goes before img2, and the road would go there and back."""
    metres = (0, 90, 10, 20)
    names = ("day 1/img1.jpg", "day 1/img10.jpg", "day 1/img2.jpg", "day 1/img3.jpg")
    course = find_course([at(value, time=None) for value in metres], None, None, names)
    assert course.roads[0].length_m == pytest.approx(90, abs=0.1)
    assert course.moments == (0.0, 3.0, 1.0, 2.0)
