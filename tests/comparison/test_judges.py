"""Several judges of one comparison: the same samples, further numbers, and what follows."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats
from test_verdicts import CODING, DOMAIN, NOTHING, PROTOCOL, entry

from conftest import CommandLine, Trained
from genmodels import api
from genmodels.comparison import ranks, verdicts
from genmodels.comparison.entry import Entry
from genmodels.comparison.judges import Judge
from genmodels.comparison.result import Comparison
from genmodels.errors import InputError
from genmodels.evaluation import baselines, protocol
from genmodels.evaluation.baselines import MEANINGS
from genmodels.evaluation.features import domain
from genmodels.evaluation.judgement import TRAINED_ON
from genmodels.evaluation.metrics import scores, table
from genmodels.evaluation.metrics.scores import Scored
from genmodels.models.vae import VAE
from genmodels.report import files, terminal

QUICK = ("--count", "100")
FURTHER = {"fd_random", "kid_random"}
RANDOM = Judge("random", "1", "fd_random")


def report(folder: str = "comparison") -> Any:
    return json.loads((Path(folder) / "report.json").read_text())


def fail(*given: Any, **named: Any) -> Any:
    raise AssertionError("computed again")


@pytest.fixture
def pair(workplace: Path, trained: Trained, known_features: None) -> list[Path]:
    return [trained(workplace / "runs" / name, f"{name}.yaml") for name in ("vae", "gan")]


def test_all_judges_at_hand_score_models_and_baselines(
    genmodels: CommandLine, pair: list[Path]
) -> None:
    outcome = genmodels("compare", *pair, *QUICK)
    assert outcome.code == 0, outcome.err
    content = report()
    for scored in [*content["models"], *(content[name] for name in MEANINGS)]:
        assert {*scored["numbers"], *scored["undefined"]} >= FURTHER | {"fd_domain", "kid"}
        assert list(scored["numbers"])[:3] == ["fd_domain", "fd_random", "kid_random"]
        assert "precision_random" not in scored["numbers"]
    for model in content["models"]:
        numbers = model["numbers"]
        assert numbers["distance_average"] == numbers["fd_domain"]  # both presets have an EMA
        assert numbers["distance_average_random"] == numbers["fd_random"]
        assert numbers["distance_last_random"] != numbers["fd_random"]
    first, second = content["judges"]
    assert (first["name"], first["chose"]) == ("domain", True)
    assert (second["name"], second["chose"]) == ("random", False)
    assert first["hash"] == content["protocol"]["features_hash"] != second["hash"]
    assert first["tau"] is None
    assert second["tau"] is None
    assert sorted(second["ranks"].values()) == [1, 2]
    written = [Path("comparison", f"report.{e}").read_text() for e in ("html", "md")]
    assert all("FD on random features" in text for text in written)
    for text in (outcome.out, *written):
        assert "domain (chose)" in text
        assert "fewer than 3 models have none" in " ".join(text.split())


def test_a_new_judge_is_heard_alone_and_says_what_it_says_beside_others(
    genmodels: CommandLine, pair: list[Path], monkeypatch: pytest.MonkeyPatch, own_cache: Path
) -> None:
    together = ("compare", *pair, *QUICK, "--features", "domain,random")
    assert genmodels(*together, "--out", "together").code == 0
    shutil.rmtree(own_cache / "evaluations")
    assert genmodels("compare", *pair, *QUICK, "--features", "domain").code == 0
    monkeypatch.setattr(protocol, "evaluate", fail)
    monkeypatch.setattr(scores, "score", fail)
    outcome = genmodels(*together, "--out", "added")
    assert outcome.code == 0, outcome.err
    assert "2 of 2 runs were evaluated before by other judges alone" in outcome.err
    monkeypatch.setattr(baselines, "SCORES", dict.fromkeys(baselines.SCORES, fail))
    again = genmodels("compare", *pair, *QUICK, "--features", "domain", "--features", "random")
    assert "2 of 2 runs were evaluated before, with the same settings" in again.err
    whole, added, kept = report("together"), report("added"), report()
    for content in (whole, added, kept):
        content.pop("measured")
    assert whole == added == kept


def test_given_images_are_judged_by_all(workplace: Path, known_features: None) -> None:
    images = np.random.default_rng(0).random((60, 1, 28, 28))
    found = api.compare(images, data="glyphs", count=60, features=("random", "domain"), quiet=True)
    assert found.fd == "fd_random"
    assert [judge.chose for judge in found.judges] == [True, False]
    (made,) = found.entries
    assert {"fd_random", "fd_domain", "kid", "kid_domain"} <= made.first.numbers.keys()


def test_a_judge_says_nothing_of_a_model_that_was_trained_on_its_features(
    pair: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(VAE, "trained_on_features", ("random",))
    given: Any = {"count": 60, "quiet": True}
    found = api.compare(pair, features=("domain", "random"), **given)
    vae, gan = found.entries
    assert vae.mean("fd_random") is None
    assert vae.why_not("fd_random") == vae.why_not("kid_random") == TRAINED_ON
    assert gan.mean("fd_random") is not None
    rows = {row[0]: row for row in ranks.table(found)[1:]}
    assert rows["random"].count("—") == 2  # of the model, and of the agreement
    assert report()["judges"][1]["ranks"] == {"vae": None, "gan": 1}
    with pytest.raises(InputError, match="give others first"):
        api.compare(pair, features="random", **given)


@pytest.mark.parametrize(
    ("features", "said"),
    [
        (("domain", "domain"), "domain is given twice"),
        ("random,random", "random is given twice"),
        ("domain,", "give names"),
        ((), "give names"),
        (3, "give names"),
        (("auto", "random.safetensors"), "two `features` are called random"),
    ],
)
def test_what_is_refused(pair: list[Path], own_cache: Path, features: Any, said: str) -> None:
    kept = next(Path(domain.__file__).parent.glob("weights/*.safetensors"))
    shutil.copy(kept, "random.safetensors")
    with pytest.raises(InputError, match=said):
        api.compare(pair, features=features, count=60, quiet=True)


def by_judges(**models: tuple[Any, Any]) -> Comparison:
    """Return a comparison of models with an FD by two judges for each seed."""
    made = [_judged(name, *distances) for name, distances in models.items()]
    floor = Scored({"fd_domain": 0.1, "fd_random": 0.01}, {}, [])
    return Comparison(
        "made up", PROTOCOL, [DOMAIN, RANDOM], NOTHING, {"sharpness": 0.18}, [], [],
        {"floor": floor}, {}, made,
    )  # fmt: skip


def _judged(name: str, domain: Any, random: Any) -> Entry:
    made = entry(name, CODING, domain)
    for result, distance in zip(made.results, random, strict=True):
        numbers: Any = result.evaluation.numbers
        numbers["fd_random"] = distance
    return made


LOW, HIGH, WIDE = [1.0, 1.05, 1.1], [2.0, 2.1, 2.2], [0.5, 1.0, 3.0]
DECISIONS = {
    "both": ((LOW, LOW), (HIGH, HIGH), "a is better"),
    "the other alone": ((WIDE, LOW), (WIDE, HIGH), "a is better"),
    "the one that chose alone": ((LOW, WIDE), (HIGH, WIDE), "depends on the judge"),
    "contradiction": ((LOW, HIGH), (HIGH, LOW), "depends on the judge"),
    "none": ((WIDE, WIDE), (WIDE[::-1], WIDE), "not resolved"),
}


@pytest.mark.parametrize(("a", "b", "verdict"), DECISIONS.values(), ids=DECISIONS)
def test_verdicts_of_several_judges(a: Any, b: Any, verdict: str) -> None:
    made = by_judges(a=a, b=b)
    (pair,) = made.pairs
    assert pair.verdict == verdict
    assert "by domain features the FD of" in pair.sentence.lower().replace("fd", "FD")
    assert "by random features" in pair.sentence
    assert "alone" not in pair.sentence
    said = verdicts.summary(made)
    assert said.startswith("a comes closest") == (verdict == "a is better")
    assert ("whether it is better than b depends on the judge (domain: a, p =" in said) == (
        verdict == "depends on the judge"
    )
    content = files.plain(made, {"command": "x"})["pairs"][0]
    assert (content["verdict"], content["judge"]) == (verdict, "random")
    assert [test["judge"] for test in content["judges"]] == ["domain", "random"]
    assert [test["decides"] for test in content["judges"]] == [False, True]
    leading = content["judges"][1]
    assert (content["better"], content["ratio"]) == (leading["better"], leading["ratio"])


def test_the_judge_that_did_not_choose_can_reverse_the_order() -> None:
    made = by_judges(a=([1.0, 1.4, 1.2], HIGH), b=([1.1, 1.5, 1.3], LOW))
    (pair,) = made.pairs
    assert (pair.better, pair.decided) == ("b", True)
    assert verdicts.summary(made).startswith("b comes closest to the images of made up (FD 1.29")
    made = by_judges(a=([1.0, 1.4, 1.2], HIGH), b=([1.1, 1.5, 1.3], LOW), c=([1.3, 1.5, 2.0], WIDE))
    assert "but b is better (domain: a, p = " in verdicts.summary(made)


def test_p_values_are_corrected_for_judges_that_decide() -> None:
    one, several = by_judges(a=(LOW, LOW), b=(HIGH, HIGH)), by_judges(a=(LOW, LOW), b=(HIGH, HIGH))
    several.judges.append(Judge("third", "2", "fd_domain"))  # type: ignore[attr-defined]
    assert several.pairs[0].level == one.pairs[0].level / 2
    p_values = {test.judge.name: test.p_value for test in several.pairs[0].tests}
    assert p_values["random"] == pytest.approx(2 * one.pairs[0].tests[1].p_value)
    assert p_values["domain"] == pytest.approx(one.pairs[0].tests[0].p_value)


def test_ranks_and_their_agreement() -> None:
    means = {"a": (1, 5), "b": (2, 7), "c": (3, 6), "d": (4, 8)}
    made = by_judges(**{name: ([x], [y]) for name, (x, y) in means.items()})
    first, second = ranks.of(made)
    assert [first.rank(name) for name in means] == [1, 2, 3, 4]
    assert [second.rank(name) for name in means] == [1, 3, 2, 4]
    expected = stats.kendalltau(*zip(*means.values(), strict=True)).statistic
    assert second.tau == pytest.approx(expected) == pytest.approx(2 / 3)
    assert ranks.table(made)[2] == ["random", "1 (5)", "3 (7)", "2 (6)", "4 (8)", "0.67"]
    shown = terminal.ranks_table(made)
    assert shown is not None
    assert shown.rows[0][0] == "domain (chose)"
    assert "fewer" not in str(shown.caption)


def test_two_models_have_no_agreement_and_one_has_no_rank() -> None:
    made = by_judges(a=([1.0], [2.0]), b=([2.0], [1.0]))
    assert ranks.of(made)[1].tau is None
    assert ranks.notes(made)[1].endswith("fewer than 3 models have none.")
    assert ranks.of(by_judges(a=([1.0], [2.0]))) == []
    assert terminal.ranks_table(by_judges(a=([1.0], [2.0]))) is None


def test_numbers_of_further_judges_have_labels() -> None:
    assert table.label("kid_random") == "KID on random features"
    assert table.label("fd_random") == "FD on random features"
    assert table.label("distance_last_my_own") == "FD of the last weights on my_own features"
    assert table.label("distance_last") == "FD of the last weights"
    rows = table.further_metrics("fid", "inception")
    assert [(row.key, row.better) for row in rows] == [("fid", "lower"), ("kid_inception", "lower")]
