"""The house: who may import whom, which module is the door of which library."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import genmodels

PACKAGE = Path(genmodels.__file__).parent
REPOSITORY = Path(__file__).parents[2]
ROOT = "__init__"  # what `from genmodels import __version__` needs

# Room → what it may import, at its top or inside a function. The rooms stand from the
# ground up and a room names only rooms above it in this list, or itself: arrows point down.
_GROUND = "errors system config data runs models.base"
ALLOWED = {
    "errors": "",
    "system": "errors system __init__",  # of the package itself its version alone
    "console": "errors system.streams",
    "config": "errors system config",
    "losses": "errors losses",
    "networks": "errors config.number_types networks",
    "data": "errors system data",
    "models.former_names": "errors",
    "models.phase": "data.images",
    "models.base": "errors losses networks data.images models.former_names models.phase",
    "models.mixture": "losses",
    "models.density": "errors losses data.images models.base models.mixture",
    "models": "errors system config.number_types losses networks data.images models.base "
    "models.density",
    "runs": "errors system config runs",
    "testing": "errors system config data.images models.base",
    "sampling": f"{_GROUND} losses sampling",
    "training": f"{_GROUND} console sampling training",
    "evaluation": f"{_GROUND} losses sampling evaluation",
    "comparison": f"{_GROUND} console sampling training evaluation comparison",
    "report": f"{_GROUND} console evaluation comparison report training.curves",
    "api": f"{_GROUND} console sampling training evaluation comparison report api",
    ROOT: "errors api system.waiting",
    "ranges": "errors config.number_types",  # former names, for one more version
    "verbs": "errors api",
    "cli": "errors system config data runs console comparison report api cli __init__",
    "__main__": "cli",
}
LATE = {
    ROOT: "api",
    "cli": "system config data runs console comparison report api",
}  # not at the top
LIGHT = "api.formats api.overrides"  # but these, which load nothing: the help is made of them

# Library → the parts through which it enters.
DOORS = {
    "PIL": "data",
    "filelock": "data runs",
    "jinja2": "report.html",
    "matplotlib": "report.charts report.figures training.curves",
    "platformdirs": "config.custom_code system.cache",
    "pydantic": "config runs.manifest",
    "rich": "console report.terminal",
    "scipy": "comparison.statistics",
    "torch_fidelity": "evaluation.features.inception",
    "safetensors": "runs.checkpoint",
    "torch.distributed": "system.distributed",
    "torch.utils.tensorboard": "training.loggers.tensorboard",
    "torchvision": "data",
    "typer": "cli",
    "typing_extensions": "runs.manifest",  # of which pydantic takes the TypedDict
    "yaml": "config.yaml12",
}
EVERYWHERE = {"numpy", "torch"}

# Name of PyTorch that is not public → the one file that uses it. A test of that file compares it
# with a public way to the same numbers.
INTERNALS = {
    "torch._inductor.config": "src/genmodels/training/compiling.py",
    "torch._inductor.compile_fx.compile_fx": "src/genmodels/training/compiling.py",
    "torch._inductor.decomposition.select_decomp_table": "src/genmodels/training/compiling.py",
    "torch.fx.experimental.proxy_tensor.make_fx": "src/genmodels/training/compiling.py",
    "torch.utils._python_dispatch.TorchDispatchMode": "src/genmodels/training/flops.py",
    "torch.utils.flop_counter.flop_registry": "src/genmodels/training/flops.py",
    "torch._foreach_add_": "src/genmodels/training/fused_adam.py",
    "torch._foreach_sub_": "src/genmodels/training/fused_adam.py",
    "torch._fused_adam_": "src/genmodels/training/fused_adam.py",
    "torch._fused_adamw_": "src/genmodels/training/fused_adam.py",
    "torch.cpu._is_avx512_bf16_supported": "src/genmodels/system/device.py",
}
# Reads weights that others published, after their hash is checked.
FOREIGN_WEIGHTS = {"evaluation.features.natural"}
PICKLES = {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}

# What serves all models and all data alike may name none of them.
GENERAL = "training evaluation comparison report sampling api runs system console cli"
PARTICULAR = {"api.machine"}  # it tries one preset on the embedded set
FAMILIES = {
    path.stem
    for path in (PACKAGE / "models").glob("*.py")
    if path.stem
    not in (
        "__init__",
        "base",
        "former_names",
        "phase",
        "density",
        "mixture",
        "began",
    )  # the last is a word as well
}
SETS = {"mnist", "emnist", "kmnist", "usps", "cifar10", "cifar100", "svhn", "celeba", "glyphs"}


@dataclass(frozen=True)
class Import:
    """One import of a file: the full dotted name, and whether it runs with the file."""

    name: str
    line: int
    top: bool


@dataclass(frozen=True)
class Module:
    """A file of the package; ``name`` is dotted, without the package's own name."""

    name: str
    path: Path
    tree: ast.Module

    def imports(self) -> Iterator[Import]:
        late = {
            id(inner)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or _for_types(node)
            for inner in ast.walk(node)
        }
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{self.path}:{node.lineno} imports relatively"
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            else:
                continue
            for name in names:
                yield Import(name, node.lineno, id(node) not in late)


