import multiprocessing
import os
import signal
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from upcracknet import CrackDetector
from upcracknet.cli.console import EXIT_INCOMPLETE
from upcracknet.cli.main import run
from upcracknet.data.photo import load_photo, save_image_atomically
from upcracknet.errors import DataError
from upcracknet.training import patches
from upcracknet.training.configuration import load_configuration
from upcracknet.training.patches import painted_patches, undamaged_patches
from upcracknet.training.self_labelled import self_labelled_photos


def batches(loader) -> torch.Tensor:
    return torch.stack(list(loader))


def test_a_batch_is_what_the_networks_take(configure):
    data = undamaged_patches(configure())
    drawn = batches(data.train_dataloader())
    assert drawn.shape == (2, 2, 3, 64, 64)
    assert drawn.dtype == torch.float32
    assert 0 <= drawn.min() < drawn.max() <= 1


def test_training_and_validation_use_different_photos(configure, crack_free):
    data = undamaged_patches(configure(data__patches_per_epoch="50", data__window_sizes="[64]"))
    used = [
        {part.choose(index)[0].name for index in range(len(part))}
        for part in (data.training, data.validation)
    ]
    assert (len(used[0]), len(used[1])) == (4, 2)
    assert used[0] | used[1] == {path.stem for path in crack_free.iterdir()}


def test_patches_are_cut_from_the_photos(configure, crack_free):
    data = undamaged_patches(configure(data__window_sizes="[64]"))
    sample, window = data.validation.choose(0)
    expected = load_photo(sample.photo_path)[window.top : window.top + 64, window.left : window.left + 64]
    patch = next(iter(data.val_dataloader()))[0]
    np.testing.assert_array_equal((patch * 255).round().permute(1, 2, 0).numpy(), expected)


def test_each_epoch_draws_other_patches_and_the_same_again(configure):
    epochs = []
    for epoch in (0, 1, 1):
        data = undamaged_patches(configure())
        data.trainer = SimpleNamespace(current_epoch=epoch, world_size=1)
        epochs.append((batches(data.train_dataloader()), batches(data.val_dataloader())))
    assert not torch.equal(epochs[0][0], epochs[1][0])
    assert torch.equal(epochs[1][0], epochs[2][0])
    assert torch.equal(epochs[0][1], epochs[1][1]), "validation never changes"


def test_loading_draws_nothing_from_the_random_state_of_dropout(configure):
    data = undamaged_patches(configure())
    before = torch.get_rng_state()
    batches(data.train_dataloader())
    batches(data.val_dataloader())
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("patches", "batch", "processes", "expected"),
    [
        (5, 2, 1, 2),  # the incomplete third batch would have statistics of its own
        (5, 8, 1, 1),  # better a small batch than none
        (10, 8, 2, 2),  # a process has five of them: dropping the incomplete batch would leave none
    ],
)
def test_incomplete_batches(configure, patches, batch, processes, expected):
    configuration = configure(data__patches_per_epoch=str(patches), batch_size=str(batch))
    data = undamaged_patches(configuration)
    data.trainer = SimpleNamespace(current_epoch=0, world_size=processes)
    assert len(data.train_dataloader()) == expected


def test_windows_that_do_not_fit(configure):
    with pytest.raises(DataError, match="no undamaged window of sizes 512"):
        undamaged_patches(configure(data__window_sizes="[512]"))


def test_a_folder_that_is_not_there(configure, tmp_path):
    with pytest.raises(DataError, match=r"neither a dataset .* nor a folder"):
        undamaged_patches(configure(data__photos=str(tmp_path / "none")))


def test_a_few_photos_give_as_many_patches_as_the_paper_takes_from_deepcrack(configure):
    data = undamaged_patches(configure(data__patches_per_epoch="null"))
    assert data.training.photo_count == 4
    assert len(data.training) == 300


@pytest.fixture
def configure_painted(crack_free):
    def configure(**overrides: str):
        tiny = {
            "method": "crack-remover",
            "data.photos": f"[{crack_free}, {crack_free}]",
            "data.size": "32",
            "data.window_sizes": "[32, 64]",
            "data.validation_share": "0.34",
            "data.patches_per_epoch": "5",
            "data.validation_patches": "3",
            "painting.synthetic": "0",
            "widths": "[4, 6, 8]",
            "pyramid": "1",
            "batch_size": "2",
            "workers": "0",
        }
        return load_configuration(
            None, tiny | {key.replace("__", "."): text for key, text in overrides.items()}
        )

    return configure


def test_training_and_validation_come_from_different_photos_of_all_datasets(configure_painted):
    data = painted_patches(configure_painted())
    assert data.training.photo_count == 8
    assert len(data.training.undamaged) == len(data.validation.undamaged) == 2
    for training, validation in zip(data.training.undamaged, data.validation.undamaged, strict=True):
        names: list[set[str]] = []
        for part in (training, validation):
            part.augment = True  # other choices each epoch
            chosen = set()
            for epoch in range(40):
                part.set_epoch(epoch)
                chosen.add(part.choose(0)[0].name)
            names.append(chosen)
        assert (len(names[0]), len(names[1])) == (4, 2)
        assert not names[0] & names[1]


