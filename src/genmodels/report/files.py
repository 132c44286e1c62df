"""A comparison as files: ``report.html``, ``report.json``, ``report.md`` and ``figures/``."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from genmodels.comparison import advice, verdicts
from genmodels.comparison.result import Comparison, Entry
from genmodels.evaluation.baselines import MEANINGS
from genmodels.evaluation.metrics.scores import Scored
from genmodels.evaluation.metrics.table import label
from genmodels.report import figures, html
from genmodels.system import files


def save(comparison: Comparison, out: Path, measured: Mapping[str, Any]) -> None:
    """Write everything about a comparison into a folder.

    Args:
        comparison: what to write.
        out: the folder; made where it is missing.
        measured: when, where and by which command it was made.

    Raises:
        InputError: the folder cannot be written.
    """
    figures.save_comparison(comparison, out / "comparison.png")
    drawn = figures.of_comparison(comparison)
    for name, figure in drawn.items():
        figures.save_bytes(figure, out / "figures" / f"{name}.png")
    content = plain(comparison, measured)
    files.write(out / "report.json", (json.dumps(content, indent=1) + "\n").encode())
    files.write(out / "report.md", markdown(comparison, measured).encode())
    page = html.render(comparison, drawn, measured)
    files.write(out / "report.html", page.encode())


def plain(comparison: Comparison, measured: Mapping[str, Any]) -> dict[str, Any]:
    """Return the comparison as JSON values.

    What differs when the same runs are evaluated again is under ``measured``: rates, memory,
    paths, dates.
    """
    return {
        "summary": verdicts.summary(comparison),
        "protocol": dict(comparison.protocol),
        "real": dict(comparison.real_numbers),
        **{name: _scored(scored) for name, scored in comparison.baselines.items()},
        "models": [_model(entry) for entry in comparison.entries],
        "pairs": [
            {"better": p.better, "worse": p.worse, "p_value": p.p_value, "verdict": p.verdict}
            for p in comparison.pairs
        ],
        "verdicts": [vars(verdict) for verdict in verdicts.claims(comparison)],
        "fairness": verdicts.fairness(comparison),
        "advice": [vars(found) for found in advice.of(comparison)],
        "measured": {
            **measured,
            "models": {
                entry.name: [
                    {"seed": r.seed, "run": r.run, **r.evaluation.measured} for r in entry.results
                ]
                for entry in comparison.entries
            },
        },
    }


def markdown(comparison: Comparison, measured: Mapping[str, Any]) -> str:
    """Write the comparison as Markdown, for a wiki or a pull request."""
    names = [entry.name for entry in comparison.entries]
    headings = comparison.headings()
    lines = [f"# {comparison.data}: {', '.join(names)}", "", verdicts.summary(comparison), ""]
    lines += [f"| | {' | '.join(headings)} |", "|---" * (1 + len(headings)) + "|"]
    lines += [f"| {' | '.join(row)} |" for row in comparison.table()]
    lines += ["", "## Verdicts", ""]
    lines += [f"- **{v.claim}** {v.answer}. {v.why}" for v in verdicts.claims(comparison)]
    lines += ["", "## Fairness", ""]
    lines += [f"- {text}" for text in verdicts.fairness(comparison)] or ["- Nothing was unequal."]
    checks = [f"- {a.model}: {a.symptom} {a.check}" for a in advice.of(comparison)]
    lines += ["", "## To check next", "", *(checks or ["- No symptom was found."])]
    lines += ["", "## Protocol", ""]
    lines += [f"- {label(name)}: {value}" for name, value in comparison.protocol.items()]
    lines += [f"- {name}: {meaning}" for name, meaning in MEANINGS.items()]
    lines += ["", f"Made by `{measured['command']}`.", ""]
    return "\n".join(lines)


def _model(entry: Entry) -> dict[str, Any]:
    numbers = {}
    for name in dict.fromkeys(n for r in entry.results for n in r.evaluation.numbers):
        found = entry.estimate(name)
        if found:
            numbers[name] = {"mean": found.mean, "half": found.half, "values": list(found.values)}
    arrivals = entry.arrivals()
    return {
        "name": entry.name,
        "seeds": [result.seed for result in entry.results],
        "numbers": numbers,
        "undefined": dict(entry.first.undefined),
        "arrivals": [vars(point) for point in arrivals] if arrivals else None,
        "runs": [
            {
                "seed": result.seed,
                "weights": [
                    {"name": w.name, "step": w.step, "distance": w.distance}
                    for w in result.evaluation.weights
                ],
                "headline": result.evaluation.headline,
                "sampling_spread": result.evaluation.spread,
                "curve": [vars(point) for point in result.evaluation.curve],
                "histogram": result.evaluation.scored.histogram,
            }
            for result in entry.results
        ],
    }


def _scored(scored: Scored) -> dict[str, Any]:
    return {"numbers": scored.numbers, "undefined": scored.undefined}
