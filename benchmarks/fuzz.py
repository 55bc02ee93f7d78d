"""Read damaged files: each must be used, or refused in one line, and nothing else may happen.

    python benchmarks/fuzz.py                        20,000 inputs; docs/results/robustness.md
    python benchmarks/fuzz.py --inputs 500           fewer, without the page
    python benchmarks/fuzz.py --repeat photos 1234   one input again, with its traceback

An input follows from its kind and a seed. Each is read in a worker process that may take 30 seconds of the
processor and 2 GB, and is watched. A file touched outside the input's folder, a program started or a host
asked is a finding; so is a traceback, a crash or a hang. What was done is kept in `out/fuzz/`; the same
command goes on there while the code is the same. Findings lie in `out/fuzz/findings/` with their files.
"""

import argparse
import hashlib
import json
import os
import platform
import shutil
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

from fuzzing.sandbox import BYTES, SECONDS, Outcome, Sandbox, new_box
from fuzzing.targets import Targets, Task
from machine import processor

import upcracknet
from upcracknet.files import json_bytes, write_atomically
from upcracknet.tables import figure, markdown_table

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "results" / "robustness.md"
INPUTS = 20_000
CHUNK = 50
"""Inputs of a kind that are tried one after the other, before the figures are kept."""


@dataclass
class Figures:
    """What became of the inputs of a kind."""

    inputs: int = 0
    accepted: int = 0
    refused: int = 0
    findings: int = 0
    slowest_s: float = 0.0

    def add(self, outcome: Outcome) -> None:
        """Count one more."""
        self.inputs += 1
        self.accepted += outcome.kind == "accepted"
        self.refused += outcome.kind == "refused"
        self.findings += outcome.is_finding
        self.slowest_s = max(self.slowest_s, round(outcome.seconds, 2))


@dataclass
class State:
    """What was done so far.

    Attributes:
        code: checksum of the package and of what tries it.
        figures: by kind.
        findings: what must not be.
    """

    code: str
    figures: dict[str, Figures] = field(default_factory=dict)
    findings: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> "State":
        """Read what was kept; nothing of other code."""
        state = cls(_code())
        if path.exists():
            kept = json.loads(path.read_bytes())
            if kept["code"] == state.code:
                state.figures = {name: Figures(**values) for name, values in kept["figures"].items()}
                state.findings = kept["findings"]
        return state


def run(targets: Targets, inputs: int, folder: Path, show: bool = True) -> State:
    """Try so many inputs of all kinds; what was done before counts."""
    kept = folder / "state.json"
    state = State.read(kept)
    shares = sum(target.share for target in targets.by_name.values())
    wanted = {name: max(1, round(inputs * target.share / shares)) for name, target in targets.by_name.items()}
    with Sandbox(targets.run, new_box()) as sandbox:
        while left := [
            name for name in wanted if state.figures.setdefault(name, Figures()).inputs < wanted[name]
        ]:
            for name in left:
                figures = state.figures[name]
                for seed in range(figures.inputs, min(figures.inputs + CHUNK, wanted[name])):
                    outcome = sandbox.outcome(Task(name, seed))
                    figures.add(outcome)
                    if outcome.is_finding:
                        state.findings.append({"target": name, "seed": seed} | asdict(outcome))
                        shutil.copytree(
                            sandbox.folder, folder / "findings" / f"{name}-{seed}", dirs_exist_ok=True
                        )
                        print(f"{outcome.kind}: --repeat {name} {seed}\n{outcome.text}\n", flush=True)
                write_atomically(kept, json_bytes(asdict(state)))
            if show:
                tried = sum(each.inputs for each in state.figures.values())
                print(f"{tried:,} inputs, {len(state.findings)} findings", flush=True)
    return state


def _code() -> str:
    digest = hashlib.sha256()
    folders = (Path(upcracknet.__file__).parent, Path(__file__).parent / "fuzzing")
    for path in sorted(path for folder in folders for path in folder.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def page(state: State, targets: Targets) -> str:
    """Write the page of figures."""
    total = Figures(
        *(
            sum(getattr(each, name) for each in state.figures.values())
            for name in ("inputs", "accepted", "refused", "findings")
        ),
        max(each.slowest_s for each in state.figures.values()),
    )
    of_kinds = {target.what: state.figures[name] for name, target in targets.by_name.items()}
    rows = [
        (
            what,
            *(figure(value, 0) for value in (each.inputs, each.accepted, each.refused, each.findings)),
            figure(each.slowest_s, 1),
        )
        for what, each in {**of_kinds, "all": total}.items()
    ]
    kinds = sorted({str(finding["kind"]) for finding in state.findings})
    found = f" Findings were of the kinds {', '.join(kinds)}." if kinds else ""
    return f"""# Damaged files, tried

{total.inputs:,} files were damaged at random and read as the commands read them, on {processor()}
with Python {platform.python_version()} and upcracknet {upcracknet.__version__}. Written by `make fuzz`.

Each file is made from a sound one: bits, numbers, texts, lengths and encodings are changed, parts are cut,
repeated or put in from elsewhere. Weights and exports are also damaged before they are sealed with their
checksum. Each is read in a process with limits: {SECONDS:.0f} seconds of the processor and
{BYTES / 1e9:.0f} GB. *Read* means that the file was used; *refused*, that the package's own error said why in
one line. A *finding* is anything else: a traceback, a crash, a hang, too much memory, a file touched outside,
a program started, a host asked.{found}

{markdown_table(("what", "files", "read", "refused", "findings", "slowest, s"), rows)}

What libraries in C ask of the network is not seen here; tests hold that images and layers lead to no other
file and no host. The file and its damage follow from a kind and a number: `python benchmarks/fuzz.py --repeat
photos 1234` makes one again and shows what becomes of it. So each run tries the same files, and what earlier
runs found in them is mended, each kind with a test: other files may still find more.
"""


def main() -> None:
    """Try inputs, or one again."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--inputs", type=int, default=INPUTS)
    parser.add_argument("--output", type=Path, default=ROOT / "out" / "fuzz")
    parser.add_argument("--targets", nargs="*", default=None)
    parser.add_argument("--repeat", nargs=2, metavar=("TARGET", "SEED"))
    chosen = parser.parse_args()
    if chosen.repeat:
        targets = Targets((chosen.repeat[0],))
        with Sandbox(targets.run, new_box()) as sandbox:
            print(outcome := sandbox.outcome(Task(chosen.repeat[0], int(chosen.repeat[1]))))
            print(outcome.text, sandbox.folder, sep="\n")
        sys.exit(outcome.is_finding)
    targets = Targets(tuple(chosen.targets) if chosen.targets else None)
    state = run(targets, chosen.inputs, chosen.output)
    if chosen.inputs >= INPUTS and chosen.targets is None:
        write_atomically(PAGE, page(state, targets).encode())
        print(f"figures: {PAGE}")
    sys.exit(bool(state.findings))


if __name__ == "__main__":
    main()
