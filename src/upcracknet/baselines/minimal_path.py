"""Minimal paths: cracks are the cheapest ways from one dark point to the next.

After Amhaz, Chambon, Idier and Baltazart, "Automatic crack detection on two-dimensional pavement images: an
algorithm based on minimal path selection" (IEEE T-ITS 17, 2016), simplified: the darkest pixel of each cell
of a grid is a possible point of a crack; it is joined to those of the cells around by the paths along which
the road is darkest; a path is worth as much as its lighter parts. Unlike a filter it follows a crack for as
long as it goes, through gaps, and has no use for dark spots that lead nowhere.
"""

import cv2
import numpy as np

from upcracknet.baselines.classical import Grey, GreyScorer

NEIGHBOURS = ((0, 1), (1, -1), (1, 0), (1, 1))
"""Cells to the right and below; the others have come before."""


class MinimalPath(GreyScorer):
    """The contrast of the best path through each pixel, as wide as it is dark beside the path.

    Args:
        cell: side of a cell in pixels: no gap may be longer, and no crack much shorter.
        window: side in pixels of the square whose mean a dark pixel is compared with.

    Raises:
        ValueError: ``cell`` is below 4.
    """

    name = "minimal-path"

    def __init__(self, cell: int = 16, window: int = 51) -> None:
        if cell < 4:
            raise ValueError(f"cell is {cell}, expected at least 4 pixels")
        self.cell, self.window = cell, window

    def score_grey(self, grey: Grey) -> Grey:
        """Give the contrast of the path that each pixel lies on or beside, else 0."""
        from skimage.graph import MCP_Geometric  # takes long to import

        smooth = np.asarray(cv2.GaussianBlur(grey, (0, 0), 1.0))
        contrast = cv2.blur(grey, (self.window, self.window)) - smooth
        dark = np.clip(contrast, 0, 1).astype(np.float32)
        cost = 1 / (dark.astype(np.float64) + 0.02)
        points = self._points(dark)
        score = np.zeros_like(dark)
        for (row, column), start in points.items():
            ends = [
                points[cell]
                for cell in ((row + down, column + right) for down, right in NEIGHBOURS)
                if cell in points
            ]
            if not ends or dark[start] <= 0:
                continue
            # Paths of neighbouring cells do not leave the cells around them.
            top, left = max(0, (row - 1) * self.cell), max(0, (column - 1) * self.cell)
            window = np.s_[top : (row + 3) * self.cell, left : (column + 3) * self.cell]
            finder = MCP_Geometric(cost[window])
            here = [(y - top, x - left) for y, x in (start, *ends)]
            finder.find_costs(here[:1], here[1:])
            for end in here[1:]:
                rows, columns = np.array(finder.traceback(end)).T
                along = np.sort(dark[window][rows, columns])
                worth = along[len(along) // 4]  # a path is no darker than its lighter parts
                score[window][rows, columns] = np.maximum(score[window][rows, columns], worth)
        return _widened(score, dark)

    def _points(self, dark: Grey) -> dict[tuple[int, int], tuple[int, int]]:
        """The darkest pixel of each cell, by the cell's row and column."""
        height, width = dark.shape
        points = {}
        for row, top in enumerate(range(0, height, self.cell)):
            for column, left in enumerate(range(0, width, self.cell)):
                cell = dark[top : top + self.cell, left : left + self.cell]
                down, right = divmod(int(cell.argmax()), cell.shape[1])
                points[row, column] = top + down, left + right
        return points


def _widened(score: Grey, dark: Grey) -> Grey:
    """Paths as wide as the dark around them, up to 4 pixels to each side."""
    for _ in range(4):
        grown = np.asarray(cv2.dilate(score, np.ones((3, 3), np.uint8)))
        score = np.where((score == 0) & (dark > 0.5 * grown), grown, score)
    return score
