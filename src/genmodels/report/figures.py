"""Pictures of a comparison: grids, interpolations, pairs, and an overview of all models."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from genmodels.comparison.entry import Entry
from genmodels.comparison.result import Comparison
from genmodels.data import pictures
from genmodels.report import charts
from genmodels.report.html import FRAME_COLUMNS
from genmodels.training.curves import UNITS, draw_term, explain, literal, phases, save, style_axes

STRIP = 12  # samples of a model at the top of the page
FILM = 10  # frames of an interpolation on paper


def save_comparison(comparison: Comparison, path: Path) -> None:
    """Draw an overview of all models, a column each.

    The rows are samples with the same seed, losses over images and over seconds, and
    perturbations. Given images without a model are in the first row only.
    """
    entries, trained = comparison.entries, comparison.trained
    heights = [4.4, 2.6, 2.6, 1.7] if trained else [4.4]
    size = (4.6 * (len(entries) + 1), 11 if trained else 4.4)
    figure = Figure(figsize=size, layout="constrained")
    rows: Any = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    samples = rows[0].subplots(1, len(entries) + 1)
    show(samples[0], comparison.real, f"{comparison.data}: real images", 8)
    for panel, entry in zip(samples[1:], entries, strict=True):
        show(panel, entry.first.weights[0].samples, f"{entry.name}: samples", 8)
    if trained:
        _draw_losses(rows[1], trained, "images")
        _draw_losses(rows[2], trained, "seconds")
        panels = rows[3].subplots(1, len(trained), squeeze=False)[0]
        for panel, entry in zip(panels, trained, strict=True):
            frames = entry.frames["perturbation"]
            show(panel, frames.flatten(0, 1), f"{entry.name}: perturbation", frames.shape[1])
    save(figure, path)


def of_comparison(comparison: Comparison) -> dict[str, bytes]:
    """Return the page's pictures by file name: grids, interpolations, pairs and charts."""
    real = comparison.real
    drawn = {"real.png": _png(pictures.grid(real, 8)), "strip-real.png": _strip(real)}
    for name, images in comparison.baseline_images.items():
        drawn[f"{name}.png"] = _png(pictures.grid(images, 8))
    for number, entry in enumerate(comparison.entries):
        drawn[f"strip-{number}.png"] = _strip(entry.first.weights[0].samples)
        for weights in entry.first.weights:
            drawn[f"samples-{number}-{weights.name}.png"] = _png(pictures.grid(weights.samples, 8))
        for kind, frames in entry.frames.items():
            grids = [pictures.grid(step, FRAME_COLUMNS, enlarge=False) for step in frames.unbind(1)]
            drawn[f"{kind}-{number}.png"] = _png(torch.cat(grids, 2))
            drawn[f"{kind}-film-{number}.png"] = _film(frames)
        pairs = entry.first.suspicious
        drawn[f"pairs-{number}.png"] = _png(
            pictures.grid(pairs.transpose(0, 1).flatten(0, 1), len(pairs))
        )
    return {**drawn, **charts.of_comparison(comparison)}


def _strip(images: Tensor) -> bytes:
    """Draw the first images in a row."""
    return _png(pictures.grid(images[:STRIP], STRIP))


def _film(frames: Tensor) -> bytes:
    """Draw interpolations (R, steps, C, H, W): a row each, of frames at equal distances."""
    steps = frames.shape[1]
    chosen = torch.linspace(0, steps - 1, min(FILM, steps)).round().long()
    return _png(pictures.grid(frames[:, chosen].flatten(0, 1), len(chosen), enlarge=False))


def _png(image: Any) -> bytes:
    stream = io.BytesIO()
    pictures.picture(image).save(stream, format="PNG")
    return stream.getvalue()


def _draw_losses(row: Any, entries: Sequence[Entry], over: str) -> None:
    panels = row.subplots(1, len(entries), squeeze=False)[0]
    for panel, entry in zip(panels, entries, strict=True):
        for number, phase in enumerate(phases(entry.records)):
            draw_term(panel, entry.records, f"train.{phase}.loss", over, number, phase)
        panel.set_title(literal(f"{entry.name}: loss over {UNITS[over]}"), loc="left", fontsize=9)
        style_axes(panel, over)
        explain(panel)


def show(panel: Axes, images: Any, title: str, columns: int) -> None:
    """Show a grid of images (N, C, H, W) without axes."""
    sheet = pictures.grid(images, columns, enlarge=False).permute(1, 2, 0).numpy()
    panel.imshow(sheet.squeeze(2) if sheet.shape[2] == 1 else sheet, cmap="gray", vmin=0, vmax=255)
    panel.set_title(literal(title), loc="left", fontsize=9)
    panel.set_axis_off()
