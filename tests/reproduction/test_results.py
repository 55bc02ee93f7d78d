import json
from dataclasses import replace

import pytest

from upcracknet.errors import OutputError
from upcracknet.losses import LossWeights
from upcracknet.reproduction.ablations import table1
from upcracknet.reproduction.results import ResultFiles, RowState, what_is_missing


@pytest.fixture
def row(budget, base):
    return table1(budget, base=base).rows[-1]


def test_figures_are_read_back_whatever_the_row_is_called(files, row, result_of):
    assert files.state(row) == RowState(row, "not yet")
    files.write(row, result_of(row))
    assert files.state(row) == RowState(row, "done", result=result_of(row))
    renamed = replace(row, name="squares")
    assert files.state(renamed).status == "done"


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


def test_a_row_in_between_tells_its_epochs_and_who_has_it(files, row):
    folder = files.run_folder(row)
    folder.mkdir(parents=True)
    (folder / "metrics.jsonl").write_text('{"seconds": 1}\n')
    assert files.state(row).note == "1 of 1 epochs trained"
    assert files.state(row, {row.name: "in work by others"}).note == "in work by others"
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
