"""From photos to patches: which photos are meant, and the whole of the preparation (Section V)."""

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from upcracknet.data.dataset import Sample
from upcracknet.data.folder import folder_samples
from upcracknet.data.listing import home_expanded, list_photos
from upcracknet.data.mining import IMAGES, require_no_patches
from upcracknet.data.registry import DATASETS, open_dataset
from upcracknet.detection import CrackDetector
from upcracknet.detection.pretrained import load_pretrained
from upcracknet.detection.systems import CLASSICAL
from upcracknet.errors import DataError, PhotoError
from upcracknet.files import stamp_of_file
from upcracknet.preparation.choose import ClassifierTraining, PreparationSettings, choose_undamaged
from upcracknet.preparation.patches import (
    REJECTED_SHEET,
    SHEETS,
    measure_purity,
    save_choice,
    windows_by_chance,
)
from upcracknet.preparation.scores import Progress, score_photos
from upcracknet.runtime import Engine, choose_device


def prepare_patches(
    sources: Sequence[str],
    output: Path,
    settings: PreparationSettings,
    training: ClassifierTraining | None = None,
    *,
    model: str = "default",
    device: str = "auto",
    split: str = "train",
    data_root: Path | None = None,
    on_failure: Callable[[Sample, PhotoError], None] = lambda sample, error: None,
    progress: Progress = lambda stage, done, total: None,
) -> dict[str, Any]:
    """Choose windows that look undamaged, and write them to a folder.

    Args:
        sources: photos, folders, patterns, and names of published datasets.
        output: folder for the patches; made as needed.
        settings: what to choose.
        training: how much the classifier learns; None takes the usual.
        model: the detector to choose by.
        device: where detector and classifier run, by PyTorch; a model without a network stays on the
            processor.
        split: part of the datasets, and of folders that have it.
        data_root: folder with the datasets; None takes the variable UPCRACKNET_DATA.
        on_failure: called for each photo that cannot be used; the others go on.
        progress: called with what is done.

    Returns:
        plain values: the folder, counts, the limit of crackness, and, where photos have masks, ``purity`` of
        the chosen windows and ``purity_by_chance`` of as many anywhere.

    Raises:
        DataError: there are no photos, none can be used, or no window of them looks undamaged.
        OutputError: the folder holds patches or files of somebody else already, or cannot be written to.
        PhotoError: a photo was changed, or is gone, while its patches were written.
        WeightsError: no such model.
        ConfigurationError: the device is not there.
    """
    require_no_patches(output, *SHEETS)
    samples = find_photos(sources, output=output, root=data_root, split=split)
    place = choose_device(device)
    here = "cpu" if model in CLASSICAL else str(place)
    pretrained = load_pretrained(model, engine=Engine(device=here))
    detector = CrackDetector(pretrained.scorer, pretrained.threshold)
    failed: list[dict[str, str]] = []

    def fail(sample: Sample, error: PhotoError) -> None:
        failed.append({"photo": str(sample.photo_path), "error": str(error)})
        on_failure(sample, error)

    stamps = {sample.photo_path: stamp_of_file(sample.photo_path) for sample in samples}
    scored = []
    for photo in score_photos(samples, detector, on_failure=fail, progress=progress):
        path = photo.sample.photo_path
        if stamp_of_file(path) == stamps[path]:
            scored.append(photo)
        else:
            fail(photo.sample, PhotoError(f"{path}: was replaced after it was looked at, and is left out"))
    if not scored:
        raise DataError(f"none of {len(samples)} photos can be used; the first: {failed[0]['error']}")
    choice = choose_undamaged(scored, settings, training, device=place, progress=progress)
    giving = len({ranked.sample.photo_path for ranked in choice.chosen})
    counts = {
        "photos": len(samples),
        "failed": len(failed),
        "photos_with_patches": giving,
        "photos_without_patches": len(scored) - giving,
        "patches": len(choice.chosen),
    }
    notes = {"model": model, "weights": pretrained.sha256, "counts": counts, "failed": failed}
    save_choice(choice, output, notes, stamps, on_saved=lambda done, total: progress("writing", done, total))
    if not choice.chosen:
        raise DataError(
            f"no window of {len(scored)} photos looks undamaged ({model} marks cracks in {choice.refused} of "
            f"{choice.windows}); look at {output / REJECTED_SHEET}, then give more photos, or smaller --sizes"
        )
    summary: dict[str, Any] = {"folder": str(output), **counts, "limit": choice.limit}
    summary |= {"windows": choice.windows, "windows_marked_as_crack": choice.refused}
    windows = [(ranked.sample, ranked.window) for ranked in choice.chosen]
    purity = measure_purity(windows)
    if purity is not None:
        chance = measure_purity(windows_by_chance(windows, [photo.sample for photo in scored], settings.seed))
        summary |= {"purity": asdict(purity), "purity_by_chance": chance and asdict(chance)}
    return summary


def find_photos(
    sources: Sequence[str], *, output: Path, root: Path | None = None, split: str = "train"
) -> list[Sample]:
    """List the photos; where masks lie with them, these are noted, so that they are not taken for photos.

    Args:
        sources: photos, folders, patterns, and names of published datasets.
        output: where results go; it may lie in a folder of photos.
        root: folder with the datasets; None takes the variable UPCRACKNET_DATA.
        split: part of the datasets, and of folders that have it.

    Returns:
        each photo once: datasets and folders first, then single photos.

    Raises:
        DataError: there are no photos, or a dataset is not in its published layout.
    """
    found: list[Sample] = []
    plain = []
    for source in sources:
        if source.lower() in DATASETS:
            found += open_dataset(source, root, split)
        elif (folder := home_expanded(source)).is_dir():
            found += folder_samples(folder, split)
        else:
            plain.append(source)
    if plain:
        found += [Sample(str(photo), photo) for photo in list_photos(plain).photos]
    results = {_absolute(output / name) for name in (IMAGES, *SHEETS)}
    once = {_absolute(sample.photo_path): sample for sample in reversed(found)}
    samples = [
        once[path]
        for path in dict.fromkeys(_absolute(sample.photo_path) for sample in found)
        if results.isdisjoint((path, *path.parents))
    ]
    if not samples:
        raise DataError(
            f"no photos in {', '.join(sources)}; give photos, folders, patterns or a dataset's name"
        )
    return samples


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(home_expanded(path)))  # noqa: PTH100 - symbolic links keep their names
