"""A model of the user's own: one file beside a configuration, nothing else touched."""

import importlib.util
import py_compile
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from conftest import CommandLine
from genmodels import config, testing
from genmodels.config import GIVEN, MODELS, components, custom_code
from genmodels.errors import InputError
from genmodels.models.base import Phase

EXAMPLES = Path(__file__).parents[2] / "examples"
SMALL = ("--data", "glyphs", "--device", "cpu", "--set", "train.batch_size=500",
         "--set", "model.latent_dim=4", "--set", "model.network.hidden=[16]")  # fmt: skip


@pytest.fixture
def mine(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(custom_code, "_approved", set())
    monkeypatch.setattr(custom_code, "_loaded", {})
    for name in ("my_model.py", "mine.yaml"):
        shutil.copy(EXAMPLES / name, workplace / name)
    return workplace


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """As another process would start."""
    monkeypatch.setattr(custom_code, "_approved", set())
    monkeypatch.setattr(custom_code, "_loaded", {})


@pytest.mark.slow
@pytest.mark.usefixtures("known_features")
def test_the_example_does_everything(
    genmodels: CommandLine, mine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len((mine / "my_model.py").read_text().splitlines()) < 60
    for epochs, more in (("1", []), ("2", ["--resume"])):
        done = genmodels("train", "--config", "mine.yaml", *SMALL, "--epochs", epochs,
                         "--out", "runs/mine", *more)  # fmt: skip
        assert done.code == 0, done
    assert "resuming runs/mine at step" in done.err
    assert genmodels("sample", "runs/mine", "--out", "s.png").code == 0
    assert genmodels("interpolate", "runs/mine", "--out", "i.png").code == 0
    assert genmodels("verify", "runs/mine", "--replay", "2").code == 0
    forget(monkeypatch)
    compared = genmodels("compare", "mine.yaml", "gan.yaml", *SMALL, "--steps", "4",
                         "--count", "200", "--features", "random", "--out", "c")  # fmt: skip
    assert compared.code == 0, compared
    assert (mine / "c" / "report.html").is_file()


@pytest.fixture
def example() -> Any:
    with custom_code.beside(EXAMPLES / "mine.yaml"):
        return custom_code.load_class("my_model.TinyGAN")


def test_the_example_keeps_the_contract(example: Any) -> None:
    assert testing.check_model(example).image_shape == (1, 28, 28)


def test_a_broken_model_is_told_what_is_broken(example: Any) -> None:
    class Bright(example):  # type: ignore[misc]
        def decode(self, latents: Tensor, labels: Any = None) -> Tensor:
            return super().decode(latents, labels) + 1

    with pytest.raises(AssertionError, match="above 1"):
        testing.check_model(Bright)

    class Forgetful(example):  # type: ignore[misc]
        def phases(self) -> Any:
            return super().phases()[:1]

    with pytest.raises(AssertionError, match=r"no phase trains generator\."):
        testing.check_model(Forgetful)

    class Twins(example):  # type: ignore[misc]
        def phases(self) -> list[Any]:
            return [replace(phase, name="game") for phase in super().phases()]

    with pytest.raises(InputError, match="two phases of Twins have one name: game, game"):
        testing.check_model(Twins)


@pytest.mark.parametrize("kept", [True, False])
def test_a_module_that_is_made_by_phases_is_refused(example: Any, kept: bool) -> None:
    class Late(example):  # type: ignore[misc]
        def phases(self) -> list[Any]:
            made = nn.Linear(self.latent_dim, 1)
            if kept:
                self.made = made

            def objective(batch: Any) -> dict[str, Any]:
                return {"loss": made(torch.ones(1, self.latent_dim)).sum()}

            return [*super().phases(), Phase("late", made, objective)]

    with pytest.raises(InputError, match=r"the phase late of Late trains .* make it in __init__"):
        testing.check_model(Late)


def test_a_layer_that_no_phase_uses_is_named_however_rarely_its_phase_runs(example: Any) -> None:
    class Idle(example):  # type: ignore[misc]
        generator: nn.ModuleDict

        def __init__(self, image_shape: Any) -> None:
            super().__init__(image_shape)
            self.generator = nn.ModuleDict({"used": self.generator, "idle": nn.Linear(1, 1)})

        def decode(self, latents: Tensor, labels: Any = None) -> Tensor:
            return self.generator["used"](latents).sigmoid()

        def phases(self) -> list[Any]:
            discriminator, generator = super().phases()
            return [discriminator, replace(generator, every=5)]

    with pytest.raises(
        AssertionError, match=r"reaches generator\.idle\.weight, generator\.idle\.bias$"
    ):
        testing.check_model(Idle)


def test_a_rare_phase_that_reaches_nothing_of_its_module_is_refused(example: Any) -> None:
    class Deaf(example):  # type: ignore[misc]
        def phases(self) -> list[Any]:
            discriminator, generator = super().phases()
            deaf = replace(discriminator, name="penalty", module=self.generator, every=16)
            return [discriminator, deaf, generator]

    with pytest.raises(AssertionError, match=r"phase penalty does not reach .*weight"):
        testing.check_model(Deaf)


def test_code_of_a_run_is_not_executed_unless_it_is_trusted(
    genmodels: CommandLine, mine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert genmodels("train", "--config", "mine.yaml", *SMALL, "--steps", "1",
                     "--out", "runs/mine").code == 0  # fmt: skip
    (mine / "my_model.py").unlink()
    module = mine / "runs" / "mine" / "code" / "my_model.py"
    module.write_text("import sys; sys.executed = True\n" + module.read_text())
    monkeypatch.setattr(sys, "executed", False, raising=False)
    forget(monkeypatch)
    commands = (
        ("sample", "runs/mine"),
        ("interpolate", "runs/mine"),
        ("verify", "runs/mine"),
        ("compare", "runs/mine"),
        ("train", "--resume", "--out", "runs/mine"),
    )
    for command in commands:
        refused = genmodels(*command)
        assert refused.code == 2, refused
        assert "--trust-code" in refused.err + refused.out
        assert not sys.__dict__["executed"]
        assert "restore" not in refused.err + refused.out  # nothing is damaged
    assert genmodels("runs").code == 0
    assert not sys.__dict__["executed"]
    assert genmodels("sample", "runs/mine", "--trust-code").code == 0
    assert sys.__dict__["executed"]


def test_what_one_has_trained_is_trusted_in_commands_to_come(
    genmodels: CommandLine, mine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = ("train", "--config", "mine.yaml", *SMALL, "--out", "runs/mine", "--steps")
    assert genmodels(*train, "1").code == 0
    (mine / "my_model.py").unlink()
    forget(monkeypatch)
    assert genmodels("sample", "runs/mine").code == 0
    forget(monkeypatch)
    assert genmodels("train", "--out", "runs/mine", "--resume", "--steps", "2").code == 0


def test_a_home_that_cannot_be_written_to_makes_the_next_command_ask(
    genmodels: CommandLine, mine: Any, monkeypatch: pytest.MonkeyPatch, own_cache: Path
) -> None:
    own_cache.with_name("state").write_text("no folder")
    train = ("train", "--config", "mine.yaml", *SMALL, "--out", "runs/mine", "--steps", "1")
    assert genmodels(*train).code == 0
    forget(monkeypatch)
    assert "--trust-code" in genmodels("sample", "runs/mine").err


def test_a_constructor_may_be_a_base_class_s(genmodels: CommandLine, workplace: Path) -> None:
    (workplace / "made.py").write_text(
        "from genmodels.models import GAN\nclass MyGAN(GAN):\n    pass\n"
    )
    (workplace / "made.yaml").write_text("model: {class: made.MyGAN, loss: hinge}\n")
    assert "loss: hinge" in genmodels("config", "made.yaml").out
    (workplace / "made.yaml").write_text("model: {class: made.MyGAN, lss: hinge}\n")
    assert "did you mean 'loss'?" in genmodels("config", "made.yaml").err


@pytest.mark.parametrize(
    ("default", "kept"),
    [("((1, 2), (3, 4))", [[1, 2], [3, 4]]), ("{'a': (1,)}", {"a": [1]}), ("1e400", None)],
)
def test_defaults_are_what_a_file_can_hold(tmp_path: Path, default: str, kept: object) -> None:
    (tmp_path / "made.py").write_text(
        "from typing import Any\nfrom genmodels.models import Model\n\n\n"
        "class Mine(Model):\n"
        f"    def __init__(self, image_shape, size: Any = {default}):\n"
        "        super().__init__(image_shape, 2)\n\n"
        "    def phases(self):\n        return []\n\n"
        "    def decode(self, latents, labels=None):\n        return latents\n"
    )
    (tmp_path / "made.yaml").write_text("model: {class: made.Mine}\n")
    if kept is None:
        with pytest.raises(InputError, match=r"made\.yaml: model\.size.*: is inf; .* finite"):
            config.read(tmp_path / "made.yaml")
        return
    settings = config.read(tmp_path / "made.yaml")
    assert settings.model["size"] == kept
    (tmp_path / "made.yaml").write_text(settings.yaml())
    assert config.read(tmp_path / "made.yaml") == settings


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("absent.TinyGAN", "", "there is no absent.py in"),
        ("made.TinyGAN", "def f(:", "cannot be imported: SyntaxError"),
        ("made.TinyGAN", "\n\n1 / 0", "ZeroDivisionError: division by zero (line 3)"),
        ("made.TinyGAN", "\nraise SystemExit(3)", "SystemExit: 3 (line 2)"),
        ("made.TinyGAN", "class Other: pass", "has no class TinyGAN; it has Other"),
        ("made.TinyGAN", "class TinyGAN: pass", "is not a Model of genmodels.models"),
        (
            "made.TinyGAN",
            "from genmodels.models import Model\nclass TinyGAN(Model): pass",
            "does not define decode, phases",
        ),
        ("..made.TinyGAN", "", "is not a class of a module"),
        ("os/../made.TinyGAN", "", "is not a class of a module"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, name: str, text: str, said: str) -> None:
    if text:
        (tmp_path / "made.py").write_text(text)
    with custom_code.beside(tmp_path / "config.yaml"):
        (problem,) = components.problems({"class": name}, MODELS, "model", GIVEN)
    assert said in problem
    assert "\n" not in problem


OWN = (
    "from typing import Annotated, Any, Protocol\nfrom genmodels.models import VAE\n"
    "from genmodels.networks import Network\n\n\nclass Brush(Protocol):\n    pass\n\n\n"
    "class M(VAE):\n    "
)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("def __init__(self, image_shape, width): pass", "takes width; give each setting a name"),
        ("def __init__(self, image_shape, *a): pass", "takes *a; give each setting a name"),
        ("def __init__(self, image_shape, **k: int): pass", "takes **k: int; give each setting"),
        ("def __init__(self, image_shape, a: int, /): pass", "takes a: int; give each setting"),
        (
            "def __init__(self, image_shape, width: int = 3): pass",
            "contradictions() fails with KeyError: 'components'; define it for the settings of",
        ),
        ("def __init__(self, w: 'Unknown'): pass", "read: NameError: name 'Unknown' is not defin"),
        ("def __init__(self, w: print): pass", "cannot be read: PydanticSchemaGenerationError: "),
        ("def __init__(self, w: 3 = 3): pass", "its constructor cannot be read: "),
        ("def __init__(self, w: Brush): pass", "its constructor cannot be read: AttributeError"),
        ("def __init__(self, w: Network = None): pass", "the default of w is no dataclass"),
        ("def __init__(self, w: Network = Brush): pass", "the default of w is no dataclass"),
        ("former_settings = 3", "former_settings is 3; give pairs of the former name and the"),
        ("former_settings = (1, 2)", "former_settings is (1, 2); give pairs"),
        ("former_settings = ('ab',)", "former_settings is ('ab',); give pairs"),
        ("contradictions = 3", "contradictions() fails with TypeError: 'int' object is not call"),
        ("contradictions = staticmethod(lambda s: 1 / 0)", "fails with ZeroDivisionError"),
        ("contradictions = staticmethod(lambda s: exit(3))", "fails with SystemExit: 3"),
        ("contradictions = staticmethod(lambda s: None)", "fails with TypeError"),
    ],
)
def test_a_class_that_describes_no_settings_is_refused(
    body: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / "my.py").write_text(f"{OWN}{body}\n")
    (tmp_path / "c.yaml").write_text("model: {class: my.M}\n")
    with pytest.raises(InputError) as caught:
        config.read(tmp_path / "c.yaml", [{"train": {"epochs": 1}}])
    assert "c.yaml: model.class: my.M: " in str(caught.value)
    assert said in str(caught.value)
    assert "\\n" not in repr(str(caught.value))


def test_two_runs_may_bring_different_modules_of_one_name(tmp_path: Path) -> None:
    found = []
    for number in (1, 2):
        folder = tmp_path / str(number)
        (folder / custom_code.FOLDER).mkdir(parents=True)
        (folder / custom_code.FOLDER / "m.py").write_text(f"class A:\n    number = {number}\n")
        custom_code.approve(folder)
        with custom_code.of_run(folder):
            found.append(custom_code.load_class("m.A"))
    assert [kind.__dict__["number"] for kind in found] == [1, 2]


def test_only_the_bytes_that_were_approved_are_executed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / custom_code.FOLDER
    folder.mkdir()
    module = folder / "m.py"
    module.write_text("class A:\n    number = 2\n")
    evil = tmp_path / "evil.py"
    evil.write_text("class A:\n    number = 666\n")
    compiled = importlib.util.cache_from_source(str(module))
    py_compile.compile(
        str(evil), compiled, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
    )
    forget(monkeypatch)
    custom_code.approve(tmp_path)
    with custom_code.of_run(tmp_path):
        assert custom_code.load_class("m.A").__dict__["number"] == 2


def test_a_run_is_not_resumed_with_another_module(
    genmodels: CommandLine, mine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("train", "--config", "mine.yaml", *SMALL, "--out", "runs/mine")
    assert genmodels(*words, "--steps", "1").code == 0
    module = mine / "my_model.py"
    module.write_text(module.read_text() + "\n# Another one.\n")
    forget(monkeypatch)
    refused = genmodels(*words, "--steps", "2", "--resume")
    assert refused.code == 2
    assert "my_model.py differs from the copy that run" in refused.err
