import numpy as np
import pytest
from tests.measure.drawn import crack, line, wavy

from upcracknet.measure.classes import classify
from upcracknet.measure.frame import Frame
from upcracknet.measure.joints import find_joints
from upcracknet.measure.segments import Segments

FRAME = Frame(300, 400)


def joints(*axes: np.ndarray, width: float = 4.0, frame: Frame = FRAME) -> list:
    return find_joints(Segments.of(axes, [np.full(len(axis), width) for axis in axes], frame), frame)


@pytest.mark.parametrize("ends", [((0, 140), (399, 150)), ((200, 0), (190, 299)), ((0, 0), (399, 299))])
def test_a_straight_line_through_the_photo_is_a_joint(ends):
    (joint,) = joints(line(*ends))
    assert joint.width_px == 4
    found = np.array(sorted([tuple(joint.start), tuple(joint.end)]))
    assert np.abs(found - np.array(sorted(ends))).max() < 1


def test_steps_of_pixels_do_not_matter():
    axis = line((0, 140), (399, 150))
    assert len(joints(np.round(axis))) == 1


@pytest.mark.parametrize("seed", range(20))
def test_a_line_that_wanders_is_a_crack(seed):
    assert not joints(wavy((0, 140), (399, 150), seed, 3.0))


def test_a_crack_that_bends_is_a_crack():
    assert not joints(line((0, 100), (200, 150), (399, 120)))


def test_a_straight_line_that_ends_early_is_a_crack():
    assert not joints(line((0, 140), (200, 140)))


def test_a_straight_line_of_uneven_width_is_a_crack():
    axis = line((0, 140), (399, 150))
    widths = 6 + 4 * np.sin(np.arange(len(axis)) / 20)
    assert not find_joints(Segments.of([axis], [widths], FRAME), FRAME)


def test_a_joint_seen_in_pieces():
    axis = line((0, 140), (399, 150))
    assert len(joints(axis[:130], axis[150:260], axis[330:])) == 1
    assert not joints(axis[:60], axis[150:210], axis[330:])


def test_joints_that_cross_are_two():
    assert len(joints(line((0, 140), (399, 150)), line((200, 0), (200, 299)))) == 2


def test_a_crack_that_branches_off_stays_a_crack():
    axis = line((0, 140), (399, 140))
    branch = wavy((200, 140), (260, 299), 2)
    classes = classify([crack(axis[:201], axis[200:], branch)], FRAME)
    assert [portion.kind for portion in classes.portions] == ["joint", "joint", "longitudinal"]
    assert classes.kinds == ("joint",)
    assert len(classes.joints) == 1


def test_a_crack_across_a_joint_stays_a_crack():
    classes = classify([crack(line((0, 140), (399, 140))), crack(wavy((200, 0), (210, 299), 4))], FRAME)
    assert classes.kinds == ("joint", "longitudinal")


def test_slabs_between_joints_are_no_network():
    axes = [line((x, 0), (x, 299)) for x in (80, 160, 240, 320)] + [
        line((0, y), (399, y)) for y in (75, 150, 225)
    ]
    classes = classify([crack(*axes)], FRAME)
    assert len(classes.joints) == 7
    assert not classes.networks


def test_short_lines_are_not_tried():
    assert not joints(line((0, 140), (30, 140)))
    assert not joints()
