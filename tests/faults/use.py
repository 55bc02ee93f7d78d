"""The commands that are tested for faults of use, and what is expected of each."""

from tests.faults.steps import STEPS

CLOCKS = (
    "measure", "map", "report", "export-results", "import", "export", "train", "calibrate", "reproduce",
    "scale", "compare", "evaluate", "synthesize", "data download", "review",
    "prepare", "data mine", "synthesize --drive", "reproduce pack", "reproduce all", "cache of exports",
)  # fmt: skip
"""Those during which the clock jumps back."""

FORKED = (*STEPS, "review")
"""Those that are run in a fork."""

AT_ONCE = {
    "export": [0, 0], "cache of exports": [0, 0], "calibrate": [0, 0], "compare": [0, 0], "evaluate": [0, 0],
    "reproduce": [3, 0], "reproduce pack": [0, 0], "reproduce all": [3, 3],
    "synthesize --drive": [1, 0], "data mine": [0, 1],
}  # fmt: skip
"""Those of which a second one begins while the first one puts files in their place; how the second and the
first one end."""

CHANGING = {
    "report": ("photos/0.jpg", 3), "compare": ("photos/0.jpg", 6), "export-results": ("photos/0.jpg", 1),
    "map": ("photos/0.jpg", 1), "calibrate": ("photos/2.png", 1), "train": ("photos/0.png", 1),
    "evaluate": ("data/Crack500/test_img/0.jpg", 3), "reproduce pack": ("data/Crack500/test_img/0.jpg", 2),
    "review": ("photos/0.jpg", 4), "prepare": ("photos/0.png", 2), "data mine": ("photos/0.png", 1),
    "cache of exports": ("photos/0.png", 3),
}  # fmt: skip
"""Those that read a photo which is replaced meanwhile: that photo, and how often it is opened."""

CLAIMED = ("detect", "measure", "map", "import", "train", "synthesize")
"""Those that refuse a folder in which another process works."""

UNCLAIMED = ("report", "export-results", "prepare")
"""Those of which a second one may work in the same folder, by `test_use.py`."""

ELSEWHERE = {
    ("detect", "clock"): "same files", ("detect", "two at once"): "the second is refused",
    ("detect", "photo replaced"): "the next run is right",
    ("measure", "photo replaced"): "the next run is right",
    ("data download", "two at once"): "the second is refused", ("scale", "two at once"): "both are added",
    ("review", "two at once"): "the second is refused",
}  # fmt: skip
"""What other tests show: `test_use.py`, and those of `download`, `scale` and `review`."""

KINDS = ("clock", "fork", "two at once", "photo replaced")


def shown(name: str, kind: str) -> str:
    """What a command does under a fault of use, as the page has it; a dash where no test says it."""
    if (name, kind) in ELSEWHERE:
        return ELSEWHERE[name, kind]
    if kind == "two at once":
        if name in CLAIMED or (name in AT_ONCE and AT_ONCE[name] in ([1, 0], [3, 0])):
            return "the second is refused"
        if name == "prepare" or AT_ONCE.get(name) == [0, 1]:
            return "the first to end counts"
        return "both are whole" if name in AT_ONCE or name in UNCLAIMED else "–"
    tested = {"clock": CLOCKS, "fork": FORKED, "photo replaced": CHANGING}[kind]
    return ("the next run is right" if kind == "photo replaced" else "same files") if name in tested else "–"
