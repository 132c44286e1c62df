"""Numbers of discriminators, encoders and labels against what can be worked out by hand."""

from typing import Any, cast

import pytest
import torch

from genmodels.evaluation.metrics.discrimination import Logits, from_equilibrium
from genmodels.evaluation.metrics.metric import Undefined


def logits(threshold: float | None = 0.0) -> Logits:
    return Logits(
        training=torch.tensor([1.0, 2.0, 3.0]).double(),
        held_out=torch.tensor([-1.0, 0.5]).double(),
        samples=torch.tensor([-2.0, 0.5]).double(),
        threshold=threshold,
    )


def test_ranks_are_the_share_of_pairs_and_ties_are_half() -> None:
    found = logits()
    assert found.ranked(found.training) == 1
    assert found.ranked(found.held_out) == pytest.approx((1 + 0 + 1 + 0.5) / 4)


def test_a_discriminator_is_right_on_its_side_of_the_threshold() -> None:
    found = logits()
    assert found.right_on_real(found.held_out) == 0.5
    assert found.right_on_samples() == 0.5
    assert logits(threshold=0.5).right_on_samples() == 1
    with pytest.raises(Undefined, match="does not classify"):
        logits(threshold=None).right_on_samples()


def test_equilibrium_is_measured_from_the_last_losses() -> None:
    class Settled:
        def equilibrium(self) -> dict[str, float]:
            return {"generator.loss": 0.5, "critic.loss": 1.0}

    found = from_equilibrium(cast(Any, Settled()), {"train.generator.loss": 0.75})
    assert found == {"generator": 0.25}
