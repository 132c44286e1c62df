"""Every shipped configuration is valid, means the same when read again, and trains."""

import math

import pytest
import torch

from genmodels import config
from genmodels.config import components
from genmodels.data.images import TEST, TRAIN, VALIDATION, Images
from genmodels.system.device import Device
from genmodels.training.records import Epoch
from genmodels.training.trainer import Trainer

STEPS = 2
FITTED = 400  # codes that the presets' largest mixture takes
SHAPE = (1, 28, 28)
CLASSES = tuple("0123456789")


def random_images(batch_size: int) -> Images:
    """Enough noise for two batches and for a mixture, and a few rows to test on."""
    count, generator = max(STEPS * batch_size, FITTED) + 16, torch.Generator().manual_seed(0)
    rows = torch.arange(count)
    return Images(
        name="noise",
        table=torch.randint(256, (count, *SHAPE), dtype=torch.uint8, generator=generator),
        splits={TRAIN: rows[:-16], VALIDATION: rows[-16:-8], TEST: rows[-8:]},
        labels=rows % len(CLASSES),
        classes=CLASSES,
    )


@pytest.mark.parametrize("name", config.presets())
def test_preset_means_the_same_when_read_again(name: str) -> None:
    settings = config.read(name)
    again = config.resolve([settings.plain()], name)
    assert again.plain() == settings.plain()


@pytest.mark.parametrize("name", config.presets())
def test_preset_trains(name: str, device: Device) -> None:
    settings = config.read(name, [{"train": {"steps": STEPS}}])
    model = components.build(
        settings.model,
        config.MODELS,
        image_shape=SHAPE,
        class_shares=[1 / len(CLASSES)] * len(CLASSES),
    )
    images = random_images(settings.train.batch_size)
    before = {key: value.clone() for key, value in model.state_dict().items()}

    trainer = Trainer(model, images, settings.train, settings.seed, device)
    records = [record for record in trainer.records() if isinstance(record, Epoch)]

    assert trainer.step == STEPS
    last = records[-1].record
    losses = [last[f"train.{phase.name}.loss"] for phase in model.phases() if phase.every <= STEPS]
    assert losses
    assert all(math.isfinite(loss) for loss in losses)
    after = model.state_dict()
    assert any(not torch.equal(before[key], after[key].cpu()) for key in before)
