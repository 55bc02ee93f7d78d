"""The tables as experiments: Tables I–VIII of the paper, and what the IoU on DeepCrack and CFD depends on.

Tables I and II vary UP-CrackNet's losses and masks on Crack500 (Section IV-C). Tables III–VIII compare all
systems, trained on one dataset and tested on the same or another one. Beside the paper's rows stand the
classical methods, SegNet (the paper's reference 35, while its row SegResNet was run with another network),
and this package's default: trained under the table's budget, and as shipped.

The table of sensitivity changes one thing at a time from one base, which departs from the paper where the
model ``up-cracknet-32`` does (``configs/up-cracknet-32.yaml``). Some rows change the training; the others
use the base's weights and change how cracks are found with them.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from upcracknet.detection import PRESETS, DetectionSettings
from upcracknet.detection.pretrained import weights_path
from upcracknet.detection.systems import CLASSICAL, SUPERVISED, SYSTEMS
from upcracknet.evaluation.published import PublishedRow, published_table
from upcracknet.losses import LossWeights
from upcracknet.reproduction.experiment import Budget, Experiment, Pretrained, Row
from upcracknet.training.configuration import (
    Configuration,
    DataConfiguration,
    OptimizerConfiguration,
    TrainingConfiguration,
)
from upcracknet.training.crack_remover_configuration import CrackRemoverConfiguration
from upcracknet.training.riad import RIADConfiguration
from upcracknet.training.scadn import SCADNConfiguration
from upcracknet.training.supervised import SupervisedConfiguration
from upcracknet.weights import load_weights

ABLATED = "crack500"
"""The dataset of Tables I and II."""

# The paper's words in our tables of its figures, and the names of our weights.
LOSSES = {"MAE": "mae", "SSIM": "ssim", "MSGMS": "msgms", "style": "style", "adversarial": "adversarial"}
MASKS = {"jumbled squares": "jumbled", "stripes": "stripes", "multi-scale squares": "squares"}

COMPARISONS = {
    "table3": ("III", "crack500", "crack500"),
    "table4": ("IV", "deepcrack", "deepcrack"),
    "table5": ("V", "crack500", "cfd"),
    "table6": ("VI", "crack500", "deepcrack"),
    "table7": ("VII", "deepcrack", "cfd"),
    "table8": ("VIII", "deepcrack", "crack500"),
}
"""Each table's number in the paper, what its systems are trained on, and what they are tested on."""

SEEDS = 3
"""Trainings of ours that differ in nothing else."""

DATASET = "deepcrack"
TESTS = ("deepcrack", "cfd")

BASE = TrainingConfiguration(
    data=DataConfiguration(window_sizes=(128, 160, 192, 224, 256, 288, 320)),
    mask_edges="blurred",
    optimizer=OptimizerConfiguration(1e-3, 4e-3, decay=0.93),
    epochs=20,
)
"""The values of ``configs/up-cracknet-32.yaml`` that no budget decides."""

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


def table1(budget: Budget, seed: int = 0, base: TrainingConfiguration | None = None) -> Experiment:
    """Make Table I: nine combinations of the five losses; arguments as of :func:`comparison`."""
    start = _start(budget, seed, base)
    rows = []
    for published in published_table("I"):
        words = published.row.split("+")
        without: dict[str, Any] = {name: 0.0 for word, name in LOSSES.items() if word not in words}
        training = replace(start, losses=replace(start.losses, **without))
        rows.append(_ablation(published.row.lower(), published, training))
    title, question = "Table I: combinations of losses", "What does each loss contribute?"
    return Experiment("table1", title, question, budget, seed, tuple(rows), training_facts(start))


def table2(budget: Budget, seed: int = 0, base: TrainingConfiguration | None = None) -> Experiment:
    """Make Table II: three kinds of masks, with all losses; arguments as of :func:`comparison`.

    Its last row is the last of Table I.
    """
    start = _start(budget, seed, base)
    rows = [
        _ablation(MASKS[published.row], published, replace(start, corruption=MASKS[published.row]))  # type: ignore[arg-type]
        for published in published_table("II")
    ]
    title, question = "Table II: kinds of masks", "Which masks teach best?"
    return Experiment("table2", title, question, budget, seed, tuple(rows), training_facts(start))


def comparison(
    table: str, budget: Budget, seed: int = 0, base: TrainingConfiguration | None = None
) -> Experiment:
    """Make one of Tables III–VIII.

    Args:
        table: a key of ``COMPARISONS``.
        budget: what each row may spend: patches, and filters of UP-CrackNet alone; the other networks have
            their published sizes.
        seed: seed of all rows.
        base: configuration of UP-CrackNet's row; None takes the paper's.
    """
    number, trained_on, tested_on = COMPARISONS[table]
    published = {row.row: row for row in published_table(number)}
    trainings = _trainings(budget, seed, trained_on, base or TrainingConfiguration())
    systems: dict[str, Configuration | Pretrained] = {
        **trainings,
        **{name: Pretrained(name) for name in CLASSICAL},
        "default": shipped_default(),
    }
    titles = {key: system.title for key, system in SYSTEMS.items()}
    titles |= {"crack-remover": "ours, at this budget", "default": "ours, as shipped"}
    rows = tuple(
        Row(
            name,
            titles[name],
            training,
            PRESETS["paper"] if name == "up-cracknet" else None,
            (tested_on,),
            {tested_on: published[titles[name]]} if titles[name] in published else {},
        )
        for name, training in systems.items()
    )
    title = f"Table {number}: trained on {trained_on}, tested on {tested_on}"
    facts = (
        f"UP-CrackNet, SCADN, RIAD and ours learn from undamaged windows of {trained_on} (train), the "
        f"supervised networks from its annotated photos; classical methods do not learn.",
        f"UP-CrackNet has {budget.filters} filters here, the other networks their published sizes; none "
        "starts from ImageNet weights.",
        "Ours in UP-CrackNet's row, as the paper does not say: each image's own statistics in batch "
        "normalisation and no dropout, the mean of the squared error over the colours, and the bilateral "
        "filter (diameter 5, sigmas 0.1 and 1.5). The authors' code has dropout and another filter.",
        f"Images a step: {_batches(trainings)}.",
        "`ours, as shipped` is the default with a budget of its own, of several rounds: painted windows of "
        "DeepCrack and Crack500, and in the later ones also their training photos as a model of an earlier "
        "round marked them, without masks; all other rows have the budget above.",
    )
    return Experiment(table, title, "How do all systems compare?", budget, seed, rows, facts)


