"""The verb that generates images: as a tensor, or into files in bounded memory."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import overload

from torch import Tensor

from genmodels.api import arguments, formats
from genmodels.api.requests import Samples
from genmodels.api.run import Run, opened
from genmodels.data import pictures
from genmodels.errors import Note
from genmodels.sampling import Weights


@overload
def sample(
    run: Run | str | Path | None = None,
    count: int | None = None,
    seed: int = 0,
    weights: Weights | None = None,
    *,
    label: int | str | None = None,
    device: str = "auto",
    changes: Mapping[str, object] | None = None,
    out: None = None,
) -> Tensor: ...


@overload
def sample(
    run: Run | str | Path | None = None,
    count: int | None = None,
    seed: int = 0,
    weights: Weights | None = None,
    *,
    label: int | str | None = None,
    device: str = "auto",
    changes: Mapping[str, object] | None = None,
    out: str | Path,
) -> Path: ...


def sample(
    run: Run | str | Path | None = None,
    count: int | None = None,
    seed: int = 0,
    weights: Weights | None = None,
    *,
    label: int | str | None = None,
    device: str = "auto",
    changes: Mapping[str, object] | None = None,
    out: str | Path | None = None,
) -> Tensor | Path:
    """Generate images.

    Args:
        run: a run or its folder; by default the newest under ``runs/``.
        count: of images, 64 by default; with ``label="each"`` of each class, 8 by default.
        seed: of latents and labels. An image depends on the seed and its number alone: four
            images are the first four of a thousand.
        weights: ``"ema"`` or ``"last"``; by default the EMA weights where there are any.
        label: the class of all images by number or name, or ``"each"``: every class in turn,
            from the same latents, so that the images of one latent follow each other; by
            default classes are drawn as often as they were trained on.
        device: where to compute: ``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps``.
        changes: settings of the model that its weights do not depend on, such as
            ``{"steps": 50}``.
        out: the old spelling of :func:`genmodels.api.sample_to`; it will go.

    Returns:
        (N, C, H, W), float32 in [0, 1] on the CPU.

    Raises:
        InputError: something that was given cannot be used.

    >>> import genmodels
    >>> images = genmodels.sample("runs/first", count=4, seed=1)
    >>> images.shape, images.dtype
    (torch.Size([4, 1, 28, 28]), torch.float32)
    >>> bool((genmodels.sample("runs/first", count=2, seed=1) == images[:2]).all())
    True
    >>> genmodels.sample("runs/first", count=2.5)
    Traceback (most recent call last):
    genmodels.errors.InputError: `count=2.5`: give an integer, 1 or more
    """
    if out is not None:
        warnings.warn(
            Note("sample(out=...) will go; use save_images(sample(...), path) or api.sample_to"),
            stacklevel=2,
        )
        return sample_to(
            run, out, count=count, seed=seed, weights=weights, label=label, device=device,
            changes=changes,
        )  # fmt: skip
    return opened(run).sample(count, seed, weights, label=label, device=device, changes=changes)


def sample_to(
    run: Run | str | Path | None = None,
    path: str | Path | None = None,
    *,
    count: int | None = None,
    seed: int = 0,
    weights: Weights | None = None,
    label: int | str | None = None,
    device: str = "auto",
    changes: Mapping[str, object] | None = None,
) -> Path:
    """Generate images into a file, in one of the formats of :data:`genmodels.api.formats.FORMATS`.

    Arrays and folders take bounded memory, however many images. Arrays are uint8 (N, C, H, W).

    Args:
        run: a run or its folder; by default the newest under ``runs/``.
        path: of the result; by default ``samples/seed-<seed>.png`` in the run's folder, with
            what else was given in its name.
        count, seed, weights, label, device, changes: as for :func:`genmodels.sample`; in a grid
            of ``label="each"`` a column is a class, and a row is a latent.

    Returns:
        Where the images are.

    Raises:
        InputError: something that was given cannot be used, or the disk is full.

    >>> from genmodels import api
    >>> api.sample_to("runs/first", "many.npz", count=1000).name
    'many.npz'
    """
    wanted, weights = Samples.of(count, seed, label), arguments.weights(weights)
    changes = arguments.changes(changes)
    run = opened(run)
    given = {"label": label, "count": count, "weights": weights, **changes}
    name = pictures.file_name(f"seed-{seed}", given)
    path = run.folder.samples / name if path is None else arguments.path("path", path)
    formats.check("images", path)
    model = run.model(weights, device, changes)
    blocks = wanted.blocks(model, run.folder.classes)
    formats.save_images(blocks, wanted.total(model), path, wanted.columns(model))
    return path
