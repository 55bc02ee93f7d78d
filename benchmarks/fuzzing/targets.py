"""What is tried: from a kind of files and a seed to damaged ones, read as a command would read them."""

import hashlib
import io
import json
import multiprocessing
import os
import tempfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin
from starlette.testclient import TestClient

from fuzzing import corpus
from fuzzing.corpus import Case
from fuzzing.mutations import (
    NUMBERS,
    TEXTS,
    Random,
    damaged,
    damaged_bytes,
    damaged_text,
    damaged_values,
    one_of,
    overwritten,
)
from upcracknet.data.photo import load_mask, load_photo, photo_orientation, photo_size
from upcracknet.detection import CrackDetector
from upcracknet.detection.systems import TRAINABLE
from upcracknet.errors import PhotoError, UpCrackNetError
from upcracknet.exchange.exporting import ExportOptions, write_export
from upcracknet.exchange.importing import import_annotations
from upcracknet.exchange.reading import ImportOptions
from upcracknet.files import stamp_of_file
from upcracknet.measure import drone
from upcracknet.measure.georeference import pixel_size
from upcracknet.measure.heading import driving_direction
from upcracknet.measure.notes import CameraNotes
from upcracknet.measure.scale_file import SurveyScales
from upcracknet.measure.track import Track
from upcracknet.report.making import ReportOptions, make_report
from upcracknet.results import open_detection, read_results
from upcracknet.results.frames import Spacing, choose_frames
from upcracknet.results.measuring import Measuring
from upcracknet.results.opening import opened
from upcracknet.results.records import Record
from upcracknet.results.regions import Regions, drawn
from upcracknet.results.remeasuring import open_remeasuring
from upcracknet.results.reviewed import reviewed_photos
from upcracknet.results.roads import Roads
from upcracknet.results.run import load
from upcracknet.results.settings import ResultSettings
from upcracknet.results.sources import ReadInWindows, Source
from upcracknet.results.suggesting import suggest
from upcracknet.results.video import read_frames
from upcracknet.results.windows import Windows
from upcracknet.serve.options import ServiceOptions
from upcracknet.serve.review.rows import Photos
from upcracknet.serve.service import service
from upcracknet.serve.store import open_store
from upcracknet.serve.worker import PhotoWorker
from upcracknet.survey.line_layer import read_lines
from upcracknet.survey.making import SurveyOptions
from upcracknet.survey.map_files import write_map
from upcracknet.survey.position_table import read_positions
from upcracknet.survey.survey_file import read_survey
from upcracknet.training.checkpoint import CheckpointFiles
from upcracknet.training.configuration import load_configuration
from upcracknet.weights import WeightsRecord, save_weights


@dataclass(frozen=True)
class Target:
    """A kind of files that is tried.

    Attributes:
        what: in words.
        share: of all inputs.
        cases: sound ones.
        read: reads a damaged one, as commands do: the folder, the main file, and what is drawn from.
        damage: damages a case.
    """

    what: str
    share: float
    cases: tuple[Case, ...]
    read: Callable[[Path, Path, Random], None]
    damage: Callable[[Case, Random], dict[str, bytes]]

    def try_files(self, damaged_files: dict[str, bytes], main: str, folder: Path, random: Random) -> None:
        """Write files into a folder and read them.

        Args:
            damaged_files: their contents, by name.
            main: name of the one that is given to the package.
            folder: gets all of them.
            random: what is drawn from.

        Raises:
            UpCrackNetError: they cannot be used.
        """
        files = {folder / "in" / name: content for name, content in damaged_files.items()}
        for path, content in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            os.utime(path, (corpus.CHANGED, corpus.CHANGED))  # records know when their photos were changed
        try:
            self.read(folder / "in", folder / "in" / main, random)
        finally:
            for path, content in files.items():
                if not path.is_relative_to(folder / "in" / "out"):  # results may be written again
                    _require(path.read_bytes() == content, f"{path.name} stays as it is")


@dataclass(frozen=True)
class Task:
    """One input: all of it follows from these two."""

    target: str
    seed: int


class Targets:
    """All kinds, with their sound files.

    Args:
        names: of the kinds; None takes all.
    """

    def __init__(self, names: tuple[str, ...] | None = None) -> None:
        # Made in a process of their own: engines that have run leave threads, which workers that are forked
        # lack.
        with tempfile.TemporaryDirectory() as folder, multiprocessing.get_context("fork").Pool(1) as pool:
            made = {name: pool.apply(_cases, (name, Path(folder) / name)) for name in names or _READERS}
        self.by_name = {name: _target(name, cases) for name, cases in made.items()}

    def run(self, task: Task, folder: Path) -> None:
        """Write a damaged input into a folder, and read it.

        Raises:
            UpCrackNetError: it cannot be used.
        """
        target = self.by_name[task.target]
        random = np.random.default_rng([zlib.crc32(task.target.encode()), task.seed])
        case = target.cases[int(random.integers(len(target.cases)))]
        target.try_files(target.damage(case, random), case.main, folder, random)


