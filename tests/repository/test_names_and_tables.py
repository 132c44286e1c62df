"""What a table holds is what a setting accepts: nothing is registered and out of reach.

A setting that takes the keys of a table says so by ``KeyOf``. All other settings that take words
are found by their annotations, in models, networks and the sections of the configuration, and
each has a row below: whose words they are, or why no table has them.
"""

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
from pydantic import BaseModel

from genmodels import config, losses, networks
from genmodels.api import overrides
from genmodels.config import components, constructors
from genmodels.config.number_types import KeyOf
from genmodels.config.section import is_adjustable
from genmodels.config.settings import Settings, Train
from genmodels.data import decoding, feed, layout, tables
from genmodels.system import device
from genmodels.training import execution, loggers, optimizers

# Configurations stand below what they configure, so their words are spelled twice.
ELSEWHERE = {
    "Data.channels": get_args(decoding.Channels),
    "Data.fit": get_args(decoding.Fit),
    "Data.on_bad": get_args(tables.OnBad),
    "Data.splits": get_args(layout.Splits),
    "Data.placement": get_args(feed.Placement),
    "Optimizer.name": tuple(optimizers.OPTIMIZERS),
    "Train.execution": ("auto", *get_args(execution.Kind)),
}
# A branch of the code decides, so there is no table.
BRANCHES = {
    "relativistic": "an argument of the function of that name",
    "conditioning": "each word builds the discriminator from other parts",
    "scale": "a number, or how it is found",
    "bound": "another objective",
    "divergence": "each has terms of its own",
    "sampler": "N(0, I), one Gaussian, or a mixture with a number of components",
    "pixels": "other outputs of the network",
    "predicts": "a velocity, or an image that has one",
    "times": "two draws",
    "solver": "one step more, or none",
    "precision": "under autocast, or not",
    "on_nan": "what the trainer does",
}


def sections(kind: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """A section of the configuration, and all below it."""
    yield kind
    for hint in get_type_hints(kind).values():
        for inner in (hint, *get_args(hint)):
            if inspect.isclass(inner) and issubclass(inner, BaseModel):
                yield from sections(inner)


def schemas() -> dict[str, Any]:
    """Everything that has settings: its name → what has their annotations."""
    public = [getattr(networks, name) for name in networks.__all__]
    kinds = [
        kind for kind in public if inspect.isclass(kind) and not constructors.is_protocol(kind)
    ]
    kinds += config.MODELS.classes().values()
    found: dict[str, Any] = {kind.__name__: kind.__init__ for kind in kinds}
    return found | {kind.__name__: kind for kind in sections(Settings)}


def parts_of(hint: Any) -> Iterator[Any]:
    """An annotation, and all inside it but the words of a ``Literal``."""
    yield hint
    for inner in get_args(hint) if get_origin(hint) is not Literal else ():
        yield from parts_of(inner)


PARTS = [
    (f"{name}.{setting}", part)
    for name, schema in schemas().items()
    for setting, hint in get_type_hints(schema, include_extras=True).items()
    for part in parts_of(hint)
]
LITERALS = {setting: get_args(part) for setting, part in PARTS if get_origin(part) is Literal}
KEYS = {setting: part.table for setting, part in PARTS if isinstance(part, KeyOf)}


def test_settings_are_found() -> None:
    assert {"GAN.loss", "GAN.penalties", "GAN.augment", "VAE.likelihood", "MLP.activation"} <= {
        *KEYS
    }
    assert {"VAE.scale", "BiGAN.sampler", "Optimizer.name"} <= LITERALS.keys()


@pytest.mark.parametrize("setting", LITERALS)
def test_words_have_a_table_or_a_reason_to_have_none(setting: str) -> None:
    if setting in ELSEWHERE:
        assert LITERALS[setting] == ELSEWHERE[setting]
    else:
        assert setting.partition(".")[2] in BRANCHES


def test_no_row_is_of_a_setting_that_is_gone() -> None:
    assert ELSEWHERE.keys() <= LITERALS.keys()
    assert BRANCHES.keys() <= {setting.partition(".")[2] for setting in LITERALS.keys() - ELSEWHERE}


def tables_of(package: Any) -> dict[str, dict[str, Any]]:
    """The tables of a package: constants that are dictionaries with words as keys."""
    found = {}
    for each in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        for name, value in vars(importlib.import_module(each.name)).items():
            if name.isupper() and isinstance(value, dict):
                found[f"{each.name}.{name}"] = value
    return found


@pytest.mark.parametrize("package", [losses, networks], ids=["losses", "networks"])
def test_every_table_is_reached_by_a_setting(package: Any) -> None:
    found = tables_of(package)
    assert found
    reached = [id(table) for table in KEYS.values()]
    assert [name for name, table in found.items() if id(table) not in reached] == []


def test_every_logger_has_a_key_that_turns_it_on() -> None:
    keys = {name: Train.model_fields[name] for name in loggers.listed()}
    assert keys
    assert all(key.annotation is bool and not key.default for key in keys.values())
    assert all(map(is_adjustable, keys.values()))


def test_overrides_take_the_words_of_their_keys() -> None:
    kinds = {name: row.kind for name, row in overrides.rows().items()}
    words = {name: get_args(kind) for name, kind in kinds.items() if get_origin(kind) is Literal}
    assert words == {
        "on_bad": LITERALS["Data.on_bad"],
        "on_nan": LITERALS["Train.on_nan"],
        "precision": tuple(device.PRECISIONS),
    }


def test_a_setting_lists_the_keys_of_its_table() -> None:
    for model, setting in (("VAE", "likelihood"), ("GAN", "loss"), ("GAN", "penalties")):
        listed = components.choices(model, config.MODELS)[setting]
        assert listed == list(KEYS[f"{model}.{setting}"])


def test_every_class_has_a_name_of_its_own() -> None:
    package = Path(inspect.getfile(config)).parents[1]
    places: dict[str, list[str]] = {}
    studies = package.parents[1] / "studies"
    for path in [*package.rglob("*.py"), *studies.glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(path.name)
    assert {name: files for name, files in places.items() if len(files) > 1} == {}
