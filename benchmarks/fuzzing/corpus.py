"""The sound files that are damaged: small ones of each kind that the package reads, made here."""

import io
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image, ImageCms, PngImagePlugin

from upcracknet.detection.exporting import ExportOptions as ModelExport
from upcracknet.detection.exporting import export_model
from upcracknet.exchange.exporting import ExportOptions, write_export
from upcracknet.networks import CrackRemover, UNetGenerator
from upcracknet.results import DetectionOptions, MeasureOptions, open_detection, read_results
from upcracknet.results.correcting import write_correction
from upcracknet.results.corrections import Correction
from upcracknet.survey.making import SurveyOptions, make_survey
from upcracknet.survey.survey_file import write_survey
from upcracknet.training.configuration import DEFAULT_METHOD, dump_configuration, load_configuration
from upcracknet.weights import WeightsRecord, save_weights

CHANGED = 1_700_000_000
"""When the photos were changed, in seconds since 1970."""

LIGHT = DetectionOptions("local-contrast", runtime="torch", scores="png")
IN_MM = MeasureOptions(millimetres_per_pixel=2.0)

XMP = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:d="http://www.dji.com/drone-dji/1.0/" d:GimbalPitchDegree="-89.9"
d:RelativeAltitude="+12.5"
d:FlightYawDegree="31.2" d:FlightXSpeed="2.5" d:FlightYSpeed="1.0" d:GpsLatitude="46.9" d:GpsLongitude="7.4"
d:GimbalYawDegree="30.1" d:AbsoluteAltitude="550.2"/></rdf:RDF></x:xmpmeta>"""


@dataclass(frozen=True)
class Case:
    """A sound input.

    Attributes:
        files: contents by their paths below the input's folder.
        damaged: those that are damaged.
        main: the file that is given to the package; empty for the folder.
    """

    files: dict[str, bytes]
    damaged: tuple[str, ...]
    main: str = ""


def road(number: int, size: tuple[int, int] = (64, 96)) -> np.ndarray:
    """Draw a grey road with one winding crack, uint8 H×W×3."""
    photo = np.random.default_rng(number).normal(150, 9, (*size, 3)).clip(0, 255).astype(np.uint8)
    for x in range(size[1]):
        y = 20 + number % 20 + round(5 * np.sin(x / 7))
        photo[y : y + 4, x] = 40
    return photo


def single(name: str, content: bytes, **beside: bytes) -> Case:
    """A case of one file, and others beside it by their suffixes."""
    stem = name.rpartition(".")[0]
    more = {f"{stem}.{suffix.replace('_', '.')}": text for suffix, text in beside.items()}
    return Case({name: content, **more}, (name, *more), name)


def photos() -> Iterator[Case]:
    """Photos in every format and depth that is read."""
    picture = Image.fromarray(road(1))
    wide = cv2.resize(road(2), (96, 64)).astype(np.uint16) * 16
    pictures = {
        "a.jpg": (picture, {"quality": 90}),
        "b.jpg": (picture, {"progressive": True}),
        "c.jpg": (picture.convert("L"), {}),
        "d.jpg": (picture.convert("CMYK"), {}),
        "e.png": (picture, {}),
        "f.png": (picture.convert("P"), {}),
        "g.png": (picture.convert("1"), {}),
        "h.png": (picture.convert("RGBA"), {}),
        "i.png": (Image.fromarray(wide[..., 0]), {}),
        "j.bmp": (picture, {}),
        "k.webp": (picture, {}),
        "l.tif": (picture, {}),
        "m.tif": (picture, {"compression": "tiff_lzw"}),
        "n.tif": (picture.convert("1"), {"compression": "group4"}),
        "o.tif": (picture, {"compression": "jpeg"}),
        "p.gif": (picture, {}),
        "q.ppm": (picture, {}),
        "r.jp2": (picture, {}),
        "s.avif": (picture, {}),
        "t.tif": (Image.fromarray(wide[..., 0]), {}),
        "u.jpg": (
            picture,
            {"icc_profile": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()},
        ),
    }
    for name, (image, options) in pictures.items():
        file = io.BytesIO()
        try:
            image.save(
                file,
                Path(name)
                .suffix[1:]
                .upper()
                .replace("JPG", "JPEG")
                .replace("TIF", "TIFF")
                .replace("JP2", "JPEG2000"),
                **options,
            )
        except (KeyError, OSError):  # this Pillow cannot write it
            continue
        yield single(f"photo{Path(name).suffix}", file.getvalue())
    done, encoded = cv2.imencode(".png", wide)
    assert done
    yield single("photo.png", encoded.tobytes())


def rasters(folder: Path) -> Iterator[Case]:
    """Images that rasterio reads, with what lies beside them."""
    import rasterio
    from rasterio.transform import from_origin

    bands = np.moveaxis(road(3), -1, 0)
    place = {"crs": "EPSG:32633", "transform": from_origin(500000, 5400000, 0.002, 0.002)}
    float_bands = (bands[:1] / np.float32(255)).astype(np.float32)
    kinds = {
        "plain": (bands, place),
        "tiled": (bands, place | {"tiled": True, "blockxsize": 16, "blockysize": 16}),
        "deflate": (bands, place | {"compress": "deflate", "predictor": 2}),
        "float": (float_bands, place | {"nodata": -9999}),
        "four": (np.concatenate([bands, bands[:1]]).astype(np.uint16) * 16, place),
        "grey": (bands[:1], place | {"nodata": 0}),
        "degrees": (bands, {"crs": "EPSG:4326", "transform": from_origin(7, 47, 1e-8, 1e-8)}),
    }
    for name, (values, profile) in kinds.items():
        path = folder / f"{name}.tif"
        size = {
            "count": len(values),
            "dtype": values.dtype,
            "height": values.shape[1],
            "width": values.shape[2],
        }
        with rasterio.open(path, "w", driver="GTiff", **size, **profile) as file:
            file.write(values)
        yield single("photo.tif", path.read_bytes())
    file = io.BytesIO()
    Image.fromarray(road(4)).save(file, "TIFF")
    yield single("photo.tif", file.getvalue(), tfw=b"0.002\n0\n0\n-0.002\n500000\n5400000\n")
    transform = b"<GeoTransform>5e5, 2e-3, 0, 54e5, 0, -2e-3</GeoTransform>"
    side = b"<PAMDataset><SRS>EPSG:32633</SRS>" + transform + b"</PAMDataset>"
    yield single("photo.tif", file.getvalue(), tif_aux_xml=side)
    file = io.BytesIO()
    Image.fromarray(road(4)).save(file, "PNG")
    yield single("photo.png", file.getvalue(), pgw=b"0.002\n0\n0\n-0.002\n500000\n5400000\n")


def notes() -> Iterator[Case]:
    """Photos with what cameras and drones note."""
    for drone, suffix in ((True, "jpg"), (False, "jpg"), (True, "png"), (True, "tiff")):
        picture, exif = Image.fromarray(road(5)), Image.Exif()
        exif[0x0112], exif[0x010F] = 1 if drone else 6, "camera"
        exif.get_ifd(0x8769).update(
            {
                0x9003: "2024:05:01 10:00:03",
                0x9291: "25",
                0x9011: "+02:00",
                0x920A: 8.8,
                0xA405: 24,
                0xA002: 96,
                0xA003: 64,
                0xA404: 1.0,
                0xA20E: 3000.0,
                0xA210: 3,
            }
        )
        exif.get_ifd(0x8825).update(
            {
                1: "N",
                2: (46.0, 56.0, 12.5),
                3: "E",
                4: (7.0, 26.0, 40.25),
                5: b"\0",
                6: 550.5,
                7: (8.0, 0.0, 3.0),
                29: "2024:05:01",
                16: "T",
                17: 31.5,
                14: "T",
                15: 30.0,
                9: "A",
            }
        )
        file, more = io.BytesIO(), {"xmp": XMP} if drone and suffix != "png" else {}
        if suffix == "png":
            text = PngImagePlugin.PngInfo()
            text.add_itxt("XML:com.adobe.xmp", XMP.decode())
            more = {"pnginfo": text}
        picture.save(file, {"jpg": "JPEG", "png": "PNG", "tiff": "TIFF"}[suffix], exif=exif, **more)
        yield single(f"photo.{suffix}", file.getvalue())


def places(folder: Path) -> Iterator[Case]:
    """Tracks, tables of positions, layers of roads, regions and scales."""
    import pyogrio
    import shapely

    points = "".join(
        f'<trkpt lat="{46.9 + i * 1e-4:.5f}" lon="{7.4 + i * 1e-4:.5f}">'
        f"<time>2024-05-01T08:00:{i:02}Z</time></trkpt>"
        for i in range(20)
    )
    root = '<?xml version="1.0"?><gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1">'
    gpx = f"{root}<trk><trkseg>{points}</trkseg></trk></gpx>"
    yield single("track.gpx", gpx.encode())
    rows = [
        "photo,latitude,longitude,heading,course,altitude,time",
        "0.png,46.9,7.4,30,31,550,2024-05-01T08:00:03Z",
        "1.png,46.91,7.41,,,,",
    ]
    yield single("positions.csv", "\n".join(rows).encode())
    yield single("positions.csv", "\n".join(rows).replace(",", ";").encode("utf-8-sig"))
    corners = [[7.0, 46.0], [8.0, 46.0], [8.0, 47.0], [7.0, 46.0]]
    for kind, shape in (("Polygon", [corners]), ("LineString", corners[:3])):
        feature = {
            "type": "Feature",
            "properties": {"name": "A"},
            "geometry": {"type": kind, "coordinates": shape},
        }
        yield single(
            "road.geojson", json.dumps({"type": "FeatureCollection", "features": [feature] * 2}).encode()
        )
    line = np.array([shapely.to_wkb(shapely.LineString(corners[:3]))] * 2, object)
    for suffix, driver in (("gpkg", "GPKG"), ("kml", "KML"), ("fgb", "FlatGeobuf")):
        path = folder / f"road.{suffix}"
        pyogrio.raw.write(path, line, [], [], driver=driver, geometry_type="LineString", crs="EPSG:4326")
        yield single(path.name, path.read_bytes())
    yield single("region.json", json.dumps([[0.1, 1], [0.4, 0.5], [0.6, 0.5], [0.9, 1]]).encode())
    yield single("region.json", json.dumps({"day-1": [[0.1, 1], [0.4, 0.5], [0.9, 1]]}).encode())
    one = {
        "millimetres_per_pixel": 1.2,
        "source": "given",
        "uncertainty": 0.02,
        "method": "number",
        "photo_width": 96,
        "photo_height": 64,
    }
    other = {"matrix": [[1.0, 0.1, 0], [0, 1.2, 0], [0, 1e-4, 1]], "coarsest_millimetres_per_pixel": 9.0}
    content = {"format": "upcracknet scale", "version": 1, "default": one, "places": {"day-1": other}}
    yield single("scale.json", json.dumps(content).encode())


def videos(folder: Path) -> Iterator[Case]:
    """Videos of a second in three containers."""
    import av

    for suffix, codec in (("mp4", "libx264"), ("mkv", "mpeg4"), ("avi", "mjpeg")):
        path = folder / f"video.{suffix}"
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate=5)
            stream.width, stream.height = 96, 64
            stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
            stream.time_base = Fraction(1, 5)
            container.metadata["creation_time"] = "2024-05-01T10:00:00Z"
            for number in range(5):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(road(number), "rgb24")))
            container.mux(stream.encode())
        yield single(path.name, path.read_bytes())


def models() -> dict[str, tuple[dict[str, torch.Tensor], WeightsRecord]]:
    """Small untrained networks with their records."""
    torch.manual_seed(0)
    generator, remover = UNetGenerator(4, 4), CrackRemover((4, 8))
    of_generator = WeightsRecord(
        "UNetGenerator", {"filters": 4, "depth": 4}, {"input_size": 64}, {"data": "none", "images_seen": 5}
    )
    of_remover = WeightsRecord(
        "CrackRemover", {"widths": [4, 8]}, {"level": 0.4, "scales": [0.5, 1.0]}, {"seed": 1}
    )
    return {
        "restorer": (dict(generator.state_dict()), of_generator),
        "remover": (dict(remover.state_dict()), of_remover),
    }


def weights(folder: Path) -> Iterator[Case]:
    """Their files."""
    for name, (tensors, record) in models().items():
        save_weights(folder / f"{name}.safetensors", tensors, record)
        yield single("model.safetensors", (folder / f"{name}.safetensors").read_bytes())


def exports(folder: Path) -> Iterator[Case]:
    """The same for other engines, each for one: writing a graph takes seconds."""
    for (name, (tensors, record)), suffix in zip(models().items(), ("onnx", "xml"), strict=True):
        path = folder / f"{name}.safetensors"
        save_weights(path, tensors, record)
        target = folder / name / f"model.{suffix}"
        export_model(str(path), target, ModelExport())
        files = {file.name: file.read_bytes() for file in target.parent.iterdir()}
        yield Case(files, tuple(files), target.name)


def runs() -> Iterator[Case]:
    """Run folders of training: configuration and checkpoint."""
    torch.manual_seed(0)
    file = io.BytesIO()
    state = {
        "epoch": 3,
        "global_step": 5,
        "state_dict": dict(UNetGenerator(4, 4).state_dict()),
        "pytorch-lightning_version": "2.6.0",
        "callbacks": {"RandomState": {"torch": torch.get_rng_state()}},
    }
    torch.save(state, file)
    text = dump_configuration(load_configuration(None)).encode()
    yield Case(
        {
            "configuration.yaml": text,
            "checkpoints/last.ckpt": file.getvalue(),
        },
        ("configuration.yaml", "checkpoints/last.ckpt"),
    )


def configurations(methods: Sequence[str]) -> Iterator[Case]:
    """The configuration of each system."""
    for method in methods:
        chosen = load_configuration(
            None, {"method": method, "data.photos": "crack-free"} if method != DEFAULT_METHOD else {}
        )
        yield single("configuration.yaml", dump_configuration(chosen).encode())


def results(folder: Path) -> Case:
    """A result folder with its photos, a survey and corrections."""
    (folder / "photos").mkdir(parents=True)
    for number in range(3):
        cv2.imwrite(str(folder / "photos" / f"{number}.png"), road(number))
        os.utime(folder / "photos" / f"{number}.png", (CHANGED, CHANGED))
    with open_detection([str(folder / "photos")], folder / "out", LIGHT, IN_MM) as detection:
        detection.run(lambda record: None)
    found = read_results(folder / "out")
    names = [record.name for record in found.records()]
    mask = np.zeros((64, 96), bool)
    mask[20:24] = True
    write_correction(
        found, Correction(names[0], "corrected", source="person", time="2026-05-01T12:00:00+00:00"), mask
    )
    write_correction(found, Correction(names[1], "rejected", "shadow", "a note"))
    lines = [
        f"{name},{46.9 + place * 1e-4:.5f},7.4,0,0,,2024-05-01T08:00:0{place}Z"
        for place, name in enumerate(names)
    ]
    (folder / "positions.csv").write_text(
        "\n".join(["photo,latitude,longitude,heading,course,altitude,time", *lines])
    )
    write_survey(
        found, make_survey(found, SurveyOptions(positions=folder / "positions.csv", straight_down=True))
    )
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".upcracknet" not in path.parts
    }
    own = tuple(name for name in files if name.startswith("out/") and not name.endswith((".csv", ".parquet")))
    structured = tuple(name for name in own if name.endswith(".json"))
    return Case(files, (*own, *structured * 3))


def annotations(folder: Path, case: Case) -> Iterator[Case]:
    """What annotation programs give back for that folder; only their files are damaged."""
    for name, content in case.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for to, file in (
        ("coco", "annotations.json"),
        ("cvat", "annotations.xml"),
        ("label-studio", "tasks.json"),
    ):
        target = folder / to
        write_export(
            read_results(folder / "out"), to, target, ExportOptions(photos="none"), lambda problem: None
        )
        content = (target / file).read_bytes()
        if to == "label-studio":
            tasks = json.loads(content)
            for task in tasks:
                task["annotations"] = task.pop("predictions", [])
            content = json.dumps(tasks).encode()
        yield Case(case.files | {file: content}, (file,), file)
