"""The files of a report: ``report.html``, ``report.json``, ``report.md`` and ``figures/``."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from genmodels.comparison import advice, claims, copy_verdicts, fairness, ranks, verdicts
from genmodels.comparison.entry import Entry
from genmodels.comparison.judge_tests import JudgeTest
from genmodels.comparison.pairs import PairTest
from genmodels.comparison.result import Comparison
from genmodels.comparison.statistics import Estimate
from genmodels.comparison.usefulness import Utility
from genmodels.evaluation.metrics.scores import Scored
from genmodels.report import figures, html, markdown
from genmodels.system import files


def save(comparison: Comparison, out: Path, measured: Mapping[str, Any]) -> None:
    """Write the report of a comparison into a folder.

    Args:
        comparison: the comparison.
        out: the folder, which is made if it is missing.
        measured: command, date, machine and versions.

    Raises:
        InputError: the folder cannot be written.
    """
    figures.save_comparison(comparison, out / "comparison.png")
    drawn = figures.of_comparison(comparison)
    for name, figure in drawn.items():
        files.write(out / "figures" / name, figure)
    content = plain(comparison, measured)
    files.write(out / "report.json", (json.dumps(content, indent=1) + "\n").encode())
    files.write(out / "report.md", markdown.render(comparison, measured).encode())
    page = html.render(comparison, drawn, measured)
    files.write(out / "report.html", page.encode())


def plain(comparison: Comparison, measured: Mapping[str, Any]) -> dict[str, Any]:
    """Return the comparison as JSON values.

    Values that differ when the same runs are evaluated again are under ``measured``: rates,
    memory, paths and dates.
    """
    return {
        "summary": verdicts.summary(comparison),
        "protocol": dict(comparison.protocol),
        "real": dict(comparison.real_numbers),
        **{name: _scored(scored) for name, scored in comparison.baselines.items()},
        "models": [_model(entry) for entry in comparison.entries],
        "judges": _judges(comparison),
        "pairs": [_pair(pair) for pair in comparison.pairs],
        "verdicts": [vars(verdict) for verdict in claims.of(comparison)],
        "copy_watch": [asdict(verdict) for verdict in copy_verdicts.of(comparison)],
        **({"utility": _utility(comparison.utility)} if comparison.utility else {}),
        "fairness": fairness.remarks(comparison),
        "advice": [vars(found) for found in advice.of(comparison)],
        "measured": {
            **measured,
            "conditions": verdicts.conditions(comparison),
            "jobs": comparison.jobs,
            "models": {
                entry.name: [
                    {"seed": r.seed, "run": r.run, **r.evaluation.measured} for r in entry.results
                ]
                for entry in comparison.entries
            },
        },
    }


def _judges(comparison: Comparison) -> list[dict[str, Any]]:
    found = {judge.name: {**vars(judge)} for judge in comparison.judges}
    for ranking in ranks.of(comparison):
        places = {entry.name: ranking.rank(entry.name) for entry in comparison.entries}
        end = "_last_weights" if ranking.last else ""
        found[ranking.judge.name] |= {f"ranks{end}": places, f"tau{end}": ranking.tau}
    return list(found.values())


def _pair(pair: PairTest) -> dict[str, Any]:
    """Return a pair; its numbers are those of the leading judge, and all judges' follow.

    With ``last_weights`` are the tests with the last weights of both; none if they are the same.
    ``both_ways`` is true if a model is better by the headlines and with these weights too.
    """
    return {
        "better": pair.better,
        "worse": pair.worse,
        "p_value": pair.p_value,
        "verdict": pair.verdict,
        "both_ways": pair.both_ways,
        "ratio": pair.ratio,
        "detectable": pair.detectable,
        "seeds_needed": pair.seeds_needed,
        "judge": pair.lead.judge.name if pair.lead else None,
        "judges": list(map(_test, pair.tests)),
        "weights": dict(zip((pair.better, pair.worse), pair.weights, strict=True)),
        "last_weights": {"better": pair.last_better, "judges": list(map(_test, pair.last))},
    }


def _test(test: JudgeTest) -> dict[str, Any]:
    return {
        "judge": test.judge.name,
        "better": test.better,
        "p_value": test.p_value,
        "p_value_by_itself": test.difference.p_value,
        "ratio": test.ratio,
        "decides": test.decides,
    }


def _model(entry: Entry) -> dict[str, Any]:
    numbers = {}
    for name in dict.fromkeys(n for r in entry.results for n in r.evaluation.numbers):
        found = entry.estimate(name)
        if found:
            numbers[name] = _estimate(found)
    arrivals = entry.arrivals()
    return {
        "name": entry.name,
        "given": entry.given,
        "seeds": [] if entry.given else [result.seed for result in entry.results],
        "numbers": numbers,
        "undefined": dict(entry.first.undefined),
        "arrivals": [vars(point) for point in arrivals] if arrivals else None,
        "runs": [
            {
                "seed": result.seed,
                "threads": list(result.threads),
                "jobs": list(result.jobs),
                "weights": [
                    {"name": w.name, "step": w.step, "distance": w.distance}
                    for w in result.evaluation.weights
                ],
                "headline": result.evaluation.headline,
                "curve": [vars(point) for point in result.evaluation.curve],
                "histogram": result.evaluation.scored.histogram,
            }
            for result in entry.results
        ],
    }


def _utility(found: Utility) -> dict[str, Any]:
    return {
        "steps": found.steps,
        "seeds": found.seeds,
        "test_images": found.test_images,
        "sets": [
            {
                "trained_on": each.kind,
                "model": each.model or None,
                "images": each.images,
                "accuracy": _estimate(each.accuracy),
                "gain": vars(each.gain) if each.gain else None,
            }
            for each in found.sets
        ],
        "without_labels": list(found.without),
    }


def _estimate(found: Estimate) -> dict[str, Any]:
    return {
        "mean": found.mean, "low": found.low, "high": found.high, "values": list(found.values),
    }  # fmt: skip


def _scored(scored: Scored) -> dict[str, Any]:
    return {"numbers": scored.numbers, "undefined": scored.undefined}
