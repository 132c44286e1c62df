"""Numbers → sentences, on comparisons made up for it."""

import dataclasses
from typing import Any, cast

import jinja2
import pytest
import torch

from genmodels.comparison import advice, claims, fairness, verdicts
from genmodels.comparison.entry import Entry, Result
from genmodels.comparison.judges import Judge
from genmodels.comparison.result import Comparison, ProtocolSettings
from genmodels.evaluation.metrics.scores import Scored
from genmodels.evaluation.protocol import Evaluation
from genmodels.evaluation.weights import Point, WeightsChoice
from genmodels.report import markdown

NOTHING = torch.zeros(1, 1, 2, 2)
COMMON = {
    "coverage": 0.9, "copied": 0.0, "copied_held_out": 0.0, "outliers": 0.01,
    "sharpness": 0.1, "isolated_dots": 0.0,
    "parameters_training": 100.0, "parameters_sampling": 50.0, "training_images": 1000.0,
    "latent_dimensions": 20.0,
}  # fmt: skip
CODING = {**COMMON, "nll_binary_elbo": 100.0, "reconstruction_error": 7.0,
          "latents_from_prior": 0.01, "active_units": 20.0, "outliers": 0.15,
          "sharpness": 0.07}  # fmt: skip
PLAYING = {**COMMON, "discriminator_right_on_training": 0.7, "isolated_dots": 1.5,
           "discriminator_right_on_held_out": 0.68,
           "discriminator_right_on_samples": 0.75}  # fmt: skip
FALLING = [(100, 9.0), (200, 4.0), (1000, 2.0), (2000, 1.95)]


def entry(
    name: str, numbers: Any, distances: Any, curve: Any = FALLING, seconds: float = 60.0,
    threads: Any = ((), (), ()), jobs: Any = ((1,), (1,), (1,)),
) -> Entry:  # fmt: skip
    points = [Point(step, 10 * step, step / 10, value) for step, value in curve]
    results = [
        Result(seed, f"runs/{name}-{seed}", Evaluation(
            {**numbers, "fd_domain": distance}, {}, "last",
            [WeightsChoice("last", 2000, distance, NOTHING)], points,
            Scored({}, {}, []), NOTHING, {"training_seconds": seconds},
        ), threads[seed], jobs[seed])
        for seed, distance in enumerate(distances)
    ]  # fmt: skip
    return Entry(name, results, [], {})


DOMAIN = Judge("domain", "0", "fd_domain", chose=True)
PROTOCOL: ProtocolSettings = {
    "data": "made up", "fingerprint": "0", "split": "test", "real_images": 10_000,
    "generated_images": 10_000, "few_images": False, "features": "domain", "features_hash": "0",
    "neighbours": 5, "importance_samples": 100, "likelihood_images": 1000, "sampling_seed": 0,
    "snapshot_images": 2000, "copy_images": 2000, "snapshot_copy_images": 500,
    "snapshots_chosen_on": "validation",
}  # fmt: skip


def comparison(*entries: Any, few_images: bool = False) -> Comparison:
    numbers = {"fd_domain": 0.1, "precision": 0.95, "coverage": 0.97, "modes": 10, "outliers": 0.01}
    floor = Scored(numbers, {}, [])
    return Comparison(
        "made up", {**PROTOCOL, "few_images": few_images}, [DOMAIN], NOTHING,
        {"sharpness": 0.18, "isolated_dots": 0.001}, [], [], {"floor": floor}, {}, entries,
        claims="report",
    )  # fmt: skip


def decided(made: Any) -> list[Any]:
    return [verdict.answer for verdict in claims.of(made)]


def test_the_report_was_right() -> None:
    slow = [(100, 90.0), (1000, 20.0), (2000, 2.0)]
    made = comparison(
        entry("a", CODING, [4.0, 4.1, 4.2]), entry("b", PLAYING, [2.0, 2.1, 2.2], slow)
    )
    assert decided(made) == ["holds"] * 5
    assert verdicts.summary(made).startswith("b comes closest to the images of made up (FD 2")


