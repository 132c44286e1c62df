"""Like with like: verdicts on models of which one alone has EMA weights, and binary pixels."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats
from test_verdicts import CODING, DOMAIN, PLAYING, comparison, decided, entry

from conftest import CommandLine, Train
from genmodels.comparison import answers, claims, fairness, ranks, rule, verdicts
from genmodels.comparison.entry import Entry
from genmodels.comparison.judges import Judge
from genmodels.comparison.result import Comparison
from genmodels.comparison.rule import Outcome
from genmodels.evaluation.judgement import NO_EMA, NOT_BINARY
from genmodels.report import files, markdown

# Of docs/results/study-presets-20.json: an averaged GAN, its last weights, and a VAE without EMA.
EMA, LAST, PLAIN = [1.188, 1.133, 1.135], [2.933, 2.764, 3.033], [2.010, 2.044, 2.306]
LOW, HIGH, WIDE = [1.0, 1.05, 1.1], [2.0, 2.1, 2.2], [0.5, 1.0, 9.0]
RANDOM = Judge("random", "1", "fd_random")


def weighted(name: str, numbers: Any, headline: Any, last: Any = None) -> Entry:
    """Return a model with EMA weights if FDs of the last weights are given, else without."""
    made = entry(name, numbers, headline)
    kind = "last" if last is None else "ema"
    results = []
    for result, distance in zip(made.results, headline if last is None else last, strict=True):
        found = {**result.evaluation.numbers, "distance_last": distance}
        changed = dataclasses.replace(result.evaluation, numbers=found, headline=kind)
        results.append(dataclasses.replace(result, evaluation=changed))
    return dataclasses.replace(made, results=results)


CASES: dict[str, tuple[Outcome, Outcome, Outcome]] = {
    "both ways": ("first", "first", "first"),
    "both ways the other": ("second", "second", "second"),
    "reversed": ("first", "second", "averaging"),
    "by the headline alone": ("second", "open", "averaging"),
    "by last weights alone": ("open", "first", "averaging"),
    "judges contradict each other on last weights": ("first", "depends", "averaging"),
    "judges contradict each other on the headline": ("depends", "first", "depends"),
    "neither": ("open", "open", "open"),
    "neither, and judges contradict each other": ("open", "depends", "open"),
}


@pytest.mark.parametrize(("headline", "last", "outcome"), CASES.values(), ids=CASES)
def test_a_verdict_on_unlike_weights_holds_both_ways(
    headline: Outcome, last: Outcome, outcome: Outcome
) -> None:
    assert rule.like_with_like(headline, last) == outcome


def test_what_an_average_beats_and_its_last_weights_do_not_depends_on_averaging() -> None:
    made = comparison(weighted("a", CODING, PLAIN), weighted("b", PLAYING, EMA, LAST))
    (pair,) = made.pairs
    assert pair.verdict == "depends on weight averaging"
    assert (pair.better, pair.last_better) == ("b", "a")
    p_value = stats.ttest_ind(np.log(LAST), np.log(PLAIN), equal_var=False).pvalue
    (test,) = pair.last
    assert test.p_value == pytest.approx(p_value)
    ratio = np.exp(np.mean(np.log(LAST)) - np.mean(np.log(PLAIN)))
    assert pair.sentence.endswith(
        "b alone has EMA weights; with the last weights of both, the FD of b is "
        f"{ratio:.3g} times that of a (p = {p_value:.2g}; test images not counted)."
    )
    said = verdicts.summary(made)
    assert said.startswith("b has the lowest FD on made up")
    assert "whether it is better than a depends on weight averaging (domain: b, p = " in said
    assert "with the last weights of both, domain: a, p = " in said
    assert decided(made)[3:] == ["depends on weight averaging", "undecided"]
    assert "With the last weights of both: b 2.91, a 2.12 (a is better)." in claims.of(made)[3].why
    assert claims.of(made)[4].why.endswith(
        "The curve of b is by EMA weights and that of a by last weights."
    )
    (told,) = fairness.remarks(made)
    assert told.startswith("Unequal weights: b by EMA weights, a by last weights, without an EMA.")
    content = files.plain(made, {"command": "x"})["pairs"][0]
    assert content["verdict"] == "depends on weight averaging"
    assert content["weights"] == {"b": "ema", "a": "last"}
    assert content["last_weights"]["better"] == "a"
    assert content["last_weights"]["judges"][0]["p_value"] == test.p_value


def test_what_holds_both_ways_stays() -> None:
    made = comparison(weighted("a", CODING, HIGH), weighted("b", PLAYING, LOW, [1.2, 1.25, 1.3]))
    (pair,) = made.pairs
    assert pair.verdict == "b is better"
    assert "b is better than a, by domain features alone. The FD of a is 2 times" in pair.sentence
    assert "with the last weights of both, the FD of a is 1.68 times that of b" in pair.sentence
    assert verdicts.summary(made).startswith("b comes closest to the images of made up")
    assert decided(made)[3] == "holds"


@pytest.mark.parametrize(
    ("plain", "ema", "last", "verdict"),
    [
        (HIGH, LOW, WIDE, "depends on weight averaging"),  # not resolved by last weights
        (LOW, WIDE, HIGH, "depends on weight averaging"),  # not resolved by the headline
        (WIDE, [0.6, 1.1, 8.0], WIDE, "not resolved"),
    ],
)
def test_what_is_resolved_one_way_depends(plain: Any, ema: Any, last: Any, verdict: str) -> None:
    made = comparison(weighted("a", CODING, plain), weighted("b", PLAYING, ema, last))
    assert made.pairs[0].verdict == verdict
    assert decided(made)[3] != "holds"


def test_equal_kinds_of_weights_need_no_more_but_a_claim_about_families_does() -> None:
    made = comparison(weighted("a", CODING, HIGH, LOW), weighted("b", PLAYING, LOW, HIGH))
    (pair,) = made.pairs
    assert pair.verdict == "b is better"
    assert "last weights" not in pair.sentence
    assert not pair.both_ways
    assert decided(made)[3] == "depends on weight averaging"
    assert fairness.remarks(made) == []
    both = comparison(weighted("a", CODING, HIGH, HIGH), weighted("b", PLAYING, LOW, LOW))
    assert both.pairs[0].both_ways
    assert decided(both)[3] == "holds"
    pairs = [files.plain(each, {"command": "x"})["pairs"][0] for each in (made, both)]
    assert [pair["both_ways"] for pair in pairs] == [False, True]


def test_without_an_average_there_is_one_way() -> None:
    made = comparison(weighted("a", CODING, HIGH), weighted("b", PLAYING, LOW))
    assert made.pairs[0].last == ()
    assert made.pairs[0].both_ways
    assert files.plain(made, {"command": "x"})["pairs"][0]["last_weights"]["judges"] == []


def judged(made: Entry, headline: Any, last: Any) -> Entry:
    """Add the FDs of a further judge."""
    for result, *found in zip(made.results, headline, last, strict=True):
        numbers: Any = result.evaluation.numbers
        numbers["fd_random"], numbers["distance_last_random"] = found
    return made


def test_each_judge_compares_last_weights() -> None:
    first = judged(weighted("a", CODING, LOW, LOW), HIGH, HIGH)
    second = judged(weighted("b", PLAYING, [1.02, 1.04, 1.12]), LOW, LOW)
    made = dataclasses.replace(comparison(first, second), judges=[DOMAIN, RANDOM])
    (pair,) = made.pairs
    assert pair.verdict == "b is better"  # the judge that chose has a first by a little
    assert pair.weights == ("last", "ema")
    assert [test.judge.name for test in pair.last] == ["domain", "random"]
    assert "a alone has EMA weights" in pair.sentence
    other = judged(weighted("a", CODING, LOW, LOW), HIGH, [0.5, 0.51, 0.52])
    made = dataclasses.replace(made, entries=[other, second])
    assert made.pairs[0].verdict == "depends on weight averaging"


def test_ranks_by_last_weights_are_shown_where_they_change_the_order() -> None:
    made = comparison(weighted("a", CODING, PLAIN), weighted("b", PLAYING, EMA, LAST))
    headings, headline, last = ranks.table(made)
    assert headings == ["rank (FD)", "b", "a", "τ with domain"]
    assert headline == ["domain (chose)", "1 (1.15)", "2 (2.12)", ""]
    assert last == ["domain, last weights", "2 (2.91)", "1 (2.12)", "—"]
    assert ranks.notes(made)[-1] == "With the last weights of all models the order is another."
    (judge,) = files.plain(made, {"command": "x"})["judges"]
    assert judge["ranks"] == {"a": 2, "b": 1}
    assert judge["ranks_last_weights"] == {"a": 1, "b": 2}
    assert "| domain, last weights | 2 (2.91) | 1 (2.12) | — |" in written(made)
    same = comparison(weighted("a", CODING, HIGH), weighted("b", PLAYING, LOW, [1.2, 1.25, 1.3]))
    assert ranks.table(same) == []


def written(made: Comparison) -> str:
    return markdown.render(made, {"command": "x"})


def test_what_a_model_of_binary_pixels_is_compared_with_is_said() -> None:
    binary = {"distance_binarised": 0.5, "distance_binarisation": 1.65}
    made = comparison(weighted("a", CODING | binary, [3.0, 3.0]), weighted("b", PLAYING, [2.0]))
    said = (
        "Unequal pixels: those of a are 0 or 1. Its FD of 3 is to grey test images, to which real "
        "images, binarised, have 1.65; to binarised test images it has 0.5."
    )
    assert said in fairness.remarks(made)
    assert f"- {said}" in written(made)
    quality = {each.question: each.sentences for each in answers.of(made)}
    assert (
        "The FD of a is 30 times the floor, to binarised test images 5 times."
        in (quality["How good are the samples?"])
    )
    assert "| FD to binarised test images | 0.5 | — | — |" in written(made)
    alike = {"distance_binarised": 3.0, "distance_binarisation": 0.0}  # images of 0 and 1 alone
    assert fairness.remarks(comparison(weighted("a", CODING | alike, [3.0]))) == []


@pytest.mark.slow
@pytest.mark.usefixtures("known_features")
def test_a_model_of_binary_pixels_stands_beside_binarised_images(
    genmodels: CommandLine, workplace: Path, train_once: Train
) -> None:
    small = ("--data", "glyphs", "--device", "cpu", "--steps", "2", "--set", "train.ema=null")
    binary = train_once(
        workplace / "binary", "--config", "autoregressive-binary.yaml", *small,
        "--set", "model.network={class: Transformer, width: 8, depth: 1, heads: 1}",
    )  # fmt: skip
    grey = train_once(workplace / "grey", "--config", "vae.yaml", *small)
    assert genmodels("compare", binary, grey, "--count", "60", "--claims", "report").code == 0
    content = json.loads(Path("comparison/report.json").read_text())
    one, other = content["models"]
    for key in ("distance_binarised", "distance_binarisation"):
        for judge in ("", "_random"):
            assert one["numbers"][key + judge]["mean"] > 0
            assert other["undefined"][key + judge] == NOT_BINARY
    assert one["undefined"]["distance_average"] == NO_EMA
    assert one["undefined"]["distance_average_random"] == NO_EMA
    assert one["numbers"]["distance_last_random"] == one["numbers"]["fd_random"]
    page = Path("comparison/report.html").read_text()
    assert "FD to binarised test images" in page
    assert "FD of binarised test images to grey ones on random features" in page
