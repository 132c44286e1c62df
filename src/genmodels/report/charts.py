"""Charts of a comparison: SVG that matplotlib draws.

A chart keeps its text as text, in the font and at about the size of the page that shows it, and
has a second set of colours for dark pages.
"""

import math
from collections.abc import Callable, Sequence
from textwrap import fill
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, MaxNLocator

from genmodels.comparison.entry import Entry, Result
from genmodels.comparison.result import Comparison
from genmodels.evaluation.metrics.table import label
from genmodels.training.curves import COLOURS, UNITS, compact, encode, literal

WIDTH = 400  # of a chart, in pixels of the page
ROW = 22  # height of a line of a legend
SIZE = 13  # of letters in a chart
NAME = 45  # letters in a line of a legend
TICKS = 6  # most numbers on a logarithmic axis
LABELLED = 30  # most classes whose names are drawn
MARKERS, STYLES = "osD^v", ("-", "--", "-.")  # with six colours, 30 series look different
MARKS = {"floor": ":", "gaussian": "--", "mean_image": "-."}  # baseline → style of its line
PAGE, INK, SOFT, LINE = "#ffffff", "#1b1b1f", "#5c5f66", "#d8dae0"
DARK = {  # as on the page; the darkest colour of a series is lighter
    PAGE: "#17181c", INK: "#e8e8ec", SOFT: "#a2a6b0", LINE: "#3a3d45", COLOURS[0]: "#2e8fcf",
}  # fmt: skip
RECOLOURED = "".join(
    f'[style*="{part}: {light}"] {{ {part}: {dark} !important }}\n'
    for light, dark in DARK.items()
    for part in ("fill", "stroke")
)
STYLE = f"""
text {{ font-family: system-ui, sans-serif !important }}
@media screen and (prefers-color-scheme: dark) {{
{RECOLOURED}}}
"""


def of_comparison(comparison: Comparison) -> dict[str, bytes]:
    """Return the page's charts by file name."""
    drawn = {
        f"ranking-{judge.fd}.svg": _ranking(comparison, judge.fd) for judge in comparison.judges
    }
    for over in UNITS if comparison.trained else ():
        if any(_points(r, over) for entry in comparison.trained for r in entry.results):
            drawn[f"fd-over-{over}.svg"] = _fd_curves(comparison, over)
    if any(_copied(result) for entry in comparison.trained for result in entry.results):
        drawn["copies.svg"] = _copy_curves(comparison)
    if comparison.real_histogram:
        drawn["classes.svg"] = _class_shares(comparison)
    return drawn


def _ranking(comparison: Comparison, key: str) -> bytes:
    """Draw a Fréchet distance of every model with its interval, lowest first.

    Beside them are the floor, which real images have, and the baselines that a model should beat.
    """
    ranked = comparison.ranked(key)
    names = _names(ranked, NAME // 2)
    marks = {
        name: value
        for name in MARKS
        if name in comparison.baselines
        and (value := comparison.baselines[name].numbers.get(key, 0)) > 0
    }
    lines = sum(name.count("\n") + 1 for name in names)
    figure, panel = _chart(70 + ROW * lines, [label(name) for name in marks])
    for place, entry in enumerate(ranked):
        look, found = _look(comparison.entries.index(entry)), entry.estimate(key)
        if found and found.mean > 0:
            low, high = found.low or found.mean, found.high or found.mean
            panel.plot([low, high], [place, place], lw=2.4, color=look["color"])
            panel.plot([found.mean], [place], ls="none", **look)
    for name, value in marks.items():
        panel.axvline(value, color=SOFT, lw=1.2, ls=MARKS[name], label=label(name))
    panel.set_xscale("log")
    _round_ticks(panel.xaxis, panel.get_xlim())
    panel.set_yticks(range(len(ranked)), names)
    panel.tick_params(axis="y", length=0)
    panel.set_ylim(len(ranked) - 0.5, -0.5)
    panel.grid(axis="x", color=LINE, lw=0.6)
    panel.set_title(label(key), loc="left", fontsize=SIZE, color=SOFT)
    return _svg(figure)


def _chart(height: float, names: Sequence[str]) -> tuple[Figure, Axes]:
    """Return a figure with room for axes of a height and for a legend of these names."""
    height += ROW * sum(name.count("\n") + 1 for name in names)
    layout = ConstrainedLayoutEngine(h_pad=0.08)
    figure = Figure(figsize=(WIDTH / 72, height / 72), layout=layout, facecolor=PAGE)
    panel = figure.subplots(subplot_kw={"facecolor": "none"})
    panel.tick_params(colors=LINE, labelcolor=INK, labelsize=SIZE)
    panel.spines[["top", "right"]].set_visible(False)
    panel.spines[["left", "bottom"]].set_color(LINE)
    return figure, panel


def _svg(figure: Figure) -> bytes:
    """Return a chart with its legend below. Equal charts have equal bytes."""
    figure.legend(loc="outside lower left", fontsize=SIZE, labelcolor=INK, frameon=False,
                  handlelength=3, borderpad=0)  # fmt: skip
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "genmodels"}):
        metadata = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        drawn = encode(figure, "svg", metadata=metadata)
    return drawn.replace(b"</style>", STYLE.encode() + b"</style>", 1)


def _names(entries: Sequence[Entry], width: int = NAME) -> list[str]:
    """Return the names of models in lines of so many letters."""
    return [fill(literal(entry.name), width) for entry in entries]


