"""The functions that generate images: as a tensor, or into files."""

import time
import warnings
from collections.abc import Generator, Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import overload

from torch import Tensor

from genmodels.api import arguments, formats
from genmodels.api.requests import SampleRequest
from genmodels.api.run import Run, opened
from genmodels.data import pictures
from genmodels.errors import Note
from genmodels.sampling import Weights

PATIENCE = 3.0  # seconds until progress is shown


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
        count: number of images, 64 by default; with ``label="each"``, number of images of each
            class, 8 by default.
        seed: of latents and labels. An image depends on the seed and its index alone: four
            images are the first four of a thousand.
        weights: ``"ema"`` or ``"last"``; by default the EMA weights if there are any.
        label: one class for all images by number or name, or ``"each"``: every class in turn, so
            that images of the same latent are adjacent; by default classes are drawn by their
            shares of the training images.
        device: where to compute: ``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps``.
        changes: settings of the model that its weights do not depend on, such as
            ``{"steps": 50}``.
        out: deprecated; use :func:`genmodels.api.sample_to`.

    Returns:
        (N, C, H, W), float32 in [0, 1] on the CPU.

    Raises:
        InputError: an argument is not valid.

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
            Note(
                "sample(out=...) will be removed; use save_images(sample(...), path) or "
                "api.sample_to"
            ),
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
    quiet: bool = False,
) -> Path:
    """Generate images into a file, in one of the formats of :data:`genmodels.api.formats.FORMATS`.

    Arrays, which are uint8 (N, C, H, W), and folders need little memory for any number of images.

    Args:
        run: a run or its folder; by default the newest under ``runs/``.
        path: a ``.png`` grid, ``.npy`` or ``.npz`` as uint8 (N, C, H, W), or a folder of PNG
            files, which must not exist; by default ``samples/seed-<seed>.png`` in the run's
            folder, with the other arguments in its name, which is replaced.
        count, seed, weights, label, device, changes: as for :func:`genmodels.sample`. In a grid
            of ``label="each"`` a column is a class, and a row is a latent.
        quiet: if true, show no progress, which is shown after a few seconds.

    Returns:
        The path of the file or folder.

    Raises:
        InputError: an argument is not valid, the path exists, or the disk is full.

    >>> from genmodels import api
    >>> api.sample_to("runs/first", "many.npz", count=1000).name
    'many.npz'
    """
    wanted, weights = SampleRequest.of(count, seed, label), arguments.weights(weights)
    changes, quiet = arguments.changes(changes), arguments.flag("quiet", quiet)
    run = opened(run)
    given = {"label": label, "count": count, "weights": weights, **changes}
    name = pictures.file_name(f"seed-{seed}", given)
    if path is None:
        path = run.folder.samples / name
    else:
        path = arguments.path("path", path)
        formats.check_new("images", path)
    model = run.model(weights, device, changes)
    blocks, total = wanted.blocks(model, run.folder.classes), wanted.total(model)
    with closing(_shown(blocks, total, quiet)) as shown:
        formats.save_images(shown, total, path, wanted.columns(model))
    return path


def _shown(blocks: Iterable[Tensor], total: int, quiet: bool) -> Generator[Tensor]:
    """Yield blocks of images, and show the progress of writing them after a few seconds."""
    began, done, display = time.monotonic(), 0, None
    try:
        for block in blocks:
            yield block
            done += len(block)
            if display is None and time.monotonic() - began >= PATIENCE:
                from genmodels.console import Display  # here, because most samples take less

                display = Display(quiet)
            if display:
                display.reading("generating images", done, total)
    finally:
        if display:
            display.close()
