"""The function that interpolates between latents."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from torch import Tensor

from genmodels.api.run import Run, opened
from genmodels.config.settings import Shift
from genmodels.sampling import Weights
from genmodels.sampling.interpolation import Mode


def interpolate(
    run: Run | str | Path | None = None,
    mode: Mode = "slerp",
    *,
    steps: int | None = None,
    rows: int | None = None,
    seed: int = 0,
    weights: Weights | None = None,
    start: str | Path | None = None,
    end: str | Path | None = None,
    shifts: Sequence[Shift | str] | None = None,
    label: int | str | None = None,
    device: str = "auto",
    changes: Mapping[str, object] | None = None,
    quiet: bool = False,
) -> Tensor:
    """Interpolate between latents, and decode every step.

    Args:
        run: a run or its folder; by default the newest under ``runs/``.
        mode: ``slerp`` or ``lerp`` between two latents, or ``perturb``: one latent, shifted as
            in the original report.
        steps: number of frames; 10 by default, 21 for ``perturb`` as in the report.
        rows: number of interpolations; 8 by default, 1 with a picture.
        seed: of latents and labels.
        weights: ``"ema"`` or ``"last"``; by default the EMA weights if there are any.
        start, end: pictures whose latents are the ends, read as the run's data are; by default
            random latents; ``perturb`` has no end.
        shifts: of ``perturb``, each a string such as ``"0:8:2,-1,0.1"``; by default those of the
            run's configuration.
        label: one class for all by number or name, for models that take labels; drawn at random
            by default.
        device: where to compute: ``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps``.
        changes: settings of the model that its weights do not depend on.
        quiet: whether the errors of the pictures' latents are not printed.

    Returns:
        (rows, steps, C, H, W), float32 in [0, 1] on the CPU.

    Raises:
        InputError: an argument is not valid, or the frames are too many for one picture.

    >>> import genmodels
    >>> genmodels.interpolate("runs/first", rows=2, steps=5).shape
    torch.Size([2, 5, 1, 28, 28])
    >>> genmodels.interpolate("runs/first", "perturb", rows=1, shifts=["0:4,-1,0.1"]).shape
    torch.Size([1, 21, 1, 28, 28])
    """
    return opened(run).interpolate(
        mode, steps=steps, rows=rows, seed=seed, weights=weights, start=start, end=end,
        shifts=shifts, label=label, device=device, changes=changes, quiet=quiet,
    )  # fmt: skip
