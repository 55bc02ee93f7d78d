"""The class of each crack: its direction against the traffic, part of a network, or joint made by people."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, Protocol, get_args, runtime_checkable

import numpy as np
from jaxtyping import Float64, Int64

from upcracknet.measure.frame import Frame, Points
from upcracknet.measure.joints import Joint, find_joints
from upcracknet.measure.networks import Network, find_networks
from upcracknet.measure.segments import Segments, spread

Kind = Literal["longitudinal", "transverse", "diagonal", "alligator", "block", "network", "joint", "crack"]
"""Classes of cracks. "network" is alligator or block cracking without a scale to tell which; "crack" is one
whose direction is not known, or that has none."""
KINDS: tuple[Kind, ...] = get_args(Kind)

LONGITUDINAL_DEGREES = 20.0
"""Greatest angle between a longitudinal crack and the driving direction: AASHTO R 85-18, as Standard
Definitions for Common Types of Pavement Cracking (National Academies Press, 2020, doi 10.17226/25928),
appendix A, table 2, quotes it. A transverse crack is taken as far from the right angle; ASTM D6433 and FHWA
LTPP give no angles."""

ROUND = 0.4
"""Lines that spread across their principal axis by more than this share of their spread along it run in no
one direction: rings, crosses, stars."""

NO_DIRECTION = 0.75
"""A crack that is so many times as far across as from end to end has no direction."""


@runtime_checkable
class MeasuredCrack(Protocol):
    """What is needed of a crack: its branches, their widths, and its length."""

    @property
    def axis(self) -> Sequence[Points]:
        """The branches, each n×2 (x, y) in pixels."""
        ...

    @property
    def width_along_px(self) -> Sequence[Float64[np.ndarray, " _"]]:
        """Width in pixels at each point of each branch."""
        ...

    @property
    def length_px(self) -> float:
        """Length in pixels, with half a width for each free end."""
        ...


@dataclass(frozen=True)
class Portion:
    """A part of a crack that has one class: a branch, or what of it lies within or outside a network.

    It lies where the scale counts, from end to end.

    Attributes:
        crack: place of the crack in the sequence that was classified, from 0.
        kind: its class.
        angle_degrees: angle to the driving direction, 0 to 90; None where there is none.
        network: place of the network that it lies in, from 0; None outside networks.
        segments: where it lies, how long and how wide it is.
        longer: factor from the segments' length to its own: a crack reaches half a width beyond the ends of
            its line.
    """

    crack: int
    kind: Kind
    angle_degrees: float | None
    network: int | None
    segments: Segments
    longer: float

    @property
    def length(self) -> float:
        """Length on the road in millimetres, or in pixels without a scale."""
        return float(self.segments.lengths.sum()) * self.longer

    @property
    def width(self) -> float:
        """Mean width on the road in millimetres, or in pixels without a scale."""
        return float(np.average(self.segments.widths, weights=self.segments.lengths))

    @property
    def width_px(self) -> float:
        """Mean width in pixels."""
        return float(np.average(self.segments.widths_px, weights=self.segments.lengths_px))

    def cut(self, length: float) -> "list[Portion]":
        """Cut it into equal pieces, from one end to the other.

        Args:
            length: about how long each is, on the road in millimetres, or in pixels without a scale.
        """
        number = round(self.length / length)
        if number < 2:
            return [self]
        lengths = self.segments.lengths
        ends = np.cumsum(lengths)
        place = ((ends - lengths / 2) / ends[-1] * number).astype(int)
        starts = np.flatnonzero(np.diff(place)) + 1
        return [
            replace(self, segments=self.segments[slice(*pair)])
            for pair in pairwise([0, *starts.tolist(), len(lengths)])
        ]


@dataclass(frozen=True)
class Classes:
    """The classes of all cracks of a photo.

    Attributes:
        kinds: one for each crack: the class of most of its length.
        portions: all cracks in parts of one class; each piece of crack is in exactly one. What lies where the
            scale does not count is in none.
        networks: the areas of alligator and block cracking.
        joints: the straight joints.
        frame: the photo, with the driving direction that longitudinal and transverse refer to.
    """

    kinds: tuple[Kind, ...]
    portions: tuple[Portion, ...]
    networks: tuple[Network, ...]
    joints: tuple[Joint, ...]
    frame: Frame


def classify(cracks: Sequence[MeasuredCrack], frame: Frame) -> Classes:
    """Tell the class of each crack of a photo.

    What lies along a straight joint is a joint. What lies in an area of alligator or block cracking is a part
    of it. The rest is longitudinal within 20 degrees of the driving direction, transverse within 20 degrees
    of the right angle to it, and diagonal between. A crack that runs in one direction on the whole has one
    class; otherwise each of its branches has its own.

    Where the scale does not count, beyond the horizon or where a pixel covers too much road, no direction is
    known: a crack has the class of what of it lies within, and one that lies wholly beyond is a joint or a
    "crack".

    Args:
        cracks: those of one photo, or of one map in memory.
        frame: the photo, its scale and the driving direction.

    Returns:
        the classes; ``kinds`` is in the order of ``cracks``.
    """
    axes = [axis for crack in cracks for axis in crack.axis]
    owners = [number for number, crack in enumerate(cracks) for _ in crack.axis]
    cut = Segments.of(axes, [widths for crack in cracks for widths in crack.width_along_px], frame)
    joints = find_joints(cut, frame)
    straight = [any(joint.has(segments) for joint in joints) for segments in cut]
    networks = find_networks(
        [axis for axis, is_joint in zip(axes, straight, strict=True) if not is_joint], frame
    )
    branches: list[list[_Branch]] = [[] for _ in cracks]
    for owner, segments, is_joint, within in zip(owners, cut, straight, _within(cut, networks), strict=True):
        if len(segments):  # a speck has no line
            branches[owner].append(_Branch(segments, is_joint, within))
    portions, kinds = [], []
    for number, (crack, of_crack) in enumerate(zip(cracks, branches, strict=True)):
        line = sum(float(branch.segments.lengths_px.sum()) for branch in of_crack)
        longer = crack.length_px / line if line else 1.0
        found = [
            Portion(number, kind, angle, network, segments, longer)
            for kind, angle, network, segments in _portions(of_crack, networks, frame)
        ]
        portions += found
        straight_px = sum(float(branch.segments.lengths_px.sum()) for branch in of_crack if branch.is_joint)
        beyond: Kind = "joint" if 2 * straight_px > line else "crack"
        kinds.append(_most(found, beyond))
    return Classes(tuple(kinds), tuple(portions), tuple(networks), tuple(joints), frame)


@dataclass(frozen=True)
class _Branch:
    """A branch with a joint's class or the networks that its segments lie in, -1 outside."""

    segments: Segments
    is_joint: bool
    within: Int64[np.ndarray, " n"]


