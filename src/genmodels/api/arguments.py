"""Checks of the arguments of the functions, for Python and for the command line."""

import os
import warnings
from collections.abc import Mapping, Sequence
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

from genmodels import config, data
from genmodels.api import overrides as table
from genmodels.api.overrides import Overrides
from genmodels.config.data_settings import Data
from genmodels.config.layers import Layer
from genmodels.config.number_types import LARGEST
from genmodels.config.settings import LIMITS, Shift
from genmodels.data.tables import OnBad
from genmodels.errors import InputError, Note, argument, brief, check_path, nearest
from genmodels.sampling import Weights
from genmodels.sampling.interpolation import Mode
from genmodels.system import device as devices

if TYPE_CHECKING:
    from genmodels.comparison.plan import Match
    from genmodels.comparison.schedule import Jobs

Settings = Mapping[str, object] | Sequence[Mapping[str, object]]
DATA = ("data", "data_root", "on_bad")  # overrides that say what the data are
FORMER_WEIGHTS = {"average": "ema"}  # former choice of weights → choice
KINDS: dict[data.Kind | str, tuple[str, str]] = {  # kind of data → several, and one
    "embedded": ("embedded data sets", "embedded in the package"),
    "named": ("named data sets", "a named data set"),
    "folder": ("folders of pictures", "a folder of pictures"),
}


def integer(name: str, given: object, least: int = 0) -> int:
    """Check an integer ≥ ``least``; a bool, a float or a string is an error."""
    if isinstance(given, bool) or not isinstance(given, Integral) or given < least:
        raise InputError(f"`{name}={brief(given)}`: give an integer, {least} or more")
    return int(given)


def count(name: str, given: object, least: int = 1) -> int:
    """Check the number of something: an integer ≥ ``least`` that is no larger than a size."""
    checked = integer(name, given, least)
    if checked > LARGEST:
        raise InputError(f"`{name}={brief(given)}`: give an integer, {LARGEST:,} or less")
    return checked


def jobs(given: object) -> "Jobs":
    """Check how many tasks run at a time: an integer, or ``auto``."""
    if given == "auto":
        return "auto"
    if isinstance(given, bool) or not isinstance(given, Integral) or given < 1:
        raise InputError(f"`jobs={brief(given)}`: give auto or an integer, 1 or more")
    return count("jobs", given)


def flag(name: str, given: object) -> bool:
    """Check a bool; a text such as "no" is refused."""
    if not isinstance(given, bool):
        raise InputError(f"`{name}={brief(given)}`: give True or False")
    return given


def weights(given: object) -> Weights | None:
    """Check the choice of weights; a former name works with a note."""
    if isinstance(given, str) and given in FORMER_WEIGHTS:
        new = FORMER_WEIGHTS[given]
        warnings.warn(
            Note(f"`weights={given}` is called `weights={new}` now; write that instead"),
            stacklevel=4,
        )
        given = new
    return cast(Weights | None, _one_of("weights", given, Weights))


def match(given: object) -> "Match | None":
    """Check what all trainings have in common with the first: images or seconds."""
    from genmodels.comparison.plan import Match  # here, because it loads the evaluation

    return cast(Match | None, _one_of("match", given, Match))


def claims(given: str | None) -> str | None:
    """Check the name of a set of claims."""
    from genmodels.comparison.claims import CLAIMS  # here, because it loads the evaluation

    if given is not None and given not in CLAIMS:
        raise InputError(f"unknown `claims` {brief(given)}; use {' or '.join(CLAIMS)}")
    return given


def mode(given: object) -> Mode:
    """Check the mode of an interpolation."""
    if given is None:
        raise InputError(f"`mode=None`: use {' or '.join(get_args(Mode))}")
    return cast(Mode, _one_of("mode", given, Mode))


def features(given: object) -> tuple[str, ...]:
    """Check that features are given by names or files; the data decide whether they exist.

    Returns:
        The names, in their order. A text has several between commas, unless it is a file.
    """
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        raise InputError(f"`features={brief(given)}`: give names such as auto, or files")
    parts = [[text] if os.path.isfile(text) else text.split(",") for text in texts]
    names = [name.strip() for part in parts for name in part]
    if not names or not all(names):
        raise InputError(f"`features={brief(given)}`: give names such as auto, or files")
    if twice := [name for name in names if names.count(name) > 1]:
        raise InputError(f"`features={brief(given)}`: {twice[0]} is given twice; give it once")
    return tuple(names)


def device(given: object) -> devices.Device:
    """Return the device of a name.

    Raises:
        InputError: it is not the name of a device, or this machine has no such device.
    """
    return devices.choose(_device_name(given))


def path(name: str, given: object) -> Path:
    """Check a path: a text or a ``Path``, whether or not there is a file."""
    if not isinstance(given, str | Path) or given == "":
        raise InputError(f"`{name}={brief(given)}`: give a path")
    check_path(Path(given), name)
    return Path(given)


