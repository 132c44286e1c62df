"""A comparison as Markdown."""

from collections.abc import Mapping
from typing import Any

from genmodels.comparison import advice, answers, claims, copy_verdicts, fairness, ranks, verdicts
from genmodels.comparison.result import Comparison
from genmodels.evaluation.baselines import MEANINGS
from genmodels.evaluation.metrics.table import label


def render(comparison: Comparison, measured: Mapping[str, Any]) -> str:
    """Return the comparison as Markdown, for a wiki or a pull request."""
    names = [entry.name for entry in comparison.entries]
    headings = comparison.headings()
    lines = [f"# {comparison.data}: {', '.join(names)}", "", verdicts.summary(comparison), ""]
    lines += [comparison.missing, ""] if comparison.missing else []
    lines += [f"| | {' | '.join(headings)} |", "|---" * (1 + len(headings)) + "|"]
    lines += [f"| {' | '.join(row)} |" for row in comparison.table()]
    for answer in answers.of(comparison):
        lines += ["", f"## {answer.question}", "", *(f"- {text}" for text in answer.sentences)]
    if ranked := ranks.table(comparison):
        headings, *rows = ranked
        lines += ["", "## Ranks by judge", "", f"| {' | '.join(headings)} |"]
        lines += ["|---" * len(headings) + "|", *(f"| {' | '.join(row)} |" for row in rows)]
        lines += ["", " ".join(ranks.notes(comparison))]
    if comparison.pairs:
        lines += ["", "## Differences", "", *(f"- {pair.sentence}" for pair in comparison.pairs)]
    if useful := comparison.utility:
        lines += ["", "## Utility"]
        if accuracies := useful.table():
            headings, *rows = accuracies
            lines += ["", f"| {' | '.join(headings)} |", "|---" * len(headings) + "|"]
            lines += [*(f"| {' | '.join(row)} |" for row in rows), "", useful.note]
        lines += ["", useful.missing] if useful.missing else []
    if answered := claims.of(comparison):
        lines += [
            "",
            "## Claims",
            "",
            *(f"- **{v.claim}** {v.answer}. {v.why}" for v in answered),
        ]
    if copying := copy_verdicts.of(comparison):
        lines += ["", "## Copies", "", *(f"- {w.model}: {w.sentence}" for w in copying)]
    lines += ["", "## Fairness", ""]
    lines += [f"- {text}" for text in fairness.remarks(comparison)] or ["- Nothing was unequal."]
    checks = [f"- {a.model}: {a.symptom} {a.check}" for a in advice.of(comparison)]
    lines += ["", "## To check next", "", *(checks or ["- No symptom was found."])]
    lines += ["", "## Protocol", ""]
    lines += [f"- {label(name)}: {value}" for name, value in comparison.protocol.items()]
    lines += [f"- judge: {judge.name}, {judge.hash}" for judge in comparison.judges]
    lines += [f"- {name}: {meaning}" for name, meaning in MEANINGS.items()]
    lines += ["", verdicts.conditions(comparison)]
    lines += ["", f"Made by `{measured['command']}`.", ""]
    return "\n".join(lines)
