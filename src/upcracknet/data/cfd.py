"""CFD (CrackForest): 118 annotated photos of 480×320 pixels (Shi et al., T-ITS 2016; paper, Section IV-A)."""

from upcracknet.data.dataset import CrackDataset, Places, PublishedDataset, first_few, pair_masks
from upcracknet.errors import DataError


def _read(places: Places, split: str) -> CrackDataset:
    """Open the official layout: ``image/*.jpg`` with ``groundTruth/*.mat``.

    The dataset has no official parts and the paper only tests on it, so ``test`` is all annotated photos.
    Photos without annotation (the official archive has 37) are left out.
    """
    folder = places.holding(*CFD.needed)
    if folder is None:
        raise CFD.missing(places.root, "image and groundTruth")
    annotations = sorted((folder / "groundTruth").glob("[!.]*.mat"))
    photos = [folder / "image" / f"{annotation.stem}.jpg" for annotation in annotations]
    missing = [str(photo) for photo in photos if not photo.is_file()]
    if missing:
        raise DataError(f"CFD: {len(missing)} annotated photos are missing: {first_few(missing)}")
    samples = pair_masks(photos, lambda photo: folder / "groundTruth" / f"{photo.stem}.mat", "CFD")
    return CrackDataset("cfd", split, folder, samples)


CFD = PublishedDataset(
    name="cfd",
    title="CFD",
    splits=("test",),
    folder_names=("CFD", "CrackForest-dataset", "CrackForest-dataset-master", "CrackForest"),
    needed=("image", "groundTruth"),
    page="https://github.com/cuilimeng/CrackForest-dataset",
    terms="non-commercial research only; cite Shi et al., 'Automatic road crack detection using random "
    "structured forests', IEEE T-ITS 17 (2016)",
    read=_read,
    url="https://github.com/cuilimeng/CrackForest-dataset/archive/refs/heads/master.zip",
    differences={"cfd": "The paper's CFD rows are of 200 patches cut at places it does not say."},
    tested_in_patches=True,
)