def _for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def read_modules(package: Path) -> list[Module]:
    modules = []
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        name = ".".join(parts[:-1] if len(parts) > 1 and parts[-1] == ROOT else parts)
        modules.append(Module(name, path, ast.parse(path.read_text(encoding="utf-8"))))
    return modules


MODULES = read_modules(PACKAGE)
NAMES = {module.name for module in MODULES}


def within(name: str, parts: str) -> bool:
    return any(name == part or name.startswith(part + ".") for part in parts.split())


def part_of(module: str) -> str:
    """The key of the table that speaks of a module: the longest that fits."""
    return max((part for part in ALLOWED if within(module, part)), key=len, default="")


def target(name: str) -> str | None:
    """``genmodels.data.images.Images`` → ``data.images``; None for other packages."""
    root, _, rest = name.partition(".")
    if root != "genmodels":
        return None
    while rest and rest not in NAMES:
        rest = rest.rpartition(".")[0]
    return rest or ROOT


def complaints(module: Module, imported: Import) -> Iterator[str]:
    """What is wrong with one import, one line each."""
    where, part, to = f"{module.path}:{imported.line}", part_of(module.name), target(imported.name)
    if to is not None:
        own_child = module.path.name == "__init__.py" and within(to, module.name)
        if not own_child and not within(to, ALLOWED[part]):
            yield f"{where} {module.name} may not import {to}"
        if imported.top and within(to, LATE.get(part, "")) and not within(to, LIGHT):
            yield f"{where} {module.name} may import {to} only inside a function"
        return
    if imported.name.partition(".")[0] in PICKLES:
        yield f"{where} {module.name} may not import {imported.name}"
    doors = [door for door in DOORS if within(imported.name, door)]
    for door in doors:
        if not within(module.name, DOORS[door]):
            yield f"{where} {door} enters only through {DOORS[door]}"
    library = imported.name.partition(".")[0]
    if not doors and library not in EVERYWHERE and library not in sys.stdlib_module_names:
        yield f"{where} {library} is no library of this project"


def test_parts_stand_from_the_ground_up() -> None:
    later_by_nature = {ROOT}  # it names the verbs, and is imported for its version
    known: list[str] = []
    for part, allowed in ALLOWED.items():
        known.append(part)
        if part not in later_by_nature:
            named = set(allowed.split()) - later_by_nature
            above = [name for name in named if not within(name, " ".join(known))]
            assert not above, f"{part} points up to {above}"