def shipped_default() -> Pretrained:
    """Describe the default model as a row is trained; what the weights before it learned counts as well."""
    record = load_weights(weights_path("default"))[1]
    return Pretrained("default", record.sha256, record.images_seen)


def training_facts(start: TrainingConfiguration) -> tuple[str, ...]:
    """Say what all rows of a table of UP-CrackNet share."""
    data, rates = start.data, start.optimizer
    return (
        f"Trained on undamaged windows of {data.photos} ({data.split}); unless a row says otherwise, "
        f"{start.networks.generator_filters} filters, learning rates {rates.generator_learning_rate:g} (G) "
        f"and {rates.discriminator_learning_rate:g} (D), mask edges {start.mask_edges}, style features "
        f"{start.style_features}.",
    )


def _start(budget: Budget, seed: int, base: TrainingConfiguration | None) -> TrainingConfiguration:
    """The complete method under a budget: a loss that the base leaves out has the paper's weight."""
    base = base or TrainingConfiguration()
    data = replace(base.data, photos=ABLATED, split="train")
    paper = LossWeights()
    losses = {name: getattr(base.losses, name) or getattr(paper, name) for name in LOSSES.values()}
    restoration = base.losses.restoration or paper.restoration
    complete = LossWeights(**losses, restoration=restoration, form=base.losses.form)
    start = budget.apply(replace(base, data=data, losses=complete, corruption="squares", seed=seed))
    return budget.smaller_batches(start)  # as in Tables III–VIII, so that their UP-CrackNet is this training


def _ablation(name: str, published: PublishedRow, training: TrainingConfiguration) -> Row:
    return Row(name, published.row, training, PRESETS["paper"], (ABLATED,), {ABLATED: published})


def _trainings(
    budget: Budget, seed: int, photos: str, base: TrainingConfiguration
) -> dict[str, Configuration]:
    """A configuration for each system that learns, in the order of the paper's tables, ours last."""

    def supervised(name: str) -> Configuration:
        start = SupervisedConfiguration(method=name, seed=seed)
        start = replace(start, data=replace(start.data, photos=photos))
        return budget.smaller_batches(budget.spend(start))

    # RIAD and SCADN keep the batches that their papers name; the other papers name none.
    riad, scadn = RIADConfiguration(seed=seed), SCADNConfiguration(seed=seed)
    paper = replace(base, data=replace(base.data, photos=photos), seed=seed)
    ours = CrackRemoverConfiguration(seed=seed)
    ours = replace(ours, data=replace(ours.data, photos=(photos,)))
    return {
        **{name: supervised(name) for name in SUPERVISED},
        "scadn": budget.spend(replace(scadn, data=replace(scadn.data, photos=photos))),
        "riad": budget.spend(replace(riad, data=replace(riad.data, photos=photos))),
        "up-cracknet": budget.smaller_batches(budget.apply(paper)),
        "crack-remover": budget.smaller_batches(budget.spend(ours)),
    }


def _batches(trainings: Mapping[str, Configuration]) -> str:
    """How many images a step each system takes."""
    names: dict[int, list[str]] = {}
    for name, training in trainings.items():
        names.setdefault(training.batch_size, []).append(name)
    return ", ".join(f"{size} ({', '.join(names[size])})" for size in sorted(names))


def seeds(budget: Budget, seed: int = 0, base: TrainingConfiguration | None = None) -> Experiment:
    """Make the table of ours from scratch, with three seeds; arguments as of :func:`comparison`.

    It learns from the photos that the default's first round learned from (``configs/first-round.yaml``).
    """
    start = CrackRemoverConfiguration()
    start = replace(start, data=replace(start.data, photos=("deepcrack", "crack500")))
    rows = tuple(
        Row(
            f"seed-{number}",
            f"ours, seed {number}",
            replace(budget.smaller_batches(budget.spend(start)), seed=number),
            None,
            ("deepcrack", "cfd", "crack500"),
            {},
        )
        for number in range(seed, seed + SEEDS)
    )
    title = "Ours, trained on deepcrack and crack500, with three seeds"
    facts = ("From scratch, on undamaged windows of both data sets (train): the default's first round.",)
    return Experiment("seeds", title, "How much does chance decide?", budget, seed, rows, facts)


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
    rates = replace(OptimizerConfiguration(), decay=start.optimizer.decay, betas=start.optimizer.betas)
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
