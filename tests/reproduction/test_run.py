import json
import signal
from contextlib import contextmanager
from dataclasses import replace

import pytest

from upcracknet.errors import DataError, OutputError, WeightsError
from upcracknet.locks import claimed
from upcracknet.losses import LossWeights
from upcracknet.reproduction import run as run_module
from upcracknet.reproduction.measurement import RowState, trained_epochs
from upcracknet.reproduction.result_files import ResultFiles, what_is_missing
from upcracknet.reproduction.run import Progress, Run, reproduce, seconds_left
from upcracknet.reproduction.tables import sensitivity, table1, table2
from upcracknet.training.callbacks import RestoredSamples


@pytest.fixture
def run(files, made_datasets):
    return Run(files, made_datasets, device="cpu")


@pytest.fixture
def pretended(monkeypatch, result_of):
    """Rows that take no time; gives the names of those trained and measured, and what goes wrong."""
    done, faults = [], {}

    def train_row(row, files, **_):
        done.append(("train", row.name))
        if row.name in faults:
            raise faults[row.name]

    monkeypatch.setattr(run_module, "train_row", train_row)
    monkeypatch.setattr(run_module, "is_trained", lambda *_: True)
    monkeypatch.setattr(
        run_module, "measure", lambda row, *_: done.append(("measure", row.name)) or result_of(row)
    )
    return done, faults


def statuses(states):
    return [state.status for state in states]


@pytest.fixture
def shown():
    """What a run shows: its lines, and what is measured."""
    lines, measured = [], []

    @contextmanager
    def bar(description):
        yield lambda done, total: measured.append((description, done, total))

    return Progress(lines.append, bar), lines, measured


def test_a_table_from_photos_to_figures_and_the_shared_row_of_the_next(run, files, budget, base, shown):
    masks = table2(budget, base=base)
    assert statuses(reproduce(masks, masks.rows, run)) == ["done"] * 3
    content = json.loads((files.folder / "table2.json").read_text())
    assert content["complete"]
    for row in content["rows"]:
        assert row["tests"]["crack500"]["images"] == 2
        assert 0 <= row["tests"]["crack500"]["ours"]["iou"] <= 100
        assert row["patches_seen"] == 4
        assert (files.folder / row["run"] / "generator.safetensors").is_file()
    assert len({row["weights_sha256"] for row in content["rows"]}) == 3

    losses = table1(budget, base=base)
    before = sorted((files.folder / "runs").rglob("*"))
    run.progress, lines, measured = shown
    assert statuses(reproduce(losses, losses.rows[-1:], run)) == ["done"]
    assert sorted((files.folder / "runs").rglob("*")) == before, "trained once"
    assert lines == [f"row 1 of 1: {losses.rows[-1].label}"]
    assert not measured, "measured once"
    [*_, last] = json.loads((files.folder / "table1.json").read_text())["rows"]
    assert last["weights_sha256"] == content["rows"][-1]["weights_sha256"]


def test_other_ways_to_detect_use_the_run_of_the_base(run, files, budget, sensitivity_base):
    experiment = sensitivity(budget, base=sensitivity_base)
    states = reproduce(experiment, experiment.chosen(["base", "absolute-error"]), run)
    assert statuses(states) == ["done", "done"]
    assert len(list((files.folder / "runs").iterdir())) == 1
    first, second = (state.result for state in states)
    assert first.weights_sha256 == second.weights_sha256
    assert [report["dataset"] for report in first.evaluations] == ["deepcrack", "cfd"]
    assert first.evaluations != second.evaluations


def test_an_interrupted_row_goes_on_and_a_finished_one_is_skipped(
    run, files, budget, base, monkeypatch, result_of
):
    experiment = table1(replace(budget, epochs=2), base=base)
    rows = experiment.rows[:2]
    files.write(rows[0], result_of(rows[0]))

    def interrupt(callback, trainer, pl_module):
        if trainer.current_epoch == 1:
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(RestoredSamples, "on_validation_epoch_end", interrupt)
        reproduce(experiment, rows, run)
    lines = (files.folder / "table1.md").read_text().splitlines()
    assert any(line.startswith("| MAE+SSIM | – | not yet: 1 of 2 epochs trained |") for line in lines)

    states = reproduce(experiment, rows, run)
    assert statuses(states) == ["done", "done"]
    assert len(trained_epochs(files.run_folder(rows[1]))) == 2
    assert states[0].result == result_of(rows[0])
    assert not files.run_folder(rows[0]).exists()


