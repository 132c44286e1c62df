"""Flow matching against normal distributions, whose fields are known."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from genmodels.data.images import Batch
from genmodels.models import Flow
from genmodels.models import flow as flows
from genmodels.models.flow import solve
from genmodels.networks import ResidualMLP, UNet, VectorField
from genmodels.system import randomness

SHAPE = (1, 2, 3)
MEAN, SCALE = 0.2, 0.25  # of every pixel in [-1, 1]


class Exact(nn.Module):
    """v(x, t) = E[x₁ − x₀ | x_t = x] where x₁ ~ N(m, s²) and x₀ ~ N(0, 1), independently."""

    def __init__(self, off: float = 0.0) -> None:
        super().__init__()
        self.off = nn.Parameter(torch.tensor(off))

    def forward(self, images: Tensor, times: Any) -> Tensor:
        t = times.view(-1, 1, 1, 1)
        variance = (1 - t) ** 2 + (t * SCALE) ** 2
        standard = (images - t * MEAN) / variance
        return MEAN + (t * SCALE**2 - (1 - t)) * standard + self.off


class ExactImage(Exact):
    """E[x₁ | x_t = x] for the same distributions."""

    def forward(self, images: Tensor, times: Any) -> Tensor:
        return images + (1 - times.view(-1, 1, 1, 1)) * super().forward(images, times)


def flow(
    steps: int = 100, solver: Any = "heun", off: float = 0.0, predicts: Any = "velocity"
) -> Any:
    with randomness.placed(0, "init"):
        model = Flow((1, 8, 8), UNet(8, 1), predicts, steps=steps, solver=solver)
    model.image_shape, model.latent_dim = SHAPE, 6
    model.field = ExactImage(off) if predicts == "image" else Exact(off)
    return model


def data(count: int, stream: str = "data") -> Tensor:
    noise = torch.randn(count, *SHAPE, generator=randomness.generator(0, stream))
    return ((MEAN + SCALE * noise) + 1) / 2


@torch.no_grad()
def test_noise_is_carried_to_the_normal_distribution_of_the_images() -> None:
    latents = torch.randn(4000, 6, generator=randomness.generator(0, "z"))
    images = flow().decode(latents)
    expected = ((MEAN + SCALE * latents) + 1) / 2  # both are normal, so the map is linear
    torch.testing.assert_close(images.flatten(1), expected.clamp(0, 1), atol=2e-3, rtol=0)


@torch.no_grad()
@pytest.mark.parametrize(("steps", "tolerance"), [(20, 1e-5), (100, 0.02)])
def test_a_field_of_images_leads_where_the_same_field_of_velocities_does(
    steps: int, tolerance: float
) -> None:
    """To the rounding where 1 − t ≥ 0.05; of 100 steps the last ones are shorter."""
    latents = torch.randn(4000, 6, generator=randomness.generator(0, "z"))
    by_image, by_velocity = (
        flow(steps, "adams", predicts=predicts).decode(latents)
        for predicts in ("image", "velocity")
    )
    torch.testing.assert_close(by_image, by_velocity, atol=tolerance, rtol=0)


@torch.no_grad()
@pytest.mark.parametrize(
    ("solver", "steps"), [("euler", 1), ("euler", 10), ("heun", 1), ("heun", 10), ("adams", 1)]
)
def test_the_last_step_of_a_field_of_images_ends_at_its_image(solver: str, steps: int) -> None:
    """No noise remains, as it would after half a step."""
    model, seen = flow(steps, solver, predicts="image"), []
    model.field.register_forward_hook(lambda field, given, output: seen.append(output))
    images = model.decode(torch.randn(100, 6, generator=randomness.generator(0, "z")))
    torch.testing.assert_close(images, ((seen[-1] + 1) / 2).clamp(0, 1))
    assert len(seen) == (2 * steps - 1 if solver == "heun" else steps)


@torch.no_grad()
@pytest.mark.parametrize("time", [0.3, 0.9, 0.99])
def test_the_loss_of_an_image_is_that_of_its_velocity(
    monkeypatch: pytest.MonkeyPatch, time: float
) -> None:
    """‖x̂ − x‖² / (1 − t)², and from t = 0.95 on, ‖x̂ − x‖² / 0.05²."""
    model, images = flow(off=0.1, predicts="image"), data(50)
    monkeypatch.setattr(torch, "rand", lambda count, device: torch.full((count,), time))
    seen: list[Tensor] = []
    model.field.register_forward_hook(lambda field, given, output: seen.append(output))
    loss = model._objective(Batch(images))["loss"]
    (predicted,) = seen
    error = (predicted - (images * 2 - 1)).square().flatten(1).sum(1).mean()
    torch.testing.assert_close(loss, error / max(1 - time, 0.05) ** 2)


@torch.no_grad()
def test_encoding_follows_the_same_way_back() -> None:
    model = flow()
    images = data(50).clamp(0, 1)
    torch.testing.assert_close(model.decode(model.encode(images)), images, atol=1e-4, rtol=0)


@torch.no_grad()
@pytest.mark.parametrize(
    ("solver", "steps", "evaluations"),
    # The last of 93 steps ends after time 1, by rounding.
    [("euler", 5, 5), ("heun", 5, 10), ("heun", 93, 186), ("adams", 5, 6)],
)
def test_the_field_is_evaluated_as_often_as_documented(
    solver: str, steps: int, evaluations: int
) -> None:
    model = flow(steps, solver)
    calls: list[float] = []
    model.field.register_forward_pre_hook(lambda field, given: calls.append(given[1][0].item()))
    model.decode(torch.zeros(1, 6))
    assert len(calls) == evaluations


@torch.no_grad()
def test_half_precision_is_of_the_field_alone() -> None:
    with randomness.placed(0, "init"):
        exact, rounded = (
            Flow((1, 8, 8), UNet(8, 1), steps=2, precision=p) for p in ("fp32", "bf16")
        )
    for parameter in exact.field.parameters():
        nn.init.normal_(parameter, std=0.1)  # the last layer begins at 0
    rounded.load_state_dict(exact.state_dict())
    latents = torch.randn(4, 64, generator=randomness.generator(0, "z"))
    seen: list[bool] = []
    rounded.field.register_forward_pre_hook(
        lambda field, given: seen.append(torch.is_autocast_enabled("cpu"))
    )
    images = rounded.decode(latents)
    assert all(seen)
    assert images.dtype == torch.float32
    expected = exact.decode(latents)
    assert not torch.equal(images, expected)
    torch.testing.assert_close(images, expected, atol=0.02, rtol=0)


@torch.no_grad()
@pytest.mark.parametrize(("solver", "order"), [("euler", 1), ("heun", 2), ("adams", 2)])
def test_the_solvers_have_their_order(solver: str, order: int) -> None:
    latents = torch.randn(200, 6, generator=randomness.generator(0, "z")).double()
    expected = ((MEAN + SCALE * latents) + 1) / 2
    errors = []
    for steps in (64, 128):
        model = flow(steps, solver).double()
        velocity = model._velocity_of(model.field, None)
        found = (solve(velocity, latents.view(-1, *SHAPE), 0.0, 1.0, steps, model.solver) + 1) / 2
        errors.append((found.flatten(1) - expected).abs().max().item())
    assert errors[0] / errors[1] == pytest.approx(2**order, rel=0.2)


@torch.no_grad()
def test_encoding_of_a_field_of_images_begins_where_its_velocities_are_right() -> None:
    """From 0.95 x at t = 0.95, along x_t = t m + √((1 − t)² + t² s²) z."""
    images = data(50)
    begun = 0.95 * ((images * 2 - 1) - MEAN)
    expected = begun / math.sqrt(0.05**2 + (0.95 * SCALE) ** 2)
    found = flow(steps=200, predicts="image").encode(images)
    torch.testing.assert_close(found, expected.flatten(1), atol=2e-3, rtol=0)


@torch.no_grad()
def test_encoding_takes_steps_of_its_own() -> None:
    """The error of Heun's method falls with the square of its steps."""
    images = data(200).double()
    exact = ((images * 2 - 1) - MEAN) / SCALE

    def error(**settings: Any) -> float:
        model = Flow((1, 8, 8), UNet(8, 1), **settings)
        model.field = Exact().double()
        return (model.encode(images) - exact.flatten(1)).abs().max().item()

    assert error(steps=64) == error(steps=4, encode_steps=64)
    assert error(steps=64, encode_steps=128) == pytest.approx(error(steps=64) / 4, rel=0.2)