def _target(name: str, cases: tuple[Case, ...]) -> Target:
    what, share, _, read, damage = _READERS[name]
    return Target(what, share, cases, read, damage)


def _cases(name: str, folder: Path) -> tuple[Case, ...]:
    folder.mkdir()
    return tuple(_READERS[name][2](folder))


def _damaged(case: Case, random: Random) -> dict[str, bytes]:
    """One file of a case is damaged, now and then two."""
    files = dict(case.files)
    names = [one_of(case.damaged, random) for _ in range(1 + int(random.random() < 0.1))]
    for name in dict.fromkeys(names):
        files[name] = damaged(name, files[name], random)
    return files


def _damaged_notes(case: Case, random: Random) -> dict[str, bytes]:
    """Mostly only the notes are damaged, before they are put into the photo."""
    (name,) = case.damaged
    if random.random() < 0.2 or not name.endswith(("jpg", "png")):
        return _damaged(case, random)
    file = io.BytesIO()
    with Image.open(io.BytesIO(case.files[name])) as image:
        image.load()
        exif, xmp = image.info["exif"], image.info.get("xmp", b"")
        exif = exif[:6] + (damaged_bytes if random.random() < 0.3 else overwritten)(exif[6:], random)
        xmp = damaged_text(xmp, random)[:60_000] if random.random() < 0.7 else xmp  # as a JPEG can hold
        text = PngImagePlugin.PngInfo()
        text.add_itxt("XML:com.adobe.xmp", xmp.decode(errors="replace"))
        more = {"xmp": xmp} if image.format == "JPEG" else {"pnginfo": text}
        image.save(file, image.format, exif=exif, **more)
    return {name: file.getvalue()}


def _damaged_weights(case: Case, random: Random) -> dict[str, bytes]:
    """Half of them are damaged before they are sealed by their checksum."""
    if random.random() < 0.4:
        return _damaged(case, random)
    tensors, record = list(corpus.models().values())[int(random.integers(2))]
    values = asdict(record)
    if random.random() < 0.7:
        part = one_of(["configuration", "detection", "provenance"], random)
        values[part] = damaged_values(values[part], random)
    tensors = {name: tensor.clone() for name, tensor in tensors.items()}
    if random.random() < 0.4:
        name = one_of([*tensors], random)
        if tensors[name].is_floating_point():
            tensors[name].reshape(-1)[:1] = one_of([np.nan, np.inf, 1e38, -1e38, 0], random)
        if random.random() < 0.3:
            tensors[name] = tensors[name].reshape(-1)[: int(random.integers(0, 9))].clone()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        with suppress(UnicodeError, RecursionError):
            save_weights(path, tensors, WeightsRecord(**values))
            return {case.main: path.read_bytes()}
    return _damaged(case, random)


def _damaged_export(case: Case, random: Random) -> dict[str, bytes]:
    """Half of the ONNX files are damaged before they are sealed by their checksum."""
    if not case.main.endswith(".onnx") or random.random() < 0.5:
        return _damaged(case, random)
    import onnx

    model = onnx.load_from_string(case.files[case.main])
    description = json.loads(model.metadata_props[0].value)
    del description["sha256"], model.metadata_props[:]
    if random.random() < 0.6:
        description = damaged_values(description, random)
    else:
        numbers = model.graph.initializer[int(random.integers(len(model.graph.initializer)))]
        numbers.raw_data = damaged_bytes(numbers.raw_data, random)
    with suppress(UnicodeError, RecursionError, TypeError, ValueError):
        digest = hashlib.sha256(json.dumps(description, sort_keys=True).encode())
        digest.update(model.SerializeToString(deterministic=True))
        sealed = json.dumps(
            description | {"sha256": digest.hexdigest()} if isinstance(description, dict) else description
        )
        onnx.helper.set_model_props(model, {"upcracknet": sealed})
        return {case.main: model.SerializeToString()}
    return _damaged(case, random)


def _require(true: bool, what: str) -> None:
    if not true:
        raise AssertionError(what)