def test_every_module_has_its_part() -> None:
    assert len(MODULES) > 30
    assert [module.name for module in MODULES if not part_of(module.name)] == []


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_imports_keep_to_the_rules(module: Module) -> None:
    found = [line for imported in module.imports() for line in complaints(module, imported)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("models.gan", "from genmodels.models.vae import VAE"),
        ("training.trainer", "from genmodels.models import gan"),
        ("networks.mlp", "def f():\n    from genmodels.config import settings"),
        ("training.session", "from genmodels.comparison import result"),
        ("training.session", "from genmodels.evaluation import protocol"),
        ("cli", "from genmodels import api"),
        ("sampling", "import yaml"),
        ("system.device", "import torch.utils.tensorboard"),
        ("training.step", "from torch import distributed"),
        ("runs.checkpoint", "def f():\n    import pickle"),
        ("losses", "import scipy.special"),
    ],
)
def test_the_rules_refuse(name: str, source: str) -> None:
    module = Module(name, PACKAGE / "made_up.py", ast.parse(source))
    assert [line for imported in module.imports() for line in complaints(module, imported)]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_nothing_is_pickled(module: Module) -> None:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute):
            assert ast.unparse(node) not in ("torch.load", "torch.save") or (
                module.name in FOREIGN_WEIGHTS
            ), f"{module.path}:{node.lineno}"
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.load":
            assert "weights_only=True" in ast.unparse(node), f"{module.path}:{node.lineno}"
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            assert isinstance(node.value, ast.Constant), f"{module.path}:{node.value.lineno}"
            assert node.value.value is False, f"{module.path}:{node.value.lineno}"


