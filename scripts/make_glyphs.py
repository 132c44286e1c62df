"""Make the embedded data set: digits in the faces that matplotlib bundles.

    python scripts/make_glyphs.py src/genmodels/data/glyphs.npz

Each digit is set at eight times its size, made heavier or lighter, bent a little, turned,
scaled, sheared and shifted, and averaged down to 28x28. The file that ships is the
authority: another version of FreeType may draw other bytes, and then the hash pinned in
``genmodels.data.glyphs`` has to be changed on purpose.
"""

import sys
from pathlib import Path

import matplotlib
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from genmodels.data.glyphs import FACES, digest

SEED, TRAIN, TEST = 2020, 12_000, 2_000
SIDE, OVER = 28, 8  # pixels of an image; how much larger it is drawn
BODY = 19.0  # height of a digit in pixels before it is scaled: MNIST's is 20
LEVELS = 32  # grey levels that are kept; more cannot be seen and do not compress


def draw(face: str, digit: int) -> Tensor:
    """One digit in one face, centred by its ink: (side, side) in [0, 1], drawn large."""
    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{face}.ttf"
    side = SIDE * OVER
    font = ImageFont.truetype(str(path), 200)
    left, top, right, bottom = font.getbbox(str(digit))
    factor = min(BODY * OVER / (bottom - top), 19.0 * OVER / (right - left))
    font = ImageFont.truetype(str(path), round(200 * factor))
    left, top, right, bottom = font.getbbox(str(digit))
    sheet = Image.new("L", (side, side))
    at = ((side - left - right) / 2, (side - top - bottom) / 2)
    ImageDraw.Draw(sheet).text(at, str(digit), fill=255, font=font)
    return torch.from_numpy(np.array(sheet)).float() / 255


def vary(glyphs: Tensor, factors: dict[str, Tensor], generator: torch.Generator) -> Tensor:
    """Apply each image's factors: (B, 1, large, large) → (B, 1, 28, 28)."""
    count = len(glyphs)
    heavier = [reweighed(glyph, int(w)) for glyph, w in zip(glyphs, factors["weight"], strict=True)]
    angle = factors["rotation"].deg2rad()
    cosine, sine = angle.cos(), angle.sin()
    turn = torch.stack([torch.stack([cosine, -sine], 1), torch.stack([sine, cosine], 1)], 1)
    lean = torch.eye(2).repeat(count, 1, 1)
    lean[:, 0, 1] = factors["shear"]
    squeeze = torch.diag_embed(torch.stack([1 / factors["scale"] / factors["width"],
                                            1 / factors["scale"]], 1))  # fmt: skip
    shift = torch.stack([factors["shift_x"], factors["shift_y"]], 1) * (-2 / SIDE)
    theta = torch.cat([squeeze @ lean @ turn, (squeeze @ lean @ turn @ shift.unsqueeze(2))], 2)
    places = F.affine_grid(theta, list(glyphs.shape), align_corners=False)
    bends = torch.randn(count, 2, 4, 4, generator=generator)
    bends = F.interpolate(bends, size=glyphs.shape[2:], mode="bicubic", align_corners=False)
    places = places + (bends * factors["elastic"].view(-1, 1, 1, 1) * 2 / SIDE).permute(0, 2, 3, 1)
    bent = F.grid_sample(torch.stack(heavier), places, align_corners=False)
    return F.avg_pool2d(bent, OVER)


def reweighed(glyph: Tensor, weight: int) -> Tensor:
    """Make strokes bolder (> 0) or lighter (< 0), by a number of large pixels on each side."""
    size = 2 * abs(weight) + 1
    if weight >= 0:
        return F.max_pool2d(glyph, size, 1, abs(weight))
    return -F.max_pool2d(-glyph, size, 1, abs(weight))


def make() -> dict[str, np.ndarray]:
    """Draw all images, and keep their factors."""
    generator = torch.Generator().manual_seed(SEED)
    total = TRAIN + TEST

    def normal(scale: float, mean: float = 0.0, most: float = 2.2) -> Tensor:
        drawn = torch.randn(total, generator=generator).clamp(-most, most)
        return mean + scale * drawn

    labels = torch.cat([torch.arange(n) % 10 for n in (TRAIN, TEST)])
    order = [torch.randperm(n, generator=generator) + o for n, o in ((TRAIN, 0), (TEST, TRAIN))]
    labels = labels[torch.cat(order)]
    factors = {
        "face": torch.randint(len(FACES), (total,), generator=generator),
        "rotation": normal(7.0),
        "scale": normal(0.07, 0.97),
        "width": normal(0.07, 1.0),
        "shear": normal(0.12),
        "shift_x": normal(0.9),
        "shift_y": normal(0.9),
        "weight": normal(2.0, 1.0).round().clamp(min=-1),  # thin faces would break
        "elastic": normal(0.2, 0.55),
    }
    large = torch.stack([torch.stack([draw(face, d) for d in range(10)]) for face in FACES])
    parts = []
    for rows in torch.arange(total).split(250):
        chosen = large[factors["face"][rows], labels[rows]].unsqueeze(1)
        parts.append(vary(chosen, {k: v[rows] for k, v in factors.items()}, generator))
        print(f"\r{int(rows[-1]) + 1:,} of {total:,}", end="", flush=True)
    print()
    grey = torch.cat(parts).clamp(0, 1).mul(LEVELS - 1).round().mul(255 / (LEVELS - 1))
    columns = {
        name: values.numpy().astype(np.uint8 if name == "face" else np.float32)
        for name, values in factors.items()
    }
    images = grey.round().to(torch.uint8).numpy()
    return {"images": images, "labels": labels.to(torch.uint8).numpy(), **columns}


if __name__ == "__main__":
    arrays = make()
    np.savez_compressed(sys.argv[1], **arrays)  # type: ignore[arg-type]
    print(f"{Path(sys.argv[1]).stat().st_size / 1e6:.2f} MB, {digest(arrays)}")
