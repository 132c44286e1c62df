"""Configurations: what they accept, and that all problems come at once."""

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from conftest import CommandLine
from genmodels import api, config
from genmodels.config import former_keys, validation, yaml12
from genmodels.config.layers import Layer
from genmodels.config.settings import Settings
from genmodels.errors import InputError, Note


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "c.yaml"
    path.write_text(text)
    return path


def test_all_problems_at_once_with_path_and_nearest_name() -> None:
    overrides = ["model.latent_dm=3", "model.network.hiden=[3]", "train.batch_size=abc",
                 "train.optimizer.lrr=1", "data.name=3", "seed=-1", "train.budget=1x"]  # fmt: skip
    with pytest.raises(InputError) as caught:
        config.read("vae.yaml", [config.assignment(text) for text in overrides])
    message = str(caught.value)
    assert "8 problems" not in message
    for expected in (
        "7 problems",
        "model.latent_dm: unknown key (did you mean 'latent_dim'?)",
        "model.network.hiden: unknown key (did you mean 'hidden'?)",
        "train.batch_size: is 'abc'",
        "train.optimizer.lrr: unknown key (did you mean 'lr'?)",
        "data.name: is 3",
        "seed: is -1",
        "train.budget: is '1x'; a budget looks like 90s, 10m or 2h",
    ):
        assert expected in message


def test_a_problem_names_what_was_given(tmp_path: Path) -> None:
    path = write(tmp_path, "model: {class: VAE, latent_dim: 0}\ntrain: {epochs: 1}\n")
    settings = Layer({"train": {"batch_size": 0, "optimizer": {"lr": 1, "beta": 2}}, "sed": 1})
    option = Layer({"train": {"budget": "10"}}, {"train.budget": "budget"})
    with pytest.raises(InputError) as caught:
        config.read(path, [settings, option])
    first, *lines = str(caught.value).splitlines()
    assert first == "there are 5 problems:"
    assert sorted(line.partition(";")[0] for line in lines) == [
        f"  {path}: model.latent_dim: is 0",
        "  `budget`: is '10'",
        "  `settings` sed: unknown key (did you mean 'seed'?)",
        "  `settings` train.batch_size: is 0",
        "  `settings` train.optimizer.beta: unknown key (did you mean 'betas'?)",
    ]
    for layers, message in (
        ([], f"{path}: model.latent_dim: is 0; give 1 or more"),
        (
            [Layer({"model": {"latent_dim": -1}})],
            "`settings` model.latent_dim: is -1; give 1 or more",
        ),
        ([Layer({"model": 3})], "`settings` model: is 3; give a mapping with 'class'"),
        ([Layer({"model": {"latent_dim": 2}}), option], "`budget`: is '10'; a budget looks"),
        (
            [Layer({"model": {"latent_dim": 2}}), {"seed": -1}],
            f"{path}: seed: is -1; give 0 or more",
        ),
    ):
        with pytest.raises(InputError) as caught:
            config.read(path, layers)
        assert str(caught.value).startswith(message)
        assert "\n" not in str(caught.value)


def test_an_option_for_all_modules_is_named_once() -> None:
    with pytest.raises(
        InputError, match=r"^`settings` train\.optimizer\.lr: is -1; give a number above"
    ):
        config.read("gan.yaml", [Layer({"train": {"optimizer": {"lr": -1}}})])


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e-3", 0.001), ("5", 5), (".5", 0.5), ("no", "no"), ("true", True), ("null", None),
     ("1:30", "1:30"), ("2024-01-01", "2024-01-01"), ("[1, 2]", [1, 2]),
     ("010", 10), ("089", 89), ("-08", -8)],
)  # fmt: skip
def test_values_are_yaml_1_2(text: str, value: Any) -> None:
    assert config.assignment(f"a={text}") == {"a": value}


