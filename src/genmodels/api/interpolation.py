"""The verb that interpolates between latents."""

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
        mode: ``slerp`` or ``lerp`` between two latents, or ``perturb``: the report's test.
        steps: frames; 10 by default, 21 for ``perturb`` as in the report.
        rows: how many walks; 8 by default, one where pictures are given.
        seed: of latents and labels.
        weights: ``"ema"`` or ``"last"``; by default the EMA weights where there are any.
        start, end: pictures to go from and to, read as the run's data are; ``perturb`` has no end.
        shifts: the movements of ``perturb``, each as text such as ``"0:8:2,-1,0.1"``; by
            default those of the run's configuration.
        label: the class of every walk by number or name, for models that take labels; drawn by
            default.
        device: where to compute: ``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps``.
        changes: settings of the model that its weights do not depend on.
        quiet: do not say how near the pictures' latents come to them.

    Returns:
        (rows, steps, C, H, W), float32 in [0, 1] on the CPU.

    Raises:
        InputError: something that was given cannot be used.

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
