"""What a VAE's settings do, against formulas of their own."""

import math
from typing import Any

import pytest
import torch
from sklearn.mixture import GaussianMixture
from torch import distributions

from genmodels.data.images import Batch
from genmodels.errors import InputError
from genmodels.models import VAE
from genmodels.models.density import Density
from genmodels.networks import MLP
from genmodels.system import randomness

SHAPE = (1, 4, 5)
IMAGES = torch.rand(32, *SHAPE, generator=randomness.generator(0, "images"))
STANDARD = distributions.Normal(0, 1)
LEAST = 0.04  # nats: between those of the latent dimensions


def make(**settings: Any) -> Any:
    with randomness.placed(0, "init"):
        return VAE(SHAPE, 3, MLP((16,)), **settings)


def objective(model: Any) -> Any:
    with randomness.placed(0, "objective"):
        return model.phases()[0].objective(Batch(IMAGES))


def test_beta_weighs_the_divergence() -> None:
    plain, weighed = objective(make()), objective(make(beta=4.0))
    assert plain["kl"].item() == weighed["kl"].item()
    expected = plain["reconstruction"] + 4 * plain["kl"]
    torch.testing.assert_close(weighed["loss"], expected)


def test_warm_up_rises_step_by_step_and_then_stays() -> None:
    model = make(warmup=4, beta=2.0)
    shares = []
    for _ in range(6):
        terms = objective(model)
        share = (terms["loss"] - terms["reconstruction"]) / terms["kl"] / 2
        shares.append(round(share.item(), 4))
    assert shares == [0, 0.25, 0.5, 0.75, 1, 1]


def test_total_correlation_with_beta_one_is_the_kl_term() -> None:
    plain, parts = objective(make()), objective(make(divergence="total_correlation"))
    terms = ("mutual_information", "total_correlation", "dimension_wise_kl")
    whole = sum(parts[name] for name in terms)
    torch.testing.assert_close(parts["loss"], parts["reconstruction"] + whole)
    assert parts["reconstruction"].item() == plain["reconstruction"].item()


def test_beta_weighs_the_total_correlation_alone() -> None:
    plain, weighed = (
        objective(make(divergence="total_correlation", beta=beta)) for beta in (1.0, 4.0)
    )
    mean, log_variance = make().posterior(IMAGES)
    with randomness.placed(0, "objective"):
        latents = mean + (0.5 * log_variance).exp() * torch.randn_like(mean)
    posterior = distributions.Normal(mean, (0.5 * log_variance).exp())
    each = posterior.log_prob(latents.unsqueeze(1))  # log q(z_i|x_j) of each dimension
    joint, marginals = each.sum(2).logsumexp(1), each.logsumexp(1).sum(1)
    expected = (joint - marginals).mean() + 2 * math.log(len(IMAGES))  # of 3 dimensions
    torch.testing.assert_close(weighed["total_correlation"], expected)
    torch.testing.assert_close(weighed["loss"], plain["loss"] + 3 * expected)


def sampled(model: Any, samples: Any) -> tuple[Any, ...]:
    """The posterior, and log p(x|z) and log p(z) / q(z|x) of the draws that an objective makes,
    (samples, B)."""
    mean, log_variance = model.encoder(IMAGES).chunk(2, 1)
    posterior = distributions.Normal(mean, log_variance.exp().sqrt())
    with randomness.placed(0, "objective"):
        noise = torch.randn(len(IMAGES), samples, 3).transpose(0, 1)
    latents = mean + posterior.stddev * noise
    logits = model.decoder(latents.flatten(0, 1)).view(samples, *IMAGES.shape)
    pixels = distributions.Bernoulli(logits=logits, validate_args=False)  # grey ones
    ratio = STANDARD.log_prob(latents) - posterior.log_prob(latents)
    return posterior, pixels.log_prob(IMAGES).sum((2, 3, 4)), ratio.sum(2)


def test_the_elbo_is_the_mean_over_samples() -> None:
    model = make(samples=5)
    found = objective(model)
    posterior, likelihood, _ = sampled(model, 5)
    divergence = distributions.kl_divergence(posterior, STANDARD).sum(1).mean()
    torch.testing.assert_close(found["kl"], divergence)
    torch.testing.assert_close(found["loss"], divergence - likelihood.mean())


def test_iwae_is_the_logarithm_of_the_mean_weight() -> None:
    model = make(bound="iwae", samples=5)
    found = objective(model)
    _, likelihood, ratio = sampled(model, 5)
    weights = likelihood + ratio
    torch.testing.assert_close(found["loss"], -weights.exp().mean(0).log().mean())
    torch.testing.assert_close(found["negative_elbo"], -weights.mean())
    assert found["loss"] < found["negative_elbo"]


def test_the_optimal_scale_is_the_root_mean_squared_error() -> None:
    model = make(likelihood="gaussian", scale="optimal")
    found = objective(model)["reconstruction"]
    pixels = math.prod(SHAPE)
    mean, log_variance = model.posterior(IMAGES)
    with randomness.placed(0, "objective"):
        latents = mean + (0.5 * log_variance).exp() * torch.randn_like(mean)
    error = (model.decode(latents) - IMAGES).square().mean()
    expected = pixels / 2 * (math.log(2 * math.pi) + error.log() + 1)
    torch.testing.assert_close(found, expected)