def _photo(folder: Path, file: Path, random: Random) -> None:
    """As `detect` reads it, whole or in windows; and as a mask."""
    with suppress(UpCrackNetError):
        photo_size(file)
    _require(photo_orientation(file) in range(1, 9), "an orientation from 1 to 8")
    with suppress(UpCrackNetError):
        load_mask(file)
    with suppress(UpCrackNetError):
        load_photo(file.read_bytes())
    try:
        pixels = Source(str(file), stamp_of_file(file)).load()
    except ReadInWindows:
        with opened(file) as image:
            size = pixel_size(image)
            pixels = Windows(image, file).small()
        _require(size is None or 0 <= size < np.inf, "a size of pixels that is a number")
    _require(pixels.dtype == np.uint8 and pixels.ndim == 3, "pixels")


def _detect(folder: Path, file: Path, random: Random) -> None:
    """The whole command, with a sound photo beside: it must be done."""
    Image.fromarray(corpus.road(9)).save(folder / "sound.png")
    records: list[Record] = []
    with open_detection([str(folder)], folder.parent / "out", corpus.LIGHT, corpus.IN_MM) as detection:
        detection.run(records.append)
    states = {Path(record.photo).name: record for record in records}
    _require(states["sound.png"].status == "done", "the sound photo is done")
    for record in records:
        _require(record.status == "done" or bool(record.error), "a reason")
        _require("defect of this program" not in f"{record.measure_warning}", f"{record.measure_warning}")
        Record.read(folder.parent / "out" / "records" / f"{record.name}.json")


def _notes(folder: Path, file: Path, random: Random) -> None:
    """What cameras and drones note: the place, the time, the direction, the scale."""
    with Source(str(file), stamp_of_file(file)).opened() as image:
        notes = CameraNotes.read(image)
        numbers = [*(notes.place or ()), notes.altitude_m, notes.utc_s, notes.local_s, notes.tilt_deg]
        _require(all(number is None or np.isfinite(number) for number in numbers), f"numbers: {notes}")
        with suppress(UpCrackNetError):
            driving_direction(image)
        with suppress(UpCrackNetError):
            drone.estimate(image, None, file.name)


def _place(folder: Path, file: Path, random: Random) -> None:
    """Tracks, tables, layers, regions and scales."""
    match file.name:
        case "track.gpx":
            track = Track.read(file)
            first = track.span_s
            if first is not None:
                track.at(first[0])
        case "positions.csv":
            read_positions(
                file, [Record(name, f"/photos/{name}", None, "1 1", "done") for name in ("0.png", "1.png")]
            )
        case "road.geojson" | "road.gpkg" | "road.kml" | "road.fgb":
            with suppress(UpCrackNetError):
                Roads.read(file)
            read_lines(file)
        case "region.json":
            drawn(
                Regions.read(file).of(str(folder / "day-1" / "0.png")) or ((0, 0), (1, 0), (1, 1)), (64, 96)
            )
        case _:
            scale = SurveyScales.read(file).of(str(folder / "day-1" / "0.png"))
            if scale is not None:
                scale.for_photo(64, 96, 0.0)


def _video(folder: Path, file: Path, random: Random) -> None:
    """Its frames, one a second."""
    chosen = choose_frames(file, Spacing(0.3))
    for _, frame in read_frames(file, chosen.milliseconds[:4]):
        _require(isinstance(frame, UpCrackNetError | np.ndarray), "a frame")


def _model(folder: Path, file: Path, random: Random) -> None:
    """Weights and exports, as far as a crack map."""
    score = CrackDetector.from_pretrained(file).detect(corpus.road(1)).score
    _require(bool(np.isfinite(score).all()), "scores that are numbers")


def _run_folder(folder: Path, file: Path, random: Random) -> None:
    """What `train` goes on from."""
    load_configuration(folder / "configuration.yaml")
    state = CheckpointFiles().load_checkpoint(folder / "checkpoints" / "last.ckpt", weights_only=True)
    _require(isinstance(state, dict), "a checkpoint")


def _configuration(folder: Path, file: Path, random: Random) -> None:
    load_configuration(file)


