"""Tables I and II: what the losses and the masks contribute, on Crack500 (Section IV-C)."""

from dataclasses import replace

from upcracknet.detection import PRESETS
from upcracknet.evaluation.published import PublishedRow, published_table
from upcracknet.losses import LossWeights
from upcracknet.reproduction.budget import Budget
from upcracknet.reproduction.rows import Experiment, Row
from upcracknet.training.up_cracknet_configuration import TrainingConfiguration

DATASET = "crack500"

# The paper's words in our tables of its figures, and the names of our weights.
LOSSES = {"MAE": "mae", "SSIM": "ssim", "MSGMS": "msgms", "style": "style", "adversarial": "adversarial"}
MASKS = {"jumbled squares": "jumbled", "stripes": "stripes", "multi-scale squares": "squares"}


def table1(budget: Budget, seed: int = 0, base: TrainingConfiguration | None = None) -> Experiment:
    """Table I: nine combinations of the five losses.

    Args:
        budget: what each row may spend.
        seed: seed of all rows.
        base: configuration that the rows start from; None takes the paper's.
    """
    start = _start(budget, seed, base)
    rows = []
    for published in published_table("I"):
        words = published.row.split("+")
        without = {name: 0.0 for word, name in LOSSES.items() if word not in words}
        training = replace(start, losses=replace(start.losses, **without))
        rows.append(_row(published.row.lower(), published, training))
    return Experiment(
        "table1",
        "Table I: combinations of losses",
        "What does each loss contribute?",
        budget,
        seed,
        tuple(rows),
        training_facts(start),
    )


def table2(budget: Budget, seed: int = 0, base: TrainingConfiguration | None = None) -> Experiment:
    """Table II: three kinds of masks, with all losses; its last row is the last of Table I.

    Args:
        budget: what each row may spend.
        seed: seed of all rows.
        base: configuration that the rows start from; None takes the paper's.
    """
    start = _start(budget, seed, base)
    rows = [
        _row(MASKS[published.row], published, replace(start, corruption=MASKS[published.row]))  # type: ignore[arg-type]
        for published in published_table("II")
    ]
    return Experiment(
        "table2",
        "Table II: kinds of masks",
        "Which masks teach best?",
        budget,
        seed,
        tuple(rows),
        training_facts(start),
    )


def training_facts(start: TrainingConfiguration) -> tuple[str, ...]:
    """What all rows of a table of UP-CrackNet share."""
    data, rates = start.data, start.optimizer
    return (
        f"Trained on undamaged windows of {data.photos} ({data.split}); unless a row says otherwise, "
        f"{start.networks.generator_filters} filters, learning rates {rates.generator_learning_rate:g} (G) "
        f"and {rates.discriminator_learning_rate:g} (D), mask edges {start.mask_edges}, style features "
        f"{start.style_features}.",
    )


def _start(budget: Budget, seed: int, base: TrainingConfiguration | None) -> TrainingConfiguration:
    base = base or TrainingConfiguration()
    data = replace(base.data, photos=DATASET, split="train")
    complete = LossWeights(
        **{
            name: getattr(base.losses, name) or getattr(LossWeights(), name)
            for name in (*LOSSES.values(), "restoration")
        }
    )
    return budget.apply(replace(base, data=data, losses=complete, corruption="squares", seed=seed))


def _row(name: str, published: PublishedRow, training: TrainingConfiguration) -> Row:
    return Row(name, published.row, training, PRESETS["paper"], (DATASET,), {DATASET: published})