def test_a_baseline_that_is_nearer_than_every_model_is_named() -> None:
    made = comparison(entry("a", CODING, [4.0]), entry("b", PLAYING, [3.5]))
    cast(dict[str, Scored], made.baselines)["gaussian"] = Scored({"fd_domain": 3.0}, {}, [])
    cast(dict[str, Scored], made.baselines)["mean_image"] = Scored({"fd_domain": 3.9}, {}, [])
    said = verdicts.summary(made)
    assert said.endswith(
        "But a Gaussian over 100 principal components of the pixels (3) has a lower FD: b has not "
        "learnt the images."
    )
    assert "mean training image" not in said


def test_a_difference_that_may_be_luck_is_not_resolved() -> None:
    made = comparison(entry("a", CODING, [4.0, 2.0, 6.0]), entry("b", PLAYING, [3.0, 1.0, 5.0]))
    assert made.pairs[0].verdict == "not resolved"
    assert decided(made)[3] == "undecided"
    assert "its lead over a is not resolved (about 53 seeds" in verdicts.summary(made)


def test_the_other_way_round_does_not_hold() -> None:
    quick = [(100, 2.0), (2000, 1.9)]
    made = comparison(
        entry("a", CODING, [2.0, 2.1, 2.2], [(100, 90.0), (2000, 2.0)]),
        entry("b", PLAYING, [4.0, 4.1, 4.2], quick),
    )
    assert decided(made)[3:] == ["does not hold", "does not hold"]
    over = {
        **PLAYING,
        "discriminator_right_on_held_out": 1.0,
        "discriminator_right_on_samples": 1.0,
    }
    made = comparison(entry("a", CODING, [2.0]), entry("b", over, [4.0]))
    assert decided(made)[1] == "does not hold"
    assert "the game is over" in claims.of(made)[1].why


@pytest.mark.parametrize("numbers", [CODING, PLAYING, {**CODING, **PLAYING}])
def test_claims_need_both_kinds(numbers: dict[str, float]) -> None:
    made = comparison(entry("a", numbers, [4.0]))
    assert decided(made) == ["undecided"] * 5
    assert {verdict.why for verdict in claims.of(made)} == {claims.UNLIKE}


def test_nothing_is_claimed_that_was_not_asked_for() -> None:
    made = comparison(entry("a", CODING, [4.0]), entry("b", PLAYING, [3.0]))
    assert claims.of(dataclasses.replace(made, claims=None)) == []


def test_a_collapsed_posterior_has_learnt_no_distribution_of_latents() -> None:
    for numbers in ({"active_units": 0.0, "latents_from_prior": 0.0}, {"latents_from_prior": 0.2}):
        made = comparison(entry("a", CODING | numbers, [2.0]), entry("b", PLAYING, [4.0]))
        assert decided(made)[1] == "does not hold"


def test_the_game_is_over_for_the_claim_and_for_the_advice_at_once() -> None:
    for right in (0.85, 0.95):
        sides = dict.fromkeys(("held_out", "samples", "training"), right)
        numbers = PLAYING | {f"discriminator_right_on_{side}": n for side, n in sides.items()}
        made = comparison(entry("a", CODING, [2.0]), entry("b", numbers, [4.0]))
        over = "the game is over" in claims.of(made)[1].why
        advised = any("The discriminator wins" in each.symptom for each in advice.of(made))
        assert over == advised == (right > 0.9)


def varied(made: Entry, name: str, values: Any) -> Entry:
    """Return a model with a value of a number for each seed."""
    results = [
        dataclasses.replace(each, evaluation=dataclasses.replace(
            each.evaluation, numbers={**each.evaluation.numbers, name: value}
        ))
        for each, value in zip(made.results, values, strict=True)
    ]  # fmt: skip
    return dataclasses.replace(made, results=results)


