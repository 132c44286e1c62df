"""The fit of a mixture: scikit-learn is the oracle, one component has a closed form."""

import math

import pytest
import torch
from sklearn.mixture import GaussianMixture
from torch import Tensor

from genmodels.models import mixture
from genmodels.models.mixture import Mixture
from genmodels.system import randomness

COMPONENTS = 5


@pytest.fixture
def points() -> Tensor:
    """Points of five clusters that overlap, far from 0 and of other scales in each dimension."""
    generator = randomness.generator(0, "points")
    centres = 2 * torch.randn(COMPONENTS, 3, generator=generator)
    noise = torch.randn(2000, 3, generator=generator)
    return (centres[torch.arange(2000) % COMPONENTS] + noise) * torch.tensor([1, 10, 0.1]) + 50


def mean_log_density(found: Mixture, points: Tensor) -> float:
    normals = torch.distributions.MultivariateNormal(found.means, scale_tril=found.factors)
    logs = found.weights.log() + normals.log_prob(points.double().unsqueeze(1))
    return logs.logsumexp(1).mean().item()


@pytest.mark.parametrize("steps", [1, 2, 7])
@pytest.mark.parametrize("block", [64, 2**20])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_steps_are_those_of_scikit_learn(
    points: Tensor, steps: int, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mixture, "BLOCK", block)
    start = mixture.fit(points, COMPONENTS, 0)
    oracle = GaussianMixture(
        COMPONENTS,
        tol=0,
        max_iter=steps,
        weights_init=start.weights.numpy(),
        means_init=start.means.numpy(),
        precisions_init=torch.cholesky_inverse(start.factors).numpy(),
    ).fit(points.double().numpy())
    found = mixture.fit(points, COMPONENTS, steps)
    for ours, theirs in (
        (found.weights, oracle.weights_),
        (found.means, oracle.means_),
        (found.factors @ found.factors.mT, oracle.covariances_),
    ):
        torch.testing.assert_close(ours, torch.from_numpy(theirs), rtol=1e-7, atol=1e-9)


def test_each_step_raises_the_likelihood(points: Tensor) -> None:
    found = [mean_log_density(mixture.fit(points, COMPONENTS, n), points) for n in range(6)]
    assert found == sorted(found)
    assert found[-1] > found[0] + 0.01


def test_one_component_has_the_mean_and_the_covariance(points: Tensor) -> None:
    found = mixture.fit(points, 1, 1)
    exact = points.double()
    torch.testing.assert_close(found.means[0], exact.mean(0))
    torch.testing.assert_close(
        found.factors[0] @ found.factors[0].T,
        exact.T.cov(correction=0) + mixture.ADDED_VARIANCE * torch.eye(3).double(),
    )


def test_clusters_that_lie_apart_are_found() -> None:
    noise = torch.randn(900, 2, generator=randomness.generator(1, "points"))
    centres = torch.tensor([[0.0, 0], [100, 0], [0, 100]])
    found = mixture.fit(centres[torch.arange(900) % 3] + noise, 3, 3)
    order = (found.means @ torch.tensor([[1.0], [2]]).double()).squeeze(1).argsort()
    torch.testing.assert_close(found.means[order].float(), centres, atol=0.2, rtol=0)
    torch.testing.assert_close(found.weights, torch.full((3,), 1 / 3).double())


def test_points_that_coincide_keep_a_density() -> None:
    points = torch.eye(4).repeat(10, 1)
    found = mixture.fit(points, 4, 3)
    highest = -2 * math.log(2 * math.pi * mixture.ADDED_VARIANCE) - math.log(4)
    assert mean_log_density(found, points) == pytest.approx(highest, rel=1e-6)


@pytest.mark.parametrize(
    ("points", "reason"),
    [
        (torch.eye(3).repeat(5, 1), "only 3 are distinct"),
        (torch.tensor([[0.0], [math.nan], [1], [2]]), "some are not finite"),
    ],
    ids=["few", "nan"],
)
def test_points_that_no_mixture_fits_are_refused(points: Tensor, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        mixture.fit(points, 4, 2)
