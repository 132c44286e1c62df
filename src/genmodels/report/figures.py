"""Figures as PNG files, drawn with matplotlib away from any screen."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from genmodels import pictures
from genmodels.report.comparison import Comparison, Entry
from genmodels.report.page import WALK_COLUMNS

Records = Sequence[Mapping[str, Any]]
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # Okabe & Ito (2008)
UNITS = {"images": "training images", "seconds": "seconds of training"}


def save_curves(records: Records, path: Path, title: str) -> None:
    """Draw every term over training images, one panel a phase, held-out terms dashed."""
    names = phases(records)
    figure = Figure(figsize=(5.2 * max(1, len(names)), 3.6), layout="constrained")
    for panel, phase in zip(
        figure.subplots(1, max(1, len(names)), squeeze=False)[0], names, strict=False
    ):
        draw_phase(panel, records, phase, first=phase == names[0])
        panel.set_title(f"{title} · {phase}", loc="left", fontsize=10)
    save(figure, path)


def phases(records: Records) -> list[str]:
    """The phases that a log speaks of, in order."""
    keys = dict.fromkeys(key for record in records for key in record)
    return list(dict.fromkeys(key.split(".")[1] for key in keys if key.startswith("train.")))


def draw_phase(
    panel: Axes, records: Records, phase: str, first: bool, over: str = "images"
) -> None:
    """Draw one phase's terms, and beside each the held-out terms of the same name; terms
    that belong to no phase by name stand with the first."""
    keys = list(dict.fromkeys(key for record in records for key in record))
    trained = [key for key in keys if key.startswith(f"train.{phase}.")]
    terms = {key.rsplit(".", 1)[1] for key in trained}
    everywhere = {key.rsplit(".", 1)[1] for key in keys if key.startswith("train.")}
    held_out = [
        key
        for key in keys
        if key.startswith(("validation.", "test."))
        and (key.partition(".")[2] in terms or (first and key.partition(".")[2] not in everywhere))
    ]
    colours: dict[str, str] = {}
    for key in trained + held_out:
        split, term = key.split(".")[0], key.rsplit(".", 1)[1]
        colour = colours.setdefault(term, COLOURS[len(colours) % len(COLOURS)])
        points = [(record[over], record[key]) for record in records if key in record]
        style = {"train": "-", "validation": ":", "test": "--"}[split]
        marker = "o" if len(points) < 3 else None
        panel.plot(*zip(*points, strict=True), style, color=colour, marker=marker, ms=3, lw=1.4,
                   label=f"{term.replace('_', ' ')}, {split}")  # fmt: skip
    style_axes(panel, over)
    panel.legend(fontsize=7, frameon=False)


def style_axes(panel: Axes, over: str) -> None:
    """Quiet axes with readable numbers."""
    panel.set_xlabel(UNITS[over], fontsize=8)
    panel.xaxis.set_major_formatter(EngFormatter(sep=""))
    panel.tick_params(labelsize=8)
    panel.grid(alpha=0.25, lw=0.6)
    panel.spines[["top", "right"]].set_visible(False)


def save_comparison(comparison: Comparison, path: Path) -> None:
    """Draw everything about several models on one page, a column each: samples from the
    same seed, losses over images and over seconds, perturbation strips."""
    entries = comparison.entries
    figure = Figure(figsize=(4.6 * (len(entries) + 1), 11), layout="constrained")
    rows: Any = figure.subfigures(4, 1, height_ratios=[4.4, 2.6, 2.6, 1.7])
    samples = rows[0].subplots(1, len(entries) + 1)
    show(samples[0], comparison.real, f"{comparison.data}: real images", 8)
    for panel, entry in zip(samples[1:], entries, strict=True):
        show(panel, entry.first.weights[0].samples, f"{entry.name}: samples", 8)
    _draw_losses(rows[1], entries, "images")
    _draw_losses(rows[2], entries, "seconds")
    strips = rows[3].subplots(1, len(entries), squeeze=False)[0]
    for panel, entry in zip(strips, entries, strict=True):
        walk = entry.walks["perturbation"]
        show(panel, walk.flatten(0, 1), f"{entry.name}: perturbation", walk.shape[1])
    save(figure, path)


def of_comparison(comparison: Comparison) -> dict[str, bytes]:
    """Every picture of the page as a PNG, by name: grids, walks, pairs, curves."""
    drawn = {"real": _png(pictures.grid(comparison.real, 8))}
    for name, images in comparison.anchor_images.items():
        drawn[name] = _png(pictures.grid(images, 8))
    for number, entry in enumerate(comparison.entries):
        for weights in entry.first.weights:
            drawn[f"samples-{number}-{weights.name}"] = _png(pictures.grid(weights.samples, 8))
        for kind, walk in entry.walks.items():
            frames = [
                pictures.grid(walk[:, i], WALK_COLUMNS, enlarge=False) for i in range(walk.shape[1])
            ]
            drawn[f"{kind}-{number}"] = _png(torch.cat(frames, 2))
        pairs = entry.first.suspicious
        drawn[f"pairs-{number}"] = _png(
            pictures.grid(pairs.transpose(0, 1).flatten(0, 1), len(pairs))
        )
    for over in UNITS:
        drawn[f"distance-over-{over}"] = _distances(comparison, over)
    if comparison.real_histogram:
        drawn["classes"] = _histograms(comparison)
    return drawn


def save_bytes(content: bytes, path: Path) -> None:
    """Write a picture, whole or not at all."""
    pictures.save_with(path, lambda temporary: temporary.write_bytes(content))


def _png(image: Any) -> bytes:
    stream = io.BytesIO()
    pictures.picture(image).save(stream, format="PNG", optimize=True)
    return stream.getvalue()


def _figure_png(figure: Figure) -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, dpi=110, format="png")
    return stream.getvalue()


def _distances(comparison: Comparison, over: str) -> bytes:
    """The distance of the snapshots of every model on one axis, with the floor."""
    figure = Figure(figsize=(6.4, 3.4), layout="constrained")
    panel = figure.subplots()
    for number, entry in enumerate(comparison.entries):
        for result in entry.results:
            curve = result.evaluation.curve
            panel.plot(
                [getattr(point, over) for point in curve],
                [point.distance for point in curve],
                "o-", ms=3, lw=1.4, color=COLOURS[number % len(COLOURS)],
                label=entry.name if result is entry.results[0] else None,
            )  # fmt: skip
    floor = comparison.anchors["floor"].numbers[comparison.fd]
    panel.axhline(floor, color="#777", lw=1, ls=":", label="floor")
    style_axes(panel, over)
    panel.set_xscale("log")
    panel.set_yscale("log")
    panel.set_ylabel(comparison.fd.replace("_", " "), fontsize=8)
    panel.legend(fontsize=7, frameon=False)
    return _figure_png(figure)


def _histograms(comparison: Comparison) -> bytes:
    """The share of each class among real images and samples."""
    figure = Figure(figsize=(6.4, 2.6), layout="constrained")
    panel = figure.subplots()
    entries = comparison.entries
    width = 0.8 / (len(entries) + 1)
    shares = [("real images", "#999", comparison.real_histogram)]
    shares += [
        (entry.name, COLOURS[number % len(COLOURS)], entry.first.scored.histogram)
        for number, entry in enumerate(entries)
    ]
    for number, (name, colour, values) in enumerate(shares):
        places = [index + (number - len(entries) / 2) * width for index in range(len(values))]
        panel.bar(places, values, width, color=colour, label=name)
    if len(comparison.classes) <= 20:
        panel.set_xticks(range(len(comparison.classes)), comparison.classes)
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
            panel.plot(*zip(*points, strict=True), color=COLOURS[number], lw=1.4, label=phase,
                       marker="o" if len(points) < 3 else None, ms=3)  # fmt: skip
        panel.set_title(f"{entry.name}: loss over {UNITS[over]}", loc="left", fontsize=9)
        style_axes(panel, over)
        panel.legend(fontsize=7, frameon=False)


def show(panel: Axes, images: Any, title: str, columns: int) -> None:
    """Show a grid of images (N, C, H, W) without axes."""
    sheet = pictures.grid(images, columns, enlarge=False).permute(1, 2, 0).numpy()
    panel.imshow(sheet.squeeze(2) if sheet.shape[2] == 1 else sheet, cmap="gray", vmin=0, vmax=255)
    panel.set_title(title, loc="left", fontsize=9)
    panel.set_axis_off()


def save(figure: Figure, path: Path) -> None:
    """Write a figure, whole or not at all."""
    pictures.save_with(path, lambda temporary: figure.savefig(temporary, dpi=110, format="png"))
