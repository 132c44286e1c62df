"""genmodels itself: the shared trainer, with everything it does while it trains."""

import torch

from benchmarks.work import Contender, Loop, Work
from genmodels import device
from genmodels.training.trainer import Progress, Trainer

CHOSEN = device.choose("cpu", "fp32")
PRODUCTS = torch.get_float32_matmul_precision()  # as the choice has left it


def contender() -> Contender:
    """The shared trainer, which has one loop for all families."""
    return Contender("genmodels", {"vae": train, "gan": train}, PRODUCTS)


def train(work: Work) -> Loop:
    """Train, and look at each record as the command line does."""
    trainer = Trainer(work.model(), work.images, work.settings.train, work.settings.seed, CHOSEN)
    done = 0
    for record in trainer.records():
        if isinstance(record, Progress):
            yield record.images - done
            done = record.images