@torch.no_grad()
def test_the_exact_field_has_the_least_loss() -> None:
    batch = Batch(data(20_000))
    found = {}
    for off in (-0.1, 0.0, 0.1):
        model = flow(off=off)
        with randomness.placed(0, "times"):
            found[off] = model._objective(batch)["loss"].item()
    # What it cannot know is Var(x₁ − x₀ | x_t) = s² / ((1 − t)² + t² s²), on average s π / 2.
    assert found[0.0] == pytest.approx(6 * SCALE * math.pi / 2, rel=0.02)
    assert found[0.0] < min(found[-0.1], found[0.1])
    # Beside it, the loss grows by the square of what is off, in each of six pixels.
    assert (found[0.1] + found[-0.1]) / 2 - found[0.0] == pytest.approx(6 * 0.01, rel=1e-3)


SHARES = {  # of times that lie below one
    "uniform": lambda times: times,
    "logit_normal": lambda times: torch.distributions.Normal(0, 1).cdf(times.logit()),
}


@torch.no_grad()
@pytest.mark.parametrize("times", SHARES)
def test_times_are_drawn_for_each_image_as_their_name_says(times: Any) -> None:
    with randomness.placed(0, "init"):
        model = Flow((1, 8, 8), UNet(8, 1), times=times)
    model.field, seen = Exact(), []
    model.field.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[1]))
    with randomness.placed(0, "times"):
        model.phases()[0].objective(Batch(data(20_000)))
    (found,) = seen
    shares = SHARES[times](found.sort().values)
    torch.testing.assert_close(shares, torch.linspace(0, 1, 20_000), atol=0.015, rtol=0)


