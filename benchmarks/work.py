"""What is trained: a preset at a batch size. Every contender gets the same networks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch
from torch import nn

from genmodels import config, construct, randomness
from genmodels.data.images import Images
from genmodels.settings import Settings

Loop = Iterator[int]  # trains a little at each turn and says how many images it took


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
        """Images a step."""
        return self.settings.train.batch_size

    @property
    def lr(self) -> float:
        """The learning rate."""
        return self.settings.train.optimizer.lr

    def model(self) -> nn.Module:
        """Build the model; its weights are the same each time."""
        with randomness.placed(self.settings.seed, "init"):
            return construct.build(
                self.settings.model, config.MODELS, image_shape=self.images.image_shape
            )


@dataclass(frozen=True)
class Contender:
    """A way to train.

    Attributes:
        name: as the table shows it.
        loops: family → a function that starts its endless loop.
        products: how PyTorch multiplies on a CPU in this contender's turns;
            ``highest`` is PyTorch's default.
    """

    name: str
    loops: dict[str, Callable[[Work], Loop]]
    products: str = "highest"


def all_of(images: Images) -> list[Work]:
    """The report's two models at the batch sizes of the tutorials and of today."""
    rows = torch.cat([images.splits[name] for name in ("train", "validation")])
    nothing = rows[:0]
    splits = {"train": rows, "validation": nothing, "test": nothing}
    kept = replace(images, splits=splits)
    return [
        _work(family, preset, batch, kept)
        for family, preset in [("vae", "report/vae.yaml"), ("gan", "report/gan.yaml")]
        for batch in (64, 128)
    ]


def _work(family: str, preset: str, batch: int, images: Images) -> Work:
    endless = {"train": {"batch_size": batch, "steps": 10**9}}
    return Work(f"{family}-{batch}", family, config.read(preset, [endless]), images)
