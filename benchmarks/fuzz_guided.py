"""Read damaged files, and damage on those first that led to parts of the package not reached before.

    pip install atheris                                            where it installs: Linux, macOS
    python benchmarks/fuzz_guided.py configurations                ten minutes with one kind of files
    python benchmarks/fuzz_guided.py configurations --repeat FILE  one input again

The kinds are those of `fuzz.py`, and so are the ways to damage; libFuzzer chooses by the lines that are
reached. It works on in `out/fuzz-guided/`, and stops at the first finding, whose input it leaves there.
"""

import argparse
from pathlib import Path

import atheris
import numpy as np

with atheris.instrument_imports(include=["upcracknet"]):
    from fuzzing.mutations import damaged
    from fuzzing.sandbox import SECONDS, Watch, empty, new_box, tried
    from fuzzing.targets import Targets

FOLDER = Path(__file__).parents[1] / "out" / "fuzz-guided"
MEGABYTES = 4000
"""Memory of the process with all that it has loaded."""


def main() -> None:
    """Try inputs of a kind, or one again."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("target")
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--repeat", type=Path)
    chosen = parser.parse_args()
    target = Targets((chosen.target,)).by_name[chosen.target]
    box = new_box()
    watch = Watch(box)

    def read(content: bytes) -> None:
        if not content:
            return
        case = target.cases[content[0] % len(target.cases)]
        files = case.files | {case.damaged[0]: content[1:]}
        empty(box)
        with watch.watching():
            kind, text = tried(
                lambda: target.try_files(files, case.main, box, np.random.default_rng(len(content)))
            )
        if kind not in ("accepted", "refused") or watch.touched:
            raise AssertionError(f"{kind}: {text} {watch.touched}")

    def damage(content: bytes, largest: int, seed: int) -> bytes:
        case = target.cases[content[0] % len(target.cases)] if content else target.cases[0]
        changed = damaged(case.damaged[0], content[1:largest], np.random.default_rng(seed))
        return (content[:1] + changed)[:largest]

    corpus = FOLDER / chosen.target
    corpus.mkdir(parents=True, exist_ok=True)
    for number, case in enumerate(target.cases):
        (corpus / f"sound-{number}").write_bytes(bytes([number]) + case.files[case.damaged[0]])
    limits = [f"-timeout={SECONDS:.0f}", f"-rss_limit_mb={MEGABYTES}", f"-max_total_time={chosen.seconds}"]
    inputs = [str(chosen.repeat or corpus), f"-artifact_prefix={corpus}-finding-", "-max_len=100000"]
    atheris.Setup(["fuzz_guided", *limits, *inputs], read, custom_mutator=damage)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
