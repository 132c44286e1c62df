"""README's recipes, "Where a change goes": each is followed on a copy, and nothing else is changed.

A recipe is edits of the copy and a script that runs there. The script sees the new thing reach
the command line and its table of numbers, and keep its contract. Some recipes share a copy and a
process: they are followed one after the other, and then their scripts run.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parents[2]
COPIED = ("src", "configs", "tests", "docs/_ext", "README.md", "pyproject.toml")
PACKAGE = Path("src/genmodels")

# What the scripts share. `contract` runs tests of the copy, with what is new among their cases.
PRELUDE = """
import contextlib, io, json, os, shutil, sys
from pathlib import Path
import pytest
from genmodels import cli

def call(*words):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        try:
            cli.main(list(words))
        except SystemExit as end:
            assert not end.code, (words, out.getvalue())
    return " ".join(out.getvalue().split())

def train(*words):
    shutil.rmtree("run", ignore_errors=True)
    small = ["--steps", "2", "--device", "cpu", "--set", "train.batch_size=8"]
    call("train", "--out", "run", *small, "--set", "model.network.hidden=[8]", *words)

def documented(part):
    sys.path.insert(0, str(Path(cli.__file__).parents[3] / "docs" / "_ext"))
    import generated
    return generated.PARTS[part]()

def contract(path, case):
    tests = Path(cli.__file__).parents[3] / "tests"
    given = ["-q", "-p", "no:cacheprovider", "-c", str(tests.parent / "pyproject.toml")]
    assert pytest.main([*given, str(tests / path), "-k", case]) == 0
"""


@dataclass(frozen=True)
class Recipe:
    """What is added, and the script that sees it.

    Attributes:
        script: run in the copy, after ``PRELUDE``.
        rows: file below the package → the line that begins the table, and the rows after it.
        definitions: file → what is defined before that line.
        replaced: file → the lines that get one more word: a line → the line that replaces it.
        files: new file below the package → its content.
    """

    script: str
    rows: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    definitions: Mapping[str, str] = field(default_factory=dict)
    replaced: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    def follow(self, package: Path) -> None:
        for name, (line, rows) in self.rows.items():
            path = package / name
            before, found, after = path.read_text(encoding="utf-8").partition(f"\n{line}\n")
            assert found, f"{name} has no line {line!r}"
            text = f"{before}\n{self.definitions.get(name, '')}{line}\n{rows}{after}"
            path.write_text(text, encoding="utf-8")
        for name, lines in self.replaced.items():
            text = (package / name).read_text(encoding="utf-8")
            for old, new in lines.items():
                assert text.count(f"\n{old}\n") == 1, f"{name} has no one line {old!r}"
                text = text.replace(f"\n{old}\n", f"\n{new}\n")
            (package / name).write_text(text, encoding="utf-8")
        for name, content in self.files.items():
            assert not (package / name).exists()
            (package / name).write_text(content, encoding="utf-8")


EXAMPLE = (REPOSITORY / "examples" / "my_model.py").read_text(encoding="utf-8")
RECIPES = {
    "a likelihood": Recipe(
        definitions={
            "losses/likelihoods.py": '''def laplace(means, images, scale):
    """Return the negative log-density of pixels under Laplace variables."""
    log_scale = scale.log() if isinstance(scale, Tensor) else math.log(scale)
    nats = (images - means).abs() / scale + math.log(2) + log_scale
    return nats.flatten(1).sum(1)


'''
        },
        rows={
            "losses/likelihoods.py": (
                "LIKELIHOODS = {",
                '    "laplace": Likelihood('
                'around_means(laplace), torch.sigmoid, "continuous", scaled=True),\n',
            )
        },
        script="""
assert "laplace" in call("models", "VAE")
given = ["--set", "model.likelihood=laplace", "--set", "model.scale=learned"]
train("--config", "vae.yaml", "--data", "glyphs", *given)
assert "laplace" in documented("models")
contract("models/test_likelihoods.py", "laplace and (combination or refused)")
""",
    ),
    "an adversarial loss": Recipe(
        rows={
            "losses/adversarial.py": (
                "ADVERSARIAL = {",
                '    "pearson": '
                "_separate(_halved_square(1), _halved_square(-1), _halved_square(0)),\n",
            )
        },
        script="""
