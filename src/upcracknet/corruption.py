"""Masks that remove parts of undamaged road images (Section III-B), for the restorer to put back.

In a mask, 1 retains a pixel and 0 removes it. Cell sizes are those at an image side of 256 pixels, as in the
paper; they scale with the shorter side of the image, to at least one pixel, so any height and width will do.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from upcracknet.errors import ConfigurationError

REFERENCE_SIDE = 256
"""Image side, in pixels, at which cell sizes are given."""

ENLARGEMENT = 286 / 256
"""How much the authors' code enlarges corrupted photos before it crops them."""

CorruptionName = Literal["squares", "stripes", "jumbled"]
"""Names of the mask families: the three rows of Table II."""


class CorruptionMasks(ABC):
    """A family of masks that removes every pixel with the same probability, so every region is learned."""

    @abstractmethod
    def sample(
        self, batch: int, height: int, width: int, generator: torch.Generator
    ) -> Float[Tensor, "{batch} 1 {height} {width}"]:
        """Draw one mask for each image, independently.

        Args:
            batch: number of masks.
            height: image height in pixels.
            width: image width in pixels.
            generator: source of randomness; the masks are made on its device.

        Returns:
            masks of 0 (removed) and 1 (retained).
        """


class FiniteCorruptionMasks(CorruptionMasks):
    """A family that can be listed; ``sample`` draws from the list uniformly.

    Each mask stands in the list beside its complement, so every pixel is removed with probability
    exactly 1/2, at any image size.
    """

    @abstractmethod
    def all(self, height: int, width: int) -> Float[Tensor, "n 1 {height} {width}"]:
        """List every mask of the family, each followed by its complement (the other phase)."""

    def sample(
        self, batch: int, height: int, width: int, generator: torch.Generator
    ) -> Float[Tensor, "{batch} 1 {height} {width}"]:
        """Draw one mask for each image, independently; see ``CorruptionMasks.sample``."""
        masks = self.all(height, width).to(generator.device)
        choice = torch.randint(len(masks), (batch,), generator=generator, device=generator.device)
        return masks[choice]


@dataclass(frozen=True)
class SquareMasks(FiniteCorruptionMasks):
    """Multi-scale square masks: checkerboards in both phases (Section III-B).

    Removed and retained regions stand exactly 1:1 in a mask whenever the image holds an even number of whole
    cells in one direction, as it does at 256×256.

    Attributes:
        cells: sides of the squares, in pixels at an image side of 256 (k in Section IV-B).

    Raises:
        ConfigurationError: there are no cells or one is below one pixel.
    """

    cells: tuple[int, ...] = (128, 64, 32)

    def __post_init__(self) -> None:
        _check_cells(self.cells, "square cells")

    def all(self, height: int, width: int) -> Float[Tensor, "n 1 {height} {width}"]:
        """List for each cell the checkerboard that removes the top left corner, then its complement."""
        phases = []
        for cell in self.cells:
            side = scaled_cell(cell, height, width)
            phases.append((_cell_indices(height, side)[:, None] + _cell_indices(width, side)[None, :]) % 2)
        return _with_complements(phases)


@dataclass(frozen=True)
class StripedMasks(FiniteCorruptionMasks):
    """Striped masks of SCADN (Yan et al., AAAI 2021), in both directions and both phases.

    Removed and retained regions stand exactly 1:1 in a mask whenever the image holds an even number of whole
    stripes, as it does at 256×256.

    Attributes:
        widths: widths of the stripes, in pixels at an image side of 256.

    Raises:
        ConfigurationError: there are no widths or one is below one pixel.
    """

    widths: tuple[int, ...] = (64, 32, 16)

    def __post_init__(self) -> None:
        _check_cells(self.widths, "stripe widths")

    def all(self, height: int, width: int) -> Float[Tensor, "n 1 {height} {width}"]:
        """List for each width: vertical stripes, their complement, horizontal stripes, their complement."""
        phases = []
        for stripe in self.widths:
            side = scaled_cell(stripe, height, width)
            phases.append((_cell_indices(width, side)[None, :] % 2).expand(height, width))
            phases.append((_cell_indices(height, side)[:, None] % 2).expand(height, width))
        return _with_complements(phases)


