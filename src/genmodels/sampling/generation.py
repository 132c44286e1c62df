"""Sampling, encoding and reconstruction, for any model of any run.

Latents are drawn on the CPU in blocks of a fixed size. Each block has a random stream of its
own, so a latent depends on the seed and its index alone: the first 64 of 10,000 images are the
same as 64 images, on every device and with any amount of memory. Images are the same within
rounding, because a network may round otherwise on another number of images.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor

from genmodels.config import GIVEN, MODELS, components, custom_code
from genmodels.data import class_names
from genmodels.data.class_names import EACH
from genmodels.errors import InputError, Note
from genmodels.models.base import Encodes, Fitted, Model
from genmodels.runs.checkpoint import EMA_PREFIX, Checkpoint
from genmodels.system import randomness
from genmodels.system.memory import Chunks

BLOCK = 500  # images in a block, which are decoded together
Weights = Literal["ema", "last"]


def load_model(
    checkpoint: Checkpoint,
    weights: Weights | None = None,
    device: torch.device = randomness.CPU,
    changes: Mapping[str, object] | None = None,
) -> Model:
    """Build the model of a checkpoint, in evaluation mode. A note says that it is untrained.

    Args:
        checkpoint: of a run, resumable or a snapshot.
        weights: ``ema`` or ``last``; by default the EMA weights if there are any.
        device: the device of the model.
        changes: settings of the model to change after training, such as the number of a
            solver's steps.

    Raises:
        InputError: ``ema`` is given and the checkpoint has none, a setting cannot be
            changed after training, or the weights do not fit the model.
    """
    ema = checkpoint.part(EMA_PREFIX)
    if weights == "ema" and not ema:
        raise InputError(
            f"{checkpoint.path} has no EMA weights; use `weights=last`, "
            "or train with `train.ema=0.999`"
        )
    tensors = checkpoint.part("model.") if weights == "last" or not ema else ema
    run = checkpoint.path.parents[1]
    if checkpoint.header["progress"]["step"] == 0:
        said = f"the model of {run} is untrained: its newest checkpoint is of step 0"
        warnings.warn(Note(said), stacklevel=2)
    with custom_code.of_run(run):
        return _loaded(checkpoint, tensors, changes or {}).to(device).eval()


def _loaded(
    checkpoint: Checkpoint, tensors: Mapping[str, Tensor], changes: Mapping[str, object]
) -> Model:
    spec = _changed(_spec(checkpoint), changes)
    check_weights(checkpoint, tensors, spec)
    model = _build(checkpoint, spec)
    model.load_state_dict(tensors)
    return model


def check_weights(
    checkpoint: Checkpoint, tensors: Mapping[str, Tensor], spec: Mapping[str, object] | None = None
) -> None:
    """Check that weights have the names and shapes of a checkpoint's model.

    The model is built without memory for its weights, so this is safe for a model of any size.

    Args:
        checkpoint: whose configuration describes the model.
        tensors: the weights, by name.
        spec: settings of the model, if they differ from the configuration.

    Raises:
        InputError: a name or a shape differs.
    """
    with torch.device("meta"):
        expected = _build(checkpoint, spec or _spec(checkpoint)).state_dict()
    for name in sorted(expected.keys() | tensors.keys()):
        shapes = [tuple(t[name].shape) if name in t else "none" for t in (expected, tensors)]
        if shapes[0] != shapes[1]:
            raise InputError(
                f"{checkpoint.path} does not hold the weights of the model it describes: {name} "
                f"has shape {shapes[1]}, the model's has {shapes[0]}; use the version of "
                "genmodels that wrote it"
            )


def _spec(checkpoint: Checkpoint) -> Mapping[str, object]:
    """Return the settings of a checkpoint's model."""
    spec = checkpoint.header["config"]["model"]
    assert isinstance(spec, dict), "the header was checked"
    return spec


def _changed(spec: Mapping[str, object], changes: Mapping[str, object]) -> dict[str, object]:
    """Return a model's settings with some of them changed.

    Raises:
        InputError: a change is not valid, or not possible after training.
    """
    changed = {**spec, **changes}
    if changes and (problems := components.problems(changed, MODELS, "model", GIVEN)):
        raise InputError("; ".join(f"`changes` {problem}" for problem in problems))
    adjustable = components.find_class(str(spec[components.CLASS]), MODELS).adjustable  # type: ignore[attr-defined]
    if fixed := [f"model.{name}" for name in changes if name not in adjustable]:
        others = ", ".join(f"model.{name}" for name in adjustable) or "nothing"
        raise InputError(
            f"{', '.join(fixed)} cannot be changed after training; of a trained "
            f"{spec[components.CLASS]}, {others} can"
        )
    return changed


def _build(checkpoint: Checkpoint, spec: Mapping[str, object]) -> Model:
    header = checkpoint.header
    given = {key: value for key, value in header.items() if key in GIVEN}
    given["image_shape"] = tuple(header["image_shape"])
    try:
        model: Model = components.build(spec, MODELS, **given)
    except (RuntimeError, OverflowError, MemoryError) as error:
        raise InputError(
            f"{checkpoint.path} describes a model that cannot be built: {error}"
        ) from None
    return model


