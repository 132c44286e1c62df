"""The HTML page of a report: one file that needs no other file and no network."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import jinja2
from torch import Tensor

from genmodels.comparison import (
    advice,
    answers,
    claims,
    copy_verdicts,
    fairness,
    pairs,
    ranks,
    verdicts,
)
from genmodels.comparison.cells import interval, number
from genmodels.comparison.entry import Entry
from genmodels.comparison.result import Comparison
from genmodels.data import pictures
from genmodels.evaluation.baselines import MEANINGS, SIMPLE
from genmodels.evaluation.metrics.table import LOWER_IS_BETTER, label

KINDS = "perturbation", "interpolation"
TYPES = {".png": "image/png", ".svg": "image/svg+xml"}
FRAME_COLUMNS = 2  # interpolations side by side


@dataclass(frozen=True)
class Bar:
    """An interval on the axis from 0 to the largest FD, in percent."""

    start: float
    width: float
    middle: float


def render(comparison: Comparison, drawn: Mapping[str, bytes], measured: Mapping[str, Any]) -> str:
    """Return the page as HTML.

    Args:
        comparison: the comparison.
        drawn: its pictures by file name, from :func:`genmodels.report.figures.of_comparison`.
        measured: command, date, machine and versions.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("genmodels.report", "page"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["label"] = label
    urls = {
        Path(name).stem: f"data:{TYPES[Path(name).suffix]};base64,{base64.b64encode(file).decode()}"
        for name, file in drawn.items()
    }
    main = comparison.main_rows()
    return environment.get_template("page.html").render(
        comparison=comparison,
        summary=verdicts.summary(comparison),
        answers=answers.of(comparison),
        claims=claims.of(comparison),
        claim_set=claims.asked(comparison),
        copies=copy_verdicts.of(comparison),
        fairness=fairness.remarks(comparison),
        ranks=ranks.table(comparison),
        ranks_notes=ranks.notes(comparison),
        differences=pairs.sentences(comparison.pairs),
        conditions=verdicts.conditions(comparison),
        advice=advice.of(comparison),
        meanings=MEANINGS,
        images=urls,
        main=main[1:],
        rest=[name for name in comparison.rows() if name not in main],
        lower=LOWER_IS_BETTER,
        kinds=KINDS,
        bars=_bars(comparison),
        floor=_floor(comparison),
        measured=measured,
        arrival=verdicts.arrival,
        sides=_sides,
        label=label,
        cell=cell,
        number=number,
        intervals=partial(verdicts.intervals, comparison),
        simple=SIMPLE,
    )


def cell(entry: Entry, name: str) -> str:
    """Return a number of a model with its interval as text, or a dash.

    A line may end before the interval, not inside.
    """
    shown = interval(entry.estimate(name)).replace("± ", "±\N{NO-BREAK SPACE}")
    # A line may end after a dash, also before a no-break space (Unicode's UAX 14, LB12a).
    return shown.replace(" – ", "\N{NO-BREAK SPACE}–\N{WORD JOINER}\N{NO-BREAK SPACE}")


def _sides(frames: Tensor) -> str:
    """Return width / height of one drawn step of interpolations (R, steps, C, H, W)."""
    rows = -(-len(frames) // FRAME_COLUMNS)
    height, width = (size + pictures.GAP for size in frames.shape[3:])
    return f"{width * FRAME_COLUMNS + pictures.GAP} / {height * rows + pictures.GAP}"


def _largest(comparison: Comparison) -> float:
    found = [entry.estimate(comparison.fd) for entry in comparison.entries]
    return max(max(e.high or 0.0, e.mean) for e in found if e) or 1.0


def _bars(comparison: Comparison) -> dict[str, Bar]:
    """Return the interval of each model's FD."""
    largest = _largest(comparison)
    bars = {}
    for entry in comparison.entries:
        if found := entry.estimate(comparison.fd):
            low = max(0.0, found.mean if found.low is None else found.low)
            width = (found.mean if found.high is None else found.high) - low
            bars[entry.name] = Bar(
                100 * low / largest, 100 * width / largest, 100 * found.mean / largest
            )
    return bars


def _floor(comparison: Comparison) -> float:
    floor = comparison.baselines["floor"].numbers[comparison.fd]
    return min(100.0, 100 * floor / _largest(comparison))