@pytest.mark.parametrize("text", ["1e3", "089", "010", "no", "1:30", "~", "true", "", "a: b"])
def test_texts_are_written_as_texts(text: str) -> None:
    assert yaml12.parse(yaml12.dump({"a": text}), "a") == {"a": text}
    assert yaml12.parse(yaml12.inline([text]), "a") == [text]


@pytest.mark.parametrize(
    "text", ['!!int ""', "!!int 1:30", "!!bool foo", "!!timestamp x", "!!map [a]", "!!set {a}",
             "!!binary aGVsbG8=", "!!str a", "!own a", "! a", "[!!float x]"],
)  # fmt: skip
def test_tags_are_refused(text: str, tmp_path: Path) -> None:
    for call in (
        lambda: config.assignment(f"a={text}"),
        lambda: config.read(write(tmp_path, f"a: {text}\n")),
    ):
        with pytest.raises(InputError, match=r"line 1 is not valid YAML: tags such as \S+ are not"):
            call()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("seed: 1\nseed: 2\n", "line 2 is not valid YAML: key 'seed' is given twice"),
        ("a: &x 1\nb: *x\n", "aliases"),
        ("model: !!python/name:os.system\n", "tags such as tag:yaml.org,2002:python/name"),
        ("1: 2\n", "key 1 is not a word"),
        ("[1]\n", "has a list and no settings"),
        ("1\n", "has a single value and no settings"),
        ("# nothing\n", "c.yaml is empty; give it settings"),
        ("model: {class: VEA}\n", "did you mean 'VAE'"),
        ("seed: 1\n", "model: is None; give a mapping with 'class'"),
        ("a: " + "[" * 5000, "is nested too deeply"),
        ("a: " + "{a: " * 5000, "is nested too deeply"),
        ("seed: " + "9" * 5000, "is not valid YAML: Exceeds the limit"),
        ("# " + "x" * 200_000, "characters; a configuration has 100,000 at most"),
        ("a: !!python/object/apply:os.system [ls]\n", "tags such as tag:yaml"),
        ("a: !!binary aGVsbG8=\n", "leave it out"),
        ("a: \x00\n", "is not valid YAML"),
        ("a: 'b\n", "is not valid YAML"),
        ("---\na: 1\n---\nb: 2\n", "found another document"),
        ("model: {class: [VAE]}\n", "unknown class"),
        ("model: {class: VAE, latent_dim: 1e400}\n", "latent_dim"),
        ("seed: 0x10\n", "seed: is '0x10'"),
        ("<<: {seed: 1}\n", "unknown key"),
    ],
)
def test_files_that_are_refused(text: Any, reason: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=reason.replace("(", r"\(")):
        config.read(write(tmp_path, text))


BIG = "9" * 400


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("train.optimizer.betas=[1.5, 0.9]", "optimizer.betas.0: is 1.5; give a number below"),
        ("train.optimizer.betas=[0.9, 1]", "train.optimizer.betas.1: is 1; give a number below"),
        ("train.optimizer.betas=[-1, 0.9]", "train.optimizer.betas.0: is -1; give 0 or more"),
        ("train.optimizer=null", "train.optimizer: is None; give keys with values"),
        ("train.optimizer=adam", "train.optimizer: is 'adam'; give keys with values"),
        ("train.optimizer=[adam]", "train.optimizer: is ['adam']; give keys with values"),
        ("data.channels=1.0", "data.channels: is 1.0; give an integer or a word"),
        ("data.channels=true", "data.channels: is True; give an integer or a word"),
        *(
            (f"{key}={BIG}", f"{key}: is {BIG[:57]}...; give 2147483647 or less")
            for key in ("data.image_size", "data.augment.shift", "train.keep",
                        "train.batch_size", "train.schedule.warmup", "train.steps",
                        "model.latent_dim", "model.samples", "model.warmup")
        ),
    ],
)  # fmt: skip
def test_values_that_are_refused(text: str, problem: str, tmp_path: Path) -> None:
    own = config.assignment("train.optimizers.model.lr=0.1")
    with pytest.raises(InputError) as caught:
        config.read("vae.yaml", [own, config.assignment(text)])
    assert problem in str(caught.value)