def test_a_time_limit_within_a_row_leaves_it_to_go_on(files, made_datasets, budget, base, monkeypatch):
    experiment = table1(replace(budget, epochs=3), base=base)
    run = Run(files, made_datasets, device="cpu", maximum_minutes=60.0)
    monkeypatch.setattr(Run, "minutes_left", 1e-6)
    states = reproduce(experiment, experiment.rows[:1], run)
    assert [(state.status, state.note) for state in states] == [("not yet", "1 of 3 epochs trained")]
    assert not files.result_file(experiment.rows[0]).exists()


def test_no_row_begins_after_the_time_limit(files, made_datasets, budget, base, pretended):
    experiment = table2(budget, base=base)
    over = Run(files, made_datasets, maximum_minutes=1e-9)
    assert statuses(reproduce(experiment, experiment.rows, over)) == ["not yet"] * 3
    assert not pretended[0]
    assert (files.folder / "table2.md").is_file()


@pytest.mark.parametrize(
    ("fault", "reason"),
    [(WeightsError("damaged"), "damaged"), (RuntimeError("out of memory"), "RuntimeError: out of memory")],
)
def test_a_failing_row_is_named_and_the_rest_goes_on(run, files, budget, base, pretended, fault, reason):
    done, faults = pretended
    experiment = table2(budget, base=base)
    faults["stripes"] = fault
    states = reproduce(experiment, experiment.rows, run)
    assert [(state.status, state.note) for state in states] == [
        ("done", ""),
        ("failed", reason),
        ("done", ""),
    ]
    assert f"failed: {reason}" in (files.folder / "table2.md").read_text()
    faults.clear()
    done.clear()
    assert statuses(reproduce(experiment, experiment.rows, run)) == ["done"] * 3
    assert done == [("train", "stripes"), ("measure", "stripes")], "only the failed row is tried again"


def test_a_row_that_others_work_on_is_left_to_them_and_looked_at_again(
    run, files, budget, base, pretended, shown
):
    done, _ = pretended
    experiment = table2(budget, base=base)
    first = experiment.rows[0]
    with claimed(files.lock_file(first)):
        states = reproduce(experiment, experiment.rows, run)
    assert statuses(states) == ["not yet", "done", "done"]
    assert states[0].note.startswith("in work by process ")
    assert ("train", first.name) not in done
    run.progress, lines, _ = shown
    assert statuses(reproduce(experiment, experiment.rows, run)) == ["done"] * 3
    assert lines[0].startswith(f"row 1 of 3: {first.label}; about 0:")


def test_a_row_that_others_finish_meanwhile_is_not_done_again(
    run, files, budget, base, pretended, monkeypatch, result_of
):
    done, _ = pretended
    experiment = table2(budget, base=base)
    row = experiment.rows[0]

    @contextmanager
    def just_finished(path):
        files.write(row, result_of(row))
        yield None

    monkeypatch.setattr(run_module, "claimed", just_finished)
    assert statuses(reproduce(experiment, [row], run)) == ["done"]
    assert not done


def test_rows_that_lack_a_file_are_skipped_with_the_reason(
    run, budget, sensitivity_base, pretended, tmp_path
):
    experiment = sensitivity(budget, base=replace(sensitivity_base, vgg19_weights=str(tmp_path / "none.pth")))
    [state] = reproduce(experiment, experiment.chosen(["vgg19-style"]), run)
    assert state.status == "skipped"
    assert "no VGG-19 weights at" in state.note
    assert not pretended[0]


def test_missing_data_fails_before_anything_is_trained(files, budget, base, pretended, tmp_path):
    experiment = table2(budget, base=base)
    with pytest.raises(DataError, match="no Crack500"):
        reproduce(experiment, experiment.rows, Run(files, tmp_path))
    assert not pretended[0]


