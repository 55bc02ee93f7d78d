"""From what a user chose to the detector that finds the cracks."""

from dataclasses import asdict

from upcracknet.detection import CrackDetector
from upcracknet.detection.pretrained import load_pretrained
from upcracknet.results.detection_options import DetectionOptions
from upcracknet.results.settings import ResultSettings
from upcracknet.runtime import Engine, what_runs
from upcracknet.runtime.device import device_kind


def load(options: DetectionOptions, *, alone: bool = True) -> tuple[CrackDetector, ResultSettings, str]:
    """Load the model that the options name, and tell what its results depend on.

    Args:
        options: what the user chose.
        alone: no other workers run on this machine.

    Returns:
        the detector; its settings; and in a sentence which engine runs its network, and where.
    """
    engine = engine_of_options(options, alone=alone)
    pretrained = load_pretrained(options.model, options.preset, engine)
    detector = CrackDetector(
        pretrained.scorer,
        pretrained.threshold,
        overlap=options.overlap,
        batch_size=options.batch_size,
    )
    detection = {
        "preset": options.preset,
        "settings": pretrained.settings,
        "threshold": asdict(pretrained.threshold),
        "runtime": pretrained.engine.runtime,
        "precision": pretrained.engine.precision,
        "overlap": detector.overlap,
    }
    if pretrained.engine.device != "cpu":  # those of the processor stay as they were before there were others
        detection["device"] = device_kind(pretrained.engine.device)
    settings = ResultSettings(options.model, pretrained.sha256, detection, options.overlays, options.scores)
    return detector, settings, what_runs(engine, pretrained.engine)


def engine_of_options(options: DetectionOptions, *, alone: bool = True) -> Engine:
    """Give the engine that the options ask for, which may be ``auto``."""
    return Engine(options.runtime, options.precision, pinned=alone, device=options.device)
