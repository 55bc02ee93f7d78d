import subprocess
import sys

import pytest

from upcracknet.detection.cost import multiply_accumulates, parameter_count, parameters
from upcracknet.detection.pretrained import load_network, load_pretrained, weights_path
from upcracknet.detection.systems import CLASSICAL, SUPERVISED, SYSTEMS, TRAINABLE, imported


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_part_of_a_row_can_be_imported(name):
    system = SYSTEMS[name]
    parts = (system.scorer, system.network, system.configuration, system.method, system.patches)
    assert all(callable(imported(part)) for part in parts if part)
    assert all(parts) == (system.learns_from is not None)


def test_the_default_is_loaded_without_the_systems_it_is_compared_with():
    script = (
        "import sys; from upcracknet import CrackDetector; CrackDetector.from_pretrained(); "
        "print([name for name in sys.modules if name.startswith('upcracknet.baselines')])"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_a_system_is_in_one_group():
    assert len(SUPERVISED) >= 11
    assert len(CLASSICAL) >= 5
    assert set(SYSTEMS) == {*CLASSICAL, *TRAINABLE}
    assert set(SUPERVISED) < set(TRAINABLE)


def test_costs_are_the_published_ones():
    assert parameters(SYSTEMS["riad"]) == 28_805_699
    assert parameters(SYSTEMS["scadn"]) == 42_077_955
    assert multiply_accumulates(SYSTEMS["riad"]) == pytest.approx(12 * 54.52e9, rel=0.01)
    assert multiply_accumulates(SYSTEMS["scadn"]) == pytest.approx(12 * 60.83e9, rel=0.01)
    assert multiply_accumulates(SYSTEMS["unet"]) == pytest.approx(48.2e9, rel=0.01)
    sauvola = SYSTEMS["sauvola"]
    assert parameters(sauvola) is multiply_accumulates(sauvola) is None


def test_the_size_of_the_crack_remover_is_the_shipped_defaults():
    row, settings = SYSTEMS["crack-remover"], load_pretrained("default").scorer.settings
    assert parameters(row) == parameter_count(load_network(weights_path("default")))
    assert row.passes == sum(scale**2 for scale in settings.scales) * (4 if settings.flips else 1)


def test_counting_leaves_loaded_models_as_they_are():
    before = load_network(weights_path("default"))
    parameters(SYSTEMS["crack-remover"])
    multiply_accumulates(SYSTEMS["crack-remover"])
    assert {parameter.device.type for parameter in before.parameters()} == {"cpu"}
