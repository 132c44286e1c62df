"""The page ``docs/speedrun.md``: tables and a picture of what ``studies.speedrun`` measured."""

import math
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from genmodels.comparison.cells import number
from genmodels.report import markdown
from genmodels.system import files
from genmodels.training import curves
from studies import timing

Result = Mapping[str, Any]  # of a training, as in the JSON
BEFORE, LINK = "Speed <../performance>\n", "Seconds to quality <../speedrun>\n"
AGREE = 2.0  # the second features confirm a distance up to so many times the threshold
STYLES = ("-", "--")  # of lines; every colour has both

INTRODUCTION = """# Seconds to quality

How long does a training take until its samples are good? The board shows seconds of training until
the [FD](concepts.md#frechet-distance) of samples is below a threshold. What models reach after 20
and after 100 epochs is in [the study](study.md).

```sh
python -m studies.speedrun    # measures what has no result yet, and writes this page
```

A new record is a row of `ENTRIES` in `studies/speedrun.py`: a preset, the settings that it changes,
and what is new in it. The command then measures this row alone.
"""

RULES = """## Rules

- The clock counts the steps of training, compiling them, and fitting a density to the codes if a
  preset has one. It does not count loading the program and the images. Every training has a process
  of its own, with no compiled steps in its cache, and sees neither validation nor test images.
- Training pauses after {pause:g} s, and then whenever the clock has gone on by a tenth, and by
  {pause:g} s at least. {samples:,} samples, with the EMA weights if there are any, are compared
  with {validation_images:,} validation images. The time to a threshold is that of the first pause
  with an FD below it. Nothing is interpolated. Measuring stops the clock.
- A density is fitted in every pause, and one fit counts: the time is that of a training which ends
  there. So it can be some seconds above the limit.
- A row has the median over its seeds, and their range. A seed that does not pass within
  {limit:g} s of training counts as slower than all that do.
- In the pause that passed, {test_images:,} other samples are compared with the test images, in the
  features that chose it and in those of a second network, trained from another seed.{scale} A
  threshold is confirmed if the median of the second FD is below {agree:g} times the threshold.
- Each training has {threads} thread(s).
- GFLOP/s is the rate of products of large float32 matrices before and after each training. Rows
  with different rates cannot be compared.
"""

SCALE = """ Networks see
  the same difference on other scales, so the second FD is multiplied by {unit:.3g}: then the
  [Gaussian over the pixels](concepts.md#noise-floor-and-baselines) has the same FD in both."""


def write(
    docs: Path,
    protocol: Mapping[str, Any],
    unit: float,
    changed: Mapping[str, str],
    results: Sequence[Result],
) -> None:
    """Write the page and its picture, and link the page from the index of results.

    Args:
        docs: the folder of the documentation.
        protocol: how all results were measured.
        unit: factor of the second FD; one that rounds to 1.0 is left out.
        changed: entry → what it changed.
        results: of all trainings.
    """
    unit = 1.0 if f"{unit:.2g}" == "1" else unit
    scale = "" if unit == 1.0 else SCALE.format(unit=unit)
    rows = {name: [r for r in results if r["entry"] == name] for name in changed}
    missing = [name for name, found in rows.items() if not found]
    thresholds = protocol["thresholds"]
    names = sorted(
        (name for name in changed if rows[name]),
        key=lambda n: [median(rows[n], t) for t in sorted(thresholds)],
    )
    draw(docs / "pictures" / "speedrun.png", {name: rows[name] for name in names}, thresholds)
    parts = [
        INTRODUCTION,
        "## The board",
        _board(names, rows, changed, protocol),
        *([f"Not measured yet: {'; '.join(missing)}."] if missing else []),
        "![FD over seconds of training](pictures/speedrun.png)",
        "*FD on validation images over seconds of training: a line for each seed.*",
        "## The second judge",
        "FD at the moment that passed: on validation images, which chose it, and on test images.",
        _confirmations(names, rows, thresholds, unit),
        RULES.format(**protocol, pause=timing.SHORTEST, agree=AGREE, scale=scale),
        _machine(results, protocol),
    ]
    text = "\n\n".join(part.strip() for part in parts) + "\n"
    files.write(docs / "speedrun.md", text.encode())
    index = docs / "results" / "index.md"
    if index.is_file() and LINK not in (listed := index.read_text(encoding="utf-8")):
        files.write(index, listed.replace(BEFORE, BEFORE + LINK).encode())


