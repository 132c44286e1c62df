"""The curves of a run, drawn into a file with matplotlib."""

import io
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from genmodels.errors import one_line
from genmodels.system import files

Records = Sequence[Mapping[str, float]]
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # Okabe & Ito (2008)
COPIES = {"copies.samples": "samples", "copies.held_out": "held-out images"}
UNITS = {"images": "training images", "seconds": "seconds of training"}
SUFFIXES = {"G": 1e9, "M": 1e6, "k": 1e3}  # of large numbers on an axis


def save_curves(records: Records, path: Path, title: str, copies: Records = ()) -> None:
    """Draw every term over the number of training images, with a panel for each phase.

    Terms of validation images are dotted, those of test images dashed.

    Args:
        records: the epochs of the log.
        path: of the figure.
        title: of every panel.
        copies: the measurements of copies; they have a panel of their own.
    """
    names = phases(records)
    count = max(1, len(names) + bool(copies))
    figure = Figure(figsize=(6.8 * count, 3.6), layout="constrained")
    panels = figure.subplots(1, count, squeeze=False)[0]
    for panel, phase in zip(panels, names, strict=False):
        draw_phase(panel, records, phase, first=phase == names[0])
        panel.set_title(literal(f"{title} · {phase}"), loc="left", fontsize=10)
    if copies:
        _draw_copies(panels[-1], copies)
        panels[-1].set_title(literal(f"{title} · copies"), loc="left", fontsize=10)
    save(figure, path)


def phases(records: Records) -> list[str]:
    """Return the phases that occur in a log, in order."""
    keys = dict.fromkeys(key for record in records for key in record)
    return list(dict.fromkeys(key.split(".")[1] for key in keys if key.startswith("train.")))


def draw_phase(panel: Axes, records: Records, phase: str, first: bool) -> None:
    """Draw the training terms of a phase over images, and the held-out terms of the same names.

    Args:
        panel: where to draw.
        records: the log.
        phase: the name of the phase.
        first: also draw the held-out terms whose names occur in no phase.
    """
    keys = list(dict.fromkeys(key for record in records for key in record))
    trained = [key for key in keys if key.startswith(f"train.{phase}.")]
    terms = {key.rsplit(".", 1)[1] for key in trained}
    trained_terms = {key.rsplit(".", 1)[1] for key in keys if key.startswith("train.")}
    held_out = [
        key
        for key in keys
        if key.startswith(("validation.", "test."))
        and (
            key.partition(".")[2] in terms or (first and key.partition(".")[2] not in trained_terms)
        )
    ]
    numbers: dict[str, int] = {}  # of terms
    for key in trained + held_out:
        split, term = key.split(".")[0], key.rsplit(".", 1)[1]
        number = numbers.setdefault(term, len(numbers))
        draw_term(panel, records, key, "images", number, f"{term.replace('_', ' ')}, {split}")
    style_axes(panel, "images")
    explain(panel)


def draw_term(panel: Axes, records: Records, key: str, over: str, number: int, label: str) -> None:
    """Draw a term of training images as a line, of validation images dotted, of test images dashed.

    Args:
        panel: where to draw.
        records: the log.
        key: of the term; its first part is the split.
        over: the key of the x-axis, ``images`` or ``seconds``.
        number: chooses the colour, which repeats after the last one.
        label: of the line.
    """
    points = [(record[over], record[key]) for record in records if key in record]
    style = {"train": "-", "validation": ":", "test": "--"}[key.split(".")[0]]
    marker = "o" if len(points) < 3 else None
    panel.plot(*zip(*points, strict=True), ls=style, color=COLOURS[number % len(COLOURS)],
               marker=marker, ms=3, lw=1.4, label=literal(label))  # fmt: skip


def _draw_copies(panel: Axes, records: Records) -> None:
    """Draw the shares of copies among samples and among held-out images, in percent."""
    for (key, name), colour in zip(COPIES.items(), COLOURS, strict=False):
        points = [(record["images"], 100 * record[key]) for record in records if key in record]
        if points:
            label = f"copies among {name}, %"
            panel.plot(*zip(*points, strict=True), "o-", color=colour, ms=3, lw=1.4, label=label)
    style_axes(panel, "images")
    explain(panel)


def literal(text: str) -> str:
    """Return a text for matplotlib, which reads what is between two dollar signs as a formula.

    Control characters, which an SVG cannot hold, are written as Python escapes them.
    """
    return one_line(text).replace("$", r"\$")


def style_axes(panel: Axes, over: str) -> None:
    """Set readable numbers, a light grid and no frame."""
    panel.set_xlabel(UNITS[over], fontsize=9)
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: compact(value)))
    panel.tick_params(labelsize=9)
    panel.grid(alpha=0.25, lw=0.6)
    panel.spines[["top", "right"]].set_visible(False)


def compact(value: float) -> str:
    """Return a number of an axis as text: ``0.5``, ``20``, ``1.5k``, ``2M``, ``1e+12``."""
    for suffix, size in SUFFIXES.items():
        if size <= abs(value) < 1000 * SUFFIXES["G"]:
            return f"{value / size:g}{suffix}"
    return f"{value:g}"


def explain(panel: Axes) -> None:
    """Draw the legend beside the axes, where it covers no line; none if nothing was drawn."""
    if panel.has_data():
        panel.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=9, frameon=False)


def encode(figure: Figure, kind: str = "png", **options: Any) -> bytes:
    """Return a figure as the content of a file.

    A letter that matplotlib's font lacks is drawn as a box, without a warning.

    Args:
        figure: the figure.
        kind: ``png`` or ``svg``.
        options: of ``Figure.savefig``.
    """
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from font")
        figure.savefig(stream, dpi=110, format=kind, **options)
    return stream.getvalue()


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG. An existing file is unchanged if writing fails."""
    files.write(path, encode(figure))