@dataclass(frozen=True)
class JumbledSquareMasks(CorruptionMasks):
    """Jumbled small squares of RIAD (Zavrtanik et al., Pattern Recognition 2021).

    A random permutation of all cells is split into disjoint sets of equal size (up to one cell); a mask
    removes one set. Every pixel is removed with probability exactly 1/sets: removed and retained regions
    stand 1:(sets − 1), which by default is not the paper's 1:1 but RIAD's own 1:2.

    Attributes:
        cells: sides of the squares, in pixels at an image side of 256.
        sets: number of disjoint sets.

    Raises:
        ConfigurationError: there are no cells, one is below one pixel, or there are fewer than two sets.
    """

    cells: tuple[int, ...] = (2, 4, 8, 16)
    sets: int = 3

    def __post_init__(self) -> None:
        _check_cells(self.cells, "jumbled cells")
        if self.sets < 2:
            raise ConfigurationError(
                f"sets is {self.sets}; at least 2 are needed, or all of the image is removed"
            )

    def partition(
        self, height: int, width: int, generator: torch.Generator, cell: int | None = None
    ) -> Float[Tensor, "sets 1 {height} {width}"]:
        """Split the image at random: masks that remove disjoint parts and together remove every pixel once.

        Args:
            height: image height in pixels.
            width: image width in pixels.
            generator: source of randomness; the masks are made on its device.
            cell: side of the squares, in pixels at an image side of 256; drawn from ``cells`` if not given.

        Returns:
            one mask for each set, 0 where that set's cells are removed.
        """
        device = generator.device
        if cell is None:
            cell = self.cells[int(torch.randint(len(self.cells), (), generator=generator, device=device))]
        side = scaled_cell(cell, height, width)
        rows, columns = _cell_indices(height, side).to(device), _cell_indices(width, side).to(device)
        cells_down, cells_across = int(rows[-1]) + 1, int(columns[-1]) + 1
        ranks = torch.randperm(cells_down * cells_across, generator=generator, device=device)
        set_of_cell = (ranks % self.sets).view(cells_down, cells_across)
        set_of_pixel = set_of_cell[rows[:, None], columns[None, :]]
        return torch.stack([(set_of_pixel != index)[None].float() for index in range(self.sets)])

    def sample(
        self, batch: int, height: int, width: int, generator: torch.Generator
    ) -> Float[Tensor, "{batch} 1 {height} {width}"]:
        """Draw one mask for each image: a random set of a random :meth:`partition`."""
        chosen = torch.randint(self.sets, (batch,), generator=generator, device=generator.device).tolist()
        return torch.stack([self.partition(height, width, generator)[index] for index in chosen])


def corrupt(
    images: Float[Tensor, "b c h w"], masks: Float[Tensor, "b 1 h w"], fill: float = 0.0
) -> Float[Tensor, "b c h w"]:
    """Remove what the masks mark: the Hadamard product I ⊙ M of Section III-B, plus fill · (1 − M).

    Args:
        images: images in any range. A removed pixel becomes ``fill`` in that range. The authors' code
            multiplies before it scales images to the [-1, 1] of the networks, so its removed pixels are
            black: 0 in [0, 1], -1 in [-1, 1]. A fill of 0 in [-1, 1] is mid-grey.
        masks: 1 where a pixel is retained, 0 where it is removed.
        fill: value of removed pixels; the paper uses 0, SCADN 1.

    Returns:
        corrupted images, of the images' type.
    """
    masks = masks.to(images.dtype)
    corrupted = images * masks
    return corrupted + fill * (1 - masks) if fill else corrupted


def blur_mask_edges(masks: Float[Tensor, "b 1 h w"], generator: torch.Generator) -> Float[Tensor, "b 1 h w"]:
    """Give masks the soft, shifted edges of the authors' code, which draws masks before it scales the photos.

    There, corrupted photos of 256 pixels are enlarged to 286 and cropped back at random, so that a removed
    region fades into its surroundings over about two pixels. The generator then learns to restore what is
    merely dark, too: on cracks this matters a lot (docs/decisions/0002-masks-at-input-size.md).

    Args:
        masks: masks of 0 and 1.
        generator: source of the crop's place, which is the same for all masks of the batch.

    Returns:
        masks in [0, 1], of the same size.
    """
    height, width = masks.shape[-2:]
    enlarged = F.interpolate(
        masks, size=(round(height * ENLARGEMENT), round(width * ENLARGEMENT)), mode="bilinear"
    )
    top, left = (
        int(torch.randint(0, larger - side + 1, (), generator=generator, device=generator.device))
        for larger, side in ((enlarged.shape[-2], height), (enlarged.shape[-1], width))
    )
    return enlarged[..., top : top + height, left : left + width].contiguous()


def corruption_masks(name: CorruptionName) -> CorruptionMasks:
    """Make a mask family with its published sizes.

    Args:
        name: "squares" (the paper), "stripes" (SCADN) or "jumbled" (RIAD): the three modes of Table II.

    Raises:
        ConfigurationError: there is no family of that name.
    """
    families: dict[str, Callable[[], CorruptionMasks]] = {
        "squares": SquareMasks,
        "stripes": StripedMasks,
        "jumbled": JumbledSquareMasks,
    }
    if name not in families:
        raise ConfigurationError(
            f"no masks are called {name!r}; choose one of {', '.join(get_args(CorruptionName))}"
        )
    return families[name]()


def scaled_cell(cell: int, height: int, width: int) -> int:
    """Scale a cell side given at 256 pixels to an image, by its shorter side; at least one pixel."""
    return max(1, round(cell * min(height, width) / REFERENCE_SIDE))


def _cell_indices(length: int, side: int) -> Tensor:
    return torch.arange(length) // side


def _with_complements(phases: list[Tensor]) -> Tensor:
    retained = torch.stack(phases).float()
    return torch.stack([retained, 1 - retained], dim=1).flatten(0, 1).unsqueeze(1)


def _check_cells(cells: tuple[int, ...], what: str) -> None:
    if not cells or min(cells) < 1:
        raise ConfigurationError(f"{what} are {cells}; give at least one, each of 1 pixel or more")
