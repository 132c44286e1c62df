"""Sample, encode and reconstruct: for any model, from any run.

Latents are drawn on the CPU in blocks of a fixed size, each block at its own position, so
a sample depends on the seed and its number alone: 64 images are the first of 10,000, on
every device and whatever the memory allows at once.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import torch
from torch import Tensor

from genmodels.config import GIVEN, MODELS, components, custom_code
from genmodels.data import class_names
from genmodels.errors import InputError
from genmodels.models.base import Encodes, Fitted, Model
from genmodels.runs.checkpoint import EMA_PREFIX, Checkpoint
from genmodels.system import randomness
from genmodels.system.memory import Chunks

BLOCK = 500  # images decoded at once
Weights = Literal["ema", "last"]
EACH = "each"  # every class in turn, where a class is asked for


def load_model(
    checkpoint: Checkpoint,
    weights: Weights | None = None,
    device: torch.device = randomness.CPU,
    changes: Mapping[str, Any] | None = None,
) -> Model:
    """Build the model of a checkpoint, ready to be used.

    Args:
        checkpoint: of a run, resumable or a snapshot.
        weights: ``ema`` or ``last``; by default the EMA weights where there are any.
        device: where it shall compute.
        changes: settings of the model that are not those it was trained with, such as the
            number of a solver's steps.

    Raises:
        InputError: EMA weights are asked for and there are none, or the weights are not those
            of a model with these changes.
    """
    ema = checkpoint.part(EMA_PREFIX)
    if weights == "ema" and not ema:
        raise InputError(
            f"{checkpoint.path} has no EMA weights; use `weights=last`, "
            "or train with `train.ema=0.999`"
        )
    tensors = checkpoint.part("model.") if weights == "last" or not ema else ema
    with custom_code.of_run(checkpoint.path.parents[1]):
        return _loaded(checkpoint, tensors, changes or {}).to(device).eval()


def _loaded(
    checkpoint: Checkpoint, tensors: Mapping[str, Tensor], changes: Mapping[str, Any]
) -> Model:
    spec = _changed(checkpoint.header["config"]["model"], changes)
    check_weights(checkpoint, tensors, spec)
    model = _build(checkpoint, spec)
    model.load_state_dict(tensors)
    return model


def check_weights(
    checkpoint: Checkpoint, tensors: Mapping[str, Tensor], spec: Mapping[str, Any] | None = None
) -> None:
    """See whether tensors are those of the model that a checkpoint describes.

    Only shapes are looked at, so this takes no memory, however large the model says it is.

    Raises:
        InputError: they are not.
    """
    with torch.device("meta"):
        wanted = _build(checkpoint, spec or checkpoint.header["config"]["model"]).state_dict()
    for name in sorted(wanted.keys() | tensors.keys()):
        shapes = [tuple(t[name].shape) if name in t else "none" for t in (wanted, tensors)]
        if shapes[0] != shapes[1]:
            raise InputError(
                f"{checkpoint.path} does not hold the weights of the model it describes: {name} "
                f"is {shapes[1]}, the model has {shapes[0]}; it was not written by this version"
            )


def _changed(spec: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A model's settings with some changed.

    Raises:
        InputError: everything that is wrong with them.
    """
    changed = {**spec, **changes}
    if changes and (problems := components.problems(changed, MODELS, "model", GIVEN)):
        raise InputError("; ".join(problems))
    adjustable = components.find_class(spec[components.CLASS], MODELS).adjustable  # type: ignore[attr-defined]
    if fixed := [f"model.{name}" for name in changes if name not in adjustable]:
        others = ", ".join(f"model.{name}" for name in adjustable) or "nothing"
        raise InputError(
            f"{', '.join(fixed)} cannot be changed after training; of a trained "
            f"{spec[components.CLASS]}, {others} can"
        )
    return changed


def _build(checkpoint: Checkpoint, spec: Mapping[str, Any]) -> Model:
    given = {key: checkpoint.header[key] for key in GIVEN if key in checkpoint.header}
    given["image_shape"] = tuple(given["image_shape"])
    try:
        model: Model = components.build(spec, MODELS, **given)
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


