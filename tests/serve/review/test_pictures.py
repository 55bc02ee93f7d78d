"""Tiles, small pictures, masks and scores, of photos and of images that are read in windows."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
from tests.results.conftest import IN_MM, LIGHT
from tests.serve.review.conftest import NAME, decoded, line_mask, measures, send

from upcracknet.results import DetectionOptions, open_detection
from upcracknet.serve.review import levels, pictures, rows
from upcracknet.serve.review.cache import Cache
from upcracknet.serve.review.tiles import levels_of, shrunk_mask, size_at


@pytest.fixture
def large(tmp_path) -> np.ndarray:
    """A photo of two by three tiles, in a result folder of its own: a ramp, so that each place is known."""
    rows, columns = np.mgrid[:700, :1300]
    photo = np.stack([columns // 6, rows // 3, np.full_like(rows, 90)], axis=2).astype(np.uint8)
    (tmp_path / "photos").mkdir()
    cv2.imwrite(str(tmp_path / "photos" / "ramp.png"), photo[..., ::-1])
    detect(tmp_path)
    return photo


def detect(root, **options) -> None:
    with open_detection([str(root / "photos")], root / "out", replace(LIGHT, **options), IN_MM) as detection:
        detection.run(lambda record: None)


@pytest.fixture
def tile(start):
    def get(place: str):
        return client.get(f"/api/photos/0/tiles/{place}")

    client = None

    def run(place: str):
        nonlocal client
        client = client or start()
        return get(place)

    return run


class TestTiles:
    """Overrides nothing of the folder: `start` reads `tmp_path / "out"`."""

    @pytest.fixture
    def folder(self, tmp_path, large):
        return tmp_path / "out"

    def test_full_size(self, large, tile):
        answer = tile("0/1/0")
        assert answer.headers["content-type"] == "image/jpeg"
        shown = decoded(answer.content)[..., ::-1]
        assert shown.shape == (512, 512, 3)
        assert np.abs(shown.astype(int) - large[:512, 512:1024]).mean() < 3

    def test_the_last_tile_is_smaller(self, large, tile):
        assert decoded(tile("0/2/1").content).shape == (700 - 512, 1300 - 1024, 3)

    def test_each_level_is_half_of_the_one_before(self, large, tile):
        shown = decoded(tile("2/0/0").content)[..., ::-1]
        assert shown.shape == (175, 325, 3)
        expected = cv2.resize(large, (325, 175), interpolation=cv2.INTER_AREA)
        assert np.abs(shown.astype(int) - expected).mean() < 3

    @pytest.mark.parametrize("place", ["3/0/0", "0/3/0", "0/0/2", "-1/0/0", "0/-1/0", "99/0/0"])
    def test_there_is_no_other(self, tile, place):
        assert tile(place).status_code == 404

    def test_cracks_are_drawn_in_when_asked_for(self, start):
        client = start()
        mask = np.zeros((700, 1300), bool)
        mask[100, 50:900] = True
        row = client.get("/api/photos/0").json()
        send(client, row, "corrected", mask)
        for level in range(3):
            plain, drawn = (
                decoded(client.get(f"/api/photos/0/tiles/{level}/0/0{asked}").content).astype(int)
                for asked in ("", "?cracks=1")
            )
            changed = np.abs(drawn - plain).max(axis=2) > 60
            top = 100 >> level
            assert changed[top - 1 : top + 2, 60 >> level : 500 >> level].any(axis=0).all()
            assert not changed[top + 20 :].any()

    def test_a_photo_that_is_gone_is_grey_with_its_mask(self, start, tmp_path):
        client = start()
        (tmp_path / "photos" / "ramp.png").unlink()
        mask = np.zeros((700, 1300), bool)
        mask[300:400, 200:1000] = True
        send(client, client.get("/api/photos/0").json(), "corrected", mask)
        row = client.get("/api/photos/0").json()
        assert "no such file" in row["photo_problem"]
        assert np.unique(decoded(client.get("/api/photos/0/tiles/0/0/0").content)).tolist() == [160]
        shown = decoded(client.get("/api/photos/0/thumbnail").content)
        assert shown.shape == (172, 320, 3) and (shown[76:96, 52:240, 2] > 200).all()
        assert (shown[110:] == shown[110:, :, :1]).mean() > 0.99


def test_levels():
    """A photo of 50 million pixels: 8688×5792, halves of it to 512."""
    assert levels_of(5792, 8688) == 6
    assert size_at(5, 5792, 8688) == (181, 272)
    assert (levels_of(512, 512), levels_of(513, 9), levels_of(1, 1)) == (1, 2, 1)


def test_a_crack_of_one_pixel_is_seen_at_every_size():
    mask = np.zeros((4000, 6000), bool)
    mask[1234] = True
    for side in (2, 40, 600):
        assert shrunk_mask(mask, (4000 // side, 6000 // side)).any(axis=0).all()
    assert not shrunk_mask(np.zeros((4000, 6000), bool), (20, 30)).any()


class TestThumbnails:
    def test_it_shows_the_mask_that_counts(self, client, row):
        address = f"/api/photos/{row()['id']}/thumbnail"
        send(client, row(), "corrected", line_mask())
        first = client.get(address)
        red = decoded(first.content).astype(int)
        marked = red[..., 2] - red[..., 1] > 60
        assert marked.shape == (64, 96) and (marked == line_mask()).mean() > 0.97
        assert client.get(address, headers={"If-None-Match": first.headers["etag"]}).status_code == 304
        send(client, row(), "rejected")
        second = client.get(address, headers={"If-None-Match": first.headers["etag"]})
        assert second.status_code == 200 and second.content != first.content


class TestMasks:
    def test_it_is_given_out_as_it_is_stored(self, client, row, folder):
        answer = client.get(f"/api/photos/{row()['id']}/mask")
        assert answer.content == (folder / "masks" / f"{NAME}.png").read_bytes()
        send(client, row(), "corrected", line_mask())
        answer = client.get(f"/api/photos/{row()['id']}/mask")
        assert answer.content == (folder / "corrections" / f"{NAME}.png").read_bytes()
        assert np.array_equal(decoded(answer.content), line_mask() * np.uint8(255))

    def test_what_has_not_changed_is_not_sent_again(self, client, row):
        address = f"/api/photos/{row()['id']}/mask"

        def asked(tag: str, of: str = ""):
            return client.get(address + of, headers={"If-None-Match": tag})

        first, of_model = client.get(address), client.get(f"{address}?of=model")
        assert asked(first.headers["etag"]).status_code == 304 and asked('"other"').status_code == 200
        send(client, row(), "corrected", line_mask())
        second = asked(first.headers["etag"])
        assert second.status_code == 200 and second.headers["x-revision"] == row()["revision"]
        assert asked(second.headers["etag"]).content == b""
        assert asked(of_model.headers["etag"], "?of=model").status_code == 304

    @pytest.mark.parametrize("kind", ["zero and one", "colours", "with noise"])
    def test_one_that_another_program_painted_over(self, client, row, folder, kind):
        send(client, row(), "corrected", line_mask())
        painted = line_mask(30).astype(np.uint8)
        painted *= {"zero and one": 1, "colours": 255, "with noise": 250}[kind]
        if kind == "colours":
            painted = np.stack([painted * 0, painted * 0, painted], axis=2)
        cv2.imwrite(str(folder / "corrections" / f"{NAME}.png"), painted)
        client.review.photos.read(NAME)
        shown = decoded(client.get(f"/api/photos/{row()['id']}/mask").content)
        assert np.array_equal(shown, line_mask(30) * np.uint8(255))

    def test_a_photo_that_was_detected_in_again_shows_its_new_mask(self, client, row, folder, tmp_path):
        """Photo and answer are as they were; small picture and mask are not."""
        send(client, row(), "accepted")
        measures(client, row())
        client.review.measurer.__exit__(None, None, None)  # the folder is free
        mask, small = (client.get(f"/api/photos/{row()['id']}/{what}") for what in ("mask", "thumbnail"))
        other = DetectionOptions("sauvola", runtime="torch")
        with open_detection([str(tmp_path / "photos")], folder, other, IN_MM) as detection:
            detection.run(lambda record: None)
        for what, before in (("mask", mask), ("thumbnail", small)):
            tag = {"If-None-Match": before.headers["etag"]}
            after = client.get(f"/api/photos/{row()['id']}/{what}", headers=tag)
            assert after.status_code == 200 and after.content != before.content
        now = row()
        assert now["review_status"] is None and now["warning"].count("look at it again") == 1
        assert send(client, now, "accepted").json()["photo"]["review_status"] == "accepted"


class TestScores:
    @pytest.mark.parametrize("kind", ["png", "npy"])
    def test_the_stored_score(self, tmp_path, start, large, kind):
        detect(tmp_path, scores=kind)
        client = start()
        row = client.get("/api/photos/0").json()
        answer = client.get("/api/photos/0/score")
        score, threshold = decoded(answer.content), float(answer.headers["x-threshold"])
        assert row["threshold"] == threshold
        assert row["has_score"] and score.shape == (700, 1300) and score.dtype == np.uint8
        mask = decoded(client.get("/api/photos/0/mask").content) > 0
        stored = (tmp_path / "out" / "scores").rglob(f"*.{kind}").__next__()
        exact = np.load(stored) if kind == "npy" else cv2.imread(str(stored), -1) / 65535
        assert np.abs(score / 255 - exact).max() <= 0.5 / 255 + 1e-6
        assert threshold == json.loads((tmp_path / "out/records/ramp.png.json").read_text())["threshold"]
        assert mask.shape == score.shape

    @pytest.fixture
    def folder(self, tmp_path):
        return tmp_path / "out"

    def test_without_one(self, start, large):
        client = start()
        assert client.get("/api/photos/0/score").status_code == 404
        assert not client.get("/api/photos/0").json()["has_score"]


class TestImagesInWindows:
    @pytest.fixture
    def folder(self, tmp_path):
        return tmp_path / "out"

    @pytest.fixture
    def raster(self, tmp_path) -> np.ndarray:
        """A small map with a place on the ground: it is read in windows."""
        rasterio = pytest.importorskip("rasterio")
        random = np.random.default_rng(3)
        photo = cv2.resize(random.integers(90, 200, (40, 60, 3), dtype=np.uint8), (1500, 1000))
        photo[500:504, 200:1200] = 20
        (tmp_path / "photos").mkdir()
        profile = {"driver": "GTiff", "count": 3, "height": 1000, "width": 1500, "dtype": "uint8"}
        place = {"crs": "EPSG:32633", "transform": rasterio.Affine(0.002, 0, 4e5, 0, -0.002, 5e6)}
        with rasterio.open(tmp_path / "photos" / "map.tif", "w", **profile, **place, tiled=True) as file:
            file.write(np.moveaxis(photo, 2, 0))
        detect(tmp_path)
        return photo

    @pytest.mark.parametrize("limit", [100_000_000, 1_000])
    def test_tiles_are_the_same_however_large_it_is(self, start, raster, monkeypatch, limit):
        monkeypatch.setattr(levels, "LARGE", limit)
        monkeypatch.setattr(levels, "COARSE", 1)  # levels above are made of one picture, those below read
        client = start()
        row = client.get("/api/photos/0").json()
        mask = np.zeros((1000, 1500), bool)
        mask[600:603, 100:1400] = True
        assert send(client, row, "corrected", mask).status_code == 200
        assert np.array_equal(decoded(client.get("/api/photos/0/mask").content) > 0, mask)
        for level in range(row["levels"]):
            expected = cv2.resize(raster, size_at(level, 1000, 1500)[::-1], interpolation=cv2.INTER_AREA)
            shown = decoded(client.get(f"/api/photos/0/tiles/{level}/0/0").content)[..., ::-1]
            assert np.abs(shown.astype(int) - expected[:512, :512]).mean() < 4
            last = (600 >> level) // 512
            drawn = decoded(client.get(f"/api/photos/0/tiles/{level}/0/{last}?cracks=1").content)
            line = (601 >> level) - 512 * last
            reddish = drawn[..., 2].astype(int) - drawn[..., 1] > 60
            assert reddish[line, (120 >> level) : (500 >> level)].mean() > 0.9
        assert decoded(client.get("/api/photos/0/thumbnail").content).shape == (213, 320, 3)

    def test_one_too_large_to_be_drawn_on(self, start, raster, monkeypatch):
        monkeypatch.setattr(rows, "LARGEST_MASK", 1_000_000)
        client = start()
        row = client.get("/api/photos/0").json()
        assert not row["editable"] and client.get("/api/photos/0/mask").status_code == 413
        answer = send(client, row, "corrected", np.zeros((1000, 1500), bool))
        assert answer.status_code == 422 and "too large to be drawn on" in answer.json()["detail"]
        assert send(client, row, "rejected", reason="other").status_code == 200


def test_a_photo_too_large_to_be_decoded_says_so(client, row, monkeypatch):
    """Detected in without rasterio: nothing of it is decoded."""
    monkeypatch.setattr(rows, "LARGEST_WHOLE", 5000)
    monkeypatch.setattr("upcracknet.results.sources.load_photo", lambda path: pytest.fail("was decoded"))
    monkeypatch.setattr(pictures, "load_photo", lambda image: pytest.fail("was decoded"))
    client.review.photos.read(NAME)
    assert "more than 5,000 pixels, too large to be shown" in row()["photo_problem"]
    address = f"/api/photos/{row()['id']}"
    assert np.unique(decoded(client.get(f"{address}/tiles/0/0/0").content)).tolist() == [160]
    assert client.get(f"{address}/thumbnail").status_code == 200


class TestCache:
    def test_the_least_recently_used_goes_first(self):
        cache, made = Cache[bytes](10, len, at_once=1), []

        def get(key: str) -> bytes:
            return cache.get(key, lambda: made.append(key) or b"12345")

        for key in "abacab":
            get(key)
        assert made == ["a", "b", "c", "b"]

    def test_what_fails_is_tried_again(self):
        cache = Cache[bytes](10, len, at_once=1)
        with pytest.raises(ZeroDivisionError):
            cache.get("a", lambda: b"1" * (1 // 0))
        assert cache.get("a", lambda: b"1") == b"1"
