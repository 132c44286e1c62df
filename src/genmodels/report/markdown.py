"""A comparison as Markdown."""

from collections.abc import Mapping, Sequence
from typing import Any

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
from genmodels.comparison.result import Comparison
from genmodels.evaluation.baselines import MEANINGS
from genmodels.evaluation.metrics.table import label


def render(comparison: Comparison, measured: Mapping[str, Any]) -> str:
    """Return the comparison as Markdown, for a wiki or a pull request."""
    names = [entry.name for entry in comparison.entries]
    lines = [f"# {comparison.data}: {', '.join(names)}", "", verdicts.summary(comparison), ""]
    lines += [comparison.missing, ""] if comparison.missing else []
    lines.append(table([["", *comparison.headings()], *comparison.table()]))
    lines += _answers(comparison)
    if ranked := ranks.table(comparison):
        lines += ["", "## Ranks by judge", "", table(ranked), "", " ".join(ranks.notes(comparison))]
    if useful := comparison.utility:
        lines += ["", "## Utility"]
        if accuracies := useful.table():
            lines += ["", table(accuracies), "", useful.note]
        lines += ["", useful.missing] if useful.missing else []
    if asked := claims.asked(comparison):
        lines += ["", "## Claims", "", asked.source, ""]
        lines += [f"- **{v.claim}** {v.answer}. {v.why}" for v in claims.of(comparison)]
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


def _answers(comparison: Comparison) -> list[str]:
    """Return the answers, then the differences between models that no answer has."""
    answered = answers.of(comparison)
    above = {text for answer in answered for text in answer.sentences}
    lines = []
    for answer in answered:
        lines += ["", f"## {answer.question}", "", *(f"- {text}" for text in answer.sentences)]
    others = [f"- {text}" for text in pairs.sentences(comparison.pairs) if text not in above]
    return [*lines, "", "## Other differences", "", *others] if others else lines


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows of cells, the first of headings, as a Markdown table; ``|`` is escaped."""
    cells = (" | ".join(cell.replace("|", r"\|") for cell in row) for row in rows)
    headings, *others = (f"| {each} |" for each in cells)
    return "\n".join([headings, "|---" * len(rows[0]) + "|", *others])