def _within(parts: Sequence[Segments], networks: Sequence[Network]) -> list[Int64[np.ndarray, " _"]]:
    """The network that each segment lies in, -1 outside networks."""
    middles = np.concatenate([np.zeros((0, 2)), *(part.middles for part in parts)])
    within = np.full(len(middles), -1)
    for number, network in enumerate(networks):
        within[(within < 0) & network.contains(middles)] = number
    return np.split(within, np.cumsum([len(part) for part in parts])[:-1]) if parts else []


_Part = tuple[Kind, float | None, int | None, Segments]


def _portions(branches: Sequence[_Branch], networks: Sequence[Network], frame: Frame) -> Iterator[_Part]:
    """The parts of one crack: their class, angle and network."""
    free = []
    for branch in branches:
        known = branch.segments.known
        if branch.is_joint and known.any():
            yield "joint", None, None, branch.segments[known]
        if branch.is_joint:
            continue
        for number in np.unique(branch.within[known]):
            part = branch.segments[known & (branch.within == number)]
            if number < 0:
                free.append(part)
            else:
                yield networks[number].kind, None, int(number), part
    if not free:
        return
    whole = _direction(Segments.joined(free))
    for segments in free:
        angle = frame.angle_to_driving(_direction(segments) if whole is None else whole)
        yield _kind_of_angle(angle), angle, None, segments


def _direction(segments: Segments) -> Float64[np.ndarray, "2"] | None:
    """The direction on the road in which segments run on the whole; None where they run in no one.

    So it is for lines that spread, and for a speck that is nearly as wide as it is long.
    """
    # A lone segment has no spread of places, and a direction all the same.
    ends = np.concatenate([segments.places - segments.steps / 2, segments.places + segments.steps / 2])
    _, deviations, axes = spread(ends, np.tile(segments.lengths, 2))
    along = axes[:, 1]
    width = np.average(segments.widths, weights=segments.lengths)
    if deviations[0] > ROUND * deviations[1] or width > NO_DIRECTION * np.ptp(ends @ along):
        return None
    return along


def _kind_of_angle(angle_degrees: float | None) -> Kind:
    if angle_degrees is None:
        return "crack"
    if angle_degrees <= LONGITUDINAL_DEGREES:
        return "longitudinal"
    return "transverse" if angle_degrees >= 90 - LONGITUDINAL_DEGREES else "diagonal"


def _most(portions: Sequence[Portion], otherwise: Kind) -> Kind:
    """The class of most of a crack's length."""
    lengths: dict[Kind, float] = {}
    for portion in portions:
        lengths[portion.kind] = lengths.get(portion.kind, 0.0) + portion.length
    return max(lengths, key=lambda kind: lengths[kind], default=otherwise)
