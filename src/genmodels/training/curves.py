"""The loss curves of a run, drawn into a file with matplotlib."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from genmodels.system import files

Records = Sequence[Mapping[str, float]]
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # Okabe & Ito (2008)
UNITS = {"images": "training images", "seconds": "seconds of training"}


def save_curves(records: Records, path: Path, title: str) -> None:
    """Draw every term over the number of training images, with a panel for each phase.

    Terms of validation images are dotted, those of test images dashed.
    """
    names = phases(records)
    figure = Figure(figsize=(5.2 * max(1, len(names)), 3.6), layout="constrained")
    for panel, phase in zip(
        figure.subplots(1, max(1, len(names)), squeeze=False)[0], names, strict=False
    ):
        draw_phase(panel, records, phase, first=phase == names[0])
        panel.set_title(literal(f"{title} · {phase}"), loc="left", fontsize=10)
    save(figure, path)


def phases(records: Records) -> list[str]:
    """Return the phases that occur in a log, in order."""
    keys = dict.fromkeys(key for record in records for key in record)
    return list(dict.fromkeys(key.split(".")[1] for key in keys if key.startswith("train.")))


def draw_phase(
    panel: Axes, records: Records, phase: str, first: bool, over: str = "images"
) -> None:
    """Draw the training terms of a phase, and the held-out terms of the same names.

    Args:
        panel: where to draw.
        records: the log.
        phase: the name of the phase.
        first: also draw the held-out terms whose names occur in no phase.
        over: the key of the x-axis, ``images`` or ``seconds``.
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
    colours: dict[str, str] = {}
    for key in trained + held_out:
        split, term = key.split(".")[0], key.rsplit(".", 1)[1]
        colour = colours.setdefault(term, COLOURS[len(colours) % len(COLOURS)])
        points = [(record[over], record[key]) for record in records if key in record]
        style = {"train": "-", "validation": ":", "test": "--"}[split]
        marker = "o" if len(points) < 3 else None
        panel.plot(*zip(*points, strict=True), style, color=colour, marker=marker, ms=3, lw=1.4,
                   label=literal(f"{term.replace('_', ' ')}, {split}"))  # fmt: skip
    style_axes(panel, over)
    panel.legend(fontsize=7, frameon=False)


def literal(text: str) -> str:
    """Return a text for matplotlib, which reads what is between two dollar signs as a formula."""
    return text.replace("$", r"\$")


def style_axes(panel: Axes, over: str) -> None:
    """Set readable numbers, a light grid and no frame."""
    panel.set_xlabel(UNITS[over], fontsize=8)
    panel.xaxis.set_major_formatter(EngFormatter(sep=""))
    panel.tick_params(labelsize=8)
    panel.grid(alpha=0.25, lw=0.6)
    panel.spines[["top", "right"]].set_visible(False)


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG. An existing file is unchanged if writing fails."""
    files.save_with(path, lambda temporary: figure.savefig(temporary, dpi=110, format="png"))
