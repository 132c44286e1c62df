"""YAML and ``--set`` become typed settings; every problem is reported at once.

A preset states only what differs from the defaults. Layers are merged key by key:
defaults, then the file, then the command line; a limit of a later layer (``epochs``,
``steps`` or ``budget``) replaces the limit of an earlier one.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from genmodels.config import components, custom_code, yaml12
from genmodels.config.settings import LIMITS, Settings, Shift
from genmodels.errors import InputError, nearest

MODELS = components.Place("genmodels.models", "Model")
GIVEN = ("image_shape", "class_shares")  # what a model learns from the data, once


def read(source: str | Path, overrides: Sequence[Mapping[str, Any]] = ()) -> Settings:
    """Read a configuration by path, or a preset by name, and lay overrides over it.

    Raises:
        InputError: no such file, or everything that is wrong in it, one problem a line.
    """
    path = find(source)
    with custom_code.beside(path):
        return resolve([_load(path), *overrides], str(path.name))


def resolve(layers: Sequence[Mapping[str, Any]], origin: str) -> Settings:
    """Merge layers, later ones winning, and check the result.

    Raises:
        InputError: every problem, one a line, each with its path.
    """
    values: dict[str, Any] = {"train": {"epochs": 20}}
    for layer in layers:
        values = _merged(values, layer)
    _inherit_optimizer(values)
    model = values.get("model")
    found = components.validation_problems(Settings, {**values, "model": {}})
    found += components.problems(model, MODELS, "model", GIVEN)
    if found:
        raise InputError(
            f"{origin}: {found[0]}"
            if len(found) == 1
            else f"{origin} has {len(found)} problems:\n  " + "\n  ".join(found)
        )
    assert model is not None, "it has no problems"
    return Settings(**{**values, "model": components.complete(model, MODELS, GIVEN)})


def find(source: str | Path) -> Path:
    """Find a configuration: a path, or the name of a preset with or without ``.yaml``.

    Raises:
        InputError: there is neither a file nor a preset of that name.
    """
    path = Path(source)
    if path.is_file():
        return path
    if found := preset(str(source)) or preset(f"{source}.yaml"):
        return found
    raise InputError(_unknown(str(source)))


def _unknown(source: str) -> str:
    """Say what a name that stands for nothing was probably meant to be: a path, or a preset."""
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
    """Where a preset lies, whatever lies in the working folder; None if there is none."""
    paths = (folder / name for folder in _preset_folders())
    return next((path for path in paths if path.is_file()), None)


def presets() -> list[str]:
    """The names of all presets, such as ``vae.yaml`` and ``report/vae.yaml``."""
    names = {
        path.relative_to(folder).as_posix()
        for folder in _preset_folders()
        for path in folder.rglob("*.yaml")
    }
    return sorted(names, key=lambda name: (name.count("/"), name))


# What an option sets: its keyword (``--data-root`` is ``data_root``) → the key in a configuration.
# The options of the command line and the keywords of the Python functions are these rows.
OVERRIDES = {
    "data": "data.name",
    "data_root": "data.root",
    "on_bad": "data.on_bad",
    "seed": "seed",
    "epochs": "train.epochs",
    "steps": "train.steps",
    "budget": "train.budget",
    "device": "train.device",
    "precision": "train.precision",
    "on_nan": "train.on_nan",
}


def overrides(data: str | None = None, **given: Any) -> dict[str, Any]:
    """Build the layer that options lay over a configuration; None leaves a key as it is.

    Raises:
        TypeError: a keyword has no row in ``OVERRIDES``.
    """
    if unknown := given.keys() - OVERRIDES.keys():
        raise TypeError(f"no such override: {', '.join(sorted(unknown))}")
    layer: dict[str, Any] = {}
    for name, value in {"data": data, **given}.items():
        if value is not None:
            *sections, key = OVERRIDES[name].split(".")
            inside = layer
            for section in sections:
                inside = inside.setdefault(section, {})
            inside[key] = str(value) if isinstance(value, Path) else value
    if data is not None:  # what to train on offline belongs to the configuration's own set
        layer["data"]["offline"] = None
    return layer


def shift(text: str) -> Shift:
    """Read ``dims,start,step``, such as ``0:8:2,-1,0.1``.

    Raises:
        InputError: it is not of that form.
    """
    dims, *numbers = text.split(",")
    try:
        start, step = (float(number) for number in numbers)
        return Shift(dims=dims, start=start, step=step)
    except ValueError:
        raise InputError(
            f"--shift {text!r} is no movement; write it as DIMS,START,STEP: 0:8:2,-1,0.1"
        ) from None


def assignment(text: str) -> dict[str, Any]:
    """Read ``a.b=value``, the value as YAML, into nested dictionaries.

    Raises:
        InputError: there is no ``=`` or no key, or the value is no YAML.
    """
    path, separator, value = text.partition("=")
    keys = path.strip().split(".")
    if not separator or not all(keys):
        raise InputError(f"--set {text!r} is no assignment; write it as train.batch_size=128")
    nested: Any = yaml12.parse(value, f"--set {path}")
    for key in reversed(keys):
        nested = {key: nested}
    return nested


def _preset_folders() -> list[Path]:
    """In a wheel the presets lie in the package, in a checkout beside ``src``."""
    package = Path(__file__).parents[1]
    folders = [package / "configs", package.parents[1] / "configs"]
    return [folder for folder in folders if folder.is_dir()]


def _inherit_optimizer(values: dict[str, Any]) -> None:
    """A module's optimizer states what differs from ``train.optimizer``."""
    train = values.get("train")
    if isinstance(train, dict) and isinstance(train.get("optimizers"), dict):
        common = train.get("optimizer", {})
        train["optimizers"] = {
            name: {**common, **own} if isinstance(own, dict) else own
            for name, own in train["optimizers"].items()
        }


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one mapping over another, section by section."""
    if any(name in over for name in LIMITS):
        base = {key: value for key, value in base.items() if key not in LIMITS}
    changed_class = "class" in over and over["class"] != base.get("class")
    result = {} if changed_class and "class" in base else dict(base)
    for key, value in over.items():
        both = isinstance(value, Mapping) and isinstance(result.get(key), Mapping)
        result[key] = _merged(result[key], value) if both else value
    return result


def _load(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as a text file: {error}") from None
    values = yaml12.parse(text, path.name)
    if values is None:
        raise InputError(f"{path.name} is empty; give it settings, such as 'model: {{class: VAE}}'")
    if not isinstance(values, dict):
        kind = "a list" if isinstance(values, list) else "a single value"
        raise InputError(
            f"{path.name} holds no settings but {kind}; it starts with a key such as 'model:'"
        )
    return values
