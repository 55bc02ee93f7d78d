"""Skeleton pixels as a graph: branches between ends and junctions, found without a loop per pixel."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

Edges = Int64[np.ndarray, "m 2"]


@dataclass(frozen=True)
class Skeleton:
    """The pixels of the cracks' skeletons, in the order of rows, and of columns within a row.

    Attributes:
        x: column of each.
        y: row of each.
        radius: distance of each to the nearest pixel that is no crack, in pixels.
        crack: number of the crack that each lies on.
    """

    x: Int64[np.ndarray, " n"]
    y: Int64[np.ndarray, " n"]
    radius: Float64[np.ndarray, " n"]
    crack: Int64[np.ndarray, " n"]


@dataclass(frozen=True)
class Branches:
    """Lines between vertices that are no mere points of a line: free ends, junctions, lone points.

    Attributes:
        vertices: the vertices of all branches, one branch after the other, both ends included. A closed line
            without a junction begins and ends at the same vertex; a lone point is a branch of one vertex.
        starts: where each branch begins in ``vertices``, and their length at the end.
    """

    vertices: Int64[np.ndarray, " n"]
    starts: Int64[np.ndarray, " branches_and_one"]

    @property
    def first(self) -> Int64[np.ndarray, " branches"]:
        """The vertex at which each branch begins."""
        return np.asarray(self.vertices[self.starts[:-1]])

    @property
    def last(self) -> Int64[np.ndarray, " branches"]:
        """The vertex at which each branch ends."""
        return np.asarray(self.vertices[self.starts[1:] - 1])

    @property
    def numbers(self) -> Int64[np.ndarray, " n"]:
        """The branch that each item of ``vertices`` belongs to."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))

    def chosen(self, which: np.ndarray) -> "Branches":
        """Take some of the branches, by a flag or by number and in that order."""
        numbers = np.flatnonzero(which) if which.dtype == bool else which
        sizes = np.diff(self.starts)[numbers]
        starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        place = np.repeat(self.starts[numbers] - starts[:-1], sizes) + np.arange(starts[-1])
        return Branches(self.vertices[place], starts)

    def lengths(self, points: Float64[np.ndarray, "vertices 2"]) -> Float64[np.ndarray, " branches"]:
        """Sum the distances between neighbours along each branch, in the points' unit."""
        steps = np.hypot(*np.diff(points[self.vertices], axis=0).T)
        steps[self.starts[1:-1] - 1] = 0  # from one branch to the next
        return np.diff(np.concatenate([[0.0], np.cumsum(steps), [steps.sum()]])[self.starts])


