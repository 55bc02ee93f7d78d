"""The dependencies between the rooms point one way, and the core stays light."""

import ast
import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import upcracknet

PACKAGE = Path(upcracknet.__file__).parent
EXTRAS = ("pytorch_lightning", "lightning_fabric", "tensorboard", "kornia", "torchmetrics")
ENGINES = ("openvino", "onnx", "onnxruntime", "onnxscript", "nncf", "rasterio", "ray", "pyarrow", "fsspec")
SURVEYS = ("pyogrio", "shapely", "av", "reportlab", "jinja2")

# From the ground up: a room may import those of the floors below its own. Files in the package's folder are
# rooms too.
FLOORS = (
    {"errors", "heard", "libraries", "on_demand", "parsing"},
    {"files"},
    {"locks"},
    {"tables", "weights"},
    {"measure"},
    {"networks", "losses", "corruption"},
    {"data", "runtime"},
    {"detection"},
    {"baselines"},
    {"results"},
    {"training", "evaluation", "preparation", "survey", "exchange"},
    {"calibration", "report"},
    {"reproduction", "serve"},
    {"cli"},
)
ARROWS = {
    room: set().union(*FLOORS[:floor])
    for floor, rooms_of_floor in enumerate(FLOORS)
    for room in sorted(rooms_of_floor)
}


def rooms() -> Iterator[str]:
    for path in sorted(PACKAGE.iterdir()):
        if path.suffix == ".py" and path.stem not in ("__init__", "__main__"):
            yield path.stem
        elif (path / "__init__.py").exists():
            yield path.name


def imports(room: str) -> Iterator[tuple[str, str]]:
    """The file and the full name of each import in a room, wherever in the file it stands."""
    folder = PACKAGE / room
    for path in sorted(folder.rglob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((path.name, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}: imports are absolute"
                yield from ((path.name, f"{node.module}.{alias.name}") for alias in node.names)


def test_every_room_has_its_place_in_the_plan():
    assert set(rooms()) == set(ARROWS)


@pytest.mark.parametrize("room", ARROWS)
def test_arrows_point_one_way(room):
    allowed = ARROWS[room] | {room, "errors"}
    wrong = [
        f"{file} imports {name}"
        for file, name in imports(room)
        if name.split(".")[0] == "upcracknet"
        and name != "upcracknet.__version__"
        and not allowed.intersection(name.split(".")[1:2])
    ]
    assert not wrong


def test_no_file_imports_one_that_imports_it():
    """Whatever stands at the top of files; imports within functions wait until a command needs them."""
    files = {
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
        for path in PACKAGE.rglob("*.py")
    }
    graph = {}
    for name, path in files.items():
        body = ast.parse(path.read_text(encoding="utf-8")).body
        imported = [
            (str(node.module), alias.name)
            for node in body
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        ]
        # What is imported is a file of a folder, or a name of a file.
        named = {f"{module}.{item}" if f"{module}.{item}" in files else module for module, item in imported}
        graph[name] = named & files.keys()
    done, open_files = set(), list[str]()

    def visit(name: str) -> None:
        assert name not in open_files, " → ".join([*open_files[open_files.index(name) :], name])
        if name in done:
            return
        open_files.append(name)
        for other in graph[name]:
            visit(other)
        open_files.pop()
        done.add(name)

    for name in graph:
        visit(name)


def test_nothing_imports_torchvision_and_only_training_imports_lightning():
    for room in ARROWS:
        roots = {name.split(".")[0] for _, name in imports(room)}
        assert "torchvision" not in roots
        if room not in ("training", "cli"):
            assert not roots & set(EXTRAS), room


def test_torchvision_is_not_installed():
    assert importlib.util.find_spec("torchvision") is None, (
        "the tests must show that the package works without"
    )


def loaded_by(statement: str) -> set[str]:
    """The top-level modules that a fresh process has loaded after a statement."""
    script = f"import json, sys\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in json.loads(answer.stdout)}


def test_importing_the_package_is_light():
    assert not loaded_by("import upcracknet") & {
        "torch",
        "numpy",
        "cv2",
        "skimage",
        "PIL",
        "torchvision",
        *EXTRAS,
    }


def test_measuring_needs_neither_torch_nor_an_extra():
    loaded = loaded_by("from upcracknet import Scale, measure_cracks")
    assert "numpy" in loaded
    assert not loaded & {"torch", "torchvision", *EXTRAS, *ENGINES, *SURVEYS}


def test_detection_needs_no_extra():
    loaded = loaded_by("from upcracknet import CrackDetector")
    assert "torch" in loaded
    assert not loaded & {"torchvision", *EXTRAS, *ENGINES}


@pytest.mark.parametrize(
    "command",
    [
        "detect",
        "evaluate",
        "data",
        "synthesize",
        "calibrate",
        "prepare",
        "export_results",
        "import_corrections",
    ],
)
def test_only_the_command_train_needs_the_extra(command):
    """Read from the files: a process for each command would take seconds."""
    assert not {name.split(".")[0] for name in _closure(f"upcracknet.cli.{command}")} & {
        "torchvision",
        *EXTRAS,
    }


def _closure(module: str, seen: set[str] | None = None) -> set[str]:
    """All that a module imports, directly or through this package, imports within functions included."""
    seen = set() if seen is None else seen
    path = PACKAGE.parent.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if module in seen or not file.exists():
        return seen | {module}
    seen.add(module)
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            seen |= _closure(name, seen)
    return seen