def _results(folder: Path, file: Path, random: Random) -> None:
    """What commands do with a result folder; one of them, drawn."""
    out = folder / "out"
    match int(random.integers(9)):
        case 0:
            with open_remeasuring(out, corpus.IN_MM, overwrite=True) as remeasuring:
                remeasuring.run(lambda record: None)
        case 1:
            write_map(
                out,
                SurveyOptions(positions=folder / "positions.csv", straight_down=True),
                lambda done, of: None,
            )
        case 2:
            make_report(read_results(out), folder.parent / "report.html", ReportOptions(), date(2026, 5, 1))
        case 3 | 4:
            to: Any = one_of(("coco", "cvat", "label-studio", "masks"), random)
            write_export(
                read_results(out),
                str(to),
                folder.parent / "export",
                ExportOptions(photos="none"),
                lambda problem: None,
            )  # type: ignore[arg-type]
        case 5:
            suggest(read_results(out), 2)
        case 6:
            for photo in reviewed_photos(read_results(out))[0]:
                with suppress(UpCrackNetError):
                    photo.truth(), photo.score(), photo.looked_at(), photo.answer()
        case 7:
            results = read_results(out)
            Photos(results, {}).rows()
            read_survey(results)
        case _:
            with open_detection([str(folder / "photos")], out, corpus.LIGHT, corpus.IN_MM) as detection:
                detection.run(lambda record: None)


def _annotations(folder: Path, file: Path, random: Random) -> None:
    import_annotations(folder / "out", file, ImportOptions())


@cache
def _light_model() -> tuple[CrackDetector, ResultSettings]:
    return load(corpus.LIGHT)[:2]


def _upload(folder: Path, file: Path, random: Random) -> None:
    """What the service answers to a photo with an odd name, an odd field, or in a damaged body."""
    options = ServiceOptions(folder=folder.parent / "service")
    detector, settings = _light_model()
    name, number = (one_of(odd, random) for odd in (TEXTS, NUMBERS))
    fields = (
        {"inline": "true", "millimetres_per_pixel": number} if random.random() < 0.3 else {"inline": "true"}
    )
    content = file.read_bytes()
    with (
        open_store(Measuring.of(corpus.IN_MM), options) as store,
        PhotoWorker(detector, settings, store) as worker,
    ):
        client = TestClient(service(worker, options.guard()), base_url="http://127.0.0.1:8000")
        if random.random() < 0.7:
            shown = name.encode(errors="replace").decode() or "photo.jpg"
            answer = client.post("/photos", files={"photo": (shown, content)}, data=fields)
        else:
            head = b'--x\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\n\r\n'
            body = damaged_bytes(head + content[:2000] + b"\r\n--x--\r\n", random)
            kind = {"content-type": "multipart/form-data; boundary=x"}
            answer = client.post("/photos", content=body, headers=kind)
        worker.stop()
        worker.wake()
    _require(answer.status_code in ANSWERS, f"an answer {answer.status_code}: {answer.text[:500]}")
    if answer.status_code != 200:
        raise PhotoError(str(answer.json()["detail"])[:500])


ANSWERS = (200, 400, 413, 415, 422)
"""What the service may answer: done, or what is wrong with what was sent."""

_READERS: dict[str, tuple[str, float, Callable[[Path], Any], Any, Any]] = {
    "photos": ("photos, every format", 0.25, lambda folder: corpus.photos(), _photo, _damaged),
    "rasters": ("images with a place, world files", 0.12, corpus.rasters, _photo, _damaged),
    "detect": (
        "`detect` on a damaged photo beside a sound one",
        0.05,
        lambda folder: [*corpus.photos(), *corpus.rasters(folder)],
        _detect,
        _damaged,
    ),
    "notes": ("EXIF and XMP", 0.12, lambda folder: corpus.notes(), _notes, _damaged_notes),
    "places": (
        "tracks, positions, roads, regions, scales",
        0.12,
        corpus.places,
        _place,
        _damaged,
    ),
    "videos": ("videos", 0.04, corpus.videos, _video, _damaged),
    "weights": ("weights", 0.08, corpus.weights, _model, _damaged_weights),
    "exports": ("exports for ONNX Runtime and OpenVINO", 0.04, corpus.exports, _model, _damaged_export),
    "runs": ("checkpoints and run folders", 0.03, lambda folder: corpus.runs(), _run_folder, _damaged),
    "configurations": (
        "configurations",
        0.05,
        lambda folder: corpus.configurations(TRAINABLE),
        _configuration,
        _damaged,
    ),
    "uploads": (
        "photos sent to the service",
        0.04,
        lambda folder: corpus.photos(),
        _upload,
        _damaged,
    ),
    "results": (
        "result folders, surveys, corrections",
        0.06,
        lambda folder: [corpus.results(folder)],
        _results,
        _damaged,
    ),
    "annotations": (
        "COCO, CVAT, Label Studio",
        0.04,
        lambda folder: corpus.annotations(folder / "again", corpus.results(folder / "made")),
        _annotations,
        _damaged,
    ),
}
"""Of each kind: in words, its share of all inputs, its sound files, what reads it, what damages it."""
