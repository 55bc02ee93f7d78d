"""What the IoU on DeepCrack and CFD depends on: one change at a time from one base.

The base departs from the paper where the model ``up-cracknet-32`` does (``configs/up-cracknet-32.yaml``).
Some rows change the training; the others use the base's weights and change how cracks are found with them.
"""

from dataclasses import replace

from upcracknet.detection import PRESETS, DetectionSettings
from upcracknet.evaluation.published import published_table
from upcracknet.reproduction.experiment import Budget, Experiment, Row
from upcracknet.reproduction.paper_tables import training_facts
from upcracknet.training.configuration import DataConfiguration, OptimizerConfiguration, TrainingConfiguration

DATASET = "deepcrack"
TESTS = ("deepcrack", "cfd")

BASE = TrainingConfiguration(
    data=DataConfiguration(window_sizes=(128, 160, 192, 224, 256, 288, 320)),
    mask_edges="blurred",
    optimizer=OptimizerConfiguration(1e-3, 4e-3, decay=0.93),
    epochs=20,
)
"""The values of ``configs/up-cracknet-32.yaml`` that no budget decides."""

PAPER_RATES = OptimizerConfiguration()

DETECTIONS = {
    "running-statistics": ("running averages in batch normalisation", PRESETS["paper-running"]),
    "authors-detection": ("detection of the authors' code", PRESETS["authors"]),
    "absolute-error": ("absolute error", DetectionSettings(error="absolute")),
    "centred-error": ("centred error", DetectionSettings(center=True)),
    "absolute-centred-error": ("absolute centred error", DetectionSettings(error="absolute", center=True)),
    "unfiltered": ("no bilateral filter", DetectionSettings(filter_diameter=0)),
    "without-specks": ("specks under 24 pixels dropped", DetectionSettings(minimum_extent=24)),
}
"""Rows without training of their own: label and settings."""


def sensitivity(budget: Budget, seed: int = 0, base: TrainingConfiguration | None = None) -> Experiment:
    """Make the table of one change at a time, trained on DeepCrack, measured on DeepCrack and CFD.

    Args:
        budget: what each row may spend, but where spending is what changes.
        seed: seed of all rows.
        base: configuration that the rows start from; None takes ``BASE``.
    """
    base = base or BASE
    base = replace(base, data=replace(base.data, photos=DATASET, split="train"), seed=seed)
    start = budget.apply(base)
    rates = replace(
        start.optimizer,
        generator_learning_rate=PAPER_RATES.generator_learning_rate,
        discriminator_learning_rate=PAPER_RATES.discriminator_learning_rate,
    )
    trainings = {
        "base": ("base", start),
        "paper-learning-rates": ("learning rates of the paper", replace(start, optimizer=rates)),
        "sharp-masks": ("sharp mask edges", replace(start, mask_edges="sharp")),
        "one-window-size": (
            "windows of 256 pixels only",
            replace(start, data=replace(start.data, window_sizes=(256,))),
        ),
        "doubled-budget": ("twice the epochs", replace(budget, epochs=2 * budget.epochs).apply(base)),
        "halved-width": (
            "half the filters",
            replace(budget, filters=max(1, budget.filters // 2)).apply(base),
        ),
        "without-style": ("without style loss", replace(start, losses=replace(start.losses, style=0.0))),
        "vgg19-style": ("style features of VGG-19", replace(start, style_features="vgg19")),
    }
    published = {
        test: next(row for row in published_table(table) if row.row == "UP-CrackNet")
        for test, table in (("deepcrack", "IV"), ("cfd", "VII"))
    }
    rows = [
        Row(name, label, training, PRESETS["paper"], TESTS, published)
        for name, (label, training) in trainings.items()
    ] + [
        Row(name, f"base, {label}", start, settings, TESTS, published)
        for name, (label, settings) in DETECTIONS.items()
    ]
    return Experiment(
        "sensitivity",
        "What the published figures depend on",
        "Each row differs from the base in the one thing that it names.",
        budget,
        seed,
        tuple(rows),
        training_facts(start),
    )