def picture(name: str, given: object) -> Path:
    """Check the path of a picture, which must exist; it is read later."""
    found = path(name, given)
    if not found.exists():
        raise InputError(f"there is no file {found}; give a picture")
    return found


def changes(given: object) -> Mapping[str, object]:
    """Check changes of a model's settings; which can be changed depends on the model."""
    if given is None:
        return {}
    if not isinstance(given, Mapping) or not all(isinstance(key, str) for key in given):
        raise InputError(f"`changes` {brief(given)}: give a dictionary such as {{'steps': 50}}")
    return given


def shifts(given: object) -> list[Shift]:
    """Check shifts of latents, each a :class:`Shift` or its text; None means none."""
    if given is None:
        return []
    if not isinstance(given, list | tuple) or not all(isinstance(x, str | Shift) for x in given):
        raise InputError(f"`shifts` {brief(given)}: give a list such as ['0:8:2,-1,0.1']")
    return [config.shift(each) if isinstance(each, str) else each for each in given]


def label(given: object) -> int | str | None:
    """Check that a class is given by number or name; the model decides whether it exists."""
    if given is None or isinstance(given, str):
        return given
    return integer("label", given)


def layers(settings: Settings, overrides: Overrides) -> list[Mapping[str, Any]]:
    """Return the layers over a configuration: nested settings, then the overrides.

    Raises:
        InputError: the settings are not dictionaries, or there are several limits.
        TypeError: there is no such override.
    """
    given: object = [settings] if isinstance(settings, Mapping) else settings
    if not isinstance(given, list | tuple) or not all(isinstance(x, Mapping) for x in given):
        raise InputError(
            f"`settings` {brief(settings)}: give nested dictionaries: {{'train': {{'epochs': 2}}}}"
        )
    layer = table.layer(_checked(overrides))
    if len(layer.get("train", {}).keys() & set(LIMITS)) > 1:
        raise InputError("give one of `epochs`, `steps` and `budget`, not several")
    options = {row.override.key: name for name, row in table.rows().items() if name in overrides}
    return [*map(Layer, given), Layer(layer, options)]


def _checked(overrides: Overrides) -> dict[str, object]:
    """Check the overrides that are integers, paths or devices; a configuration checks the rest."""
    rows, checked = table.rows(), dict(overrides)
    for name, value in overrides.items():
        if value is None or name not in rows:
            continue
        if rows[name].kind is int:
            checked[name] = integer(name, value, rows[name].override.least)
        elif rows[name].kind is Path:
            checked[name] = path(name, value)
        elif name == "device":
            _device_name(value)
    return checked


def data_of(overrides: Overrides) -> Data | None:
    """Return the settings of the data of a comparison in which nothing is trained.

    Returns:
        The settings of all images, without a validation split; None if no data are given.

    Raises:
        InputError: an override is not valid, or is not for these data.
    """
    checked, name = _checked(overrides), overrides.get("data")
    if name is None:
        if alone := [key for key in DATA if checked.get(key) is not None]:
            raise InputError(f"`{alone[0]}` is for data of `data`, which is not given; give both")
        return None
    if not isinstance(name, str | Path):
        raise InputError(f"`data={brief(name)}`: give a data set's name or a folder")
    check_kind_of_data(overrides, str(name))
    layer = table.layer({key: checked.get(key) for key in DATA})
    on_bad = _one_of("on_bad", layer["data"].get("on_bad"), OnBad)
    return Data(**{**layer["data"], "on_bad": on_bad or "error", "validation": 0.0})


def check_kind_of_data(overrides: Overrides, name: str) -> None:
    """Refuse overrides that mean nothing for the data of a name.

    Raises:
        InputError: there is one.
    """
    kind = data.kind_of(name)
    for option, row in table.rows().items():
        kinds = row.override.kinds
        if overrides.get(option) is not None and kinds and kind and kind not in kinds:
            wanted = " and ".join(KINDS[each][0] for each in kinds)
            raise InputError(
                f"`{option}={argument(overrides.get(option))}` is for {wanted}, and {name} is "
                f"{KINDS[kind][1]}; leave it out"
            )


def _device_name(given: object) -> str:
    """Check that a device's name is a text; :func:`device` checks that the device exists."""
    if not isinstance(given, str):
        raise InputError(f"`device={brief(given)}`: use auto, cpu, cuda, cuda:1 or mps")
    return given


def _one_of(name: str, given: object, accepted: object) -> object:
    """Check that a value is one of a ``Literal``, or None for the default."""
    names = list(get_args(accepted))
    if given is None or (isinstance(given, str) and given in names):
        return given
    near = nearest(given, names) if isinstance(given, str) else ""
    raise InputError(f"unknown `{name}` {brief(given)}{near}; use {' or '.join(names)}")