STRANGE: tuple[Any, ...] = (
    0,
    -1,
    0.5,
    1.5,
    "x",
    None,
    True,
    [],
    [1],
    {},
    {"a": 1},
    math.inf,
    10**40,
)


def dotted(section: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in section.model_fields.items():
        yield prefix + name
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from dotted(kind, f"{prefix}{name}.")


@pytest.mark.parametrize("key", [*dotted(Settings)])
def test_problems_are_told_in_plain_words(key: str) -> None:
    for value in STRANGE:
        given: Any = {"model": {}, "train": {"epochs": 1}}
        *sections, last = key.split(".")
        place = given
        for section in sections:
            place = place.setdefault(section, {})
        place[last] = value
        for line in validation.problems(Settings, given):
            assert re.match(r"[\w.]+: (is .*; \w+|is missing; give|unknown key)", line), line
            assert not re.search(r"should|a valid|nput\b|required|permitted", line), line


def test_alternatives_are_told_in_one_line() -> None:
    with pytest.raises(InputError, match="scale: is 'x'; give a number or 'learned' or 'optimal'"):
        config.read("vae.yaml", [{"model": {"scale": "x"}}])


def test_a_file_is_taken_before_a_preset_with_a_note(
    genmodels: CommandLine, workplace: Path
) -> None:
    assert genmodels("config", "vae.yaml").err.count("is used") == 0
    write(workplace, "model: {class: GAN}\n").rename("vae.yaml")
    outcome = genmodels("config", "vae.yaml")
    assert "class: GAN" in outcome.out
    said = f"vae.yaml: the file in {workplace} is used, not the preset of that name"
    assert outcome.err.splitlines()[0] == said


def test_a_later_limit_replaces_an_earlier_one() -> None:
    train = config.read("vae.yaml", [{"train": {"budget": "2m"}}]).train
    assert (train.epochs, train.steps, train.budget) == (None, None, 120)


def test_two_limits_in_one_layer_are_refused(tmp_path: Path) -> None:
    text = "model: {class: VAE}\ntrain: {epochs: 1, steps: 2}\n"
    with pytest.raises(InputError, match="exactly one of epochs, steps and budget"):
        config.read(write(tmp_path, text))


@pytest.mark.parametrize("name", config.presets())
def test_a_resolved_configuration_reads_as_itself(name: Any, tmp_path: Path) -> None:
    settings = config.read(name)
    assert config.read(write(tmp_path, settings.yaml())) == settings
    assert "network" in settings.model


def test_another_class_drops_the_arguments_of_the_first() -> None:
    settings = config.read("gan.yaml", [{"model": {"class": "Autoencoder"}}])
    assert "dropout" not in settings.model


def test_data_drops_the_offline_set() -> None:
    assert api.config("vae.yaml", data="mnist").data.offline is None
    assert config.read("vae.yaml").data.offline == "glyphs"


def test_module_optimizers_inherit() -> None:
    own = config.assignment("train.optimizers.generator.lr=0.5")
    optimizer = config.read("gan.yaml", [own]).train.optimizers["generator"]
    assert (optimizer.lr, list(optimizer.betas)) == (0.5, [0.5, 0.999])


def test_unknown_configuration_names_the_nearest() -> None:
    with pytest.raises(InputError, match=r"did you mean 'sngan' or 'gan' or 'r3gan'"):
        config.find_config("sgan.yaml")
    with pytest.raises(InputError, match=r"did you mean 'report/vae'"):
        config.find_config("report/vea")


@pytest.mark.parametrize(
    ("path", "said"),
    [("./types2.yaml", "give a path or a preset"), ("a/b/gan.yaml", "gan.yaml alone is a preset")],
)
def test_a_path_without_a_file_is_no_misspelt_preset(path: str, said: str) -> None:
    with pytest.raises(InputError, match=f"there is no file {path}; {said}") as error:
        config.find_config(path)
    assert "did you mean" not in str(error.value)


@pytest.mark.parametrize(
    ("given", "meant"),
    [("lr", "train.optimizer.lr"), ("data.seed", "seed"), ("train.name", "train.optimizer.name"),
     ("train.flip", "data.augment.flip")],
)  # fmt: skip
def test_a_key_of_another_section_is_found(given: str, meant: str) -> None:
    with pytest.raises(InputError, match=rf"{given}: unknown key \(did you mean '{meant}'\?\)"):
        config.read("vae.yaml", [config.assignment(f"{given}=1")])


@pytest.mark.parametrize("text", ["train.batch_size", "=3", "a..b=1"])
def test_what_is_no_assignment(text: str) -> None:
    with pytest.raises(InputError, match="is not an assignment"):
        config.assignment(text)


@pytest.mark.parametrize("text", ["0:8:2", "0:8,1,x", "a,1,1", "0:8:0,1,1", f"0:{'9' * 5000},1,1"])
def test_what_is_no_shift(text: str) -> None:
    with pytest.raises(InputError, match="is not valid; write it as DIMS"):
        config.shift(text)


VAE_YAML = "model: {class: VAE, latent_dim: 8, network: {class: MLP, hidden: [8]}}\n"


@pytest.mark.parametrize(
    ("text", "assigned"),
    [
        ("train: {average: 0.9}\n", []),
        ("", ["train.average=0.9"]),
        ("train: {average: 0.5}\n", ["train.ema=0.9"]),
        ("train: {ema: 0.5}\n", ["train.average=0.9"]),
    ],
)
def test_a_former_key_works_with_a_note(tmp_path: Path, text: str, assigned: Any) -> None:
    path = write(tmp_path, VAE_YAML + text)
    with pytest.warns(Note) as notes:
        settings = config.read(path, [config.assignment(word) for word in assigned])
    assert settings.train.ema == 0.9
    assert "average" not in settings.yaml()
    (note,) = notes
    assert str(note.message) == (
        f"{path}: `train.average` is called `train.ema` now; write `train.ema` instead"
    )


def test_the_note_on_a_former_key_names_the_option() -> None:
    with pytest.warns(Note, match=r"^`settings` `train\.average` is called `train\.ema` now; "):
        api.config("vae.yaml", settings={"train": {"average": 0.9}})
    both = {"train": {"average": 0.9, "ema": 0.9}}
    with pytest.raises(InputError, match=r"^`settings` `train\.average` is the former name of"):
        api.config("vae.yaml", settings=both)


def test_a_key_is_not_given_under_both_names(tmp_path: Path) -> None:
    path = write(tmp_path, VAE_YAML + "train: {average: 0.9, ema: 0.9}\n")
    with pytest.raises(InputError, match=r"former name of `train\.ema`; give one of them"):
        config.read(path)


def test_former_keys_name_settings_of_today() -> None:
    for key, name in former_keys.RENAMED.items():
        section, _, former = key.partition(".")
        names = type(getattr(config.read("vae.yaml"), section)).model_fields
        assert name in names
        assert former not in names


def test_settings_that_do_not_change_the_model_are_no_differences() -> None:
    former = config.read("vae.yaml")
    free = ["train.steps=9", "train.device=cuda", "train.tensorboard=true", "data.root=elsewhere"]
    changing = {"train.schedule.steps": "9", "train.optimizer.lr": "0.5", "seed": "3"}
    layers = [config.assignment(text) for text in free]
    assert config.read("vae.yaml", layers).differences(former) == []
    layers += [config.assignment(f"{key}={value}") for key, value in changing.items()]
    found = config.read("vae.yaml", layers).differences(former)
    assert {line.partition(":")[0] for line in found} == {*changing}