def _look(number: int) -> dict[str, Any]:
    """Return the colour and the marker of a series."""
    return {
        "color": COLOURS[number % len(COLOURS)],
        "marker": MARKERS[number % len(MARKERS)],
        "ms": 6.5,
        "mec": PAGE,
        "mew": 0.8,
    }


def _points(result: Result, over: str) -> list[tuple[float, float]]:
    """Return the curve of a run for logarithmic axes, which have no place for 0."""
    points = [(getattr(point, over), point.distance) for point in result.evaluation.curve]
    return [point for point in points if min(point) > 0]


def _copied(result: Result) -> list[tuple[float, float]]:
    """Return the shares of copies of a run's snapshots, in percent, over training images."""
    curve = result.evaluation.curve
    return [(p.images, 100 * p.copied) for p in curve if p.copied is not None and p.images > 0]


def _fd_curves(comparison: Comparison, over: str) -> bytes:
    """Draw the FD of every model's snapshots, and the floor."""
    figure, panel = _chart(270, [*_names(comparison.trained), "floor"])
    _plot(panel, comparison.entries, lambda result: _points(result, over))
    floor = comparison.baselines["floor"].numbers[comparison.fd]
    panel.axhline(floor, color=SOFT, lw=1.2, ls=":", label="floor")
    panel.set_xscale("log")
    panel.set_yscale("log")
    _round_ticks(panel.xaxis, panel.get_xlim())
    _round_ticks(panel.yaxis, panel.get_ylim())
    panel.grid(color=LINE, lw=0.6)
    panel.set_xlabel(UNITS[over], fontsize=SIZE, color=SOFT)
    panel.set_title(label(comparison.fd), loc="left", fontsize=SIZE, color=SOFT)
    return _svg(figure)


def _copy_curves(comparison: Comparison) -> bytes:
    """Draw the share of copies among the samples of every model's snapshots."""
    figure, panel = _chart(200, [*_names(comparison.trained), "held-out images"])
    _plot(panel, comparison.entries, _copied)
    known = [entry.mean("copied_held_out") for entry in comparison.trained]
    panel.axhline(100 * max((share for share in known if share is not None), default=0.0),
                  color=SOFT, lw=1.2, ls=":", label="held-out images")  # fmt: skip
    panel.set_xscale("log")
    _round_ticks(panel.xaxis, panel.get_xlim())
    panel.set_ylim(0, max(5.0, panel.get_ylim()[1]))
    panel.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{share:g} %"))
    panel.grid(color=LINE, lw=0.6)
    panel.set_xlabel(UNITS["images"], fontsize=SIZE, color=SOFT)
    panel.set_title(label("copied"), loc="left", fontsize=SIZE, color=SOFT)
    return _svg(figure)


def _plot(
    panel: Axes,
    entries: Sequence[Entry],
    points_of: Callable[[Result], list[tuple[float, float]]],
) -> None:
    """Draw a line for each run, in the look of its model."""
    names = _names(entries)
    for number, entry in enumerate(entries):
        for result in entry.results:
            points = points_of(result)
            panel.plot(
                [x for x, _ in points],
                [y for _, y in points],
                STYLES[number % len(STYLES)], lw=1.6, **_look(number),
                label=names[number] if result is entry.results[0] else None,
            )  # fmt: skip


def _round_ticks(axis: Axis, limits: tuple[float, float]) -> None:
    """Mark a logarithmic axis by a few round numbers."""
    ticks = log_ticks(*limits)
    axis.set_ticks(ticks, map(compact, ticks))
    axis.set_ticks([], minor=True)


def log_ticks(low: float, high: float) -> list[float]:
    """Return a few round numbers between the ends of a logarithmic axis."""
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for digits in ((1, 2, 5), (1, 3), (1,)):
        ticks = [t for e in exponents for d in digits if low <= (t := d * 10.0**e) <= high]
        if len(ticks) <= TICKS:
            break
    if len(ticks) < 3:
        even = MaxNLocator(TICKS - 1, steps=[1, 2, 5, 10]).tick_values(low, high)
        return [float(tick) for tick in even if low <= tick <= high]
    return ticks[:: -(-len(ticks) // TICKS)]


def _class_shares(comparison: Comparison) -> bytes:
    """Draw the share of each class: a bar for real images, a marker for each model."""
    names = [*_names(comparison.entries), "real images"]
    classes, count = comparison.classes, len(comparison.real_histogram)
    labels = [fill(literal(name), NAME // 2) for name in classes] if count <= LABELLED else []
    lines = max((text.count("\n") for text in labels), default=0)
    figure, panel = _chart(60 + (26 + ROW * lines) * min(count, LABELLED), names)
    panel.barh(range(count), comparison.real_histogram, 0.7, color=LINE, label=names[-1])
    for number, entry in enumerate(comparison.entries):
        shift = 0.5 * ((number + 0.5) / len(comparison.entries) - 0.5)
        places = [place + shift for place in range(count)]
        panel.plot(entry.first.scored.histogram, places, ls="none", **_look(number),
                   label=names[number])  # fmt: skip
    panel.set_ylim(count - 0.5, -0.5)
    panel.set_yticks(range(len(labels)), labels)
    panel.tick_params(axis="y", length=0)
    panel.set_xlim(0)
    panel.xaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g} %"))
    panel.set_xlabel("share of images", fontsize=SIZE, color=SOFT)
    return _svg(figure)