def test_figures_of_a_part_of_the_photos_are_no_figures(
    run, files, made_datasets, budget, base, tmp_path, monkeypatch
):
    experiment = table2(budget, base=base)
    for part in ("train_img", "train_lab", "test_img", "test_lab"):
        (tmp_path / "Crack500" / part).mkdir(parents=True)
        for path in (made_datasets / "Crack500" / part).iterdir():
            (tmp_path / "Crack500" / part / path.name).write_bytes(path.read_bytes())
    damaged = tmp_path / "Crack500" / "test_img" / "1.jpg"
    damaged.write_bytes(damaged.read_bytes()[:1200])
    run.data_root = tmp_path
    [state] = reproduce(experiment, experiment.rows[:1], run)
    assert state.status == "failed"
    assert state.note.startswith("1 photos of crack500 could not be measured; the first: ")


def test_the_time_left_follows_from_what_is_done(files, budget, sensitivity_base, result_of):
    experiment = sensitivity(budget, base=sensitivity_base)
    rows = {row.name: row for row in experiment.rows}
    some = [rows[name] for name in ("base", "sharp-masks", "doubled-budget", "absolute-error")]
    assert seconds_left(some, files) is None
    files.write(rows["base"], result_of(rows["base"]))
    # Once and twice the base's training of 100 seconds, and three measurements of 10.
    assert seconds_left(some, files) == pytest.approx(100 + 200 + 30)


@pytest.fixture
def row(budget, base):
    return table1(budget, base=base).rows[-1]


def test_figures_are_read_back_whatever_the_row_is_called(files, row, result_of):
    assert files.state(row) == RowState(row, "not yet")
    files.write(row, result_of(row))
    assert files.state(row) == RowState(row, "done", result=result_of(row))
    renamed = replace(row, name="squares")
    assert files.state(renamed).status == "done"


@pytest.mark.parametrize("change", [{"more": 1}, {"evaluations": None}])
def test_figures_of_another_version_are_one_clear_error(files, row, result_of, change):
    files.write(row, result_of(row))
    path = files.result_file(row)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(DataError, match=r"is damaged .*delete it"):
        files.state(row)


def test_figures_of_another_configuration_are_not_taken(files, row, result_of):
    files.write(row, result_of(row))
    other = replace(row, training=replace(row.training, seed=1))
    assert files.state(other).status == "not yet"
    content = json.loads(files.result_file(row).read_text())
    content["identity"]["training"]["seed"] = 1
    files.result_file(row).write_text(json.dumps(content))
    assert files.state(row).status == "not yet", "the contents count, not the name"


def test_a_failure_is_kept_until_the_row_is_tried_again(files, row, result_of):
    files.write_failure(row, "no memory")
    assert files.state(row) == RowState(row, "failed", "no memory")
    files.clear_failure(row)
    assert files.state(row).status == "not yet"
    files.write(row, result_of(row))
    files.clear_failure(row)
    assert files.state(row).status == "done"


def test_a_row_in_between_has_its_epochs_and_who_has_it(files, row):
    folder = files.run_folder(row)
    folder.mkdir(parents=True)
    (folder / "metrics.jsonl").write_text('{"seconds": 1}\n')
    assert files.state(row).note == "1 of 1 epochs trained"
    assert files.state(row, {row.run_name: "in work by others"}).note == "in work by others"
    assert files.state(row, {"another": "in work by others"}).note == "1 of 1 epochs trained"


def test_vgg19_is_needed_only_where_its_features_are_compared(row, files, tmp_path):
    weights = tmp_path / "vgg19.pth"
    needs = replace(row.training, style_features="vgg19", vgg19_weights=str(weights))
    wanting = replace(row, training=needs)
    assert what_is_missing(row) is None
    assert what_is_missing(replace(row, training=replace(needs, losses=LossWeights(style=0.0)))) is None
    state = files.state(wanting)
    assert (state.status, state.note) == (
        "skipped",
        f"no VGG-19 weights at {weights}; put the published file there",
    )
    weights.touch()
    assert files.state(wanting).status == "not yet"


def test_a_folder_that_cannot_be_written(tmp_path, row, result_of):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        ResultFiles(tmp_path / "file").write(row, result_of(row))
