"""``upcracknet doctor``: what is installed, what detection would run by and why, what is missing."""

from collections.abc import Iterator
from typing import Any

from upcracknet.cli.console import EXIT_FAILED, print_json, print_text
from upcracknet.libraries import NEEDED_FOR, Library, examine_libraries


def doctor(
    *,
    model: str = "default",
    runtime: str = "auto",
    precision: str = "fp32",
    device: str = "auto",
    json: bool = False,
) -> int:
    """Say what is installed, what detection would run by and why, and what is missing for what.

    Loads every library that can be used, and the model as `upcracknet detect` does; its first
    run can write the model for a faster engine, as the first detection would. Nothing else is
    written. The output fits into a report of a fault: your own folder is shown as ~.
    Exit code 1 if detection would not work.

    For example:

        upcracknet doctor

        upcracknet doctor --device cuda --precision fp16

    Args:
        model: as for detect.
        runtime: as for detect.
        precision: as for detect.
        device: as for detect.
        json: print JSON in place of text.
    """
    libraries = examine_libraries()
    problems = [
        f"{library.name} is {library.state}; run {library.remedy}"
        for library in libraries
        if library.extra is None and library.state != "installed"
    ]
    found: dict[str, Any] = {}
    if not problems:  # else the rest cannot even be loaded
        from upcracknet.results import installation
        from upcracknet.results.detection_options import DetectionOptions

        options: Any = {"model": model, "runtime": runtime, "precision": precision, "device": device}
        found = {
            "machine": installation.machine(),
            "detection": installation.engine_taken(DetectionOptions(**options), libraries),
            "weights": installation.shipped_weights(),
            "datasets": installation.datasets(),
        }
        parts = [found["detection"], *found["weights"]]
        problems = [f"{part['model']}: {part['problem']}" for part in parts if part["problem"]]
        found, problems = installation.without_home(found), installation.without_home(problems)
    if json:
        told = [vars(library) | {"remedy": library.remedy} for library in libraries]
        print_json({"works": not problems, "problems": problems, **found, "libraries": told})
    else:
        print_text("\n".join(_lines(found, libraries, problems)) + "\n")
    return EXIT_FAILED if problems else 0


def _lines(found: dict[str, Any], libraries: list[Library], problems: list[str]) -> Iterator[str]:
    """The findings as lines of text."""
    if found:
        yield from _title("This machine")
        yield from (f"  {name.replace('_', ' '):<20} {value}" for name, value in found["machine"].items())
        taken = found["detection"]
        yield from _title(f"Detection by the model {taken['model']}")
        yield f"  {taken['problem'] or taken['runs']}"
        if taken["why"]:
            yield f"  why {taken['runtime']}: {taken['why']}"
        for precision, engine in taken["precisions"].items():
            yield f"  --precision {precision}: {engine}"
    yield from _title("Libraries that everything needs")
    yield from (_line(library) for library in libraries if library.extra is None)
    for extra, work in NEEDED_FOR.items():
        yield from _title(f"Extra {extra}, for: {work}")
        yield from (_line(library) for library in libraries if library.extra == extra)
    if found:
        yield from _title("Shipped weights")
        for weights in found["weights"]:
            state = weights["problem"] or f"whole, sha256 {weights['sha256']}"
            yield f"  {weights['model']:<20} {state}"
        yield from _title(f"Published datasets, by {found['datasets']['variable']}")
        if found["datasets"]["problem"]:
            yield f"  {found['datasets']['problem']}"
        for name, parts in (found["datasets"]["photos"] or {}).items():
            counted = ", ".join(f"{count} {part}" for part, count in parts.items())
            yield f"  {name:<24} {counted or 'not there'}"
    yield ""
    yield from (f"broken: {problem}" for problem in problems)
    if not problems:
        yield "Detection works. What is missing above is needed only for what stands beside it."


def _title(text: str) -> Iterator[str]:
    yield from ("", text)


def _line(library: Library) -> str:
    version = library.version or ("" if library.state == "missing" else "version not known")
    words = [library.state, version, library.problem, library.remedy and f"run {library.remedy}"]
    return f"  {library.name:<24} {'; '.join(word for word in words if word)}"
