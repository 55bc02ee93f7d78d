"""The steps at which faults are injected: what the commands do to the disk, in their order."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """A moment of a command.

    Attributes:
        name: as the page on faults calls it.
        touch: pattern of the touch of the disk; several apart by " | ".
    """

    name: str
    touch: str


HALF = ".upcracknet/.upcracknet-*"
LOCKING = Step("claim the folder", "write out/.upcracknet/lock")
STEPS: dict[str, tuple[Step, ...]] = {
    "detect": (
        Step("write the log", "write out/log.txt"),
        Step("list the photos", "list photos | list photos/*"),
        Step("read a photo", "read photos/*"),
        Step("make a folder", "make out | make out/*"),
        LOCKING,
        Step("look for what a killed run left", "list out/.upcracknet"),
        Step("mark the folder as results", "replace out/results.json"),
        Step("list the records", "list out/records | list out/records/*"),
        Step("note the names", "replace out/.upcracknet/names"),
        Step("write a file beside its place", f"write out/{HALF}.part"),
        Step("store scores of an image in windows", f"write out/{HALF}.scores"),
        Step("read these scores", f"read out/{HALF}.scores"),
        Step("put a mask in its place", "replace out/masks/*.png"),
        Step("put a mask of an image in windows in its place", "replace out/masks/*.tif"),
        Step("put an overlay in its place", "replace out/overlays/*"),
        Step("put scores in their place", "replace out/scores/*"),
        Step("put a file of cracks in its place", "replace out/cracks/*"),
        Step("put a picture of cracks in its place", "replace out/pictures/*"),
        Step("put a record in its place", "replace out/records/*"),
        Step("read a record", "read out/records/*"),
        Step("read the cracks for the tables", "read out/cracks/*"),
        Step("put the table of photos in its place", "replace out/photos.csv | replace out/photos.parquet"),
        Step("put the table of cracks in its place", "replace out/cracks.csv | replace out/cracks.parquet"),
        Step("put the summary in its place", "replace out/summary.json"),
        Step("forget the names", "delete out/.upcracknet/names"),
    ),
    "measure": (
        Step("write the log", "write out/log.txt"),
        Step("read what was found", "read out/masks/* | read out/records/* | read out/results.json"),
        LOCKING,
        Step("note the names", "replace out/.upcracknet/names"),
        Step("forget the measures", "replace out/records/*"),
        Step("delete the old measures", "delete out/cracks/* | delete out/pictures/*"),
        Step("put a file of cracks in its place", "replace out/cracks/*"),
        Step("put a picture of cracks in its place", "replace out/pictures/*"),
        Step("put the tables in their place", "replace out/*.csv | replace out/*.parquet"),
        Step("put the summary in its place", "replace out/summary.json"),
    ),
    "map": (
        Step("read the records", "read out/records/*"),
        LOCKING,
        Step("write the log", "write out/log.txt"),
        Step("put the survey in its place", "replace out/survey.json"),
        Step("put the GeoPackage in its place", "replace out/survey.gpkg"),
        Step("put the GeoJSON in its place", "replace out/cracks.geojson"),
        Step("put the sections in their place", "replace out/sections*.csv"),
    ),
    "report": (
        Step("read the records", "read out/records/*"),
        Step("write the page beside its place", "write paper/.upcracknet-*"),
        Step("put the page in its place", "replace paper/report.html"),
        Step("put the PDF in its place", "replace paper/report.pdf"),
    ),
    "export-results": (
        Step("mark the folder as an export", "replace export/export.json"),
        Step("copy a photo", "read photos/* | replace export/images/*"),
        Step("read a mask", "read out/masks/*.png"),
        Step("put the annotations in their place", "replace export/*.xml | replace export/labels.json"),
    ),
    "import": (
        Step("read the masks", "read annotated/* | list annotated/*"),
        LOCKING,
        Step("write the log", "write out/log.txt"),
        Step("put a corrected mask in its place", "replace out/corrections/*.png"),
        Step("put what was said in its place", "replace out/corrections/*.json"),
    ),
    "export": (
        Step("write the graph", "write models/.upcracknet-folder-*"),
        Step("put the model in its place", "replace models/small.onnx"),
    ),
    "cache of exports": (
        Step("make a folder for the export", "make cache | make cache/*"),
        Step("write the graph", "write cache/*"),
        Step("put the export in its place", "replace cache/*"),
    ),
    "train": (
        Step("claim the folder", "write run/.upcracknet/lock"),
        Step("write configuration and facts", "replace run/configuration.yaml | replace run/run.json"),
        Step("read a photo", "read photos/*"),
        Step("put the weights in their place", "replace run/*.safetensors"),
        Step("write the metrics", "write run/metrics.jsonl"),
        Step("put a sample in its place", "replace run/samples/*"),
        Step("put a checkpoint in its place", "replace run/checkpoints/*"),
    ),
    "calibrate": (
        Step("read model and photos", "read photos/* | read small.safetensors"),
        Step("put the weights in their place", "replace mine/mine.safetensors"),
        Step("put the report in its place", "replace mine/mine.calibration.json"),
    ),
    "prepare": (
        Step("read a photo", "read photos/*"),
        Step("write a patch", "replace patches/.upcracknet-folder-*/images/*"),
        Step("put a sheet in its place", "replace patches/*.png"),
        Step("put the manifest in its place", "replace patches/manifest.json"),
        Step("put the patches in their place", "replace patches/images"),
    ),
    "reproduce": (  # how training takes faults stands under `train`
        Step("claim a run", "write tables/locks/*"),
        Step("put the figures of a row in their place", "replace tables/results/*"),
        Step("read the figures of a row", "read tables/results/*"),
        Step("put the table in its place", "replace tables/table2.*"),
    ),
    "reproduce pack": (
        Step("read a photo", "read data/*_img/*"),
        Step("put a pack in its place", "replace tables/packs/*.zip"),
        Step("read a pack", "read tables/packs/*.zip"),
        Step("put the checksums in their place", "replace tables/packs/packs.json"),
    ),
    "reproduce all": (
        Step("read the checksums", "read tables/packs/packs.json"),
        Step("read a pack", "read tables/packs/*.zip"),
        Step("unpack a photo", "write tables/data/.upcracknet-folder-*"),
        Step("put a photo in its place", "replace tables/data/*/*/*"),
        Step("mark a pack as unpacked", "replace tables/data/*.done"),
    ),
    "data download": (
        Step("claim the data set", "write data/.upcracknet/cfd.lock"),
        Step("write the archive", "write data/cfd.archive.part"),
        Step("note the server's mark", "write data/cfd.archive.part.mark"),
        Step("read the archive", "read data/cfd.archive.part"),
        Step("unpack a file", "write data/.upcracknet-folder-*"),
        Step("put the data set in its place", "replace data/CFD"),
        Step("claim the checksums", "write data/.upcracknet/downloads.json.lock"),
        Step("note the checksum", "replace data/downloads.json"),
        Step("delete the archive", "delete data/cfd.archive.part | delete data/cfd.archive.part.mark"),
    ),
    "data mine": (
        Step("read a photo", "read photos/*"),
        Step("write a patch", "replace patches/.upcracknet-folder-*/images/*"),
        Step("put the sheet in its place", "replace patches/contact-sheet.png"),
        Step("put the manifest in its place", "replace patches/manifest.json"),
        Step("put the patches in their place", "replace patches/images"),
    ),
    "synthesize": (
        Step("read what an earlier run made", "read roads/manifest.json | read roads/.upcracknet/names"),
        Step("claim the folder", "write roads/.upcracknet/lock"),
        Step("note the names", "replace roads/.upcracknet/names"),
        Step("delete the old manifest", "delete roads/manifest.json"),
        Step("put a photo in its place", "replace roads/photos/*"),
        Step("put a mask in its place", "replace roads/masks/*"),
        Step("put what is beneath in its place", "replace roads/undamaged/* | replace roads/axes/*"),
        Step("put the manifest in its place", "replace roads/manifest.json"),
        Step("delete what an earlier run made", "delete roads/photos/road-* | delete roads/masks/road-*"),
        Step("forget the names", "delete roads/.upcracknet/names"),
    ),
    "synthesize --drive": (
        Step("claim the folder", "write drive/.upcracknet/lock"),
        Step("note the names", "replace drive/.upcracknet/names"),
        Step("put a photo in its place", "replace drive/photos/*"),
        Step("put a mask in its place", "replace drive/masks/*"),
        Step("put the track in its place", "replace drive/track.gpx"),
        Step("put the truth in its place", "replace drive/truth.json"),
        Step("forget the names", "delete drive/.upcracknet/names"),
    ),
    "scale": (
        Step("read the scales that are there", "read scales/scale.json"),
        Step("read a photo", "read photos/*"),
        Step("claim the scales", "write scales/.upcracknet/scale.json.lock"),
        Step("put the scales in their place", "replace scales/scale.json"),
        Step("put the picture of the grid in its place", "replace scales/scale-0-grid.jpg"),
    ),
    "compare": (
        Step("read a survey", "read before/survey.json | read out/survey.json"),
        Step("read a record", "read before/records/*"),
        Step("read a photo", "read photos/*"),
        Step("read the cracks", "read out/cracks/*"),
        Step("put a table in its place", "replace growth/*.csv"),
        Step("put the layer in its place", "replace growth/comparison.geojson"),
        Step("put the page in its place", "replace growth/comparison.html"),
    ),
    "evaluate": (
        Step("read a photo", "read data/*_img/*"),
        Step("read a mask", "read data/*_lab/*"),
        Step("put the table of images in its place", "replace evaluation/*/per_image.csv"),
        Step("put a panel in its place", "replace evaluation/*/panels*"),
        Step("put the report in its place", "replace evaluation/*/evaluation.*"),
    ),
}  # fmt: skip
"""By what runs."""

FAULTS = ("full disk", "no permission", "disk error", "folder gone", "killed", "Ctrl-C")


def can_happen(step: Step, fault: str) -> bool:
    """Whether a fault can happen at a step: no disk is too full to be read."""
    reads = step.touch.startswith(("read", "list"))
    return not (fault == "full disk" and reads) and not (fault == "disk error" and not reads)


REVIEWING = (
    Step("claim the review", "write out/.upcracknet/review"),
    Step("write the log", "write out/log.txt"),
    Step("read a record", "read out/records/*"),
    Step("read what was said before", "read out/corrections/*.json"),
    Step("write a file beside its place", "write out/corrections/.upcracknet-*"),
    Step("keep the mask that was drawn before", "link out/corrections/*"),
    Step("put a drawn mask in its place", "replace out/corrections/*.png"),
    Step("put what is said in its place", "replace out/corrections/*.json"),
    Step("delete a mask that is rejected", "delete out/corrections/1.jpg.png"),
    Step("take back what was said", "delete out/corrections/2.jpg.json"),
    Step("delete a mask that is taken back", "delete out/corrections/2.jpg.png"),
    Step("read a mask that is accepted", "read out/masks/3.jpg.png"),
    Step("claim the folder to measure", "write out/.upcracknet/lock"),
    Step("put a file of cracks in its place", "replace out/cracks/*"),
    Step("put a record in its place", "replace out/records/*"),
    Step("put the tables in their place", "replace out/*.csv | replace out/*.parquet"),
    Step("put the summary in its place", "replace out/summary.json"),
)
"""Of the review, in which the faults are injected by `tests/faults/test_review.py`."""

SERVING = (
    Step("receive a photo", "write service/uploads/*"),
    Step("write a file beside its place", f"write service/{HALF}.part"),
    Step("put a mask in its place", "replace service/masks/*"),
    Step("put a file of cracks in its place", "replace service/cracks/*"),
    Step("put a record in its place", "replace service/records/*"),
    Step("delete a photo that is done", "delete service/uploads/*"),
)
"""Of the service, in which the faults are injected by `tests/serve/test_faults.py`."""