@torch.no_grad()
def test_a_student_learns_where_its_teacher_leads_the_noise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both are normal, so the lines of a finished teacher are known, and do not cross."""
    monkeypatch.setattr(flows, "TEACHING", (100, "heun"))
    with randomness.placed(0, "init"):
        model = Flow((1, 8, 8), UNet(8, 1), student_every=2)
    model.field, seen = Exact(), []

    class Straight(nn.Module):
        """The velocity of the line from z to m + s z through x at time t."""

        def forward(self, images: Tensor, times: Any) -> Tensor:
            t = times.view(-1, 1, 1, 1)
            noise = (images - t * MEAN) / (1 - t + t * SCALE)
            seen.append(noise)
            return MEAN + (SCALE - 1) * noise

    model.student = Straight()
    matching, student = model.phases()
    assert (matching.module, matching.every) == (model.field, 1)
    assert (student.module, student.every) == (model.student, 2)
    with randomness.placed(0, "student"):
        loss = student.objective(Batch(data(2000)))["loss"].item()
    (noise,) = seen
    assert loss < 1e-4
    assert noise.std().item() == pytest.approx(1, rel=0.02)
    model.image_shape, model.latent_dim, model.steps, model.solver = SHAPE, 6, 1, "euler"
    assert model.sampling_module() is model.student
    latents = torch.randn(1000, 6, generator=randomness.generator(0, "z"))
    expected = ((MEAN + SCALE * latents) + 1) / 2  # in one step
    torch.testing.assert_close(model.decode(latents).flatten(1), expected.clamp(0, 1))


def test_a_student_leaves_its_teacher_alone() -> None:
    with randomness.placed(0, "init"):
        model = Flow((1, 8, 8), ResidualMLP(16, 1), predicts="image", student_every=1)
    assert model.student is not None
    model.phases()[1].objective(Batch(torch.rand(4, 1, 8, 8)))["loss"].backward()
    assert all(parameter.grad is None for parameter in model.field.parameters())
    assert any(parameter.grad is not None for parameter in model.student.parameters())


@pytest.mark.parametrize("network", [UNet(8, 1), ResidualMLP(16, 2)])
def test_a_fresh_field_moves_nothing(network: VectorField) -> None:
    model = Flow((1, 8, 8), network)
    latents = torch.zeros(2, 64)
    with torch.no_grad():
        assert torch.equal(model.decode(latents), torch.full((2, 1, 8, 8), 0.5))
