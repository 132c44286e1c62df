"""The function that trains a model."""

from pathlib import Path
from typing import Unpack

from genmodels import config, runs
from genmodels.api import arguments
from genmodels.api.overrides import Overrides
from genmodels.api.run import Run
from genmodels.config import custom_code
from genmodels.console import Display
from genmodels.training import session


def train(
    source: str | Path | None = None,
    *,
    settings: arguments.Settings = (),
    out: str | Path | None = None,
    resume: bool = False,
    trust_code: bool = False,
    quiet: bool = False,
    **overrides: Unpack[Overrides],
) -> Run:
    """Train a model.

    Args:
        source: a preset's name such as ``"vae.yaml"``, or a path; optional if ``resume`` is
            true and ``out`` is a run.
        settings: further keys of the configuration, as nested dictionaries:
            ``{"model": {"latent_dim": 64}}``, or a list of them; later ones override earlier ones.
        out: the run's folder; by default a new one under ``runs/``.
        resume: whether to continue a run.
        trust_code: whether Python modules in the folder of a resumed run may be executed.
        quiet: if true, show no progress.
        overrides: keywords such as ``data``, ``epochs`` and ``seed``;
            :class:`genmodels.api.Overrides` lists them all.

    Raises:
        InputError: an argument or the configuration is not valid.
        Interrupted: Ctrl-C was pressed; the run was saved.

    >>> import genmodels
    >>> run = genmodels.train("vae.yaml", data="glyphs", steps=2, out="runs/mine", quiet=True)
    >>> run
    <Run runs/mine: vae on glyphs, 2 steps>
    >>> genmodels.train(data="glyphs", steps=4, out="runs/mine", resume=True, quiet=True).step
    4
    """
    layers = arguments.layers(settings, overrides)
    resume = arguments.flag("resume", resume)
    trust_code, quiet = arguments.flag("trust_code", trust_code), arguments.flag("quiet", quiet)
    source = None if source is None else arguments.path("source", source)
    path = None if out is None else arguments.path("out", out)
    existing = runs.Folder(path) if resume and path is not None else None
    resumed = existing if existing and existing.config_path.is_file() else None
    if source is None and path is not None and existing and not resumed:
        existing.check_complete()
        raise runs.absent(path)
    if resumed and trust_code:
        custom_code.approve(resumed.path)
    modules = (
        custom_code.beside(config.find_config(source))
        if source
        else custom_code.of_run(path or Path())
    )
    with modules:
        resolved = session.read_settings(source, layers, resumed)
        arguments.check_kind_of_data(overrides, resolved.data.name)
        name = resumed.config_name if resumed else session.name_of(source or "")
        return Run(session.train(resolved, name, path, resume, Display(quiet)))