def words(text: str) -> set[str]:
    """``GANLoss_x`` → {gan, loss, x, ganloss}."""
    pieces = re.findall(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+\d*|[A-Z]+\d*|[a-z]+\d+", text)
    return {piece.lower() for piece in [*pieces, *re.split(r"[\W_]+", text)] if piece}


def names_in(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Identifiers and texts of one word; sentences may give an example."""
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and not re.search(r"\s", text.strip()):
            yield line, text
        for field in ("id", "attr", "name", "arg", "module", "asname"):
            if isinstance(value := getattr(node, field, None), str):
                yield line, value


@pytest.mark.parametrize(
    "module",
    [m for m in MODULES if within(m.name, GENERAL) and m.name not in PARTICULAR],
    ids=lambda module: module.name,
)
def test_the_general_never_names_the_particular(module: Module) -> None:
    particular = FAMILIES | SETS
    found = [
        f"{module.path}:{line} {name!r}"
        for line, name in names_in(module.tree)
        if words(name) & particular
    ]
    assert not found, "\n".join(found)


def test_particular_names_are_recognised() -> None:
    assert {"gan", "vae", "autoencoder"} <= FAMILIES
    tree = ast.parse('if model == "gan": pass\nisinstance(x, VAE)\nload("cifar10")')
    assert [words(name) & (FAMILIES | SETS) for _, name in names_in(tree)].count(set()) == 4


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_files_are_small(module: Module) -> None:
    assert len(module.path.read_text(encoding="utf-8").splitlines()) <= 300


def torch_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every name of PyTorch that a file uses, dotted in full."""
    meaning: dict[str, str] = {}  # name in the file → name in PyTorch
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if within(alias.name, "torch"):
                    meaning[alias.asname or "torch"] = alias.name if alias.asname else "torch"
                    yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom) and within(node.module or "", "torch"):
            for alias in node.names:
                meaning[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                yield node.lineno, f"{node.module}.{alias.name}"
    for node in ast.walk(tree):
        first, _, rest = _dotted(node).partition(".")
        if rest and first in meaning:
            yield getattr(node, "lineno", 0), f"{meaning[first]}.{rest}"


def _dotted(node: ast.AST) -> str:
    """``a.b.c`` and ``getattr(a.b, "c")`` as dotted names; empty for other expressions."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        start = _dotted(node.value)
        return f"{start}.{node.attr}" if start else ""
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "getattr":
        start, name = _dotted(node.args[0]), node.args[1]
        known = isinstance(name, ast.Constant) and isinstance(name.value, str)
        return f"{start}.{ast.literal_eval(name)}" if start and known else ""
    return ""


def is_internal(name: str) -> bool:
    private = any(re.match(r"_(?!_)|experimental$", part) for part in name.split("."))
    return private or any(within(name, internal) for internal in INTERNALS)


def python_files() -> list[Path]:
    return [path for path in texts() if path.suffix == ".py"]


def test_each_internal_of_torch_lies_in_one_file() -> None:
    found: dict[str, set[str]] = {}
    for path in python_files():
        for _, name in torch_names(ast.parse(path.read_text(encoding="utf-8"))):
            if is_internal(name):
                internal = next((key for key in INTERNALS if within(name, key)), name)
                found.setdefault(internal, set()).add(path.relative_to(REPOSITORY).as_posix())
    assert found == {name: {file} for name, file in INTERNALS.items()}


@pytest.mark.parametrize(
    "source",
    [
        "import torch\ntorch._foreach_lerp_([], [], [])",
        "import torch._dynamo",
        "import torch._dynamo as dynamo",
        "from torch import _C",
        "from torch.nn.modules.batchnorm import _BatchNorm",
        "from torch import nn\nnn.modules.batchnorm._BatchNorm",
        "from torch.fx.experimental.proxy_tensor import make_fx",
        "from torch.utils.flop_counter import flop_registry",
        "import torch as t\nprobe = getattr(t.cpu, '_is_amx_tile_supported', None)",
    ],
)
def test_internals_of_torch_are_recognised(source: str) -> None:
    assert any(is_internal(name) for _, name in torch_names(ast.parse(source)))


def test_nothing_is_called_utils() -> None:
    refused = {"utils", "util", "helpers", "misc", "common", "registry"}
    assert not {module.name for module in MODULES if set(module.name.split(".")) & refused}


def texts() -> list[Path]:
    """The files of the repository that people read."""
    folders = "src tests configs docs scripts benchmarks studies torture examples .github"
    kinds = {"", ".md", ".py", ".toml", ".yaml", ".yml"}
    found = [path for folder in folders.split() for path in (REPOSITORY / folder).rglob("*")]
    return sorted(
        path
        for path in [*found, *REPOSITORY.glob("*")]
        if path.is_file()
        and path.suffix in kinds
        and not {"__pycache__", ".git", "_build"} & {*path.parts}
    )


def test_no_file_depends_on_one_machine() -> None:
    machine = re.compile(r"(?<![\w.~}/])/(?:home|root|Users|work|mnt)/\w|\b[A-Z]:\\Users")
    unfinished = re.compile(r"\b(?:TODO|FIXME|XXX)\b")
    found = []
    for path in texts():
        if path == Path(__file__):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if machine.search(line) or unfinished.search(line):
                found.append(f"{path.relative_to(REPOSITORY)}:{number} {line.strip()}")
    assert not found, "\n".join(found)


def test_the_readme_names_every_room_and_nothing_else() -> None:
    tree = (REPOSITORY / "README.md").read_text(encoding="utf-8").split("src/genmodels/\n")[1]
    tree = tree.partition("```")[0]
    named = re.findall(r"^(  )?(\w+)/ +\S", tree, re.MULTILINE)
    assert len(named) == len(tree.splitlines()), "every line has a room and a clause"
    inside = {room for indented, room in named if indented}
    outside = {room for indented, room in named if not indented}
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert inside == rooms
    folders = {path.parts[0] for path in tracked() if len(path.parts) > 1}
    assert outside == {name for name in folders if not name.startswith(".")} - {"src"}


def test_the_readme_says_where_changes_go_by_files_that_exist() -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    section = readme.partition("Where a change goes")[2].partition("Imports point one way")[0]
    named = re.findall(r"`(\w+/[\w./]*)`", section)
    assert len(named) > 20
    missing = [n for n in named if not (PACKAGE / n).exists() and not (REPOSITORY / n).exists()]
    assert missing == []


def test_every_room_has_a_folder_of_tests() -> None:
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    tested = {path.parent.name for path in (REPOSITORY / "tests").glob("*/test_*.py")}
    assert tested == {*rooms, "repository"}


def tracked() -> list[Path]:
    """The files of the repository, below it, without what is built beside them."""
    built = {"build", "dist", "demo", "runs", "data", "comparison", "__pycache__"}
    paths = [path.relative_to(REPOSITORY) for path in REPOSITORY.glob("*/*")]
    return [path for path in paths if path.parts[0] not in built]


def test_training_does_not_load_what_it_does_not_need() -> None:
    code = "import genmodels.training.session, sys; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert "genmodels.training.session" in loaded
    assert not {"jinja2", "scipy", "matplotlib"} & set(loaded)


def test_test_files_have_names_of_their_own() -> None:
    names = [path.name for path in (REPOSITORY / "tests").rglob("*.py")]
    assert len(names) > 40
    assert len(set(names)) == len(names), "pytest imports test files by their names alone"