def test_batches_are_tuples_of_tensors(configure_painted):
    batches = list(painted_patches(configure_painted()).train_dataloader())
    assert len(batches) == 2  # the fifth patch has no partner
    assert batches[0].photo.shape == (2, 3, 32, 32)
    assert batches[0].has_road.shape == (2,)


def test_validation_does_not_depend_on_the_seed_of_the_run_but_for_its_photos(configure_painted):
    one, two = (painted_patches(configure_painted(seed=str(seed))).validation for seed in (3, 3))
    assert torch.equal(one[2].photo, two[2].photo)
    assert one.seed == painted_patches(configure_painted(seed="4")).validation.seed


def test_scores_that_are_not_there(configure_painted, tmp_path):
    with pytest.raises(DataError, match="no result folder"):
        painted_patches(configure_painted(self_training__results=f"[{tmp_path}]"))


@pytest.fixture
def detected(crack_free, tmp_path):
    """Detects cracks in two photos, one of which cannot be read; gives the result folder."""

    def detect(*options: str):
        photos = tmp_path / "photos"
        photos.mkdir()
        (photos / "a.png").write_bytes((crack_free / "0.png").read_bytes())
        (photos / "broken.png").write_bytes(b"no photo")
        folder = tmp_path / "results"
        code = run(["detect", str(photos), "-o", str(folder), "--model", "local-contrast", *options])
        assert code == EXIT_INCOMPLETE
        return folder

    return detect


def test_photos_come_with_the_scores_that_a_model_gave_them(detected, crack_free):
    folder = detected("--scores", "png")
    (labelled,) = self_labelled_photos([folder])
    photo = load_photo(crack_free / "0.png")
    np.testing.assert_array_equal(labelled.photo, photo)
    score = CrackDetector.from_pretrained("local-contrast").detect(photo).score
    np.testing.assert_allclose(labelled.score / 255, score, atol=0.51 / 255)


def test_photos_that_are_kept_apart_are_known_by_their_paths(detected):
    folder = detected("--scores", "png")
    kept = (folder.parent / "photos" / "a.png").absolute()
    with pytest.raises(DataError, match="no photo is done"):
        self_labelled_photos([folder], {str(kept)})
    assert len(self_labelled_photos([folder], {"/elsewhere/a.png", "a"})) == 1


def test_photos_kept_apart_are_known_whatever_way_leads_to_them(detected, configure_painted, monkeypatch):
    folder = detected("--scores", "png")
    seen = []
    labelled = self_labelled_photos([folder])
    monkeypatch.setattr(
        patches, "self_labelled_photos", lambda folders, apart: seen.append(apart) or labelled
    )
    monkeypatch.chdir(folder)
    photos = folder.parent / "photos"
    (photos / "broken.png").unlink()
    for number in range(2):
        (photos / f"{number}.png").write_bytes((photos / "a.png").read_bytes())
    painted_patches(
        configure_painted(
            data__photos="['../photos']", data__validation_share="0.34", self_training__results=str(folder)
        )
    )
    ((kept,),) = seen
    assert kept.startswith(str(photos)) and ".." not in kept


def test_a_result_folder_is_learned_from(detected, configure_painted):
    folder = detected("--scores", "png")
    (labelled,) = self_labelled_photos([folder])
    low, high = np.percentile(labelled.score, (10, 60)) / 255
    configuration = configure_painted(
        self_training__results=str(folder), self_training__share="1.0", self_training__sure=f"[{low}, {high}]"
    )
    batch = next(iter(painted_patches(configuration).train_dataloader()))
    assert not batch.has_road.any()  # what lies beneath real cracks is not known
    assert 0.1 < batch.crack.mean() < 0.9
    assert (batch.known == 0).any()


@pytest.mark.parametrize("options", [(), ("--scores", "npy")])
def test_result_folders_without_scores_tell_the_remedy(detected, options):
    with pytest.raises(DataError, match="run `upcracknet detect` again with --scores png"):
        self_labelled_photos([detected(*options)])


def test_scores_that_do_not_fit_their_photo(detected):
    folder = detected("--scores", "png")
    (score,) = (folder / "scores").rglob("*.png")
    save_image_atomically(score, np.zeros((3, 4), np.uint16))
    with pytest.raises(DataError, match="or not of the size of"):
        self_labelled_photos([folder])
    score.unlink()
    with pytest.raises(DataError, match="missing or damaged; run"):
        self_labelled_photos([folder])


def test_a_folder_in_which_no_photo_is_done(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "broken.png").write_bytes(b"no photo")
    run(["detect", str(tmp_path / "photos"), "-o", str(tmp_path / "out"), "--model", "local-contrast"])
    with pytest.raises(DataError, match="no photo is done"):
        self_labelled_photos([tmp_path / "out"])


def test_a_worker_leaves_ctrl_c_to_the_process_that_trains(configure):
    data = undamaged_patches(configure(workers="1", data__patches_per_epoch="12"))
    before = set(multiprocessing.active_children())
    drawn = iter(data.train_dataloader())
    next(drawn)
    (worker,) = set(multiprocessing.active_children()) - before
    os.kill(worker.pid, signal.SIGINT)
    assert len(list(drawn)) == 5
    assert worker.exitcode in (None, 0)