@pytest.mark.parametrize(
    ("name", "of_a", "of_b", "answer", "said"),
    [
        ("isolated_dots", [1.5, 1.6], [0.1, 0.11], "does not hold", "b has more isolated dots."),
        ("isolated_dots", [0.0, 0.0], [0.0, 0.0], "undecided", "b has more isolated dots."),
        ("isolated_dots", [0.1, 1.0], [0.9, 3.0], "undecided", "b has more isolated dots."),
        ("sharpness", [0.1, 0.11], [0.05, 0.051], "does not hold", "a is smoother."),
        ("sharpness", [0.02, 0.1], [0.05, 0.12], "undecided", "a is smoother."),
        ("outliers", [0.01, 0.011], [0.5, 0.6], "does not hold", "the outliers of real images."),
        ("outliers", [0.015, 0.035], [0.0, 0.0], "undecided", "the outliers of real images."),
    ],
)
def test_each_part_of_a_claim_about_quality_is_tested_over_the_seeds(
    name: str, of_a: Any, of_b: Any, answer: str, said: str
) -> None:
    one, other = entry("a", CODING, [4.0, 4.1]), entry("b", PLAYING, [2.0, 2.1])
    assert decided(comparison(one, other))[3] == "holds"
    verdict = claims.of(comparison(varied(one, name, of_a), varied(other, name, of_b)))[3]
    assert verdict.answer == answer
    start = {"does not hold": "What does not hold: ", "undecided": "What is not resolved: "}
    assert said in verdict.why.split(start[answer])[1]
    assert ";" not in verdict.why.split(start[answer])[1], "one part alone"


def test_models_with_both_abilities_leave_the_claims_to_a_pair_of_models() -> None:
    both = CODING | PLAYING
    a, b, c = entry("a", CODING, [4.0]), entry("b", PLAYING, [3.0]), entry("c", both, [1.0])
    assert claims.UNLIKE not in {verdict.why for verdict in claims.of(comparison(a, b, c))}
    for models, said in (
        ((a, b, c), "c samples with 50 of 100 parameters; b samples"),
        ((a, c), "a samples with 50 of 100 parameters; c samples"),
        ((b, c), "c samples with 50 of 100 parameters; b samples"),
        ((a, b), "a samples with 50 of 100 parameters; b samples"),
    ):
        assert said in claims.of(comparison(*models))[2].why


def test_a_likelihood_without_an_encoder_and_without_a_half_that_samples() -> None:
    whole = {**COMMON, "nll_exact": 80.0, "parameters_sampling": 100.0}
    first, _, third, *_ = claims.of(comparison(entry("a", whole, [4.0]), entry("b", PLAYING, [3])))
    assert (first.answer, first.why) == (
        "does not hold", "a has no encoder: it finds no latents.",
    )  # fmt: skip
    assert (third.answer, third.why) == (
        "does not hold",
        "Not each is a pair of which one half samples: a samples with 100 of 100 parameters; b "
        "samples with 50 of 100 parameters.",
    )
    encodes = PLAYING | {"reconstruction_error": 7.0}
    first = claims.of(comparison(entry("a", CODING, [4.0]), entry("b", encodes, [3.0])))[0]
    assert (first.answer, first.why) == ("does not hold", "b encodes images too.")


def test_a_set_of_claims_says_whose_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    def decide(*given: Any) -> tuple[claims.Answer, str]:
        return "holds", "It does."

    mine = claims.ClaimSet("Mine", "I say so.", [("It is so.", decide)])
    monkeypatch.setitem(claims.CLAIMS, "mine", mine)
    made = comparison(entry("a", CODING, [4.0]), entry("b", PLAYING, [3.0]))
    made = dataclasses.replace(made, claims="mine")
    written = markdown.render(made, {"command": "x"})
    assert "\n## Claims\n\nI say so.\n\n- **It is so.** holds. It does.\n" in written
    page = jinja2.Environment(loader=jinja2.PackageLoader("genmodels.report", "page"))
    shown = page.get_template("claims.html").render(
        claims=claims.of(made), claim_set=claims.asked(made)
    )
    assert '<h2 id="verdicts">Mine</h2>' in shown
    assert "I say so." in shown
    assert "VAE" not in shown + written.partition("## Claims")[2].partition("##")[0]


