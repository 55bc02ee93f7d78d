"""What each lesson is worth: the default's training with one thing changed at a time, judged without labels.

    python benchmarks/lessons.py START --labels FOLDER [FOLDER …] [--epochs 6] [--runs out/lessons]

Every row begins with the same weights, START, and sees as many patches. The runs go on where they were
interrupted. Then `benchmarks/judge.py --quick` judges them all, and `lessons.md` is written into their
folder.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from judge_tables import NOTES, summary_table

ROOT = Path(__file__).parents[1]

CHANGES: dict[str, tuple[str, ...]] = {
    "all": (),
    "cracks-to-15-px": ("painting.wide=0", "painting.widths=[0.7,15]", "painting.shrinking=[0.35,1]"),
    "no-pyramid": ("pyramid=1",),
    "no-things": ("painting.things=0",),
    "no-distractors": ("painting.things=0", "painting.distracted=0"),
    "no-camera": ("painting.camera=0",),
    "no-covers": ("painting.covered=0",),
    "no-synthetic-roads": ("painting.synthetic=0",),
    "no-walls": ("painting.surfaces=[asphalt,concrete]",),
    "no-self-training": ("self_training.share=0",),
}
"""What is changed in `configs/default.yaml`, by the name of the row."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("start", type=Path, help="weights that every row begins with")
    parser.add_argument("--labels", nargs="+", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--runs", type=Path, default=Path("out/lessons"), metavar="FOLDER")
    chosen = parser.parse_args()
    common = (
        f"initial_weights={chosen.start.absolute()}",
        f"self_training.results=[{','.join(str(folder.absolute()) for folder in chosen.labels)}]",
        f"epochs={chosen.epochs}",
    )
    for name, changes in CHANGES.items():
        command = ("train", str(ROOT / "configs/default.yaml"), "-o", name, *common, *changes)
        run("-m", "upcracknet", *command, folder=chosen.runs)
    run(str(ROOT / "benchmarks/judge.py"), "--quick", *CHANGES, "--output", "judged", folder=chosen.runs)
    rows = json.loads((chosen.runs / "judged/judge.json").read_bytes())
    text = "\n\n".join((summary_table(rows), *NOTES)) + "\n"
    (chosen.runs / "lessons.md").write_text(text, encoding="utf-8")
    print(text)


def run(*command: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run((sys.executable, *command), cwd=folder, env=os.environ, check=False)
    if done.returncode:
        sys.exit(f"error: `{' '.join(command)}` ended with {done.returncode}")


if __name__ == "__main__":
    main()
