"""Flow matching: an ODE with a learnt vector field maps noise to images and back."""

import math
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Literal

import torch
from torch import Tensor, nn

from genmodels import losses
from genmodels.config.number_types import Count
from genmodels.data.images import Batch
from genmodels.models.base import Model, Phase, Terms
from genmodels.networks import UNet, VectorField

Solver = Literal["euler", "heun", "adams"]
Precision = Literal["fp32", "bf16"]
Times = Literal["uniform", "logit_normal"]
Predicts = Literal["velocity", "image"]

NEAREST = 0.05  # what 1 − t is at least where velocities are computed; Li & He (2025), appendix
TEACHING: tuple[int, Solver] = (4, "adams")  # steps and solver of a student's teacher


class Flow(Model):
    """Flow Straight and Fast: Learning to Generate and Transfer Data with Rectified Flow (Liu,
    Gong & Liu, 2023), https://arxiv.org/abs/2209.03003; Flow Matching for Generative Modeling
    (Lipman et al., 2023), https://arxiv.org/abs/2210.02747.

    x_t = (1 − t) z + t x is the straight line from noise z ~ N(0, I) to an image x. The field v
    learns its velocity: it minimises E ‖v(x_t, t) − (x − z)‖², summed over pixels (Liu et al.,
    equation 1; Lipman et al., equation 23 with σ_min = 0). Sampling integrates the field from
    t = 0 to 1, and encoding from 1 to 0. A latent has as many numbers as the image.

    Args:
        image_shape: (C, H, W).
        network: the field, on images in [-1, 1].
        predicts: what the network returns: the ``velocity`` v, or the ``image`` x to which the
            line from x_t leads, so that v = (x − x_t) / (1 − t); the loss is the same. A network
            that is small beside an image learns the image better, because images need fewer
            dimensions than noise (Li & He, Back to Basics: Let Denoising Generative Models
            Denoise, 2025, https://arxiv.org/abs/2511.13720, section 3). Then 1 − t is at least
            0.05, as in their code, and where ``heun`` samples, steps that end after t = 0.95 are
            Euler's; in their code the last one is. Encoding begins at t = 0.95 and 0.95 x, because
            later velocities are too small and would leave the image in the latent.
        times: how t is drawn: ``uniform``, or ``logit_normal``: the sigmoid of N(0, 1), which
            favours the middle (Esser et al., Scaling Rectified Flow Transformers, 2024,
            section 3.1).
        steps: of the solver when sampling; adjustable after training.
        solver: ``euler``, which evaluates the field once per step; ``heun``, which evaluates it
            twice and is accurate to second order (Karras et al., Elucidating the Design Space of
            Diffusion-Based Generative Models, 2022, section 3); or ``adams``, which is accurate
            to second order and evaluates it once, because it keeps the velocity of the step
            before: the method of Adams and Bashforth (Hairer, Nørsett & Wanner, Solving Ordinary
            Differential Equations I, 1993, section III.1), whose first step is Heun's. Adjustable
            after training.
        precision: of the field when sampling and encoding. ``bf16`` is for processors that
            multiply bfloat16, and rounds the velocities; adjustable after training.
        encode_steps: of the solver when encoding; by default as many as ``steps``. More steps
            follow the field more exactly, so that as many of them lead back to the image.
            Adjustable after training.
        student_every: train a second field, the student, in one of so many steps. It learns the
            lines from noise to the images where the first field leads it ("reflow", Liu et al.,
            section 2.2), with uniform times. These lines do not cross, so the student's way is
            straighter, and fewer steps suffice. Then it samples and encodes. In the paper the
            first field is trained before; here it goes on learning, so a run has one stage.
        conditional: whether the field is conditioned on the label.
        class_shares: the share of each class in the training images.
    """

    adjustable = ("steps", "solver", "precision", "encode_steps")

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        network: VectorField = UNet(),
        predicts: Predicts = "velocity",
        times: Times = "uniform",
        steps: Count = 10,
        solver: Solver = "heun",
        precision: Precision = "fp32",
        encode_steps: Count | None = None,
        student_every: Count | None = None,
        conditional: bool = False,
        class_shares: Sequence[float] = (),
    ):
        channels, height, width = image_shape
        super().__init__(image_shape, channels * height * width, conditional, class_shares)
        self.field = network.vector_field(image_shape, self.num_classes)
        self.student_every = student_every
        self.student: nn.Module | None = None
        if student_every:
            self.student = network.vector_field(image_shape, self.num_classes)
        self.predicts, self.times = predicts, times
        self.solver, self.precision = solver, precision
        self.steps, self.encode_steps = steps, encode_steps or steps

    def phases(self) -> list[Phase]:
        """Return the matching of the field to the lines; with a student, of its field as well."""
        if self.student is None or self.student_every is None:
            return [Phase("matching", self, self._objective)]
        return [
            Phase("matching", self.field, self._objective),
            Phase("student", self.student, self._reflow, every=self.student_every),
        ]

    def decode(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Integrate the field from noise to images: (B, latent_dim) → (B, C, H, W) in [0, 1]."""
        start = latents.view(-1, *self.image_shape)
        images = self._carry(self.sampling_module(), start, labels, self.steps, self.solver)
        return (images + 1) / 2

    def encode(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Integrate the field from images to noise: (B, C, H, W) in [0, 1] → (B, latent_dim)."""
        velocity = self._velocity_of(self.sampling_module(), labels)
        begin = 1 - NEAREST if self.predicts == "image" else 1.0
        start = begin * (images * 2 - 1)  # the mean of the lines to an image, at this time
        return solve(velocity, start, begin, 0.0, self.encode_steps, self.solver).flatten(1)

    def validation_metrics(self, batch: Batch) -> Terms:
        """Return ``squared_error`` of the field per image, summed over pixels."""
        return {"squared_error": self._objective(batch)["loss"]}

    def sampling_module(self) -> nn.Module:
        """Return the field that samples."""
        return self.field if self.student is None else self.student

    def _objective(self, batch: Batch) -> Terms:
        images = batch.images * 2 - 1
        noise = torch.randn_like(images)
        if self.times == "uniform":
            times = torch.rand(len(images), device=images.device)
        else:
            times = torch.randn(len(images), device=images.device).sigmoid()
        return self._match(self.field, noise, images, times, batch.labels)

    def _reflow(self, batch: Batch) -> Terms:
        noise = torch.randn_like(batch.images)
        times = torch.rand(len(noise), device=noise.device)
        with torch.no_grad():
            images = self._carry(self.field, noise, batch.labels, *TEACHING)
        assert self.student is not None
        return self._match(self.student, noise, images, times, batch.labels)

    def _match(
        self,
        field: nn.Module,
        noise: Tensor,
        images: Tensor,
        times: Tensor,
        labels: Tensor | None,
    ) -> Terms:
        """Return the loss of a field on lines from noise to images."""
        places = torch.lerp(noise, images, times.view(-1, 1, 1, 1))
        output = field(places, times, *self.conditioning(labels)).float()
        target = images if self.predicts == "image" else images - noise
        velocity, wanted = (self._velocity(x, places, times) for x in (output, target))
        return {"loss": losses.squared_error(velocity, wanted).mean()}

    def _velocity(self, output: Tensor, places: Tensor, times: Tensor) -> Tensor:
        """Return the velocity that an output of a network stands for."""
        return _toward(output, places, times) if self.predicts == "image" else output

    def _carry(
        self, field: nn.Module, noise: Tensor, labels: Tensor | None, steps: int, solver: Solver
    ) -> Tensor:
        """Return the images in [-1, 1] to which a field carries noise, both (B, C, H, W)."""
        latest = 1 - NEAREST if self.predicts == "image" else math.inf
        velocity = self._velocity_of(field, labels)
        return solve(velocity, noise, 0.0, 1.0, steps, solver, latest).clamp(-1, 1)

    def _velocity_of(self, field: nn.Module, labels: Tensor | None) -> "Velocity":
        """Return the velocities of a field, with the precision of sampling."""
        conditioning = self.conditioning(labels)

        def velocity(places: Tensor, time: float) -> Tensor:
            times = torch.full((len(places),), time, device=places.device)
            half = torch.autocast(places.device.type, torch.bfloat16)
            with half if self.precision == "bf16" else nullcontext():
                output = field(places, times, *conditioning).float()
            return self._velocity(output, places, times)

        return velocity


Velocity = Callable[[Tensor, float], Tensor]  # places (B, C, H, W) and a time → as many velocities


def solve(
    velocity: Velocity,
    places: Tensor,
    begin: float,
    end: float,
    steps: int,
    solver: Solver,
    latest: float = math.inf,
) -> Tensor:
    """Solve dx/dt = v(x, t) from one time to another, and return the places at its end.

    Velocities later than ``latest`` are too small: a step of Heun that leads there is Euler's.
    """
    length = (end - begin) / steps
    earlier = None  # the velocity at the beginning of the step before
    for step in range(steps):
        time = begin + step * length
        first = slope = velocity(places, time)
        if solver == "adams" and earlier is not None:
            slope = (3 * first - earlier) / 2
        elif solver != "euler" and time + length <= max(time, latest):
            slope = (first + velocity(places + length * first, time + length)) / 2
        places, earlier = places + length * slope, first
    return places


def _toward(images: Tensor, places: Tensor, times: Tensor) -> Tensor:
    """Return the velocity of the straight lines from places at their times to images at 1."""
    return (images - places) / (1 - times).clamp(min=NEAREST).view(-1, 1, 1, 1)
