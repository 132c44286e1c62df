"""The trainer of genmodels, with its records and checks."""

from benchmarks.work import Loop, Skipped, Work
from genmodels.system import device as devices
from genmodels.system.tuning import tune_cpu
from genmodels.training.records import Progress
from genmodels.training.trainer import Trainer


def start(work: Work, device: str, precision: str, execution: str) -> Loop:
    """Train, and read each record as the command line does."""
    chosen = devices.choose(device, precision)
    tune_cpu(chosen)
    if device == "cpu" and precision == "bf16" and not devices.multiplies_bf16():
        raise Skipped("this processor has no bf16 products")
    train = work.settings.train.model_copy(update={"execution": execution})
    return _train(Trainer(work.model(), work.images, train, work.settings.seed, chosen))


def _train(trainer: Trainer) -> Loop:
    done = 0
    for record in trainer.records():
        if isinstance(record, Progress):
            yield record.images - done
            done = record.images
        if trainer.run_step.notes[1:]:
            raise Skipped(trainer.run_step.notes[-1])