@dataclass(frozen=True)
class Graph:
    """Points and the lines between neighbours.

    Attributes:
        points: n×2 (x, y) in pixels.
        radius: distance of each to the nearest pixel that is no crack, in pixels.
        crack: number of the crack that each lies on.
        edges: m×2 pairs of points, each pair once and the smaller number first.
    """

    points: Float64[np.ndarray, "n 2"]
    radius: Float64[np.ndarray, " n"]
    crack: Int64[np.ndarray, " n"]
    edges: Edges

    @classmethod
    def of_pixels(cls, skeleton: "Skeleton") -> "Graph":
        """Connect pixels that touch, also at a corner; each junction's pixels become one point."""
        edges = touching(skeleton.x, skeleton.y)
        points = np.stack([skeleton.x, skeleton.y], 1).astype(np.float64)
        graph = cls(points, skeleton.radius, skeleton.crack, edges)
        crowded = graph.degrees >= 3
        return graph.contracted(edges[crowded[edges].all(axis=1)])

    @property
    def degrees(self) -> Int64[np.ndarray, " n"]:
        """How many neighbours each point has."""
        return np.bincount(self.edges.ravel(), minlength=len(self.points))

    def contracted(self, pairs: Edges) -> "Graph":
        """Make one point, in their middle and with the greatest radius, of those that pairs connect."""
        count = len(self.points)
        number, group = connected_components(_matrix(pairs, count), directed=False)
        # Groups keep the order of their first points, which keeps the order of rows.
        sizes = np.bincount(group, minlength=number)
        points = np.stack([np.bincount(group, axis, number) / sizes for axis in self.points.T], 1)
        radius = np.zeros(number)
        np.maximum.at(radius, group, self.radius)
        crack = np.zeros(number, np.int64)
        crack[group] = self.crack
        edges = np.sort(group[self.edges].astype(np.int64), axis=1)
        edges = edges[edges[:, 0] != edges[:, 1]]
        keys = np.sort(edges[:, 0] * number + edges[:, 1])
        keys = keys[np.diff(keys, prepend=-1) > 0]  # many times faster than numpy.unique
        return Graph(points, radius, crack, np.stack(np.divmod(keys, max(number, 1)), 1))

    def without(self, gone: Bool[np.ndarray, " n"]) -> "Graph":
        """Leave points out, and the lines to them."""
        kept = ~gone
        place = np.cumsum(kept) - 1
        edges = place[self.edges[kept[self.edges].all(axis=1)]]
        return Graph(self.points[kept], self.radius[kept], self.crack[kept], edges)

    def branches(self) -> Branches:
        """Follow the lines from vertex to vertex."""
        degrees = self.degrees
        inner = degrees == 2
        order, sizes = self._chains(inner)
        if len(order) < np.count_nonzero(inner):
            # A closed line without a junction gets one vertex, its first point, and leads from there to
            # there.
            closed = inner.copy()
            closed[order] = False
            inner[self._first_of_each(closed)] = False
            order, sizes = self._chains(inner)
        position = np.full(len(inner), -1)
        position[order] = np.arange(len(order))
        # Edges between a chain and a vertex, two of each chain: the one at its earlier point comes first.
        mixed = self.edges[inner[self.edges].sum(axis=1) == 1]
        point = np.where(inner[mixed[:, 0]], mixed[:, 0], mixed[:, 1])
        vertex = mixed.sum(axis=1) - point
        sorting = np.argsort(position[point], kind="stable")
        before, behind = vertex[sorting].reshape(-1, 2).T
        lengths = sizes + 2
        direct = self.edges[~inner[self.edges].any(axis=1)]
        lone = np.flatnonzero(degrees == 0)
        sizes = np.concatenate([lengths, np.full(len(direct), 2), np.ones(len(lone), np.int64)])
        starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        of_chains = np.empty(int(lengths.sum()), np.int64)
        first, last = starts[: len(lengths)], starts[1 : len(lengths) + 1] - 1
        is_point = np.ones(len(of_chains), bool)
        is_point[first] = is_point[last] = False
        of_chains[is_point], of_chains[first], of_chains[last] = order, before, behind
        return Branches(np.concatenate([of_chains, direct.ravel(), lone]), starts)

    def _chains(self, inner: Bool[np.ndarray, " n"]) -> tuple[Int64[np.ndarray, " k"], np.ndarray]:
        """Order the inner points along their chains, one chain after the other; closed chains are left out.

        A walker leaves each inner point in each of its two directions. In each round it jumps as far as the
        one that it lands on has come: rounds are as many as the number of points has binary digits.

        Returns:
            the points; the number of points of each chain.
        """
        points = np.flatnonzero(inner)
        count = len(points)
        place = np.full(len(inner), -1)
        place[points] = np.arange(count)
        ends = np.concatenate([self.edges, self.edges[:, ::-1]])
        ends = ends[inner[ends[:, 0]]]
        beside = place[ends[np.argsort(ends[:, 0], kind="stable"), 1]].reshape(-1, 2)  # -1 for a vertex
        # The walker of point p in direction d is number 2 p + d. It goes on in the direction that it did not
        # come from, or stays for good at the last point before a vertex.
        walker = np.arange(2 * count).reshape(-1, 2)
        came_from = beside[beside, 0] == np.arange(count)[:, None]
        lands = np.where(beside >= 0, 2 * beside + came_from, walker).ravel()
        steps = (beside >= 0).ravel().astype(np.int64)
        for _ in range(count.bit_length()):
            steps += steps[lands]
            lands = lands[lands]
        stays = (beside < 0).ravel()[lands].reshape(-1, 2)
        open_ = np.flatnonzero(stays[:, 0])
        last, steps = lands.reshape(-1, 2)[open_] // 2, steps.reshape(-1, 2)[open_]
        # A chain begins at its first end, and chains are in the order of their first points.
        begin = last.min(axis=1)
        first = np.zeros(count, np.int64)
        first[begin[::-1]] = open_[::-1]
        chain = first[begin]
        from_begin = np.where(last[:, 0] == begin, steps[:, 0], steps[:, 1])
        sizes = np.bincount(chain)
        return points[open_[np.lexsort((from_begin, chain))]], sizes[sizes > 0]

    def _first_of_each(self, chosen: Bool[np.ndarray, " n"]) -> Int64[np.ndarray, " k"]:
        """Give the first point of each connected part of those chosen."""
        edges = self.edges[chosen[self.edges].all(axis=1)]
        _, part = connected_components(_matrix(edges, len(chosen)), directed=False)
        points = np.flatnonzero(chosen)
        return points[np.unique(part[points], return_index=True)[1]]


def touching(x: Int64[np.ndarray, " n"], y: Int64[np.ndarray, " n"]) -> Edges:
    """Find the pairs of pixels that touch at a side or a corner.

    Args:
        x: the pixels' columns.
        y: their rows; the pixels are in the order of rows, and of columns within a row.
    """
    if not x.size:
        return np.zeros((0, 2), np.int64)
    stride = int(x.max()) + 2  # so that no row's end touches the next one's beginning
    keys = y * stride + x
    pairs = []
    for step in (1, stride - 1, stride, stride + 1):  # the other four are the same pairs seen from behind
        place = np.searchsorted(keys, keys + step)
        found = np.flatnonzero(keys[np.minimum(place, len(keys) - 1)] == keys + step)
        pairs.append(np.stack([found, place[found]], 1))
    return np.concatenate(pairs)


def _matrix(pairs: Edges, count: int) -> csr_array:
    return coo_array((np.ones(len(pairs), np.int8), pairs.T), (count, count)).tocsr()
