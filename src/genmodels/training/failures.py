"""Messages of a training that fails: what happened, and what to do."""

from genmodels import runs
from genmodels.errors import NotFinite, argument, readable_size
from genmodels.system import memory
from genmodels.training.trainer import Trainer

MAX_ROLLBACKS = 3  # of a run


def out_of_memory(error: BaseException, trainer: Trainer) -> str:
    """Return the message for a training that needs more memory than there is."""
    requested, peak = memory.requested(error), trainer.device.peak_memory()
    used = f"; the peak was {readable_size(peak * 2**20)}" if peak else ""
    return (
        f"memory ran out at step {trainer.step + 1:,}"
        + (f" when {requested} more were requested{used}" if requested else used)
        + f": lower train.batch_size, now {trainer.train.batch_size}, or the widths of "
        "the model's network; checkpoints are unchanged"
    )


def not_finite(error: NotFinite, trainer: Trainer, folder: runs.Folder) -> NotFinite:
    """Return the error that a number became NaN or infinite, with what to do about it."""
    exact = " or train.precision=fp32" if trainer.device.precision != "fp32" else ""
    advice = f"start a new run with a lower train.optimizer.lr, or with train.clip=1{exact}"
    saved = folder.saved_step  # a checkpoint of step 0 saves nothing
    kept = "nothing of it was saved"
    if saved:
        kept = f"the checkpoint of step {saved:,} is finite and can be sampled from"
    if trainer.rollbacks >= MAX_ROLLBACKS:
        return NotFinite(error.what, f"after {MAX_ROLLBACKS} rollbacks; {kept}: {advice}")
    if trainer.processes.is_single and saved:
        go_on = f"`train(out={argument(folder.path)}, resume=True, on_nan=rollback)`"
        advice = f"go on at half the learning rates with {go_on}, or {advice}"
    return NotFinite(error.what, f"{kept}: {advice}")