@torch.no_grad()
def decode(model: Model, latents: Tensor, labels: Tensor | None = None) -> Tensor:
    """Decode latents (N, latent_dim) on any device to images (N, C, H, W) on the CPU."""
    device = next(model.parameters()).device

    def part(rows: Tensor) -> Tensor:
        chosen = None if labels is None else labels[rows].to(device)
        return model.decode(latents[rows].to(device), chosen).float().cpu()

    chunks = Chunks(BLOCK, "generating images")
    return torch.cat(chunks.map(part, torch.arange(len(latents))))


def latents(
    model: Model, count: int, seed: int = 0, labels: Tensor | None = None
) -> Iterator[Tensor]:
    """Draw latents from the prior in blocks (n, latent_dim), n ≤ ``BLOCK``, on the CPU.

    Args:
        model: of any kind.
        count: number of latents.
        seed: of the latents.
        labels: (count,), for models that take labels.

    Raises:
        InputError: the density that latents are drawn from is not fitted yet.
    """
    if isinstance(model, Fitted) and not model.fitted:
        raise InputError(
            "training was stopped before the density of the codes was fitted; continue it with "
            "`train(resume=True)`"
        )
    for index, start in enumerate(range(0, count, BLOCK)):
        generator = randomness.generator(seed, "sample", index)
        if labels is None:
            yield model.prior(BLOCK, generator)[: count - start]
        else:  # always a full block, so that its first latents do not depend on the count
            chosen = labels[start : start + BLOCK]
            padded = torch.cat([chosen, chosen[-1:].expand(BLOCK - len(chosen))])
            yield model.prior(BLOCK, generator, padded)[: count - start]


def latents_of_each(model: Model, count: int, seed: int = 0) -> Iterator[Tensor]:
    """Draw ``count`` latents for each class, in blocks (n, latent_dim), n ≤ ``BLOCK``.

    The first latents of all classes come first, then the second ones. Each class gets the
    latents that it gets when it is sampled alone. Classes share them unless the prior depends
    on the label.
    """
    by_class = [
        latents(model, count, seed, torch.full((count,), label))
        for label in range(model.num_classes)
    ]
    for blocks in zip(*by_class, strict=True):
        yield from torch.stack(blocks, 1).flatten(0, 1).split(BLOCK)


def sample(
    model: Model,
    count: int,
    seed: int = 0,
    label: int | str | None = None,
    names: Sequence[str] = (),
) -> Iterator[Tensor]:
    """Generate images in blocks (n, C, H, W), float32 in [0, 1], on the CPU.

    Args:
        model: in evaluation mode.
        count: number of images; with label ``each``, per class.
        seed: of latents and labels.
        label, names: as for ``labels``. With ``each``, the images of one latent are adjacent,
            and each class gets the images that it gets when it is sampled alone.

    Raises:
        InputError: as for ``labels`` and ``latents``.
    """
    chosen = labels(model, count, seed, label, names)
    total = count if chosen is None else len(chosen)
    if label == EACH:
        blocks = latents_of_each(model, count, seed)
    else:
        blocks = latents(model, total, seed, chosen)
    return (
        decode(model, block, None if chosen is None else chosen[start : start + BLOCK])
        for start, block in zip(range(0, total, BLOCK), blocks, strict=True)
    )


def labels(
    model: Model,
    count: int,
    seed: int = 0,
    label: int | str | None = None,
    names: Sequence[str] = (),
) -> Tensor | None:
    """Return the labels of samples, (count,) int64; None for a model without classes.

    Args:
        model: of any kind.
        count: number of labels.
        seed: of labels that are drawn.
        label: one class for all, by number or name; with ``each`` every class in turn,
            (count · classes,); by default labels are drawn by the class shares of the training
            images.
        names: of the classes; their numbers by default.

    Raises:
        InputError: a label is given and the model takes none, or has no such class.
    """
    if label is not None:
        if model.num_classes == 0:
            raise InputError(
                f"`label={label}`: this {type(model).__name__} takes no labels; leave it out"
            )
        if label == EACH:
            return torch.arange(model.num_classes).repeat(count)
        named = names[: model.num_classes] or [str(n) for n in range(model.num_classes)]
        return torch.full((count,), class_names.number(label, named))
    drawn = [
        model.draw_labels(BLOCK, randomness.generator(seed, "sample labels", index))
        for index in range(-(-count // BLOCK))
    ]
    blocks = [block for block in drawn if block is not None]
    return torch.cat(blocks)[:count] if blocks else None


@torch.no_grad()
def encode(model: Model, images: Tensor, labels: Tensor | None = None) -> Tensor:
    """Encode images (N, C, H, W) to latents (N, latent_dim) on the CPU.

    Raises:
        InputError: the model has no encoder.
    """
    if not isinstance(model, Encodes):
        raise InputError(
            f"a {type(model).__name__} has no encoder, so it cannot encode images; take a model "
            "that encodes, such as a VAE"
        )
    device = next(model.parameters()).device

    def part(rows: Tensor) -> Tensor:
        chosen = None if labels is None else labels[rows].to(device)
        return model.encode(images[rows].to(device), chosen).float().cpu()

    chunks = Chunks(BLOCK, "encoding images")
    return torch.cat(chunks.map(part, torch.arange(len(images))))


def reconstruct(model: Model, images: Tensor, labels: Tensor | None = None) -> Tensor:
    """Encode and decode images: (N, C, H, W) → (N, C, H, W) on the CPU.

    Raises:
        InputError: the model has no encoder.
    """
    return decode(model, encode(model, images, labels), labels)
