"""Figures of a comparison, drawn with matplotlib as PNG."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from genmodels.comparison.entry import Entry
from genmodels.comparison.result import Comparison
from genmodels.data import pictures
from genmodels.evaluation.metrics.table import label
from genmodels.report.html import FRAME_COLUMNS
from genmodels.system import files
from genmodels.training.curves import COLOURS, UNITS, literal, phases, save, style_axes


def save_comparison(comparison: Comparison, path: Path) -> None:
    """Draw an overview of all models, a column each.

    The rows are samples with the same seed, losses over images and over seconds, and
    perturbations.
    """
    entries = comparison.entries
    figure = Figure(figsize=(4.6 * (len(entries) + 1), 11), layout="constrained")
    rows: Any = figure.subfigures(4, 1, height_ratios=[4.4, 2.6, 2.6, 1.7])
    samples = rows[0].subplots(1, len(entries) + 1)
    show(samples[0], comparison.real, f"{comparison.data}: real images", 8)
    for panel, entry in zip(samples[1:], entries, strict=True):
        show(panel, entry.first.weights[0].samples, f"{entry.name}: samples", 8)
    _draw_losses(rows[1], entries, "images")
    _draw_losses(rows[2], entries, "seconds")
    panels = rows[3].subplots(1, len(entries), squeeze=False)[0]
    for panel, entry in zip(panels, entries, strict=True):
        frames = entry.frames["perturbation"]
        show(panel, frames.flatten(0, 1), f"{entry.name}: perturbation", frames.shape[1])
    save(figure, path)


def of_comparison(comparison: Comparison) -> dict[str, bytes]:
    """Return the page's pictures as PNG by name: grids, interpolations, pairs and curves."""
    drawn = {"real": _png(pictures.grid(comparison.real, 8))}
    for name, images in comparison.baseline_images.items():
        drawn[name] = _png(pictures.grid(images, 8))
    for number, entry in enumerate(comparison.entries):
        for weights in entry.first.weights:
            drawn[f"samples-{number}-{weights.name}"] = _png(pictures.grid(weights.samples, 8))
        for kind, frames in entry.frames.items():
            grids = [pictures.grid(step, FRAME_COLUMNS, enlarge=False) for step in frames.unbind(1)]
            drawn[f"{kind}-{number}"] = _png(torch.cat(grids, 2))
        pairs = entry.first.suspicious
        drawn[f"pairs-{number}"] = _png(
            pictures.grid(pairs.transpose(0, 1).flatten(0, 1), len(pairs))
        )
    for over in UNITS:
        drawn[f"fd-over-{over}"] = _fd_curves(comparison, over)
    if comparison.real_histogram:
        drawn["classes"] = _histograms(comparison)
    return drawn


def save_bytes(content: bytes, path: Path) -> None:
    """Write a picture. If this fails, no incomplete file is left."""
    files.save_with(path, lambda temporary: temporary.write_bytes(content))


def _png(image: Any) -> bytes:
    stream = io.BytesIO()
    pictures.picture(image).save(stream, format="PNG")
    return stream.getvalue()


def _figure_png(figure: Figure) -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, dpi=110, format="png")
    return stream.getvalue()


def _fd_curves(comparison: Comparison, over: str) -> bytes:
    """Draw the FD of every model's snapshots, and the floor."""
    figure = Figure(figsize=(6.4, 3.4), layout="constrained")
    panel = figure.subplots()
    for number, entry in enumerate(comparison.entries):
        for result in entry.results:
            curve = result.evaluation.curve
            panel.plot(
                [getattr(point, over) for point in curve],
                [point.distance for point in curve],
                "o-", ms=3, lw=1.4, color=COLOURS[number % len(COLOURS)],
                label=literal(entry.name) if result is entry.results[0] else None,
            )  # fmt: skip
    floor = comparison.baselines["floor"].numbers[comparison.fd]
    panel.axhline(floor, color="#777", lw=1, ls=":", label="floor")
    style_axes(panel, over)
    panel.set_xscale("log")
    panel.set_yscale("log")
    panel.set_ylabel(label(comparison.fd), fontsize=8)
    panel.legend(fontsize=7, frameon=False)
    return _figure_png(figure)


def _histograms(comparison: Comparison) -> bytes:
    """Draw the share of each class among real images and samples."""
    figure = Figure(figsize=(6.4, 2.6), layout="constrained")
    panel = figure.subplots()
    entries = comparison.entries
    width = 0.8 / (len(entries) + 1)
    shares = [("real images", "#999", comparison.real_histogram)]
    shares += [
        (literal(entry.name), COLOURS[number % len(COLOURS)], entry.first.scored.histogram)
        for number, entry in enumerate(entries)
    ]
    for number, (name, colour, values) in enumerate(shares):
        positions = [index + (number - len(entries) / 2) * width for index in range(len(values))]
        panel.bar(positions, values, width, color=colour, label=name)
    if len(comparison.classes) <= 20:
        panel.set_xticks(range(len(comparison.classes)), map(literal, comparison.classes))
    panel.tick_params(labelsize=8)
    panel.spines[["top", "right"]].set_visible(False)
    panel.set_ylabel("share", fontsize=8)
    panel.legend(fontsize=7, frameon=False)
    return _figure_png(figure)


def _draw_losses(row: Any, entries: Sequence[Entry], over: str) -> None:
    panels = row.subplots(1, len(entries), squeeze=False)[0]
    for panel, entry in zip(panels, entries, strict=True):
        for number, phase in enumerate(phases(entry.records)):
            key = f"train.{phase}.loss"
            points = [(r[over], r[key]) for r in entry.records if key in r]
            panel.plot(*zip(*points, strict=True), color=COLOURS[number], lw=1.4, ms=3,
                       label=literal(phase), marker="o" if len(points) < 3 else None)  # fmt: skip
        panel.set_title(literal(f"{entry.name}: loss over {UNITS[over]}"), loc="left", fontsize=9)
        style_axes(panel, over)
        panel.legend(fontsize=7, frameon=False)


def show(panel: Axes, images: Any, title: str, columns: int) -> None:
    """Show a grid of images (N, C, H, W) without axes."""
    sheet = pictures.grid(images, columns, enlarge=False).permute(1, 2, 0).numpy()
    panel.imshow(sheet.squeeze(2) if sheet.shape[2] == 1 else sheet, cmap="gray", vmin=0, vmax=255)
    panel.set_title(literal(title), loc="left", fontsize=9)
    panel.set_axis_off()