def latents(
    model: Model, count: int, seed: int = 0, labels: Tensor | None = None
) -> Iterator[Tensor]:
    """Draw ``count`` latents in blocks of at most ``BLOCK``, for images of these labels.

    Raises:
        InputError: the density that they come from was not fitted yet.
    """
    if isinstance(model, Fitted) and not model.fitted:
        raise InputError(
            "training was stopped before the density of the codes was fitted; go on with it by "
            "`train(resume)`"
        )
    for index, start in enumerate(range(0, count, BLOCK)):
        generator = randomness.generator(seed, "sample", index)
        if labels is None:
            yield model.prior(BLOCK, generator)[: count - start]
        else:  # a block is drawn whole, so that its first latents do not depend on the count
            known = labels[start : start + BLOCK]
            filled = torch.cat([known, known[-1:].expand(BLOCK - len(known))])
            yield model.prior(BLOCK, generator, filled)[: count - start]


def latents_of_each(model: Model, count: int, seed: int = 0) -> Iterator[Tensor]:
    """Draw ``count`` latents for every class, in blocks of at most ``BLOCK``: the first of all
    classes, then the second of all. Every class has those that it has alone, which are equal
    unless the prior depends on the label; ``BLOCK`` of each class are held at once."""
    alone = [
        latents(model, count, seed, torch.full((count,), label))
        for label in range(model.num_classes)
    ]
    for blocks in zip(*alone, strict=True):
        yield from torch.stack(blocks, 1).flatten(0, 1).split(BLOCK)


def sample(
    model: Model,
    count: int,
    seed: int = 0,
    label: int | str | None = None,
    names: Sequence[str] = (),
) -> Iterator[Tensor]:
    """Generate images in blocks, (n, C, H, W) float32 in [0, 1] on the CPU.

    Args:
        model: ready to be used.
        count: of images, or of images of each class.
        seed: of latents and labels.
        label, names: as in ``labels``; with ``each``, the images of one latent follow each
            other, so those of a class are the images that this class alone gives.

    Raises:
        InputError: as for ``labels`` and ``latents``.
    """
    known = labels(model, count, seed, label, names)
    total = count if known is None else len(known)
    if label == EACH:
        blocks = latents_of_each(model, count, seed)
    else:
        blocks = latents(model, total, seed, known)
    return (
        decode(model, block, None if known is None else known[start : start + BLOCK])
        for start, block in zip(range(0, total, BLOCK), blocks, strict=True)
    )


def labels(
    model: Model,
    count: int,
    seed: int = 0,
    label: int | str | None = None,
    names: Sequence[str] = (),
) -> Tensor | None:
    """The labels of samples, (count,); None for a model without classes.

    Args:
        model: of any kind.
        count: of labels.
        seed: of labels that are drawn.
        label: of all, by number or name; with ``each`` every class in turn, (count · classes,);
            by default labels are drawn as often as they were trained on.
        names: of the classes, where they are known.

    Raises:
        InputError: a label is asked for and the model takes none, or not this one.
    """
    if label is not None:
        if model.num_classes == 0:
            raise InputError(f"`label={label}`: this {type(model).__name__} takes no labels")
        if label == EACH:
            return torch.arange(model.num_classes).repeat(count)
        named = names[: model.num_classes] or [str(n) for n in range(model.num_classes)]
        return torch.full((count,), class_names.number(label, named))
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
        raise InputError(f"a {type(model).__name__} has no encoder, so it cannot start from images")
    device = next(model.parameters()).device

    def part(rows: Tensor) -> Tensor:
        chosen = None if labels is None else labels[rows].to(device)
        return model.encode(images[rows].to(device), chosen).float().cpu()

    chunks = Chunks(BLOCK, "encoding images")
    return torch.cat(chunks.map(part, torch.arange(len(images))))


def reconstruct(model: Model, images: Tensor, labels: Tensor | None = None) -> Tensor:
    """Encode and decode: (N, C, H, W) → (N, C, H, W)."""
    return decode(model, encode(model, images, labels), labels)
