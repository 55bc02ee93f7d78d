"""Where the road is: what lies outside is in no mask, no measure and no area."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
from tests.results.conftest import IN_MM, LIGHT, content, of

from upcracknet.errors import ConfigurationError
from upcracknet.results import MeasureOptions, read_results
from upcracknet.results.correcting import write_correction
from upcracknet.results.corrections import Correction
from upcracknet.results.regions import Regions, drawn

RIGHT_HALF = [[0.5, 0], [1, 0], [1, 1], [0.5, 1]]


def with_region(path):
    return replace(LIGHT, region=path)


@pytest.fixture
def region(tmp_path):
    def write(content, name="region.json"):
        (tmp_path / name).write_text(json.dumps(content))
        return tmp_path / name

    return write


def mask(folder, name):
    return cv2.imread(str(folder / "masks" / f"{name}.png"), cv2.IMREAD_GRAYSCALE)


class TestPolygons:
    def test_a_rectangle_covers_its_pixels(self):
        inside = drawn(((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)), (6, 10))
        assert inside[:, 5:].all() and not inside[:, :5].any()

    def test_the_area_of_a_triangle(self):
        inside = drawn(((0.0, 1.0), (0.5, 0.0), (1.0, 1.0)), (400, 600))
        assert inside.mean() == pytest.approx(0.5, abs=0.001)
        assert not inside[10, 10] and inside[390, 20] and inside[20, 300]

    def test_it_serves_photos_of_several_sizes(self):
        polygon = ((0.1, 1.0), (0.4, 0.5), (0.6, 0.5), (0.9, 1.0))
        large = drawn(polygon, (1200, 1600))
        small = drawn(polygon, (300, 400))
        assert np.mean(large[2::4, 2::4] == small) > 0.99

    def test_parts_are_those_of_the_whole(self):
        polygon = ((0.1, 0.9), (0.43, 0.21), (0.77, 0.13), (0.95, 0.87))
        whole = drawn(polygon, (311, 417))
        parts = [drawn(polygon, (311, 417), slice(top, min(top + 64, 311))) for top in range(0, 311, 64)]
        assert np.array_equal(np.concatenate(parts), whole)

    def test_gdal_draws_the_same(self):
        features = pytest.importorskip("rasterio.features")
        polygon = ((0.1, 0.9), (0.43, 0.21), (0.5, 0.6), (0.77, 0.13), (0.95, 0.87))
        corners = [(x * 417, y * 311) for x, y in polygon]
        shape = {"type": "Polygon", "coordinates": [[*corners, corners[0]]]}
        assert np.array_equal(drawn(polygon, (311, 417)), features.rasterize([shape], (311, 417)) > 0)

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("{", "cannot be read"),
            ("{}", "has no polygon"),
            ("[[0, 0], [1, 1]]", "three corners"),
            ("[[0, 0], [1, 1], [0.5, 0.5]]", "encloses nothing"),
            ("[[0, 0], [640, 0], [640, 480]]", "divide x by the photo's width"),
            ('[[0, 0], ["a", 1], [1, 1]]', "is no polygon"),
            ("[[0, 0], [1, 0, 1], [1, 1]]", "is no polygon"),
            ("[[0, 0], [NaN, 0], [1, 1]]", "a number that is finite"),
            ('{"a": 3}', "a: is no polygon"),
        ],
    )
    def test_bad_files(self, tmp_path, text, reason):
        (tmp_path / "region.json").write_text(text)
        with pytest.raises(ConfigurationError, match=reason):
            Regions.read(tmp_path / "region.json")

    def test_no_file(self, photos, detect, tmp_path):
        with pytest.raises(ConfigurationError, match=r"no\.json: cannot be read"):
            detect(photos, options=with_region(tmp_path / "no.json"))
        assert not (tmp_path / "out").exists()


class TestPhotos:
    def test_outside_there_is_nothing(self, detect, photos, region, tmp_path):
        whole, _ = detect(photos, out=tmp_path / "whole", measure=IN_MM)
        half, _ = detect(photos, options=with_region(region(RIGHT_HALF)), measure=IN_MM)
        for name, record in of(half).items():
            before, found, other = (
                of(whole)[name],
                mask(tmp_path / "out", name),
                mask(tmp_path / "whole", name),
            )
            assert not found[:, :48].any() and np.array_equal(found[:, 48:], other[:, 48:])
            assert record.road_pixels == before.road_pixels / 2
            assert record.area_share == pytest.approx(record.crack_pixels / record.road_pixels, abs=1e-6)
            assert 0.3 < record.crack_length_m / before.crack_length_m < 0.7

    def test_the_overlay_is_dimmed_outside(self, detect, photos, region, tmp_path):
        detect(photos, options=with_region(region(RIGHT_HALF)))
        overlay = cv2.imread(str(tmp_path / "out" / "overlays" / "day-0" / "000.png.jpg"))
        assert overlay[:, :40].mean() < 0.5 * overlay[:, 56:].mean()

    def test_measuring_again_keeps_it(self, detect, measure, photos, region, tmp_path):
        first, _ = detect(photos, options=with_region(region(RIGHT_HALF)), measure=IN_MM)
        before = content(tmp_path / "out")
        assert len(measure(IN_MM, overwrite=True)[0]) == len(first)
        assert content(tmp_path / "out") == before

    def test_by_folder_and_a_changed_one_alone_is_done_again(self, detect, photos, region, tmp_path):
        places = {"photos/day-0": RIGHT_HALF}
        records, _ = detect(photos, options=with_region(region(places)))
        for record in records:
            outside = record.name.startswith("day-1")
            assert (record.road_pixels == 64 * 96) == outside
            assert outside == ("has no polygon for this photo" in (record.warning or ""))
        places["photos/day-1"] = [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]
        records, _ = detect(photos, options=with_region(region(places)))
        assert {record.name[:5] for record in records} == {"day-1"}
        assert detect(photos, options=with_region(region(places)))[0] == []
        assert len(detect(photos)[0]) == 6

    def test_folders_without_a_region_stay_as_they_were(self, detect, photos, tmp_path):
        """Records of earlier versions know no regions, and are not done again."""
        detect(photos)
        for path in (tmp_path / "out" / "records").rglob("*.json"):
            record = json.loads(path.read_text())
            for key in ("region", "road_sha256", "frames"):
                del record["settings"][key]
            path.write_text(json.dumps(record))
        assert detect(photos)[0] == []


class TestRoads:
    @pytest.fixture(autouse=True)
    def packages(self):
        pytest.importorskip("rasterio")
        pytest.importorskip("pyogrio")

    @pytest.fixture
    def roads(self, tmp_path):
        import shapely
        from pyogrio import raw

        def write(polygons, crs="EPSG:32633", name="roads.gpkg", **more):
            raw.write(
                tmp_path / name, shapely.to_wkb(np.array(polygons)), [np.arange(len(polygons))], ["id"],
                geometry_type="Unknown", crs=crs, **more,
            )  # fmt: skip
            return tmp_path / name

        return write

    @pytest.fixture
    def image(self, tmp_path):
        """A map of 700 by 530 pixels of 2 mm, with a crack from its lower left upwards."""
        from tests.results.rasters import UTM, write

        photo = np.random.default_rng(0).normal(160, 10, (700, 530, 3)).clip(0, 255).astype(np.uint8)
        for x in range(530):
            photo[600 - x : 604 - x, x] = 40
        return write(tmp_path / "map.tif", photo, **UTM)

    @staticmethod
    def box(left, top, right, bottom):
        """A rectangle on the ground, from pixels of the map."""
        import shapely

        east, north, side = 500000, 5400000, 0.002
        return shapely.box(east + left * side, north - bottom * side, east + right * side, north - top * side)

    def read(self, tmp_path):
        import rasterio

        with rasterio.open(tmp_path / "out" / "masks" / "map.tif.tif") as file:
            return file.read(1)

    def test_only_the_road_counts(self, detect, image, roads, tmp_path):
        detect(image, out=tmp_path / "whole")
        (before,) = [*(tmp_path / "whole" / "masks").iterdir()]
        import rasterio

        with rasterio.open(before) as file:
            whole = file.read(1)
        road = roads([self.box(200, -50, 350, 900), self.box(300, 100, 400, 200)])
        (record,), _ = detect(image, options=replace(LIGHT, road=road), measure=IN_MM)
        inside = np.zeros((700, 530), bool)
        inside[:, 200:350] = inside[100:200, 300:400] = True
        found = self.read(tmp_path)
        assert found[inside].any() and np.array_equal(found, np.where(inside, whole, 0))
        assert record.road_pixels == inside.sum() and record.warning is None
        assert record.area_share == pytest.approx((found > 0).sum() / inside.sum(), abs=1e-6)
        overlay = cv2.imread(str(tmp_path / "out" / "overlays" / "map.tif.jpg"))
        assert overlay[:, 420:].mean() < 0.5 * overlay[:, 210:340].mean()

    def test_another_system_and_holes(self, detect, image, roads, tmp_path):
        """The oracle is GDAL's transform of the corners."""
        import shapely
        from rasterio.warp import transform

        outer, hole = self.box(100, 100, 400, 600), self.box(200, 200, 300, 300)
        ring = shapely.difference(outer, hole)
        degrees = shapely.transform(
            ring, lambda places: np.stack(transform("EPSG:32633", "EPSG:4326", *places.T), axis=1)
        )
        (record,), _ = detect(image, options=replace(LIGHT, road=roads([degrees], crs="EPSG:4326")))
        assert record.road_pixels == pytest.approx(300 * 500 - 100 * 100, rel=0.005)

    def test_tiles_without_road_are_not_scored(self, image, roads):
        from tests.results.test_raster import Dark

        from upcracknet.detection import CrackDetector, Threshold
        from upcracknet.results import detect_raster
        from upcracknet.results.roads import Roads
        from upcracknet.results.where_road import WhereRoad

        scored = []

        class Counting(Dark):
            def score(self, images):
                scored.append(len(images))
                return super().score(images)

        where = WhereRoad(roads=Roads.read(roads([self.box(10, 10, 100, 100)])))
        detector, steps = CrackDetector(Counting(), Threshold(0.6)), []
        detect_raster(
            detector, image, image.parent / "out" / "mask.tif", where=where,
            progress=lambda done, total: steps.append((done, total)),
        )  # fmt: skip
        assert sum(scored) <= 9 < steps[-1][1] == steps[-1][0]

    def test_a_map_elsewhere(self, detect, image, roads):
        far = self.box(90_000, 90_000, 91_000, 91_000)
        (record,), _ = detect(image, options=replace(LIGHT, road=roads([far])))
        assert "no polygon of" in record.warning and "none of it counts as road" in record.warning
        assert (record.crack_pixels, record.road_pixels, record.area_share) == (0, 0, None)

    def test_a_photo_without_a_place(self, detect, photos, roads):
        records, _ = detect(photos, options=replace(LIGHT, road=roads([self.box(0, 0, 9, 9)])))
        assert all("does not say where it lies" in record.warning for record in records)
        assert all(record.road_pixels == 64 * 96 for record in records)

    def test_a_changed_road_is_done_again(self, detect, image, roads):
        options = replace(LIGHT, road=roads([self.box(0, 0, 100, 100)]))
        assert len(detect(image, options=options)[0]) == 1
        assert detect(image, options=options)[0] == []
        options.road.unlink()
        roads([self.box(0, 0, 200, 100)])
        assert len(detect(image, options=options)[0]) == 1

    @pytest.mark.filterwarnings("ignore:'crs' was not provided")
    def test_bad_files(self, detect, image, roads, tmp_path):
        import shapely

        (tmp_path / "no.gpkg").write_text("nothing")
        bad = {
            tmp_path / "gone.gpkg": "no such file",
            tmp_path / "no.gpkg": "no file of shapes that is opened here",
            roads([shapely.Point(1, 2)], name="points.gpkg"): "has no polygons",
            roads(
                [self.box(0, 0, 1, 1)], crs=None, name="nowhere.gpkg"
            ): "in which coordinate reference system",
        }
        several = roads([self.box(0, 0, 1, 1)], name="two.gpkg", layer="a")
        bad[roads([self.box(0, 0, 1, 1)], name="two.gpkg", layer="b", append=True)] = (
            "layers of polygons a, b"
        )
        assert several.exists()
        for path, reason in bad.items():
            with pytest.raises(ConfigurationError, match=reason):
                detect(image, options=replace(LIGHT, road=path))
        assert not (tmp_path / "out").exists()


def test_a_correction_that_reaches_beyond_the_road_can_be_read_again(photos, detect, measure, tmp_path):
    (tmp_path / "region.json").write_text("[[0, 0.9], [1, 0.9], [1, 1], [0, 1]]")
    records, _ = detect(photos, options=replace(LIGHT, region=tmp_path / "region.json"))
    name, results = records[0].name, read_results(tmp_path / "out")
    write_correction(results, Correction(name, "corrected"), np.ones((64, 96), bool))
    measure(MeasureOptions())
    record = results.record(name)
    assert record.crack_pixels == 64 * 96 > record.road_pixels
    assert record.area_share == 1.0