def times(results: Sequence[Result], threshold: float) -> list[float]:
    """Return the seconds of every seed, infinite if it did not pass, shortest first."""
    passed = [result["passed"].get(f"{threshold:g}") for result in results]
    return sorted(found["seconds"] if found else math.inf for found in passed)


def median(results: Sequence[Result], threshold: float) -> float:
    """Return the median seconds over seeds; infinite if too few of them passed."""
    return statistics.median(times(results, threshold))


def summary(result: Result, thresholds: Sequence[float]) -> str:
    """Describe one training in a line."""
    found = [f"FD < {t:g}: {_seconds(median([result], t))}" for t in thresholds]
    lowest = min((moment["fd"] for moment in result["curve"]), default=math.nan)
    return f"{', '.join(found)}; lowest {number(lowest)}"


def draw(path: Path, rows: Mapping[str, Sequence[Result]], thresholds: Sequence[float]) -> None:
    """Draw FD over seconds with logarithmic axes: a line for each training."""
    figure = Figure(figsize=(8, 5.4), layout="constrained")
    panel = figure.subplots()
    for place, (name, results) in enumerate(rows.items()):
        style, colour = divmod(place, len(curves.COLOURS))
        for result in results:
            points = [(moment["seconds"], moment["fd"]) for moment in result["curve"]]
            panel.plot(*zip(*points, strict=True), STYLES[style], color=curves.COLOURS[colour],
                       lw=1.2, label=name if result is results[0] else None)  # fmt: skip
    for threshold in thresholds:
        panel.axhline(threshold, color="#777", lw=1, ls=":")
    panel.set_xscale("log")
    panel.set_yscale("log")
    curves.style_axes(panel, "seconds")
    panel.set_ylabel("FD on validation images", fontsize=8)
    figure.legend(loc="outside lower left", fontsize=9, frameon=False)
    curves.save(figure, path)


def _board(
    names: Sequence[str],
    rows: Mapping[str, Sequence[Result]],
    changed: Mapping[str, str],
    protocol: Mapping[str, Any],
) -> str:
    thresholds = protocol["thresholds"]
    lines = [["entry", "what it changed", *(f"FD < {t:g}" for t in thresholds), "GFLOP/s"]]
    for name in names:
        cells = [_cell(times(rows[name], t), protocol["limit"]) for t in thresholds]
        rates = [rate for result in rows[name] for rate in result["gflops"]]
        spread = f"{statistics.median(rates):.0f} ({min(rates):.0f} to {max(rates):.0f})"
        lines.append([name, changed[name], *cells, spread])
    return markdown.table(lines)


def _cell(seconds: Sequence[float], limit: float) -> str:
    """Return the median, the range and the share of seeds that passed."""
    count = sum(found < math.inf for found in seconds)
    share = f"{count} of {len(seconds)}"
    if not count:
        return f"— ({share} in {limit:g} s)"
    low, high = (_seconds(found, limit) for found in (seconds[0], seconds[-1]))
    return f"{_seconds(statistics.median(seconds), limit)} ({low} to {high}; {share})"


def _seconds(seconds: float, limit: float | None = None) -> str:
    if seconds == math.inf:
        return "—" if limit is None else f"> {limit:g} s"
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"


def _confirmations(
    names: Sequence[str],
    rows: Mapping[str, Sequence[Result]],
    thresholds: Sequence[float],
    unit: float,
) -> str:
    lines = [["entry", "FD <", "seeds", "validation", "test", "test, second features", ""]]
    for name in names:
        for threshold in thresholds:
            key = f"{threshold:g}"
            found = [r["passed"][key] for r in rows[name] if key in r["passed"]]
            if found:
                first, test, second = (
                    statistics.median(moment[which] for moment in found)
                    for which in ("fd", "test_fd", "second_fd")
                )
                agrees = unit * second < AGREE * threshold
                verdict = "confirmed" if agrees else "**not confirmed**"
                shown = map(number, (first, test, unit * second))
                lines.append([name, key, str(len(found)), *shown, verdict])
    return markdown.table(lines)


def _machine(results: Sequence[Result], protocol: Mapping[str, Any]) -> str:
    machines = sorted(
        {
            f"{r['hardware']['processor']}, torch {r['hardware']['versions']['torch']}"
            for r in results
        }
    )
    dates = sorted({result["date"][:10] for result in results})
    when = f"on {dates[0]}" if len(dates) == 1 else f"from {dates[0]} to {dates[-1]}"
    return (
        f"Measured on {protocol['data']}, {when}, on "
        f"{' and '.join(machines)}. Features {protocol['first_features']}, second features "
        f"{protocol['second_features']}. All numbers are in [the JSON](results/speedrun.json)."
    )
