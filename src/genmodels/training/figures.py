"""Pictures of a model while it trains: a grid of samples, and reconstructions."""

import math
from pathlib import Path

import torch

from genmodels import sampling
from genmodels.data import pictures
from genmodels.data.images import TEST, TRAIN, VALIDATION, Images
from genmodels.models.base import Encodes, Model
from genmodels.system import randomness

GRID = 64  # samples in a grid
PAIRS = 16  # images beside their reconstructions
COLUMNS = 8  # of reconstructions
GRID_EPOCHS = 10  # first epochs, which always have a grid
GRID_STEPS = 50  # smallest number of steps between two later grids


def has_grid(epoch: float, steps_per_epoch: int) -> bool:
    """Return whether a grid is drawn after an epoch that does not end the training.

    A grid after every epoch of a few steps would take most of the time.
    """
    return epoch <= GRID_EPOCHS or epoch % math.ceil(GRID_STEPS / steps_per_epoch) == 0


def save_grid(model: Model, seed: int, path: Path) -> None:
    """Draw samples, from the same latents for every call with this seed.

    A conditional model has a column for each class, unless there are more than ``GRID``.
    """
    model.eval()
    classes = model.num_classes
    rows = GRID // classes if classes else 0
    labels = sampling.labels(model, rows or GRID, seed, sampling.EACH if rows else None)
    count = GRID if labels is None else len(labels)
    latents = model.prior(count, randomness.generator(seed, "grid"), labels)
    samples = sampling.decode(model, latents, labels)
    pictures.save_png(pictures.grid(samples, classes if rows else None), path)


def save_reconstructions(model: Model, images: Images, path: Path) -> None:
    """Draw held-out images beside their reconstructions; nothing if the model does not encode.

    The images are of the validation split. If it has too few, they are of the test split, and
    then of the training split.
    """
    model.eval()
    split = next((s for s in (VALIDATION, TEST, TRAIN) if images.count(s) >= PAIRS), None)
    if isinstance(model, Encodes) and split:
        batch = next(images.batches(split, PAIRS))
        originals = batch.images.cpu()
        reconstructions = sampling.reconstruct(model, originals, batch.labels)
        pairs = torch.stack([originals, reconstructions], 1)
        pictures.save_png(pictures.grid(pairs.flatten(0, 1), columns=COLUMNS), path)
