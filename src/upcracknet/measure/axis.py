"""From a skeleton to the axes of cracks: spurs pruned, smoothed, and up to where the crack ends.

A staircase of pixels is 5 % longer than the line that it stands for; the mean of some pixels before and
behind each is within 0.1 % of it (measured: docs/results/measures.md). A free end of a skeleton lies half a
width before the end of the crack, and near it leads into a corner of it. So some of it is left out there, and
the axis goes on straight to where the crack ends: in a bar, half a width beyond the skeleton.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64

from upcracknet.measure.graph import Branches, Graph
from upcracknet.measure.profiles import marked, reach
from upcracknet.measure.windows import Moments, Windows

SPACING = 1.0
"""Pixels between two points of an axis, about. With 2, all profiles of a line at 30° would cut the rows
alike."""

SMOOTHING = 5
"""Pixels of the skeleton before and behind each that its place is the mean of."""

CUT = 0.5
"""So many times the distance to the nearest rim is left out at the free end of a skeleton."""

OPENING = 0.5
"""A crack opens by less than this, in pixels of the distance from axis to rim, a pixel of its length."""

TANGENT = 10.0
TANGENT_TO_RADIUS = 1.5
"""The direction in which a crack ends is that of at least 10 pixels of its axis before, and of so many times
the distance to the nearest rim."""

BEHIND = np.linspace(0, 1, 21)
"""Places on that part of the axis, from the end inwards, that are asked whether they are marked."""

LEAST_MARKED = 0.5
"""Share of it that is marked, at least: less tells of an axis beside the pixels, not of the crack."""

Points = Float64[np.ndarray, "n 2"]


@dataclass(frozen=True)
class Axes:
    """The axes of all cracks, one branch after the other.

    Attributes:
        points: n×2 (x, y) in pixels, about every second pixel; pixel centres are at whole numbers.
        tangents: n×2, the axis's direction at each as a vector of length 1.
        radius: distance of each to the nearest pixel that is no crack, in pixels.
        typical: whether a point tells the width of its branch: no point beyond the end of the skeleton, and
            none nearer to a junction than the cracks are wide there.
        starts: where each branch begins, and the number of points at the end.
        crack: number of the crack of each branch, in their order.
        stout: which cracks are less than twice as long as they are wide. Their axis is the longer middle line
            of the rectangle with the same second moments.
        area: pixels of each crack.
    """

    points: Points
    tangents: Points
    radius: Float64[np.ndarray, " n"]
    typical: Bool[np.ndarray, " n"]
    starts: Int64[np.ndarray, " branches_and_one"]
    crack: Int64[np.ndarray, " branches"]
    stout: Bool[np.ndarray, " cracks"]
    area: Int64[np.ndarray, " cracks"]

    @property
    def normals(self) -> Points:
        """Directions at right angles to the axis: to its left as seen, since rows count downwards."""
        return np.stack([self.tangents[:, 1], -self.tangents[:, 0]], 1)


def find_axes(windows: Windows) -> Axes:
    """Find the axis of each crack of a mask."""
    skeleton, moments = windows.skeleton()
    graph, branches = simplified(Graph.of_pixels(skeleton))
    radius = np.zeros(len(moments.sums))
    np.maximum.at(radius, skeleton.crack, skeleton.radius)
    crack = graph.crack[branches.first]
    # The skeleton is a width shorter than the crack is.
    stout = np.bincount(crack, branches.lengths(graph.points), len(radius)) < 2 * radius
    chosen = np.flatnonzero(~stout[crack])
    branches = branches.chosen(chosen[np.argsort(crack[chosen], kind="stable")])
    crack = graph.crack[branches.first]
    lines = _lines(graph, branches, windows) if crack.size else _Lines.none()
    return _joined(lines, crack, moments, stout, radius)


def simplified(graph: Graph) -> tuple[Graph, Branches]:
    """Prune spurs that are shorter than the crack is wide there, and join junctions that overlap.

    A bump of a crack's rim, or a corner of its end, draws a branch of the skeleton to itself. It is at most
    half a width long there, and less than a width along a diagonal. Two cracks that cross make two junctions
    with less than the crack's width between them: they become one.

    Returns:
        what is left, and its branches.
    """
    while True:
        branches, degrees = graph.branches(), graph.degrees
        first, last, lengths = branches.first, branches.last, branches.lengths(graph.points)
        free_first, free_last = degrees[first] == 1, degrees[last] == 1
        junction = np.where(free_first, last, first)
        spurs = (free_first ^ free_last) & (lengths < 2 * graph.radius[junction])
        if spurs.any():
            gone = np.zeros(len(graph.points), bool)
            pruned = branches.chosen(spurs)
            gone[pruned.vertices] = True
            gone[junction[spurs]] = False
            graph = graph.without(gone)
            continue
        links = ~free_first & ~free_last & (first != last)
        links &= lengths < graph.radius[first] + graph.radius[last]
        if not links.any():
            return graph, branches
        short = branches.chosen(links)
        within = np.ones(len(short.vertices) - 1, bool)
        within[short.starts[1:-1] - 1] = False
        graph = graph.contracted(np.stack([short.vertices[:-1], short.vertices[1:]], 1)[within])


@dataclass(frozen=True)
class _Lines:
    points: Points
    radius: Float64[np.ndarray, " n"]
    typical: Bool[np.ndarray, " n"]
    sizes: Int64[np.ndarray, " branches"]

    @classmethod
    def none(cls) -> "_Lines":
        return cls(np.zeros((0, 2)), np.zeros(0), np.zeros(0, bool), np.zeros(0, np.int64))


def _lines(graph: Graph, branches: Branches, windows: Windows) -> _Lines:
    """Smooth the branches, lead them to the ends of the cracks, and place points evenly along them."""
    starts, ends = branches.starts[:-1], branches.starts[1:] - 1
    radius, number = graph.radius[branches.vertices], branches.numbers
    place = np.arange(len(number))
    room = np.minimum(place - starts[number], ends[number] - place)
    points = smoothed(graph.points[branches.vertices], np.minimum(SMOOTHING, room))
    along = _distance_along(points, starts)
    length = along[ends] - along[starts]

    degrees = np.stack([graph.degrees[branches.first], graph.degrees[branches.last]])
    free = degrees == 1
    corner = np.where(free, _corners(along, radius, starts, ends), 0.0)
    end_at = np.stack([along[starts], along[ends]]) + corner * [[1.0], [-1.0]]
    end_radius = np.interp(end_at, along, radius)
    cut = np.where(free, np.minimum(corner + CUT * end_radius, 0.45 * length), 0.0)
    rest = length - cut.sum(axis=0)

    counts = np.maximum(np.rint(rest / SPACING).astype(np.int64), 1) + 1
    branch = np.repeat(np.arange(len(counts)), counts)
    step = np.arange(len(branch)) - np.repeat(np.cumsum(counts) - counts, counts)
    from_start = cut[0][branch] + step / (counts[branch] - 1) * rest[branch]
    at = along[starts][branch] + from_start
    near = np.where(degrees >= 3, end_radius, 0.0)
    typical = (from_start >= near[0][branch]) & (length[branch] - from_start >= near[1][branch])

    sizes = counts + free.sum(axis=0)
    tips = np.stack([np.cumsum(sizes) - sizes, np.cumsum(sizes) - 1])
    is_tip = np.zeros(int(sizes.sum()), bool)
    is_tip[tips[free]] = True
    all_points, all_radius = np.empty((len(is_tip), 2)), np.empty(len(is_tip))
    all_typical = ~is_tip
    all_points[~is_tip], all_radius[~is_tip] = _at(at, along, points), np.interp(at, along, radius)
    all_typical[~is_tip] = typical
    ways = []
    for side, (origin, sign) in enumerate(((along[starts], 1.0), (along[ends], -1.0))):
        chosen = free[side]
        base_at = origin[chosen] + sign * cut[side][chosen]
        back = np.minimum(np.maximum(TANGENT, TANGENT_TO_RADIUS * end_radius[side][chosen]), rest[chosen])
        behind = _at((base_at[:, None] + sign * back[:, None] * BEHIND).ravel(), along, points)
        ways.append(behind.reshape(-1, len(BEHIND), 2))
    behind = np.concatenate(ways)
    base, heading = behind[:, 0], _unit(behind[:, 0] - behind[:, -1])
    limit = cut[free] + 2 * end_radius[free] + 2
    distance = reach(windows, base, heading, np.zeros(len(base)), limit)
    # A thin line adds up to less than its length, as it is only partly marked between its pixels' centres.
    share = marked(windows, behind.reshape(-1, 2)).reshape(-1, len(BEHIND)).mean(axis=1)
    distance = np.minimum(distance / np.maximum(share, LEAST_MARKED), limit)
    all_points[tips[free]] = base + heading * distance[:, None]
    all_radius[tips[free]] = end_radius[free]
    return _Lines(all_points, all_radius, all_typical, sizes)


def _corners(
    along: Float64[np.ndarray, " n"],
    radius: Float64[np.ndarray, " n"],
    starts: Int64[np.ndarray, " branches"],
    ends: Int64[np.ndarray, " branches"],
) -> Float64[np.ndarray, "2 branches"]:
    """Find how far each branch is in a corner of the crack's end, from its first and from its last point.

    On the way out of a corner the circle within the rims grows by up to 0.7 a pixel; a crack opens more
    slowly.
    """
    number = np.repeat(np.arange(len(starts)), ends - starts + 1)
    found = []
    for origin in (along[starts], along[ends]):
        distance = np.abs(along - origin[number])
        gain = np.where(
            distance <= 0.45 * (along[ends] - along[starts])[number], radius - OPENING * distance, -1.0
        )
        best = np.maximum.reduceat(gain, starts)
        found.append(np.minimum.reduceat(np.where(gain == best[number], distance, np.inf), starts))
    return np.stack(found)


def _joined(
    lines: _Lines,
    crack: Int64[np.ndarray, " branches"],
    moments: Moments,
    stout: Bool[np.ndarray, " cracks"],
    radius: Float64[np.ndarray, " cracks"],
) -> Axes:
    """Add the middle lines of stout cracks."""
    centre, direction, side = (values[stout] for values in moments.rectangles())
    half = direction * side[:, None] / 2
    points = np.concatenate(
        [lines.points, np.stack([centre - half, centre, centre + half], 1).reshape(-1, 2)]
    )
    starts = np.concatenate([[0], np.cumsum([*lines.sizes, *np.full(len(side), 3)])]).astype(np.int64)
    typical = np.concatenate([lines.typical, np.tile([False, True, False], len(side))])
    crack = np.concatenate([crack, np.flatnonzero(stout)])
    return Axes(
        points, _tangents(points, starts), np.concatenate([lines.radius, np.repeat(radius[stout], 3)]),
        typical, starts, crack, stout, moments.area,
    )  # fmt: skip


def smoothed(points: Points, half: Int64[np.ndarray, " n"]) -> Points:
    """Smooth lines without shrinking their bends: the means, and the means of what those left out.

    Args:
        points: n×2 places, one line after the other.
        half: how many points before and behind each its mean takes in; within its own line.
    """
    once = _means(points, half)
    result: Points = once + _means(points - once, half)
    return result


def _means(values: Points, half: Int64[np.ndarray, " n"]) -> Points:
    sums = np.concatenate([np.zeros((1, 2)), np.cumsum(values, axis=0)])
    place = np.arange(len(values))
    means: Points = (sums[place + half + 1] - sums[place - half]) / (2 * half + 1)[:, None]
    return means


def _distance_along(points: Points, starts: Int64[np.ndarray, " branches"]) -> Float64[np.ndarray, " n"]:
    """Distance of each point from the beginning of the first line; lines are one pixel apart."""
    steps = np.hypot(*np.diff(points, axis=0).T)
    steps[starts[1:] - 1] = 1.0  # so that places on two lines are never the same
    return np.concatenate([[0.0], np.cumsum(steps)])


def _at(
    distance: Float64[np.ndarray, " k"], along: Float64[np.ndarray, " n"], points: Points
) -> Float64[np.ndarray, "k 2"]:
    return np.stack([np.interp(distance, along, axis) for axis in points.T], 1)


def _tangents(points: Points, starts: Int64[np.ndarray, " k"]) -> Points:
    place = np.arange(len(points))
    number = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    before, behind = np.maximum(place - 4, starts[number]), np.minimum(place + 4, starts[number + 1] - 1)
    return _unit(points[behind] - points[before])


def _unit(vectors: Points) -> Points:
    unit: Points = vectors / np.maximum(np.hypot(*vectors.T), 1e-9)[:, None]
    return unit