assert "pearson" in call("models", "GAN")
train("--config", "gan.yaml", "--data", "glyphs", "--set", "model.loss=pearson")
from genmodels import testing
small = {"class": "MLP", "hidden": [8]}
testing.check_model({"class": "GAN", "loss": "pearson", "network": small})
assert "pearson" in documented("models")
contract("losses/test_adversarial.py", "blind and pearson")
""",
    ),
    "a gradient penalty": Recipe(
        definitions={
            "losses/penalties.py": '''def lipschitz(discriminator, real, fake):
    """Return E max(0, ‖∇D(x̂)‖ − 1)²."""
    return (norms(discriminator, _between(real, fake)) - 1).clamp(min=0).square().mean()


'''
        },
        rows={
            "losses/penalties.py": (
                "PENALTIES = {",
                '    "lipschitz": Penalty(lipschitz, norm=1),\n',
            )
        },
        script="""
assert "lipschitz" in call("models", "GAN")
given = ["--set", "model.penalties={lipschitz: 1.0}"]
train("--config", "gan.yaml", "--data", "glyphs", *given)
assert "lipschitz" in documented("models")
contract("losses/test_adversarial.py", "norm and lipschitz")
""",
    ),
    "a model family": Recipe(
        rows={
            "models/__init__.py": (
                "__all__ = [",
                '    "TinyGAN",\n',
            )
        },
        definitions={
            "models/__init__.py": "from genmodels.models.tiny import TinyGAN\n\n",
        },
        files={
            "models/tiny.py": EXAMPLE.replace("from genmodels.models import Model\n", "").replace(
                "base import Phase", "base import Model, Phase"
            )
        },
        script="""
assert "TinyGAN" in call("models")
assert "Mao et al., 2017" in call("models", "TinyGAN")
train("--config", "gan.yaml", "--data", "glyphs", "--set", "model.class=TinyGAN")
from genmodels import testing
testing.check_model({"class": "TinyGAN"})
assert "TinyGAN" in documented("models")
contract("repository/test_architecture.py", "models.tiny")
""",
    ),
    "a named data set": Recipe(
        rows={
            "data/torchvision_sets.py": (
                "SETS = {",
                '    "written": Described('
                '"MNIST", (1, 28, 28), 60, 20, 10, _idx("MNIST", "train", "t10k")),\n',
            )
        },
        script="""
assert "written 1x28x28 60 20 10 downloadable" in call("datasets")
raw = Path(os.environ["GENMODELS_DATA"]) / "MNIST" / "raw"
raw.mkdir(parents=True)
for split, count in (("train", 60), ("t10k", 20)):
    pixels, labels = os.urandom(784 * count), bytes(number % 10 for number in range(count))
    size = count.to_bytes(4, "big")
    side = (28).to_bytes(4, "big")
    images = bytes([0, 0, 8, 3]) + size + side + side + pixels
    (raw / f"{split}-images-idx3-ubyte").write_bytes(images)
    (raw / f"{split}-labels-idx1-ubyte").write_bytes(bytes([0, 0, 8, 1]) + size + labels)
assert "written 1x28x28 60 20 10 on disk" in call("datasets")
train("--config", "vae.yaml", "--data", "written")
assert "`written`" in documented("datasets")
contract("data/test_sets.py", "written")
""",
    ),
    "a metric of samples": Recipe(
        rows={
            "evaluation/metrics/scores.py": (
                "SAMPLE_METRICS: tuple[Metric[Samples], ...] = (",
                '    Metric("length", "length of features", "", True,\n'
                "           lambda s: s.features.values.norm(dim=1).mean().item(),\n"
                '           "mean length of the features of samples"),\n',
            )
        },
        script="""
train("--config", "vae.yaml", "--data", "glyphs")
shown = call("compare", "run", "--count", "100", "--features", "random", "--out", "c")
assert "length of features" in shown
for name in ("report.md", "report.html"):
    assert "length of features" in Path("c", name).read_text(encoding="utf-8"), name
