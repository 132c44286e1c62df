"""What a comparison refuses: runs that do not belong together, or are not what is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass

from genmodels import runs
from genmodels.config import custom_code
from genmodels.config.settings import Settings
from genmodels.data.images import TRAIN, Images
from genmodels.errors import InputError


@dataclass(frozen=True)
class Candidate:
    """A run, or a training that is planned.

    Attributes:
        folder: of the run, which need not exist yet.
        name: of the configuration.
        settings: the resolved configuration.
        data: the name of the images, and their shape.
        fingerprint: of the images.
    """

    folder: runs.Folder
    name: str
    settings: Settings
    data: str
    fingerprint: str

    @classmethod
    def of_run(cls, folder: runs.Folder) -> "Candidate":
        """Return the candidate of an existing run."""
        data = folder.environment["data"]
        described = _described(data["name"], data.get("image_shape", ()))
        return cls(folder, folder.config_name, folder.settings, described, folder.fingerprint)

    @classmethod
    def planned(
        cls, folder: runs.Folder, name: str, settings: Settings, images: Images
    ) -> "Candidate":
        """Return the candidate of a training on these images."""
        described = _described(images.name, images.image_shape)
        return cls(folder, name, settings.with_loaded(images.name), described, images.fingerprint)


def _described(name: str, image_shape: Sequence[int]) -> str:
    return f"{name} {'x'.join(map(str, image_shape))}".strip()


def model(name: str, settings: Settings) -> str:
    """Return what tells a model from others: its name, and all settings but seed and threads."""
    plain = settings.model_copy(update={"seed": 0})
    plain = plain.model_copy(update={"train": settings.train.model_copy(update={"threads": None})})
    return f"{name} {plain.plain()}"


def check_together(candidates: Sequence[Candidate]) -> None:
    """Check that runs have the same images, and that none is there twice.

    Raises:
        InputError: the images differ, or two runs have the same settings and the same seed: they
            are no independent seeds of their model.
    """
    first = candidates[0]
    seen: dict[str, Candidate] = {}
    for other in candidates:
        if other.fingerprint != first.fingerprint:
            raise InputError(
                f"{first.folder.path} and {other.folder.path} have different data ({first.data}, "
                f"{other.data}), so their numbers cannot be compared; take the same `data` for all"
            )
        same = seen.setdefault(f"{model(other.name, other.settings)} {other.settings.seed}", other)
        if same is not other:
            raise InputError(
                f"{same.folder.path} and {other.folder.path} are {other.name} with the same "
                f"settings and seed {other.settings.seed}, which count once; leave one out, or "
                "train it with another `seed`"
            )


def check_kept(kept: Candidate, images: Images) -> None:
    """Check that a run that a study has kept is the one that it would train now.

    Args:
        kept: the training that is planned; its folder may hold a run.
        images: the images that it would be trained on.

    Raises:
        InputError: the run has other settings, other code or other images.
    """
    folder = kept.folder
    if not folder.config_path.is_file():
        return
    if differences := kept.settings.differences(folder.settings):
        reason = f"has other settings ({'; '.join(differences)})"
    elif changed := custom_code.changed(kept.settings.model, folder.path):
        reason = f"has another copy of {changed[0]}"
    elif folder.fingerprint != images.fingerprint:
        reason = f"was trained on other images than {images.name} holds now"
    else:
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
        images: the images without a validation split, for limits in epochs.

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
        steps = limits.steps or 0
        if images is not None and limits.epochs is not None:
            count = images.with_validation(settings.data.validation).count(TRAIN)
            steps = limits.epochs * (count // limits.batch_size)
        longer = progress["step"] > steps
        done, limit = f"{progress['step']:,} steps", f"{steps:,}"
    if longer:
        raise InputError(
            f"{folder.path} was trained for {done} in an earlier comparison, and the limit is "
            f"{limit} now; choose another `out`, or a limit that is as long"
        )
