"""Checks of runs before anything is trained or measured: whether they can be compared.

A :class:`Candidate` is a run, or a training that is planned.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from genmodels import runs, sampling
from genmodels.config import custom_code
from genmodels.config.settings import Settings
from genmodels.data.images import TRAIN, Images
from genmodels.errors import InputError, first_of
from genmodels.runs.checkpoint import Checkpoint
from genmodels.sampling import interpolation


@dataclass(frozen=True)
class Candidate:
    """A run, or a training that is planned.

    Attributes:
        folder: of the run, which need not exist yet.
        name: of the configuration.
        settings: the resolved configuration.
        data: the name of the images, and their shape.
        fingerprint: of the images.
        count: the number of training images; None in runs of earlier versions.
    """

    folder: runs.Folder
    name: str
    settings: Settings
    data: str
    fingerprint: str
    count: int | None

    @property
    def fixed(self) -> str:
        """The settings that change the trained model, except the seed and the limit."""
        return str({**self.settings.fixed(), "seed": None})

    @property
    def model(self) -> str:
        """What it has in common with other seeds of its model, and with no other run.

        These are the configuration's name, the settings that change the trained model, and the
        limit: seconds, or steps if the length of an epoch is known.
        """
        train = self.settings.train
        limit = train.budget, _steps(self.settings, self.count) or train.epochs
        return f"{self.name} {self.fixed} {limit}"

    @classmethod
    def of_run(cls, folder: runs.Folder) -> "Candidate":
        """Return the candidate of an existing run."""
        data = folder.environment["data"]
        described = _described(data["name"], data.get("image_shape", ()))
        count = data.get("counts", {}).get(TRAIN)
        return cls(
            folder, folder.config_name, folder.settings, described, folder.fingerprint, count
        )

    @classmethod
    def planned(
        cls, folder: runs.Folder, name: str, settings: Settings, images: Images
    ) -> "Candidate":
        """Return the candidate of a training on these images."""
        described = _described(images.name, images.image_shape)
        settings, count = settings.with_loaded(images.name), images.count(TRAIN)
        return cls(folder, name, settings, described, images.fingerprint, count)


def _described(name: str, image_shape: Sequence[int]) -> str:
    return f"{name} {'x'.join(map(str, image_shape))}".strip()


def _steps(settings: Settings, count: int | None) -> int | None:
    """Return the limit in steps; None if it is in seconds, or in epochs of unknown length."""
    if settings.train.epochs is None or count is None:
        return settings.train.steps
    return settings.train.epochs * (count // settings.train.batch_size)


def check_together(candidates: Sequence[Candidate]) -> None:
    """Check that runs have the same images, and that none is there twice.

    Raises:
        InputError: the images differ, or two runs have the same settings and the same seed: they
            are no independent seeds of their model.
    """
    seen: dict[str, Candidate] = {}
    for other in candidates:
        first = candidates[0]
        if other.fingerprint != first.fingerprint:
            raise InputError(
                f"{first.folder.path} and {other.folder.path} have different data ({first.data}, "
                f"{other.data}), so their numbers cannot be compared; take the same `data` for all"
            )
        same = seen.setdefault(f"{other.model} {other.settings.seed}", other)
        if same is not other:
            raise InputError(
                f"{same.folder.path} and {other.folder.path} are {other.name} with the same "
                f"settings and seed {other.settings.seed}, which count once; leave one out, or "
                "train it with another `seed`"
            )


def check_run(folder: runs.Folder) -> None:
    """Check that a run can be evaluated.

    Raises:
        InputError: a file is damaged, there is no checkpoint, or the model has no latents that
            ``perturb`` of the configuration could move.
    """
    model = sampling.load_model(_read(folder))
    try:
        interpolation.check_perturb(folder.settings, model)
    except InputError as error:
        raise InputError(f"{folder.config_path}: {error}") from None


def _read(folder: runs.Folder) -> Checkpoint:
    """Read the files that an evaluation needs, and return the newest checkpoint.

    Raises:
        InputError: one is damaged, or there is no checkpoint.
    """
    folder.log()
    saved = folder.latest()
    for path in folder.snapshots_before(saved.header["progress"]["step"]):
        folder.read(path)
    return saved


def check_kept(kept: Candidate, images: Images) -> None:
    """Check that a run that a study has kept is the one that it would train now.

    Args:
        kept: the training that is planned; its folder may hold a run.
        images: the images that it would be trained on.

    Raises:
        InputError: the run has other settings, other code or other images, or is damaged.
    """
    folder = kept.folder
    folder.check_complete()
    if not folder.config_path.is_file():
        return
    if differences := kept.settings.differences(folder.settings):
        reason = f"has other settings ({first_of(differences)})"
    elif changed := custom_code.changed(kept.settings.model, folder.path):
        reason = f"has another copy of {changed[0]}"
    elif folder.fingerprint != images.fingerprint:
        reason = f"was trained on other images than {images.name} holds now"
    else:
        folder.log()
        if folder.checkpoint_paths():
            _read(folder)
        return
    raise InputError(
        f"{folder.path} is of an earlier comparison and {reason}; choose another `out`, or restore "
        "what was there"
    )


def check_length(folder: runs.Folder, settings: Settings, images: Images | None = None) -> None:
    """Check that a run that a study has kept was not trained for longer than the others may be.

    Args:
        folder: of the run, which need not exist yet.
        settings: its settings in this comparison, with the limit.
        images: those that it is trained on, for limits in epochs.

    Raises:
        InputError: it was trained for longer.
    """
    if not folder.config_path.is_file() or not folder.checkpoint_paths():
        return
    limits, progress = settings.train, folder.latest().header["progress"]
    if limits.budget is not None:
        # The last step ends after the limit, and what is fitted after that takes time too.
        same, seconds = folder.settings.train.budget == limits.budget, progress["seconds"]
        longer = seconds > limits.budget and not same
        done, limit = f"{seconds:.4g} seconds", f"{limits.budget:.4g}"
    else:
        steps = _steps(settings, None if images is None else images.count(TRAIN)) or 0
        longer = progress["step"] > steps
        done, limit = f"{progress['step']:,} steps", f"{steps:,}"
    if longer:
        raise InputError(
            f"{folder.path} was trained for {done} in an earlier comparison, and the limit is "
            f"{limit} now; choose another `out`, or a limit that is as long"
        )