def test_the_optimal_scale_of_images_not_trained_on_is_the_one_that_was_kept() -> None:
    model = make(likelihood="gaussian", scale="optimal")
    with torch.no_grad():
        model.decoder[-2].weight.zero_()  # all latents give one image
        error = (model.decode(torch.zeros(1, 3)) - IMAGES).square()
        kept = torch.tensor(0.1**2)
        for _ in range(3):
            objective(model)
            kept = 0.99 * kept + 0.01 * error.mean()
        found = [model.eval().validation_metrics(Batch(IMAGES))["reconstruction"] for _ in range(2)]
    density = distributions.Normal(0, kept.sqrt()).log_prob(error.sqrt())
    expected = -density.sum((1, 2, 3)).mean()
    torch.testing.assert_close(found, [expected, expected])


def test_a_learned_scale_learns() -> None:
    model = make(likelihood="discretized_logistic", scale="learned")
    (slope,) = torch.autograd.grad(objective(model)["loss"], model.log_scale)
    assert slope != 0


def test_binarised_pixels_are_drawn_anew_with_their_grey_as_the_probability() -> None:
    model, seen = make(binarize=True), []
    model.encoder.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    with torch.no_grad():
        model.decoder[-2].weight.zero_()
        model.decoder[-2].bias.fill_(1)  # the log-odds of every pixel
    batch = Batch(IMAGES[:4].repeat_interleave(3000, 0))
    for stream in "ab":
        with randomness.placed(0, stream):
            terms = model.phases()[0].objective(batch)
        drawn = seen[-1]
        assert set(drawn.unique().tolist()) == {0, 1}
        torch.testing.assert_close(
            drawn.unflatten(0, (4, 3000)).mean(1), IMAGES[:4], atol=0.04, rtol=0
        )
        # What is reconstructed is what was drawn: −log p(1) = log(1 + 1/e), −log p(0) is one more.
        expected = drawn[0].numel() * (1 + math.log1p(1 / math.e)) - drawn.sum((1, 2, 3)).mean()
        torch.testing.assert_close(terms["reconstruction"], expected)
    assert not torch.equal(*seen)


def test_free_bits_are_of_each_dimension_of_a_batch() -> None:
    model = make(free_bits=LEAST, beta=3.0)
    found = objective(model)
    mean, log_variance = model.encoder(IMAGES).chunk(2, 1)
    posterior = distributions.Normal(mean, log_variance.exp().sqrt())
    each = distributions.kl_divergence(posterior, STANDARD).mean(0)
    assert each.min() < LEAST < each.max()
    expected = sum(max(value, LEAST) for value in each.tolist())
    assert (found["loss"] - found["reconstruction"]).item() == pytest.approx(3 * expected)
    torch.testing.assert_close(found["kl"], each.sum())


CODES = torch.cat(
    [torch.randn(300, 2, generator=randomness.generator(0, "left")) * 0.1 - 2,
     torch.randn(100, 2, generator=randomness.generator(0, "right")) @ torch.tensor([[1.0, 0.5],
                                                                                   [0.0, 0.3]])]
)  # fmt: skip


@pytest.mark.parametrize(("kind", "components"), [("gaussian", 1), ("gmm", 2)])
def test_a_fitted_density_is_the_librarys(kind: Any, components: int) -> None:
    density = Density(2, kind, components)
    assert not density.fitted
    density.fit(CODES)
    oracle = GaussianMixture(components, random_state=0).fit(CODES.double().numpy())
    expected = torch.from_numpy(oracle.score_samples(CODES.double().numpy())).float()
    torch.testing.assert_close(density.log_density(CODES), expected, atol=1e-3, rtol=1e-3)
    drawn = density.draw(40_000, randomness.generator(0, "draw"))
    torch.testing.assert_close(drawn.mean(0), CODES.mean(0), atol=0.03, rtol=0)
    torch.testing.assert_close(drawn.T.cov(), CODES.T.cov(), atol=0.03, rtol=0.03)


def test_codes_that_learn_on_leave_their_density_behind() -> None:
    model = make(sampler="gmm", components=2).eval()
    model.fit([Batch(IMAGES)])
    assert model.fitted
    model.eval()
    assert model.fitted
    model.train()
    assert not model.fitted


def test_a_mixture_of_too_many_components_says_so() -> None:
    model = make(sampler="gmm", components=20).eval()
    with pytest.raises(InputError, match=r"20 needs codes of 40 .* there are 32; lower"):
        model.fit([Batch(IMAGES)])


def test_the_likelihood_is_of_the_density_that_samples_come_from() -> None:
    model = make(sampler="gaussian").eval()
    with torch.no_grad(), randomness.placed(0, "w"):
        before = model.log_weights(IMAGES)
    model.fit([Batch(IMAGES)])
    with torch.no_grad(), randomness.placed(0, "w"):
        after = model.log_weights(IMAGES)
    with torch.no_grad(), randomness.placed(0, "w"):
        latents = model.infer(IMAGES)
    normal = -0.5 * (latents.square() + math.log(2 * math.pi)).sum(1)
    torch.testing.assert_close(
        after - before, model.density.log_density(latents) - normal, atol=1e-4, rtol=1e-4
    )
