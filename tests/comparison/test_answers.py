"""The answers to what a user asks: which numbers they name, and when they say nothing."""

import dataclasses
from typing import Any

import torch

from genmodels.comparison import answers
from genmodels.comparison.entry import Entry, Result
from genmodels.comparison.judges import Judge
from genmodels.comparison.result import Comparison
from genmodels.evaluation.metrics.scores import Scored
from genmodels.evaluation.protocol import Evaluation
from genmodels.evaluation.weights import WeightsChoice

NOTHING = torch.zeros(1, 1, 2, 2)
FLOOR = {"fd_x": 0.1, "coverage": 0.9, "modes": 10}
PROTOCOL: Any = {}
JUDGES = [Judge("x", "0", "fd_x", chose=True)]


def entry(name: str, distances: list[float], **numbers: float) -> Entry:
    empty = Scored({}, {}, [])
    measured = {"training_seconds": 60.0, "sampling_images_per_second": 1234.0}
    results = [
        Result(seed, name, Evaluation({"fd_x": fd, **numbers}, {}, "last",
                                      [WeightsChoice("last", 1, fd, NOTHING)], [], empty,
                                      NOTHING.unsqueeze(1), measured))
        for seed, fd in enumerate(distances)
    ]  # fmt: skip
    return Entry(name, results, [], {})


def comparison(*entries: Entry, **baselines: float) -> Comparison:
    scored = {"floor": Scored(FLOOR, {}, [])}
    scored |= {name: Scored({"fd_x": fd}, {}, []) for name, fd in baselines.items()}
    return Comparison("made up", PROTOCOL, JUDGES, NOTHING, {}, [], [], scored, {}, entries)


def said(made: Comparison) -> dict[str, str]:
    return {each.question: " ".join(each.sentences) for each in answers.of(made)}


def test_quality_lies_between_the_floor_and_the_best_baseline() -> None:
    made = comparison(entry("a", [0.5]), entry("b", [4.0]), gaussian=2.0, mean_image=90.0)
    found = said(made)["How good are the samples?"]
    assert "The FD of a is 5 times the floor and 4 times smaller than that of a Gaussian" in found
    assert "The FD of b is 40 times the floor and 2 times larger than that of a Gaussian" in found
    assert "mean training image" not in found


def test_variety_is_that_of_the_floor_or_less() -> None:
    one = entry("a", [0.5], coverage=0.45, modes=8, rarest_class=0.25)
    assert said(comparison(one))["How varied are they?"] == (
        "a: 50% of the floor's coverage, 8 of 10 classes, the rarest class at 25% of its share of "
        "real images."
    )


def test_only_tested_differences_say_how_sure_the_ranking_is() -> None:
    question = "How sure is the ranking?"
    assert question not in said(comparison(entry("a", [0.5])))
    assert question not in said(comparison(entry("a", [0.5]), entry("b", [4.0])))
    three = [
        entry(name, [m, m * 1.01, m * 0.99]) for name, m in zip("abc", (1, 1.01, 9), strict=True)
    ]
    found = said(comparison(*three))[question]
    assert found.startswith("2 of 3 differences between two models are significant.")
    assert "a and b: not resolved." in found
    assert "than c" not in found


def test_given_images_have_no_speed() -> None:
    made = comparison(entry("a", [0.5]), dataclasses.replace(entry("b", [4.0]), given=True))
    assert said(made)["How fast is it?"] == "a: trained for 60 s; samples 1,234 images/s."