def test_one_seed_decides_nothing_about_quality() -> None:
    made = comparison(entry("a", CODING, [4.0]), entry("b", PLAYING, [1.0]))
    assert made.pairs[0].p_value is None
    assert decided(made)[3] == "undecided"
    assert "train each with 5 seeds" in verdicts.summary(made)


def test_what_is_unequal_is_flagged() -> None:
    fair = comparison(entry("a", CODING, [4.0]), entry("b", PLAYING, [1.0]))
    assert fairness.remarks(fair) == []
    large = {**PLAYING, "parameters_training": 450.0}
    unfair = comparison(
        entry("a", CODING, [4.0]), entry("b", large, [1.0, 2.0], seconds=600), few_images=True
    )
    told = " ".join(fairness.remarks(unfair))
    for text in (
        "parameters that train: b has 4.5 times",
        "seconds: b has 10.0",
        "seeds: b has 2.0",
    ):
        assert text in told
    assert "Only 10,000 images" in told


def test_a_run_of_step_0_is_unequal_to_a_trained_one_and_not_by_a_ratio() -> None:
    start = {**CODING, "training_images": 0.0}
    fresh = entry("x", start, [4.0], [(0, 4.0)], seconds=0.0)
    assert fairness.remarks(comparison(fresh, entry("y", PLAYING, [1.0]))) == [
        "Unequal training images: y has 1,000, x none.",
        "Unequal training seconds: y has 60, x none.",
    ]
    assert fairness.remarks(comparison(fresh, dataclasses.replace(fresh, name="z"))) == []


@pytest.mark.parametrize(
    ("of_a", "of_b", "said"),
    [
        ([(2,), (2,)], [(2,), (2,)], ""),
        ([(), ()], [(1,), (1,)], ""),  # a is of an earlier version, or was trained on a GPU
        ([(1,), (1,)], [(2,), (2,)], "a has 1, b has 2."),
        ([(1,), (2,)], [(), ()], "a has 1 or 2."),
        ([(2,), (2,)], [(2,), (2, 1)], "a has 2, b has 2 (in other runs 2, later 1)."),
    ],
)
def test_unequal_threads_are_flagged(of_a: Any, of_b: Any, said: str) -> None:
    made = comparison(
        entry("a", CODING, [4.0, 4.1], threads=of_a), entry("b", PLAYING, [1.0, 1.1], threads=of_b)
    )
    told = " ".join(fairness.remarks(made))
    assert told.startswith(f"Unequal CPU threads of training: {said}" if said else "")
    assert bool(told) == bool(said)


@pytest.mark.parametrize(
    ("of_a", "of_b", "unequal", "said"),
    [
        ([(1,), (1,)], [(1,), (1,)], "", "1"),
        ([(2,), (2,)], [(2,), (2,)], "", "2"),
        ([(2,), (2,)], [(1,), (1,)], "a has 2, b has 1.", "2 or 1"),
        (
            [(2,), (2, 1)],
            [(2,), (2,)],
            "a has 2 (in other runs 2, later 1), b has 2.",
            "2 (in other runs 2, later 1)",
        ),
    ],
)
def test_unequal_company_is_flagged(of_a: Any, of_b: Any, unequal: str, said: str) -> None:
    threads = [(3,), (3,)]
    made = comparison(
        entry("a", CODING, [4.0, 4.1], threads=threads, jobs=of_a),
        entry("b", PLAYING, [1.0, 1.1], threads=threads, jobs=of_b),
    )
    told = " ".join(fairness.remarks(made))
    assert told.startswith(f"Unequal numbers of trainings at a time: {unequal}" if unequal else "")
    assert bool(told) == bool(unequal)
    assert verdicts.conditions(made) == (
        f"Trainings ran {said} at a time (CPU threads of each: 3), evaluations 1 at a time."
    )


