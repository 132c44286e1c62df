"""Sample, interpolate, perturb and reconstruct: for any model, from any run.

Latents are drawn on the CPU in blocks of a fixed size, each block at its own position, so
a sample depends on the seed and its number alone: 64 images are the first of 10,000, on
every device and whatever the memory allows at once.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor

from genmodels import construct, randomness
from genmodels.checkpoint import Checkpoint
from genmodels.config import GIVEN, MODELS
from genmodels.errors import InputError
from genmodels.memory import Chunks
from genmodels.models.base import Encodes, Fitted, Model
from genmodels.settings import Shift

BLOCK = 500  # images decoded at once
Weights = Literal["average", "last"]


def load_model(
    checkpoint: Checkpoint, weights: Weights | None = None, device: torch.device = randomness.CPU
) -> Model:
    """Build the model of a checkpoint, ready to be used.

    Args:
        checkpoint: of a run, resumable or a snapshot.
        weights: ``average`` or ``last``; by default the average where there is one.
        device: where it shall compute.

    Raises:
        InputError: the average is asked for and there is none.
    """
    average = checkpoint.part("average.")
    if weights == "average" and not average:
        raise InputError(
            f"{checkpoint.path} has no weight average; use --weights last, "
            "or train with --set train.average=0.999"
        )
    tensors = checkpoint.part("model.") if weights == "last" or not average else average
    check_weights(checkpoint, tensors)
    model = _build(checkpoint)
    model.load_state_dict(tensors)
    return model.to(device).eval()


def check_weights(checkpoint: Checkpoint, tensors: Mapping[str, Tensor]) -> None:
    """See whether tensors are those of the model that a checkpoint describes.

    Only shapes are looked at, so this takes no memory, however large the model says it is.

    Raises:
        InputError: they are not.
    """
    with torch.device("meta"):
        wanted = _build(checkpoint).state_dict()
    for name in sorted(wanted.keys() | tensors.keys()):
        shapes = [tuple(t[name].shape) if name in t else "none" for t in (wanted, tensors)]
        if shapes[0] != shapes[1]:
            raise InputError(
                f"{checkpoint.path} does not hold the weights of the model it describes: {name} "
                f"is {shapes[1]}, the model has {shapes[0]}; it was not written by this version"
            )


def _build(checkpoint: Checkpoint) -> Model:
    given = {key: checkpoint.header[key] for key in GIVEN if key in checkpoint.header}
    given["image_shape"] = tuple(given["image_shape"])
    try:
        model: Model = construct.build(checkpoint.header["config"]["model"], MODELS, **given)
    except (RuntimeError, OverflowError, MemoryError) as error:
        raise InputError(f"{checkpoint.path} describes a model that cannot be: {error}") from None
    return model


@torch.no_grad()
def decode(model: Model, latents: Tensor, labels: Tensor | None = None) -> Tensor:
    """Latents (N, latent_dim) on any device → images (N, C, H, W) on the CPU."""
    device = next(model.parameters()).device

    def part(rows: Tensor) -> Tensor:
        chosen = None if labels is None else labels[rows].to(device)
        return model.decode(latents[rows].to(device), chosen).float().cpu()

    chunks = Chunks(BLOCK, "generating images")
    return torch.cat(chunks.map(part, torch.arange(len(latents))))


def decode_walks(model: Model, walks: Tensor, labels: Tensor | None = None) -> Tensor:
    """Latents (R, S, latent_dim) and a label for each walk → images (R, S, C, H, W)."""
    known = None if labels is None else labels.repeat_interleave(walks.shape[1])
    return decode(model, walks.flatten(0, 1), known).unflatten(0, walks.shape[:2])


def latents(model: Model, count: int, seed: int = 0) -> Iterator[Tensor]:
    """Draw ``count`` latents in blocks of at most ``BLOCK``.

    Raises:
        InputError: the density that they come from was not fitted yet.
    """
    if isinstance(model, Fitted) and not model.fitted:
        raise InputError(
            "training was stopped before the density of the codes was fitted; go on with it by "
            "genmodels train --resume"
        )
    for index, start in enumerate(range(0, count, BLOCK)):
        block = model.prior(BLOCK, randomness.generator(seed, "sample", index))
        yield block[: count - start]


def sample(model: Model, count: int, seed: int = 0, label: int | None = None) -> Iterator[Tensor]:
    """Generate images in blocks, (n, C, H, W) float32 in [0, 1] on the CPU.

    Args:
        model: ready to be used.
        count: of images.
        seed: of latents and labels.
        label: of all images; by default labels are drawn as often as they were trained on.

    Raises:
        InputError: a label is asked for and the model takes none.
    """
    known = labels(model, count, seed, label)
    for start, block in zip(range(0, count, BLOCK), latents(model, count, seed), strict=True):
        yield decode(model, block, None if known is None else known[start : start + BLOCK])


def labels(model: Model, count: int, seed: int = 0, label: int | None = None) -> Tensor | None:
    """The labels of samples, (count,); None for a model without classes.

    Raises:
        InputError: a label is asked for and the model takes none.
    """
    if label is not None:
        if not 0 <= label < model.num_classes:
            takes = f"labels 0 to {model.num_classes - 1}" if model.num_classes else "no labels"
            raise InputError(f"--label {label}: this {type(model).__name__} takes {takes}")
        return torch.full((count,), label)
    drawn = [
        model.draw_labels(BLOCK, randomness.generator(seed, "sample labels", index))
        for index in range(-(-count // BLOCK))
    ]
    known = [block for block in drawn if block is not None]
    return torch.cat(known)[:count] if known else None


@torch.no_grad()
def encode(model: Model, images: Tensor, labels: Tensor | None = None) -> Tensor:
    """Images (N, C, H, W) → latents (N, latent_dim) on the CPU.

    Raises:
        InputError: the model has no encoder.
    """
    if not isinstance(model, Encodes):
        raise InputError(
            f"a {type(model).__name__} has no encoder, so it cannot start from images; "
            "leave --from and --to out to use samples"
        )
    device = next(model.parameters()).device

    def part(rows: Tensor) -> Tensor:
        chosen = None if labels is None else labels[rows].to(device)
        return model.encode(images[rows].to(device), chosen).float().cpu()

    chunks = Chunks(BLOCK, "encoding images")
    return torch.cat(chunks.map(part, torch.arange(len(images))))


def reconstruct(model: Model, images: Tensor, labels: Tensor | None = None) -> Tensor:
    """Encode and decode: (N, C, H, W) → (N, C, H, W)."""
    return decode(model, encode(model, images, labels), labels)


def lerp(start: Tensor, end: Tensor, steps: int) -> Tensor:
    """Straight lines: latents (R, D) twice → (R, steps, D)."""
    share = torch.linspace(0, 1, steps).view(1, -1, 1)
    return start.unsqueeze(1) * (1 - share) + end.unsqueeze(1) * share


def slerp(start: Tensor, end: Tensor, steps: int) -> Tensor:
    """Great circles (White, Sampling Generative Networks, 2016): (R, D) twice → (R, steps, D).

    Normal latents lie near a sphere, which a straight line would leave. Where the ends
    are parallel the circle is the line.
    """
    share = torch.linspace(0, 1, steps).view(1, -1, 1)
    cosine = torch.nn.functional.cosine_similarity(start, end, dim=1).clamp(-1, 1)
    angle = cosine.acos().view(-1, 1, 1)
    sine = angle.sin()
    first = ((1 - share) * angle).sin() / sine
    second = (share * angle).sin() / sine
    circle = first * start.unsqueeze(1) + second * end.unsqueeze(1)
    return torch.where(sine.abs() < 1e-4, lerp(start, end, steps), circle)


def perturb(start: Tensor, shifts: Sequence[Shift], steps: int) -> Tensor:
    """The report's perturbation test: (R, D) → (R, steps, D).

    Each shift moves a slice of dimensions, from its start and by its step for each frame;
    shifts that overlap add up.

    Raises:
        InputError: no slice selects any dimension of this model.
    """
    moved = start.unsqueeze(1).repeat(1, steps, 1)
    frames = torch.arange(steps).view(1, -1, 1)
    if not any(start[:, shift.slice].numel() for shift in shifts):
        raise InputError(
            f"{', '.join(shift.dims for shift in shifts)} selects none of {start.shape[1]} latent "
            "dimensions; choose others with --shift"
        )
    for shift in shifts:
        moved[..., shift.slice] += shift.start + frames * shift.step
    return moved