(model,) = json.loads(Path("c/report.json").read_text(encoding="utf-8"))["models"]
assert model["numbers"]["length"]["mean"] > 0
assert "length of features" in documented("metrics")
contract("evaluation/test_metrics.py", "complete or (number_of_samples and row)")
""",
    ),
    "features that images are compared by": Recipe(
        replaced={
            "evaluation/features/catalogue.py": {
                "from genmodels.evaluation.features import domain, inception, natural, untrained": (
                    "from genmodels.evaluation.features import "
                    "domain, inception, natural, pooled, untrained"
                ),
            }
        },
        rows={
            "evaluation/features/catalogue.py": (
                "KINDS = (",
                '    FeatureKind("pooled", pooled.extractor),\n',
            )
        },
        files={
            "evaluation/features/pooled.py": '''"""Pooled features: means of parts of images."""

from torch.nn import functional as F

from genmodels.evaluation.features.extractor import Extractor


def extractor(images, progress):
    """Return the means of 4x4 parts of images."""

    def extract(pictures):
        return F.adaptive_avg_pool2d(pictures, 4).flatten(1), None

    return Extractor("pooled", "0" * 16, extract)
'''
        },
        script="""
train("--config", "vae.yaml", "--data", "glyphs")
call("compare", "run", "--count", "100", "--features", "random,pooled", "--out", "d")
for name in ("report.md", "report.html"):
    assert "FD on pooled features" in Path("d", name).read_text(encoding="utf-8"), name
first, second = json.loads(Path("d/report.json").read_text(encoding="utf-8"))["judges"]
assert second["name"] == "pooled"
contract("evaluation/test_features.py", "row and pooled")
""",
    ),
    "a format of `--out`": Recipe(
        definitions={
            "api/formats.py": """def _raw(chunks, count, path, columns):
    from genmodels.data.pictures import to_uint8

    path.write_bytes(b"".join(to_uint8(chunk).numpy().tobytes() for chunk in chunks))


"""
        },
        rows={
            "api/formats.py": (
                "FORMATS: tuple[Format, ...] = (",
                '    Format("images", ".raw", "bytes alone", _raw),\n',
            )
        },
        script="""
assert "torch" not in sys.modules
assert ".raw for bytes alone" in call("sample", "--help")
assert "torch" not in sys.modules
train("--config", "vae.yaml", "--data", "glyphs")
call("sample", "run", "--count", "5", "--out", "x.raw")
assert Path("x.raw").stat().st_size == 5 * 28 * 28
assert ".raw" in documented("formats")
contract("api/test_output_formats.py", "every_format")
""",
    ),
    "an option that replaces a key of the configuration": Recipe(
        rows={
            "api/overrides.py": (
                "class Overrides(TypedDict, total=False):",
                "    batch_size: Annotated[\n"
                '        int | None, Override("train.batch_size", "Images of a batch.")\n'
                "    ]\n",
            )
        },
        script="""
for verb in ("train", "compare"):
    shown = call(verb, "--help")
    assert "--batch-size INTEGER Images of a batch. Default: the configuration's." in shown
given = ["--config", "vae.yaml", "--dry-run", "--batch-size", "7"]
assert "batch_size: 7" in call("train", *given)
import genmodels
run = genmodels.train("vae.yaml", data="glyphs", steps=2, batch_size=7, out="seven", quiet=True)
assert run.settings.train.batch_size == 7
assert "--batch-size" in documented("commands")
contract("cli/test_options.py", "batch_size")
""",
    ),
    "a command": Recipe(
        files={
            "api/presets.py": '''"""The presets."""

from genmodels import config


def presets() -> list[str]:
    """List the presets."""
    return config.presets()
''',
            "cli/presets.py": '''"""The command that lists the presets."""

import typer

from genmodels.cli.groups import Group, HelpPlace

PLACE = HelpPlace(Group.LOOK_AROUND, 7)


def presets() -> None:
    """List the presets alone."""
    from genmodels.api.presets import presets

    for name in presets():
        typer.echo(name)
''',
        },
        script="""