def test_unequal_data_and_precision_are_flagged() -> None:
    kinds = {"precision": "fp32", "augmentation": "none"}
    one = dataclasses.replace(entry("a", CODING, [4.0]), training_set=60_000, conditions=kinds)
    two = dataclasses.replace(entry("b", PLAYING, [1.0]), training_set=54_000, conditions=kinds)
    old = entry("c", PLAYING, [1.0])  # of an earlier version, so nothing is known
    assert fairness.remarks(comparison(one, two, old)) == []
    other = {"precision": "bf16", "augmentation": "flip True"}
    two = dataclasses.replace(two, training_set=6_000, conditions=other)
    assert fairness.remarks(comparison(one, two, old)) == [
        "Unequal distinct training images: a has 10.0 times as many as b (60,000 against 6,000).",
        "Unequal precision: a has fp32, b has bf16.",
        "Unequal augmentation: a has none, b has flip True.",
    ]


SYMPTOMS = {
    "wins": (PLAYING | {"discriminator_right_on_held_out": 0.95,
                        "discriminator_right_on_samples": 0.99}, "The discriminator wins"),
    "overfitting": (PLAYING | {"discriminator_right_on_training": 0.99}, "overfits"),
    "quality": (PLAYING | {"precision": 0.1, "coverage": 0.0}, "Samples do not look like the"),
    "variety": (PLAYING | {"coverage": 0.1}, "Samples lack variety"),
    "modes": (PLAYING | {"modes": 1.0}, "Samples show 1 of 10 classes"),
    "posterior": (CODING | {"active_units": 3.0}, "The posterior collapses: 3 of 20"),
    "memory": (CODING | {"copied": 0.4}, "Samples are copies: 40 % (38 – 42 %) of samples"),
}  # fmt: skip


@pytest.mark.parametrize(("numbers", "said"), SYMPTOMS.values(), ids=SYMPTOMS)
def test_symptoms(numbers: Any, said: Any) -> None:
    found = advice.of(comparison(entry("x", numbers, [2.0])))
    assert len(found) == 1
    assert said in found[0].symptom


def test_symptoms_over_time() -> None:
    def told(curve: Any) -> list[Any]:
        return [a.symptom for a in advice.of(comparison(entry("x", CODING, [2.0], curve)))]

    assert told(FALLING) == []
    assert told([(100, 9.0), (500, 1.0), (1000, 3.0)])[0].startswith("FD was lower at step 500")
    assert told([(100, 9.0), (500, 5.0), (1000, 3.0)])[0].startswith("FD was still falling")
    assert told([(100, 3.0)])[0].startswith("It was trained for 100 steps, too few")
    assert told([(1000, 3.0)]) == []  # its snapshots were removed


def test_arrival_is_read_off_between_snapshots() -> None:
    halving = [(100, 8.0), (200, 4.0), (400, 2.0), (800, 1.0)]  # distance ~ 1 / images
    made: Any = entry("x", CODING, [2.0, 2.0], halving)
    goal = 800 * 1 / 1.1
    assert [point.step for point in made.arrivals()] == [pytest.approx(goal, abs=1)] * 2
    assert made.arrivals()[0].images == pytest.approx(10 * goal, abs=1)
    assert made.arrivals()[0].seconds == pytest.approx(goal / 10, rel=1e-2)
    flat: Any = entry("x", CODING, [2.0], [(100, 1.0), (800, 1.0)])
    assert flat.arrivals()[0].step == 100
    only = dataclasses.replace(made.first, curve=made.first.curve[-1:])
    assert dataclasses.replace(made, results=[Result(0, "r", only)]).arrivals() is None


