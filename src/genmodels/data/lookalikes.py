"""Search of a table for the images that another image may be a copy of.

The distance leaves out what hides a copy from a plain comparison of pixels: brightness, contrast,
a shift by a pixel, a horizontal flip and fine noise.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

LIMIT = 1 / 3  # first distance / second, below which an image is a copy; Bonnaire et al. (2025)
DUPLICATES = 8  # most near duplicates of an image in the table that do not hide its copies
CANDIDATES = 32  # images of the table that are compared at every shift and flip
FREQUENCIES = 6  # of the spectrum that candidates are found by, in each direction
SIDE = 32  # larger images are shrunk by the largest whole factor that leaves so many pixels
SMALLEST = 8  # pixels of a side; pixels of smaller images are repeated, so that shifts leave some
ROUNDING = 1e-3  # of the last distance, below which distances count as equal
SHIFTS = (0, 1, 2)  # places of a window inside a margin of one pixel
FLOATS = 2**22  # in memory for the candidates of a block of images


@dataclass(frozen=True)
class Found:
    """What was found for N images.

    Attributes:
        ratios: (N,), float64, from :func:`gap`: below ``LIMIT`` for a copy.
        rows: (N,), the row of the table with the nearest image.
    """

    ratios: Tensor
    rows: Tensor


def gap(distances: Tensor) -> Tensor:
    """Return the smallest ratio of two consecutive distances: (N, K), ascending → (N,).

    The first ratio is the criterion of Bonnaire et al., Why diffusion models don't memorize
    (2025, arXiv 2505.16959). Further ratios find a copy whose source has near duplicates: if j
    images are at a third of the distance of the next one, these j resemble each other too. In d
    dimensions, where images are locally uniform, the j-th ratio is below r with probability
    r^(jd).
    """
    distances = distances.clamp(min=ROUNDING * distances[:, -1:])
    first, second = distances[:, :-1], distances[:, 1:]
    return torch.where(second > 0, first / second, 1)[:, :DUPLICATES].amin(1)


class Lookalikes:
    """The images of a table that can be searched.

    Candidates are the nearest by magnitudes of low frequencies, which neither a shift nor a flip
    changes. They are then compared pixel by pixel, blurred slightly, at 9 shifts and 2 flips.

    Args:
        table: (M, C, H, W), uint8.
        rows: the rows to search, 2 or more.
    """

    def __init__(self, table: Tensor, rows: Tensor):
        self.table, self.rows = table, rows
        self.count = min(CANDIDATES, len(rows))
        self.block = max(1, FLOATS // (self.count * table[0].numel()))
        spectra = [_spectrum(_resized(table[part])) for part in rows.split(1000)]
        self.spectra = torch.cat(spectra)

    def __call__(self, images: Tensor) -> Found:
        """Search for images (N, C, H, W) in [0, 1]."""
        found = [self._search(_resized(block)) for block in images.split(self.block)]
        distances, rows = (torch.cat(parts) for parts in zip(*found, strict=True))
        return Found(gap(distances), rows[:, 0])

    def _search(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return the distances to the candidates, ascending, and their rows, (n, K) each."""
        nearest = (_spectrum(images) @ self.spectra.T).topk(self.count, 1).indices
        rows = self.rows[nearest]
        candidates = _blurred(_resized(self.table[rows.flatten()]))[..., 1:-1, 1:-1]
        theirs = _unit(candidates.flatten(1)).unflatten(0, rows.shape)
        alike = torch.bmm(theirs, _windows(_blurred(images)).transpose(1, 2)).amax(2)
        distances, order = (2 - 2 * alike).clamp(min=0).sqrt().sort(1)
        return distances, rows.gather(1, order)


def _resized(images: Tensor) -> Tensor:
    """Shrink large images by averaging, enlarge tiny ones by repeating pixels; float32."""
    side = min(images.shape[2:])
    if side < SMALLEST:
        return F.interpolate(images.float(), scale_factor=-(-SMALLEST // side))
    factor = side // SIDE
    return F.avg_pool2d(images.float(), factor) if factor > 1 else images.float()


def _windows(images: Tensor) -> Tensor:
    """Return every shift and flip of images without their margin: (N, C, H, W) → (N, 18, D)."""
    height, width = (side - SHIFTS[-1] for side in images.shape[2:])
    return torch.stack(
        [
            _unit(side[..., top : top + height, left : left + width].flatten(1))
            for side in (images, images.flip(3))
            for top in SHIFTS
            for left in SHIFTS
        ],
        1,
    )


def _blurred(images: Tensor) -> Tensor:
    """Blur by the binomial kernel (1, 2, 1) along both sides: (…, H, W) → (…, H − 2, W − 2)."""
    images = images[..., :-2, :] + 2 * images[..., 1:-1, :] + images[..., 2:, :]
    return images[..., :-2] + 2 * images[..., 1:-1] + images[..., 2:]


def _unit(vectors: Tensor) -> Tensor:
    """Remove brightness and contrast: (…, D) → mean 0 and norm 1, float64; 0 for a constant."""
    centred = vectors.double()
    centred = centred - centred.mean(-1, keepdim=True)
    return centred / centred.norm(dim=-1, keepdim=True).clamp(min=1e-6)


def _spectrum(images: Tensor) -> Tensor:
    """Return magnitudes of low frequencies, of norm 1: (N, C, H, W) → (N, D).

    A flip exchanges the magnitudes of two frequencies, so their sum and their absolute difference
    are taken. The window makes what a shift moves over the edge count little.
    """
    height, width = images.shape[2:]
    centred = images - images.mean((2, 3), keepdim=True)
    magnitudes = torch.fft.rfft2(centred * (_hann(height)[:, None] * _hann(width))).abs()
    kept = torch.arange(min(FREQUENCIES, height // 2, width // 2))
    ups, downs = magnitudes[:, :, kept], magnitudes[:, :, -kept % height]
    both = torch.stack([ups + downs, (ups - downs).abs()], 1)[..., kept].flatten(1)
    return both / both.norm(dim=1, keepdim=True).clamp(min=1e-6)


def _hann(size: int) -> Tensor:
    """Return the square root of Hann's window, without its zeros: (size,)."""
    return torch.hann_window(size + 2, periodic=False)[1:-1].sqrt()
