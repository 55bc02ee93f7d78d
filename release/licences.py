"""List the licences of everything that the package brings, and stop at one that nobody has looked at.

``make licences`` writes docs/licences.md.
"""

import re
from collections.abc import Container, Iterable
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PAGE = Path(__file__).parents[1] / "docs/licences.md"
FOR_USERS = ("train", "runtime", "quantize", "survey", "video", "report", "heic", "ray", "serve")
FOR_DEVELOPERS = ("dev", "docs")

ALLOWED = {
    "0BSD", "Apache-2.0", "BSD", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "CNRI-Python",
    "LLVM-exception", "MIT", "MIT-0", "MIT-CMU", "MPL-2.0", "PSF-2.0", "Zlib",
}  # fmt: skip
"""Identifiers of SPDX; ``BSD`` where a package does not say which. MPL-2.0 binds changes to its own files."""

IDENTIFIERS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "FreeBSD": "BSD-2-Clause",
}
"""Other names that packages give."""

LOOKED_AT = {"docutils": "BSD-2-Clause"}
"""Packages whose notes mislead: the GPL of docutils is that of one file for an editor."""

HEAD = """# Licences of what is installed

What the package and its extras for users bring, with the licences that the packages give in their notes
(`BSD` where they do not say which). `make licences` writes this page; a test fails at a licence that nobody
has looked at.

Wheels carry compiled libraries of others, with licences of their own: GDAL and PROJ in rasterio and pyogrio,
FFmpeg in av, libheif in pillow-heif. Read the notes in those wheels before you hand them on. `nvidia-`
packages of PyTorch's usual build for Linux have NVIDIA's terms; the build for plain processors brings none.

| package | licence |
|---|---|
"""


def closure(extras: Iterable[str], without: Container[str] = ()) -> dict[str, Distribution]:
    """Installed packages that this one needs with these extras; itself and what some alone bring left out."""
    found: dict[str, Distribution] = {}
    done: set[tuple[str, str]] = set()
    waiting = [("upcracknet", extra) for extra in ("", *extras)]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in done or name in without:
            continue
        done.add((name, extra))
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:
            continue
        for text in found[name].requires or ():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                needed = canonicalize_name(requirement.name)
                waiting += [(needed, wanted) for wanted in ("", *requirement.extras)]
    del found["upcracknet"]
    return dict(sorted(found.items()))


def licence(package: Distribution) -> str:
    """The licence as an expression of SPDX, or as the package's own words where they are unknown."""
    notes = package.metadata
    name = canonicalize_name(notes["Name"])
    if name in LOOKED_AT:
        return LOOKED_AT[name]
    if notes["License-Expression"]:
        return str(notes["License-Expression"])
    kinds = [
        line.split(" :: ")[-1] for line in notes.get_all("Classifier") or () if line.startswith("License ::")
    ]
    # "OSI Approved" and "DFSG approved" say who approved, not what.
    named = [IDENTIFIERS.get(kind, kind) for kind in kinds if not kind.lower().endswith("approved")]
    own = str(notes["License"] or "unknown")
    return " OR ".join(sorted(named)) if named else IDENTIFIERS.get(own, own)


def unknown(expression: str) -> set[str]:
    """The identifiers of an expression that are not allowed."""
    return set(re.split(r"\s+(?:AND|OR|WITH)\s+|[()]", expression)) - ALLOWED - {""}


def page() -> str:
    """The page of the documentation."""
    packages = closure(FOR_USERS)
    return HEAD + "".join(f"| {name} | {licence(package)} |\n" for name, package in packages.items())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