shown = call("--help")
assert shown.endswith("presets List the presets alone.")
assert shown.index("Look around:") < shown.index("doctor") < shown.index("presets List")
assert "torch" not in sys.modules
assert "List the presets alone." in call("presets", "--help")
assert "vae.yaml" in call("presets")
assert "genmodels presets" in documented("commands")
contract("repository/test_architecture.py", "presets")
""",
    ),
    "a network": Recipe(
        rows={"networks/__init__.py": ("__all__ = [", '    "Linear",\n')},
        definitions={
            "networks/__init__.py": "from genmodels.networks.linear import Linear\n\n",
        },
        files={
            "networks/linear.py": '''"""Networks of one layer."""

import math
from dataclasses import dataclass

from torch import nn


@dataclass(frozen=True)
class Linear:
    """One layer on each side.

    Attributes:
        bias: whether the layers have one.
    """

    bias: bool = True

    def encoder(self, image_shape, features, dropout=0.0):
        """Build an encoder: (B, C, H, W) → (B, features)."""
        layer = nn.Linear(math.prod(image_shape), features, self.bias)
        return nn.Sequential(nn.Flatten(), layer)

    def decoder(self, latent_dim, image_shape):
        """Build a decoder: (B, latent_dim) → (B, C, H, W)."""
        layer = nn.Linear(latent_dim, math.prod(image_shape), self.bias)
        return nn.Sequential(layer, nn.Unflatten(1, image_shape))
'''
        },
        script="""
assert "Linear" in call("models", "GAN")
from genmodels import testing
testing.check_model({"class": "GAN", "network": {"class": "Linear", "bias": False}})
assert "whether the layers have one" in documented("networks").lower()
contract("repository/test_architecture.py", "networks.linear")
""",
    ),
    "an optimiser": Recipe(
        definitions={
            "training/optimizers.py": """def _rmsprop(parameters, rate, settings):
    return torch.optim.RMSprop(parameters, rate, weight_decay=settings.weight_decay)


"""
        },
        rows={
            "training/optimizers.py": (
                "OPTIMIZERS: dict[str, Make] = {",
                '    "rmsprop": _rmsprop,\n',
            )
        },
        replaced={
            "config/settings.py": {
                '    name: Literal["adam", "adamw", "sgd"] = "adam"': (
                    '    name: Literal["rmsprop", "adam", "adamw", "sgd"] = "adam"'
                )
            }
        },
        script="""
train("--config", "gan.yaml", "--data", "glyphs", "--set", "train.optimizer.name=rmsprop")
assert "`rmsprop`" in documented("settings")
contract("repository/test_names_and_tables.py", "Optimizer")
""",
    ),
    "a learning-rate schedule": Recipe(
        rows={
            "config/settings.py": (
                "    warmup: NonNegative = 0",
                "    #: Steps in which the learning rate halves, after the warm-up.\n"
                "    halving: int | None = Field(None, ge=1)\n",
            ),
            "training/schedule.py": (
                "    warm = min(1.0, (step + 1) / (schedule.warmup + 1))",
                "    if schedule.halving:\n"
                "        return warm * 0.5 ** (step / schedule.halving)\n",
            ),
        },
        script="""
train("--config", "gan.yaml", "--data", "glyphs", "--set", "train.schedule.halving=1")
from genmodels.config.settings import Schedule
from genmodels.training import schedule
assert [schedule.factor(Schedule(halving=2), step) for step in (0, 2)] == [1.0, 0.5]
assert "train.schedule.halving" in documented("settings")
contract("training/test_schedule.py", "")
""",
    ),
    "a logger": Recipe(
        files={
            "training/loggers/lines.py": '''"""The log as lines of text."""

from genmodels.training.loggers import Logger


class Lines(Logger):
    """A file of lines."""

    library = "csv"
    install = "nothing"

    def __init__(self, folder, settings):
        self.file = (folder / "lines.txt").open("a")

    def log(self, record):
        """Write one record of the log."""
        print(*record, file=self.file)

    def finish(self):
        """Close the file."""
        self.file.close()


LOGGER = Lines
'''
        },
        rows={
            "config/settings.py": (
                '    on_nan: Adjustable[Literal["stop", "rollback"]] = "stop"',
                "    #: Also write lines.\n    lines: Adjustable[bool] = False\n",
            )
        },
        script="""
