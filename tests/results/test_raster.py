"""Images in windows: the same cracks as in the whole image, where the image lies on the ground."""

import warnings

import cv2
import numpy as np
import pytest

rasterio = pytest.importorskip("rasterio")

from rasterio.errors import NotGeoreferencedWarning  # noqa: E402
from tests.results.rasters import UTM, write  # noqa: E402

from upcracknet.detection import CrackDetector, Threshold  # noqa: E402
from upcracknet.detection.scorer import BaseScorer  # noqa: E402
from upcracknet.errors import OutputError, PhotoError  # noqa: E402
from upcracknet.results import detect_raster  # noqa: E402


class Dark(BaseScorer):
    """Darkness as the score."""

    name, input_size, network = "dark", 64, None

    def with_network(self, network, name=None):
        raise AssertionError

    def score(self, images):
        return 1 - images.mean(dim=1)


@pytest.fixture
def road():
    photo = np.random.default_rng(0).normal(160, 10, (700, 530, 3)).clip(0, 255).astype(np.uint8)
    for x in range(530):  # a crack through many tiles, and a speck
        photo[600 - x : 604 - x, x] = 40
    photo[100:103, 400:403] = 10
    return photo


def read(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path) as file:
            return file.read(1)


@pytest.mark.parametrize("threshold", [Threshold(0.6, minimum_extent=20, hysteresis=0.8), Threshold()])
def test_the_cracks_of_the_whole_image(tmp_path, road, threshold):
    detector = CrackDetector(Dark(), threshold, batch_size=4)
    path = write(tmp_path / "road.tif", road, **UTM)
    seen = []
    result = detect_raster(
        detector, path, tmp_path / "out" / "mask.tif", score=tmp_path / "out" / "score.tif",
        overlay=tmp_path / "out" / "overlay.png", progress=lambda done, total: seen.append((done, total)),
    )  # fmt: skip
    whole = detector.detect(road)
    with rasterio.open(tmp_path / "out" / "mask.tif") as mask:
        assert np.array_equal(mask.read(1) == 255, whole.mask)
        assert mask.crs == "EPSG:32633" and mask.transform == UTM["transform"]
        assert mask.block_shapes == [(512, 512)] and mask.compression.name == "deflate"
    with rasterio.open(tmp_path / "out" / "score.tif") as score:
        assert np.abs(score.read(1) / 65535 - whole.score).max() < 1e-4
    assert result.crack_pixels == whole.crack_pixels and result.threshold == pytest.approx(whole.threshold)
    assert (result.width, result.height) == (530, 700)
    assert result.millimetres_per_pixel == pytest.approx(2.0)
    assert seen[-1][0] == seen[-1][1] > 1
    overlay = cv2.imread(str(tmp_path / "out" / "overlay.png"))
    assert overlay.shape == road.shape
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "mask.tif",
        "overlay.png",
        "score.tif",
    ]


def test_overviews_keep_their_place(tmp_path):
    path = write(tmp_path / "road.tif", np.full((1100, 1300), 200, np.uint8), **UTM)
    detect_raster(CrackDetector(Dark(), Threshold(0.5)), path, tmp_path / "mask.tif")
    with rasterio.open(tmp_path / "mask.tif") as mask:
        assert mask.overviews(1) == [2]


def test_where_there_is_no_data_there_is_no_crack(tmp_path, road):
    road[:300] = 0  # dark as a crack, but marked as empty
    path = write(tmp_path / "road.tif", road, nodata=0)
    result = detect_raster(CrackDetector(Dark(), Threshold(0.6)), path, tmp_path / "mask.tif")
    assert not read(tmp_path / "mask.tif")[:300].any()
    assert result.road_pixels == 400 * 530
    assert result.area_share == result.crack_pixels / (400 * 530)


@pytest.mark.parametrize(
    "photo",
    [
        np.full((80, 90), 30000, np.uint16),
        np.full((80, 90, 4), 120, np.uint8),
        np.full((80, 90, 6), 120, np.uint8),
        np.full((80, 90), 0.5, np.float32),
    ],
)
def test_bands_of_any_kind(tmp_path, photo):
    path = write(tmp_path / "bands.tif", photo)
    result = detect_raster(CrackDetector(Dark(), Threshold(0.5)), path, tmp_path / "mask.tif")
    assert result.road_pixels == 80 * 90 and result.millimetres_per_pixel is None


def test_photos_that_are_no_rasters(tmp_path, road):
    cv2.imwrite(str(tmp_path / "road.png"), road[..., ::-1])
    result = detect_raster(CrackDetector(Dark(), Threshold(0.6)), tmp_path / "road.png", tmp_path / "m.tif")
    assert result.crack_pixels == CrackDetector(Dark(), Threshold(0.6)).detect(road).crack_pixels


def test_a_damaged_image_is_named_and_leaves_nothing(tmp_path, road):
    path = write(tmp_path / "road.tif", road, compress="deflate")
    content = bytearray(path.read_bytes())
    content[len(content) // 3 : len(content) // 2] = bytes(len(content) // 2 - len(content) // 3)
    path.write_bytes(content)
    with pytest.raises(PhotoError, match=r"road\.tif: cannot be read"):
        detect_raster(CrackDetector(Dark(), Threshold(0.5)), path, tmp_path / "out" / "mask.tif")
    assert not list((tmp_path / "out").iterdir())


def test_an_image_without_room_for_a_crack_is_refused(tmp_path):
    path = write(tmp_path / "tiny.tif", np.zeros((8, 90), np.uint8))
    with pytest.raises(PhotoError, match=r"tiny\.tif: 90×8 pixels"):
        detect_raster(CrackDetector(Dark(), Threshold(0.5)), path, tmp_path / "mask.tif")


def test_a_folder_that_cannot_be_written_is_named(tmp_path, road):
    (tmp_path / "file").write_text("")
    path = write(tmp_path / "road.tif", road)
    with pytest.raises(OutputError, match="cannot write"):
        detect_raster(CrackDetector(Dark(), Threshold(0.5)), path, tmp_path / "file" / "mask.tif")
