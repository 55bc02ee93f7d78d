"""What is compared with what: data set, protocol and who answers, from names that a user gives."""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from upcracknet.baselines.classical import LocalContrast
from upcracknet.data.dataset import CrackDataset
from upcracknet.data.listing import RESULTS_MARKER, home_expanded
from upcracknet.data.registry import open_dataset
from upcracknet.detection import CrackDetector
from upcracknet.detection.pretrained import load_pretrained, weights_path
from upcracknet.detection.systems import CLASSICAL
from upcracknet.errors import ConfigurationError
from upcracknet.evaluation.answers import Answerer, of_detector, of_results, reviewed_dataset
from upcracknet.evaluation.protocol import PROTOCOLS, Protocol, ProtocolName
from upcracknet.evaluation.protocol import one_in as take_one_in
from upcracknet.results import read_results
from upcracknet.runtime import Engine, Precision, Runtime
from upcracknet.weights import load_weights


@dataclass(frozen=True)
class Comparison:
    """One model against the annotation.

    Attributes:
        answerer: who says where the cracks are.
        learned: names of samples whose annotation it learned from.
        notes: what to know of its figures.
    """

    answerer: Answerer
    learned: frozenset[str]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class EvaluationPlan:
    """What is compared.

    Attributes:
        dataset: annotated photos.
        protocol: at which size.
        comparisons: each model with what is known of it.
    """

    dataset: CrackDataset
    protocol: Protocol
    comparisons: tuple[Comparison, ...]


def plan_evaluation(
    dataset: str,
    *,
    model: str | None = None,
    protocol: ProtocolName | None = None,
    one_in: int = 1,
    preset: str | None = None,
    split: str = "test",
    data_root: Path | None = None,
    baseline: bool = True,
    runtime: Runtime = "torch",
    precision: Precision = "fp32",
    device: str = "auto",
) -> EvaluationPlan:
    """Open data and models.

    Args:
        dataset: a published data set, a folder of photos with masks, or a result folder with corrections.
        model: what is evaluated; None takes the default, and of a result folder the masks that it holds.
        protocol: None takes ``paper``, and of a result folder ``native``.
        one_in: only one photo in so many.
        preset: detection settings other than the model's own.
        split: part of the data set.
        data_root: folder that holds the named data sets.
        baseline: also evaluate the classical baseline.
        runtime: what runs the network.
        precision: of the network.
        device: where it runs.

    Raises:
        ConfigurationError: stored masks are to be compared at another size than they have, or with options of
            a detection; or the engine or device is not there.
        DataError: there are no such data, or nobody corrected a photo of the result folder.
        WeightsError: there is no such model.
    """
    folder, notes = home_expanded(dataset), list[str]()
    stored = False
    if os.path.isfile(folder / RESULTS_MARKER):  # noqa: PTH113 - raises nothing of a folder that is closed
        opened, notes = reviewed_dataset(read_results(folder))
        stored, protocol = model is None, protocol or "native"
        if split != "test":
            raise ConfigurationError(
                f"--split {split}: {dataset} is a result folder, without parts; leave it out"
            )
    else:
        opened = open_dataset(dataset, data_root, split)
    notes += [opened.left_out] if opened.left_out else []
    opened, name = take_one_in(one_in, opened), model or "default"
    comparisons = []
    if stored:
        if protocol != "native":
            raise ConfigurationError(
                f"--protocol {protocol}: the masks of {dataset} have the size of their photos; leave it out, "
                "or give --model to find the cracks again"
            )
        asked = {"--preset": preset, "--runtime": runtime, "--precision": precision, "--device": device}
        usual = {"--preset": None, "--runtime": "torch", "--precision": "fp32", "--device": "auto"}
        if useless := [f"{option} {value}" for option, value in asked.items() if value != usual[option]]:
            raise ConfigurationError(
                f"{', '.join(useless)}: the masks of {dataset} are there already; leave it out, or give "
                "--model to find the cracks again"
            )
        comparisons.append(Comparison(of_results(opened), frozenset(), tuple(notes)))
    else:
        pretrained = load_pretrained(name, preset, Engine(runtime, precision, device=device))
        detector = CrackDetector(pretrained.scorer, pretrained.threshold)
        learned, known = learned_from(name, opened)
        answerer = replace(of_detector(detector), weights_sha256=pretrained.sha256)
        comparisons.append(Comparison(answerer, learned, (*notes, *known)))
    if baseline and (stored or name != LocalContrast.name):
        classical = of_detector(CrackDetector.from_pretrained(LocalContrast.name))
        comparisons.append(Comparison(classical, frozenset(), ()))
    return EvaluationPlan(opened, PROTOCOLS[protocol or "paper"], tuple(comparisons))


def learned_from(model: str, dataset: CrackDataset) -> tuple[frozenset[str], list[str]]:
    """Find the samples that a model learned from as corrected photos.

    Returns:
        their names; and a sentence about the corrections, where it learned from any.

    Raises:
        WeightsError: the weights cannot be read.
    """
    if model in CLASSICAL:
        return frozenset(), []
    path = weights_path(model)
    provenance: dict[str, Any] = load_weights(path)[1].provenance if path.suffix == ".safetensors" else {}
    names = set[str]()
    while provenance:
        names |= set(provenance.get("corrections", {}).get("photos", ()))
        provenance = provenance.get("initial_weights") or {}
    if not names:
        return frozenset(), []
    # Results name a photo with its suffix, data sets without.
    learned = frozenset(
        sample.name
        for sample in dataset
        if not names.isdisjoint((sample.name, f"{sample.name}{sample.photo_path.suffix}"))
    )
    return learned, [
        f"{model} learned from {len(names)} corrected photos; by their names, {len(learned)} of these are "
        "among them."
    ]
