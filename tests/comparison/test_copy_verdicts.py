"""Shares of copies → whether a model copies, and what to do."""

from typing import Any

import pytest
import torch
from scipy.stats import binomtest

from genmodels.comparison import advice, copy_verdicts, statistics
from genmodels.comparison.entry import Entry, Result
from genmodels.comparison.judges import Judge
from genmodels.comparison.result import Comparison
from genmodels.evaluation.metrics.scores import Scored
from genmodels.evaluation.protocol import Evaluation
from genmodels.evaluation.weights import Point, WeightsChoice

PICTURE = torch.zeros(1, 1, 2, 2)
JUDGE = Judge("x", "0", "fd_x")
PROTOCOL: Any = {"copy_images": 2000, "snapshot_copy_images": 500}


def compared(
    copied: float, held_out: float = 0.001, curve: Any = (), seeds: int = 1, given: bool = False
) -> Comparison:
    points = [Point(10**n, 10**n, 1.0, 1.0, share) for n, share in enumerate(curve)]
    made = Evaluation(
        {"copied": copied, "copied_held_out": held_out}, {}, "last",
        [WeightsChoice("last", 1, 1.0, PICTURE)], points, Scored({}, {}, []), PICTURE, {},
    )  # fmt: skip
    entry = Entry("x", [Result(seed, "", made) for seed in range(seeds)], [], {}, given=given)
    floor = Scored({"fd_x": 0.1}, {}, [])
    return Comparison(
        "made up", PROTOCOL, [JUDGE], PICTURE, {}, [], [], {"floor": floor}, {}, [entry]
    )


def watch(*given: Any, **named: Any) -> copy_verdicts.CopyVerdict:
    (found,) = copy_verdicts.of(compared(*given, **named))
    return found


@pytest.mark.parametrize(("successes", "count"), [(0, 2000), (1, 500), (250, 500), (500, 500)])
def test_the_interval_is_wilsons(successes: int, count: int) -> None:
    expected = binomtest(successes, count).proportion_ci(method="wilson")
    assert statistics.wilson(successes / count, count) == pytest.approx(tuple(expected), abs=1e-12)


def test_as_many_as_among_held_out_images_is_no_copying() -> None:
    for share in (0.001, 0.0):
        found = watch(share)
        assert not found.copying
        assert found.sentence.endswith(
            " of samples and 0.1 % (0.027 – 0.36 %) of held-out images are taken for copies: no "
            "more than among held-out images, so there is no sign of copying."
        )


def test_a_few_more_than_among_held_out_images_may_be_chance() -> None:
    found = watch(0.002)
    assert not found.copying
    assert found.sentence == (
        "0.2 % (0.078 – 0.51 %) of samples and 0.1 % (0.027 – 0.36 %) of held-out images are taken "
        "for copies: the difference is within the intervals, so there is no sign of copying."
    )


def test_more_than_among_held_out_images_is_copying() -> None:
    found = watch(0.02)
    assert found.copying
    assert found.began is None
    assert found.sentence.endswith("it copies; train for fewer steps, add images, or train a "
                                   "smaller model.")  # fmt: skip
    assert not watch(0.02, held_out=0.015).copying  # the data have such images
    assert watch(0.02, held_out=0.01, seeds=3).copying


def test_copying_began_where_it_did_not_stop_again() -> None:
    assert watch(0.5, curve=[0.0, 0.1, 0.001, 0.2, 0.5]).began == 1000
    assert watch(0.5, curve=[0.2, 0.3]).began == 1
    assert watch(0.5, curve=[0.0, 0.001]).began is None
    assert "stop before step 10, where it began" in watch(0.5, curve=[0.0, 0.1]).sentence


def test_given_images_are_not_told_to_train() -> None:
    assert watch(0.5, given=True).sentence.endswith("copies: some of the samples are copies.")


@pytest.mark.parametrize("given", [True, False])
def test_the_advice_is_to_look_at_the_pairs_once(given: bool) -> None:
    (found,) = advice.of(compared(0.5, given=given))
    assert f"{found.symptom} {found.check}".lower().count("look at the pairs") == 1
