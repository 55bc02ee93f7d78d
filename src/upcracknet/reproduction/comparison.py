"""Tables III–VIII: every system, trained on one dataset and tested on the same or another one.

Beside the paper's rows stand the classical methods, SegNet (the paper's reference 35, while its row SegResNet
was run with another network), and this package's default: trained under the table's budget, and as shipped.
"""

from dataclasses import replace

from upcracknet.detection import PRESETS
from upcracknet.detection.pretrained import weights_path
from upcracknet.detection.systems import CLASSICAL, SUPERVISED, SYSTEMS
from upcracknet.evaluation.published import PublishedRow, published_table
from upcracknet.reproduction.budget import Budget
from upcracknet.reproduction.rows import Experiment, Ready, Row
from upcracknet.training.configuration import Configuration
from upcracknet.training.crack_remover_configuration import CrackRemoverConfiguration
from upcracknet.training.riad import RIADConfiguration
from upcracknet.training.scadn import SCADNConfiguration
from upcracknet.training.supervised import SupervisedConfiguration
from upcracknet.training.up_cracknet_configuration import TrainingConfiguration
from upcracknet.weights import load_weights

TABLES = {
    "table3": ("III", "crack500", "crack500"),
    "table4": ("IV", "deepcrack", "deepcrack"),
    "table5": ("V", "crack500", "cfd"),
    "table6": ("VI", "crack500", "deepcrack"),
    "table7": ("VII", "deepcrack", "cfd"),
    "table8": ("VIII", "deepcrack", "crack500"),
}
"""Each table's number in the paper, what its systems are trained on, and what they are tested on."""


def comparison(
    table: str, budget: Budget, seed: int = 0, base: TrainingConfiguration | None = None
) -> Experiment:
    """One of Tables III–VIII.

    Args:
        table: a key of :data:`TABLES`.
        budget: what each row may spend: patches, and filters of UP-CrackNet alone; the other networks have
            their published sizes.
        seed: seed of all rows.
        base: configuration of UP-CrackNet's row; None takes the paper's.
    """
    number, trained_on, tested_on = TABLES[table]
    published = {row.row: row for row in published_table(number)}
    trainings = _trainings(budget, seed, trained_on, base or TrainingConfiguration())
    rows = [_row(name, training, tested_on, published) for name, training in trainings.items()]
    rows += [_row(name, Ready(name), tested_on, published) for name in CLASSICAL]
    rows.append(_row("default", shipped_default(), tested_on, published))
    return Experiment(
        table,
        f"Table {number}: trained on {trained_on}, tested on {tested_on}",
        "How do all systems compare?",
        budget,
        seed,
        tuple(rows),
        (
            f"UP-CrackNet, SCADN, RIAD and ours learn from undamaged windows of {trained_on} (train), the "
            f"supervised networks from its annotated photos; classical methods do not learn.",
            f"UP-CrackNet has {budget.filters} filters here, the other networks their published sizes; none "
            "starts from ImageNet weights.",
            f"Images a step: {_batches(trainings)}.",
            "`ours, as shipped` is the default with a budget of its own, its teacher's included: painted "
            "windows of DeepCrack and Crack500, and their training photos as the teacher marked them, "
            "without masks; all other rows have the budget above.",
        ),
    )


def shipped_default() -> Ready:
    """The default model as a row; what its teacher learned from counts as well."""
    records = [load_weights(weights_path(name))[1] for name in ("default", "teacher")]
    return Ready("default", records[0].sha256, sum(record.images_seen for record in records))


def _trainings(
    budget: Budget, seed: int, photos: str, base: TrainingConfiguration
) -> dict[str, Configuration]:
    """A configuration for each system that learns, in the order of the paper's tables, ours last."""

    def supervised(name: str) -> Configuration:
        start = SupervisedConfiguration(method=name, seed=seed)
        return silent(budget.spend(replace(start, data=replace(start.data, photos=photos))))

    # RIAD and SCADN keep the batches that their papers name; the other papers name none.
    silent = budget.steps_before_batches
    riad, scadn = RIADConfiguration(seed=seed), SCADNConfiguration(seed=seed)
    ours = CrackRemoverConfiguration(seed=seed)
    return {
        **{name: supervised(name) for name in SUPERVISED},
        "scadn": budget.spend(replace(scadn, data=replace(scadn.data, photos=photos))),
        "riad": budget.spend(replace(riad, data=replace(riad.data, photos=photos))),
        "up-cracknet": silent(budget.apply(replace(base, data=replace(base.data, photos=photos), seed=seed))),
        "crack-remover": silent(budget.spend(replace(ours, data=replace(ours.data, photos=(photos,))))),
    }


def _batches(trainings: dict[str, Configuration]) -> str:
    """How many images a step each system takes."""
    sizes = sorted({training.batch_size for training in trainings.values()})
    of_size = {
        size: ", ".join(name for name, training in trainings.items() if training.batch_size == size)
        for size in sizes
    }
    return ", ".join(f"{size} ({names})" for size, names in of_size.items())


def _row(
    name: str, training: Configuration | Ready, tested_on: str, published: dict[str, PublishedRow]
) -> Row:
    titles = {key: system.title for key, system in SYSTEMS.items()}
    titles |= {"crack-remover": "ours, at this budget", "default": "ours, as shipped"}
    title = titles[name]
    paper = {tested_on: published[title]} if title in published else {}
    detection = PRESETS["paper"] if name == "up-cracknet" else None
    return Row(name, title, training, detection, (tested_on,), paper)