def test_convergence_needs_more_than_one_training() -> None:
    slow = [(100, 90.0), (1000, 20.0), (2000, 2.0)]
    made = comparison(entry("a", CODING, [4.0]), entry("b", PLAYING, [2.0], slow))
    assert decided(made)[4] == "undecided"
    assert claims.of(made)[4].why.endswith("One seed for each model is not enough to decide.")


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ([1.0, 1.0], [1.0, 1.0], "Their means are equal."),
        ([0.0, 0.0], [1.0, 2.0], "differs by 1.5"),
        ([0.0, 0.1], [1000.0, 1000.1], "a is better than b, by domain features alone."),
        ([0.0, 5.0], [0.1, 49.0], "The FD of b differs by 22"),
        ([1.0, 50.0], [2.0, 3.0], "The FD of"),
        ([1e-3, 1.1e-3], [99.0, 100.0], "The FD of b is more than 10,000 times that of a (p"),
        ([1.0, 1.01], [999.6, 1010.0], "The FD of b is 1,000 times that of a (p"),
        ([1.0, 1.01], [1500.0, 1510.0], "The FD of b is 1,500 times that of a (p"),
        ([1.0], [2.0, 3.0], "not resolved: one seed"),
    ],
)
def test_pairs_of_odd_values_are_told_without_nonsense(one: Any, other: Any, said: str) -> None:
    (pair,) = comparison(entry("a", CODING, one), entry("b", PLAYING, other)).pairs
    assert said in pair.sentence
    assert " 0 % or more" not in pair.sentence
    assert pair.ratio is None or 1 <= pair.ratio < 1e4
    assert pair.detectable is None or pair.detectable < 1e4


def test_one_collapsed_seed_among_many_models_is_no_error() -> None:
    names = "abcdefghijkl"
    entries = [entry(name, CODING, [1 + n / 10, 1.1 + n / 10]) for n, name in enumerate(names)]
    made = comparison(*entries, entry("m", CODING, [1.0, 80.0]))
    assert len(made.pairs) == 13 * 12 / 2
    assert all("not resolved" in pair.sentence or "better" in pair.sentence for pair in made.pairs)


def given(name: str, distance: float) -> Entry:
    made = entry(name, COMMON, [distance], curve=[])
    results = [dataclasses.replace(made.results[0], seed=None, threads=(), jobs=())]
    return dataclasses.replace(made, results=results, given=True)


def test_given_images_have_no_seeds_to_test() -> None:
    models = [entry("a", CODING, [4.0, 4.1, 4.2]), entry("b", PLAYING, [2.0, 2.1, 2.2])]
    alone, beside = comparison(*models), comparison(*models, given("c", 3.0))
    assert [pair.verdict for pair in beside.pairs] == [
        "not tested: only images of c are given",
        "b is better",
        "not tested: only images of c are given",
    ]
    (pair,) = alone.pairs
    assert (beside.pairs[1].p_value, beside.pairs[1].level) == (pair.p_value, pair.level)
    assert decided(beside) == decided(alone)
    assert fairness.remarks(beside) == fairness.remarks(alone) == []
    assert verdicts.conditions(beside) == verdicts.conditions(alone)
    assert verdicts.summary(beside).endswith(
        "; given images have no training seeds, so differences to them are not tested."
    )
    assert beside.missing.startswith("c: only its images are given, so there are no numbers of a")
    assert alone.missing == ""


def test_given_images_alone() -> None:
    made = comparison(given("c", 4.0), given("d", 5.0))
    cast(dict[str, Scored], made.baselines)["gaussian"] = Scored({"fd_domain": 3.0}, {}, [])
    assert verdicts.conditions(made) == "Evaluations ran 1 at a time."
    assert fairness.remarks(made) == []
    assert verdicts.summary(made).endswith("of the pixels (3) has a lower FD.")
    assert made.missing.startswith("c, d: only their images are given")
    assert made.entries[0].why_not("nll_binary") == "only its images are given"
    assert made.entries[0].arrivals() is None
    assert advice.of(made) == []
