"""The commands in which faults are injected: what each needs, how it runs, and what it leaves."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.faults.outcomes import files, trained
from tests.faults.reviewing import counting, review, write_reviewed
from tests.faults.worlds import (
    detect,
    nothing,
    synthesize_other_roads,
    synthesize_roads,
    write_annotated,
    write_archive,
    write_crack_free,
    write_data_set,
    write_data_sets,
    write_model,
    write_model_and_photos,
    write_packs,
    write_photos,
    write_results,
    write_scale,
    write_survey,
    write_tiny_training,
)  # fmt: skip

from upcracknet.cli.console import EXIT_INCOMPLETE
from upcracknet.cli.main import run

TINY = (
    "data.size=32", "data.window_sizes=[48, 64]", "data.validation_share=0.34", "epochs=2", "workers=0",
    "networks.generator_filters=2", "data.patches_per_epoch=2", "networks.generator_depth=2",
    "networks.discriminator_filters=2", "batch_size=2", "precision=32", "losses.ssim=0", "losses.msgms=0",
    "losses.style=0",
)  # fmt: skip


@dataclass(frozen=True)
class Command:
    """A command, or a call of the library.

    Attributes:
        prepare: makes what it needs in an empty folder.
        run: runs it, and gives its exit code.
        outcome: what it leaves, by file.
        output: the folder that it writes to.
        needs_output: whether the folder must be there before.
        only_once: whether a second run is refused where a first one was done.
        done: its exit code where nothing happens.
    """

    prepare: Callable[[Path], None]
    run: Callable[[Path], int]
    outcome: Callable[[Path], dict[str, bytes]]
    output: str = "out"
    needs_output: bool = False
    only_once: bool = False
    done: int = 0


def calling(*words: str) -> Callable[[Path], int]:
    """A run of the command line; ``{}`` stands for the folder."""
    return lambda world: run([word.replace("{}", str(world)) for word in words])


COMMANDS = {
    "detect": Command(write_photos, detect, files("out")),
    "measure": Command(
        write_results, calling("measure", "{}/out", "--standard", "fhwa-ltpp", "--crack-pictures"),
        files("out"), needs_output=True,
    ),
    "map": Command(write_results, calling("map", "{}/out"), files("out"), needs_output=True),
    "report": Command(
        write_results, calling("report", "{}/out", "-o", "{}/paper/report.html", "--pdf"),
        files("out", "paper"), "paper",
    ),
    "export-results": Command(
        write_results, calling("export-results", "{}/out", "--to", "cvat", "-o", "{}/export"),
        files("out", "export"), "export",
    ),
    "review": Command(write_reviewed, review, counting, needs_output=True),
    "import": Command(
        write_annotated, calling("import", "{}/out", "{}/annotated", "--from", "masks"),
        files("out"), needs_output=True,
    ),
    "export": Command(
        write_model, calling("export", "{}/small.safetensors", "-o", "{}/models/small.onnx"),
        files("models"), "models",
    ),
    "cache of exports": Command(
        write_model_and_photos,
        calling(
            "detect", "{}/photos/0.png", "-o", "{}/out", "--model", "{}/small.safetensors", "--runtime",
            "onnx", "--no-measure",
        ),
        files("cache"), "cache",
    ),
    "train": Command(
        write_crack_free,
        calling("train", *TINY, "--photos", "{}/photos", "-o", "{}/run", "--device", "cpu"),
        trained, "run",
    ),
    "calibrate": Command(
        write_model_and_photos,
        calling(
            "calibrate", "{}/small.safetensors", "-o", "{}/mine/mine.safetensors", "--photos", "{}/photos",
            "--roads", "1", "--scales", "1",
        ),
        files("mine"), "mine",
    ),
    "prepare": Command(
        write_crack_free,
        calling(
            "prepare", "{}/photos", "-o", "{}/patches", "--count", "3", "--rounds", "0", "--sizes", "64",
            "--model", "canny",
        ),
        files("patches"), "patches", only_once=True,
    ),
    "reproduce": Command(
        write_tiny_training,
        calling(
            "reproduce", "table2", "--rows", "squares", "--budget", "1", "--filters", "2", "--device", "cpu",
            "--base", "{}/tiny.yaml", "--data-root", "{}/data", "-o", "{}/tables",
        ),
        files("tables"), "tables",
    ),
    "reproduce pack": Command(
        write_data_sets, calling("reproduce", "pack", "--data-root", "{}/data", "-o", "{}/tables"),
        files("tables"), "tables",
    ),
    "reproduce all": Command(
        write_packs,
        calling("reproduce", "all", "--list", "--rows", "local-contrast", "-o", "{}/tables"),
        files("tables"), "tables", needs_output=True, done=EXIT_INCOMPLETE,
    ),
    "data download": Command(
        write_archive,
        calling("data", "download", "cfd", "--data-root", "{}/data", "--url", "http://127.0.0.1/served.zip"),
        files("data"), "data", needs_output=True,
    ),
    "data mine": Command(
        write_crack_free,
        calling(
            "data", "mine", "{}/photos", "-o", "{}/patches", "--count", "3", "--size", "32",
            "--window-sizes", "48",
        ),
        files("patches"), "patches", only_once=True,
    ),
    "synthesize": Command(
        synthesize_other_roads, synthesize_roads, files("roads"), "roads", needs_output=True,
    ),
    "synthesize --drive": Command(
        nothing,
        calling(
            "synthesize", "{}/drive", "--drive", "first", "--count", "1", "--height", "600", "--width", "500",
        ),
        files("drive"), "drive", only_once=True,
    ),
    "scale": Command(
        write_scale,
        calling(
            "scale", "{}/photos/0.png", "--points", "9,9", "99,99", "--millimetres", "200",
            "--for", "{}/photos", "-o", "{}/scales/scale.json",
        ),
        files("scales"), "scales", needs_output=True,
    ),
    "compare": Command(
        write_survey, calling("compare", "{}/before", "{}/out", "-o", "{}/growth"),
        files("out", "before", "growth"), "growth",
    ),
    "evaluate": Command(
        write_data_set,
        calling(
            "evaluate", "crack500", "--model", "canny", "--no-baseline", "--data-root", "{}/data",
            "-o", "{}/evaluation",
        ),
        files("evaluation"), "evaluation",
    ),
}  # fmt: skip
