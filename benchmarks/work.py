"""The workloads: a model, its data and a batch size, the same for every contender."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from genmodels import config, data
from genmodels.config import components
from genmodels.config.settings import Settings
from genmodels.data.images import Batch, Images
from genmodels.networks.layers import Dropout
from genmodels.system import randomness
from genmodels.system.device import Device
from genmodels.training.step import Step

Loop = Iterator[int]  # trains a little at each turn and says how many images it took

CONV = {"class": "Conv", "channels": [32, 64, 128]}
PRESETS = {"vae": "report/vae.yaml", "gan": "report/gan.yaml"}
MADE_UP = {32: 8192, 64: 2048}  # size of colour images → how many there are
WORKS: dict[str, tuple[str, int, int | None]] = {
    **{f"{kind}-{batch}": (kind, batch, None) for kind in PRESETS for batch in (64, 100, 128)},
    **{f"conv-{kind}-{size}": (kind, 64, size) for kind in PRESETS for size in MADE_UP},
}


class Skipped(Exception):
    """A contender cannot take part; the message says why."""


@dataclass(frozen=True)
class Work:
    """A model, its settings and its images.

    Attributes:
        name: such as ``vae-64``.
        family: which of a contender's loops trains it.
        settings: of the preset, at this batch size, without a limit that would be reached.
        images: the training images, in memory; nothing is held out.
    """

    name: str
    family: str
    settings: Settings
    images: Images

    @property
    def batch(self) -> int:
        """Images per step."""
        return self.settings.train.batch_size

    @property
    def lr(self) -> float:
        """The learning rate."""
        return self.settings.train.optimizer.lr

    def model(self) -> Any:
        """Build the model; its weights are the same each time."""
        with randomness.placed(self.settings.seed, "init"):
            return components.build(
                self.settings.model, config.MODELS, image_shape=self.images.image_shape
            )

    def plain_model(self) -> Any:
        """The same model with PyTorch's own layers alone, as others would write it."""
        model = self.model()
        for parent in list(model.modules()):
            for name, layer in parent.named_children():
                if isinstance(layer, Dropout):
                    setattr(parent, name, nn.Dropout(layer.share))
        return model

    def flops_per_image(self, device: Device) -> float:
        """Floating-point operations of a training step, an image."""
        step = Step(self.model().to(device.device), self.settings.train, 0, device)
        images = torch.rand(self.batch, *self.images.image_shape, device=device.device)
        step(Batch(images), 0)
        return step.flops / self.batch


def named(name: str, grey: str) -> Work:
    """Return the workload of a name.

    Args:
        name: one of ``WORKS``.
        grey: the set of grey images that the report's models are trained on.
    """
    family, batch, size = WORKS[name]
    train: dict[str, Any] = {"batch_size": batch, "steps": 10**9}
    changes: dict[str, Any] = {"train": train}
    if size is None:
        images = data.load(grey)
    else:
        changes["model"] = {"network": {**CONV, "activation": "leaky_relu"}}
        images = _made_up(size)
    settings = config.read(PRESETS[family], [changes])
    rows = torch.cat([images.splits[split] for split in ("train", "validation")])
    splits = {"train": rows, "validation": rows[:0], "test": rows[:0]}
    return Work(name, family, settings, replace(images, splits=splits))


def _made_up(size: int) -> Images:
    """Colour images that stand for a folder of pictures."""
    count = MADE_UP[size]
    generator = torch.Generator().manual_seed(0)
    table = torch.randint(256, (count, 3, size, size), dtype=torch.uint8, generator=generator)
    rows = torch.arange(count)
    return Images(
        f"made-up-{size}", table, {"train": rows, "validation": rows[:0], "test": rows[:0]}
    )