train("--config", "gan.yaml", "--data", "glyphs", "--set", "train.lines=true")
assert Path("run/lines.txt").read_text().startswith("epoch step images seconds train.")
assert "Also write lines." in documented("settings")
contract("repository/test_names_and_tables.py", "logger")
""",
    ),
    "a source of data sets": Recipe(
        replaced={
            "data/loading.py": {
                "from genmodels.data import folder, glyphs, stacked, tables, torchvision_sets": (
                    "from genmodels.data import flat, folder, glyphs, stacked, tables, "
                    "torchvision_sets"
                ),
                "SOURCES: tuple[Source, ...] = (glyphs, torchvision_sets, stacked)": (
                    "SOURCES: tuple[Source, ...] = (glyphs, torchvision_sets, stacked, flat)"
                ),
            }
        },
        files={
            "data/flat.py": '''"""Images of one grey each."""

import torch

from genmodels.data.images import Images
from genmodels.data.sources import Listed

SPLITS = {"train": torch.arange(200), "validation": torch.arange(0), "test": torch.arange(200, 256)}


def names():
    """List the name of this set."""
    return ["flat"]


def describe(name, root):
    """Describe this set."""
    return Listed(name, (1, 4, 4), 200, 56, 0, "embedded", "a grey for each image")


def load(name, root, image_size, channels, fit, progress):
    """Make the images."""
    table = torch.arange(256, dtype=torch.uint8).view(256, 1, 1, 1).expand(256, 1, 4, 4)
    return Images("flat", table.contiguous(), SPLITS, None, ())
'''
        },
        script="""
assert "flat 1x4x4 200 56" in call("datasets")
train("--config", "vae.yaml", "--data", "flat")
assert "`flat`" in documented("datasets")
contract("repository/test_architecture.py", "data.flat")
""",
    ),
    "a section of the page": Recipe(
        rows={
            "report/page/page.html": (
                '{% include "copies.html" %}',
                '{% include "classes.html" %}\n',
            )
        },
        files={
            "report/page/classes.html": (
                '<h2 id="classes">Classes</h2>\n<p>{{ comparison.classes|join(", ") }}</p>\n'
            )
        },
        script="""
train("--config", "vae.yaml", "--data", "glyphs")
call("compare", "run", "--count", "100", "--features", "random", "--out", "c")
assert '<h2 id="classes">Classes</h2>' in Path("c/report.html").read_text(encoding="utf-8")
""",
    ),
}
# Recipes that share a copy and a process, which saves time.
TOGETHER = (
    (
        "a likelihood",
        "an adversarial loss",
        "a gradient penalty",
        "a model family",
        "a network",
        "an optimiser",
        "a learning-rate schedule",
        "a logger",
        "an option that replaces a key of the configuration",
    ),
    (
        "a metric of samples",
        "features that images are compared by",
        "a source of data sets",
        "a section of the page",
        "a named data set",
    ),
)
ALONE = [(title,) for title in RECIPES if not any(title in titles for titles in TOGETHER)]


def listed() -> dict[str, list[str]]:
    """The recipes of the README: what is added → the files and folders that it names."""
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    section = text.partition("Where a change goes")[2].split("\n\n")[1]
    items = [item.partition(": ") for item in re.split(r"^- ", section, flags=re.MULTILINE)[1:]]
    return {title: re.findall(r"`(\w+/[\w./]*)`", places) for title, _, places in items}


def contents(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*") if "__pycache__" not in path.parts]
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in paths if p.is_file()}


def test_every_recipe_is_tried() -> None:
    assert listed().keys() == RECIPES.keys()


@pytest.mark.usefixtures("known_features")
@pytest.mark.parametrize("titles", [*TOGETHER, *ALONE], ids=" and ".join)
def test_recipes(titles: Sequence[str], tmp_path: Path) -> None:
    copy, place = tmp_path / "copy", tmp_path / "place"
    place.mkdir()
    for name in COPIED:
        copied = shutil.copytree if (REPOSITORY / name).is_dir() else shutil.copy2
        copy.mkdir(exist_ok=True)
        copied(REPOSITORY / name, copy / name)
    for title in titles:
        before = contents(copy)
        RECIPES[title].follow(copy / PACKAGE)
        after = contents(copy)
        changed = {name for name in after if after[name] != before.get(name)}
        assert changed == {named(part, after.keys() - before.keys()) for part in listed()[title]}
    run("".join(RECIPES[title].script for title in titles), copy, place)


def named(part: str, new: set[str]) -> str:
    """The file that a README's recipe means; by a folder the new file that lies in it."""
    path = PACKAGE / part
    if not part.endswith("/"):
        return path.as_posix()
    (found,) = (name for name in new if Path(name).parent == path)
    return found


def run(script: str, copy: Path, place: Path) -> None:
    """Run a script with the package of the copy."""
    environment = {
        "PYTHONPATH": str(copy / "src"), "GENMODELS_DATA": str(place / "data"), "COLUMNS": "200",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + script],
        cwd=place,
        env={**os.environ, **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
