"""Reading of YAML files and overrides into typed settings. All problems are reported at once.

A preset states only what differs from the defaults. Layers are merged key by key: defaults,
then the file, then the command line. A limit (``epochs``, ``steps`` or ``budget``) of a later
layer replaces that of an earlier one.
"""

import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from genmodels.config import components, custom_code, former_keys, validation, yaml12
from genmodels.config.layers import message
from genmodels.config.number_types import Json
from genmodels.config.settings import LIMITS, Settings, Shift
from genmodels.errors import InputError, Note, brief, nearest

MODELS = components.ClassPlace("genmodels.models", "Model")
GIVEN = ("image_shape", "class_shares")  # arguments of a model that the data supply


def read(source: str | Path, overrides: Sequence[Mapping[str, Any]] = ()) -> Settings:
    """Read a configuration by path or a preset by name, with overrides.

    Raises:
        InputError: there is no such file, or it has problems; the message has a line for each.
    """
    path = find_config(source)
    with custom_code.beside(path):
        return resolve([_load(path, str(source)), *overrides], str(source))


def resolve(
    layers: Sequence[Mapping[str, Any]], origin: str, former_notes: bool = True
) -> Settings:
    """Merge layers, later ones over earlier ones, and check the result.

    Args:
        layers: nested settings.
        origin: the name of the configuration in messages.
        former_notes: warn about former names of settings; they are accepted either way.

    Raises:
        InputError: there are problems; the message has a line for each, with the option that
            caused it, or the configuration and the key.
    """
    values: dict[str, Any] = {"train": {"epochs": 20}}
    present: list[Mapping[str, Any]] = []
    for layer in layers:
        renamed = former_keys.replaced(layer, origin, former_notes)
        present.append(_with_present_model(renamed, values))
        values = _merged(values, present[-1])
    _inherit_optimizer(values)
    found = validation.problems(Settings, {**values, "model": {}})
    found += components.problems(values.get("model"), MODELS, "model", GIVEN)
    if not found:
        values["model"] = components.complete(values["model"], MODELS, GIVEN)
        found = validation.problems(Settings, values)  # the defaults may be what no file can hold
    if found:
        raise InputError(*message(found, layers, present, origin))
    return Settings(**values)


def find_config(source: str | Path) -> Path:
    """Return the path of a configuration file.

    Args:
        source: a path, or the name of a preset with or without ``.yaml``. A file that has the
            name of a preset is taken, with a note.

    Raises:
        InputError: there is neither a file nor a preset of that name.
    """
    path = Path(source)
    found = preset(str(source)) or preset(f"{source}.yaml")
    if os.path.isfile(path):  # false for impossible paths too
        if found and not path.samefile(found):
            taken = f"{source}: the file in {path.absolute().parent} is used, not the preset"
            warnings.warn(Note(f"{taken} of that name"), stacklevel=2)
        return path
    if found:
        return found
    raise InputError(_unknown(str(source)))


def _unknown(source: str) -> str:
    """Return the message for an unknown path or preset, with the names that may be meant."""
    names = presets()
    folder, _, name = source.replace("\\", "/").rpartition("/")
    if folder not in {preset.rpartition("/")[0] for preset in names}:
        instead = f"{name} alone is a preset" if name in names else "give a path or a preset"
        return f"there is no file {source}; {instead}; genmodels models lists all presets"
    stems = [preset.removesuffix(".yaml") for preset in names]
    near = nearest(source.removesuffix(".yaml"), stems, 3)
    return (
        f"no configuration {source!r}{near}; give a path or a preset; genmodels models lists all "
        "presets"
    )


def preset(name: str) -> Path | None:
    """Return the path of a preset, or None. Files in the working folder are not presets."""
    paths = (folder / name for folder in _preset_folders())
    return next((path for path in paths if os.path.isfile(path)), None)


def presets() -> list[str]:
    """Return the names of all presets, such as ``vae.yaml`` and ``report/vae.yaml``."""
    names = {
        path.relative_to(folder).as_posix()
        for folder in _preset_folders()
        for path in folder.rglob("*.yaml")
    }
    return sorted(names, key=lambda name: (name.count("/"), name))


def shift(text: str) -> Shift:
    """Parse ``dims,start,step``, such as ``0:8:2,-1,0.1``.

    Raises:
        InputError: the text does not have that form.
    """
    dims, *numbers = text.split(",")
    try:
        start, step = (float(number) for number in numbers)
        return Shift(dims=dims, start=start, step=step)
    except ValueError:
        raise InputError(
            f"`shifts` {brief(text)} is not valid; write it as DIMS,START,STEP: 0:8:2,-1,0.1"
        ) from None


def assignment(text: str, example: str = "train.batch_size=128") -> dict[str, Json]:
    """Parse ``a.b=value`` into nested dictionaries. The value is YAML.

    Args:
        text: the assignment.
        example: of an assignment, for the message.

    Raises:
        InputError: there is no ``=`` or no key, or the value is not valid YAML.
    """
    path, separator, value = text.partition("=")
    keys = path.strip().split(".")
    if not separator or not all(keys):
        raise InputError(f"`settings` {text!r} is not an assignment; write it as {example}")
    nested = {keys[-1]: yaml12.parse(value, f"`settings` {path}")}
    for key in reversed(keys[:-1]):
        nested = {key: nested}
    return nested


def _preset_folders() -> list[Path]:
    """Return the folders of presets: in the package in a wheel, beside ``src`` in a checkout."""
    package = Path(__file__).parents[1]
    folders = [package / "configs", package.parents[1] / "configs"]
    return [folder for folder in folders if folder.is_dir()]


def _with_present_model(layer: Mapping[str, Any], values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a layer with the present names of the model's settings."""
    model, before = layer.get("model"), values.get("model")
    if not isinstance(model, Mapping):
        return layer
    inherited = before.get("class") if isinstance(before, Mapping) else None
    return {**layer, "model": components.present(model, model.get("class", inherited), MODELS)}


def _inherit_optimizer(values: dict[str, Any]) -> None:
    """Fill each module's optimizer settings from ``train.optimizer``, in place."""
    train = values.get("train")
    if not isinstance(train, dict):
        return
    common, own = train.get("optimizer", {}), train.get("optimizers")
    if isinstance(common, dict) and isinstance(own, dict):
        train["optimizers"] = {
            name: {**common, **given} if isinstance(given, dict) else given
            for name, given in own.items()
        }


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Merge two mappings section by section; values of the second replace those of the first."""
    if any(name in over for name in LIMITS):
        base = {key: value for key, value in base.items() if key not in LIMITS}
    changed_class = "class" in over and over["class"] != base.get("class")
    result = {} if changed_class and "class" in base else dict(base)
    for key, value in over.items():
        both = isinstance(value, Mapping) and isinstance(result.get(key), Mapping)
        result[key] = _merged(result[key], value) if both else value
    return result


def _load(path: Path, origin: str) -> dict[str, Json]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as a text file: {error}") from None
    values = yaml12.parse(text, origin)
    if values is None:
        raise InputError(f"{origin} is empty; give it settings, such as 'model: {{class: VAE}}'")
    if not isinstance(values, dict):
        kind = "a list" if isinstance(values, list) else "a single value"
        raise InputError(
            f"{origin} has {kind} and no settings; begin it with a key such as 'model:'"
        )
    return values
