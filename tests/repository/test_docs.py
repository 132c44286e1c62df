"""Every command and every Python example of the README and docs/ runs, cut to two steps.

A command is first parsed as it stands, so a command or an option that does not exist fails.
Then it runs in a folder of its own, where what it speaks of has been made: the run, the
pictures, and every file that the same page shows in a block whose first line is
``# <its name>``. Comparisons that differ only in what is cut run once.
"""

import hashlib
import re
import shlex
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import typer
from filelock import FileLock
from typer.testing import CliRunner

from conftest import Train
from genmodels import api, config, data
from genmodels.cli import app
from genmodels.data import pictures
from genmodels.models import density

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("known_features")]

REPOSITORY = Path(__file__).parents[2]
TESTS = REPOSITORY / "tests"
BUILT = REPOSITORY / "docs" / "_build"
PAGES = sorted(
    page
    for page in [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")]
    if not page.is_relative_to(BUILT)
)
SHELLS = {"console", "bash", "sh"}
COMMAND_LINE = typer.main.get_command(app)
LIMITS = {"--epochs", "--steps", "--budget"}
WHERE = {"--device", "--precision", "--data-root"}  # not every machine has what a page names
SHORT = ["--set", "train.batch_size=8"]
DATA = "glyphs"
COUNT = 16  # samples
SIZE = 16  # of images, where a page names none
CODE_LINES = 20


@dataclass(frozen=True)
class Block:
    """A fenced block of a page; ``line`` is that of its first line."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(REPOSITORY).as_posix()}:{self.line}"


@dataclass(frozen=True)
class Command:
    """A command line as a page shows it, without ``genmodels``."""

    block: Block
    line: int
    arguments: tuple[str, ...]

    def __str__(self) -> str:
        page = self.block.page.relative_to(REPOSITORY).as_posix()
        return f"{page}:{self.line} {' '.join(self.arguments)}"


def blocks_of(page: Path) -> Iterator[Block]:
    lines = page.read_text(encoding="utf-8").splitlines()
    start, language = 0, ""
    for number, line in enumerate(lines, 1):
        fence = re.match(r"\s*```\s*(\w*)", line)
        if fence and start:
            yield Block(page, start + 1, language, "\n".join(lines[start : number - 1]))
            start = 0
        elif fence:
            start, language = number, fence[1]
    assert not start, f"{page}:{start} opens a block that nothing closes"


def commands_of(block: Block) -> Iterator[Command]:
    """The command lines of a block; a backslash at the end of a line continues it."""
    joined, first = "", block.line
    for number, line in enumerate(block.text.splitlines(), block.line):
        first = first if joined else number
        joined += line.strip().removesuffix("\\")
        if line.rstrip().endswith("\\"):
            continue
        for piece in re.split(r"\s(?:&&|\|)\s|;\s", joined.removeprefix("$ ")):
            shown = re.match(
                r"\s*(?:\w+=\S+ )*(?:python -m |torchrun [^|]*-m )?genmodels(?:\s(.*))?$", piece
            )
            if shown:
                plain = re.sub(r"\s>{1,2}\s*\S+$", "", (shown[1] or "").rstrip())
                yield Command(block, first, tuple(shlex.split(plain, comments=True)))
        joined = ""


BLOCKS = [block for page in PAGES for block in blocks_of(page)]
COMMANDS = [c for block in BLOCKS if block.language in SHELLS for c in commands_of(block)]
EXAMPLES = [b for b in BLOCKS if b.language == "python" and "genmodels" in b.text]


def parse(arguments: Sequence[str]) -> dict[str, Any]:
    """What the command line makes of arguments; an unknown command or option raises."""
    if not arguments or arguments[0].startswith("-"):
        return {}
    context = COMMAND_LINE.make_context("genmodels", list(arguments[:1]), resilient_parsing=True)
    found = COMMAND_LINE.get_command(context, arguments[0])  # type: ignore[attr-defined]
    assert found is not None, f"there is no command {arguments[0]!r}"
    return found.make_context(arguments[0], list(arguments[1:])).params


def run(arguments: Sequence[str]) -> str:
    done = CliRunner().invoke(app, list(arguments))
    shown = f"genmodels {shlex.join(arguments)}\n{done.output}\n{done.exception!r}"
    assert done.exit_code == 0, shown
    return done.output


@pytest.fixture
def run_once(shared: Path, request: pytest.FixtureRequest) -> Callable[[Sequence[str]], None]:
    """Give a function that runs a command, unless a test has run the same one before."""
    kind = "drawn" if request.node.get_closest_marker("drawn") else "plain"

    def once(arguments: Sequence[str]) -> None:
        key = hashlib.sha256("\0".join(arguments).encode()).hexdigest()[:16]
        done = shared / f"{kind}-{key}"
        with FileLock(f"{done}.lock"):
            if not done.exists():
                run(arguments)
                done.touch()

    return once


def without(arguments: Sequence[str], options: set[str]) -> list[str]:
    """Drop options together with their values."""
    kept, skip = [], False
    for word in arguments:
        if skip:
            skip = False
        elif word.partition("=")[0] in options and word.startswith("--"):
            skip = "=" not in word
        else:
            kept.append(word)
    return kept


def draw_pictures(folder: Path, count: int = 520) -> None:
    """Fill a folder with noise of two classes, enough for the largest density of a preset."""
    generator = torch.Generator().manual_seed(0)
    for index in range(count):
        draw_picture(folder / ("cats", "dogs")[index % 2] / f"{index:03d}.png", generator)


def draw_picture(path: Path, generator: torch.Generator | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = torch.randint(256, (3, 32, 32), dtype=torch.uint8, generator=generator)
    pictures.save_png(pixels, path)


def inside(path: str | Path) -> Path:
    """A path of a page, as a place in the working folder."""
    relative = Path(str(path).lstrip("~/"))
    assert ".." not in relative.parts, f"{path} leaves the working folder"
    return relative


def is_folder(name: str) -> bool:
    """Whether a page means a folder by ``--data``; a name must be one of a set."""
    names = [described.name for described in data.sets(None)]
    if name in names:
        return False
    assert "/" in name or name.startswith("."), f"--data {name}: no set of {names}, no folder"
    return True


def cut_training(arguments: Sequence[str]) -> list[str]:
    """The same training with small data and two steps."""
    name = parse(arguments)["data"]
    kept = without(arguments, LIMITS | WHERE | {"--data"})
    if name is not None and is_folder(name):
        draw_pictures(inside(name))
        chosen = f"./{inside(name)}"
    else:
        chosen = DATA
    return [*kept, "--data", chosen, "--device", "cpu", *SHORT, "--steps", "2"]


@pytest.fixture
def make_run(train_once: Train) -> Callable[..., Path]:
    """Give a function that puts a finished run of a preset at a path; each is trained once."""

    def make(path: str | Path, preset: str = "vae.yaml", *options: str) -> Path:
        cut = ["--data", DATA, "--device", "cpu", *options, *SHORT, "--steps", "2"]
        return train_once(Path(path), "--config", preset, *cut)

    return make


def write_files(page: Path) -> None:
    """Write the files that a page shows: blocks whose first line is ``# name.ext``."""
    for block in BLOCKS:
        named = re.match(r"#\s*([\w./-]+\.(?:yaml|py))\s*$", block.text.partition("\n")[0])
        if block.page == page and named:
            path = inside(named[1])
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text + "\n", encoding="utf-8")


def preset_of(name: str) -> str:
    """The preset that a run is named after, as in ``runs/gan-1``; else the plainest."""
    preset = re.sub(r"-\d+$", ".yaml", Path(name).name)
    return preset if preset in config.presets() else "vae.yaml"


def check_train(arguments: Sequence[str]) -> None:
    if "--dry-run" in arguments:
        assert "model:" in run(arguments)
        return
    cut = cut_training(arguments)
    if "--resume" in cut:
        begun = [word for word in cut if word != "--resume"]
        config_given = [] if parse(cut)["config"] else ["--config", "vae.yaml"]
        run([*begun[:-2], *config_given, "--steps", "1"])
    run(cut)


def check_on_run(arguments: Sequence[str], make_run: Callable[..., Path]) -> None:
    """``sample``, ``interpolate``, ``verify``: make the run and the pictures that they speak of."""
    given = parse(arguments)
    ema = ["--set", "train.ema=0.9"] if given.get("weights") == "ema" else []
    name = given["run"] or "runs/vae-1"
    make_run(inside(name), preset_of(name), *ema)
    for name in ("from_", "to"):
        if given.get(name):
            draw_picture(inside(given[name]))
    cut = list(arguments)
    if (given.get("count") or 0) > COUNT:
        cut = [*without(cut, {"--count"}), "--count", str(COUNT)]
    run(cut)
    if given.get("out"):
        assert Path(given["out"]).exists()


def write_images(name: str) -> bool:
    """Write the images that a page speaks of: an array, or a folder that is no run's."""
    path = inside(name)
    if path.suffix == ".npz":
        np.savez(path, images=data.load(DATA).table[:COUNT].numpy())
    elif name.startswith("./"):
        api.save_images(data.load(DATA).table[:COUNT], path)
    return path.suffix == ".npz" or name.startswith("./")


def check_compare(
    arguments: Sequence[str],
    make_run: Callable[..., Path],
    run_once: Callable[[Sequence[str]], None],
) -> None:
    given = parse(arguments)
    subjects = [name for name in given["subjects"] or [] if not write_images(name)]
    configs = [name for name in subjects if name.endswith(".yaml")]
    for name in configs:
        config.read(name)
    if configs:
        cut = without(arguments, LIMITS | WHERE | {"--data", "--seeds", "--count"})
        small = ["--data", DATA, "--device", "cpu", "--steps", "2", "--count", "20"]
        if "--features" not in arguments:
            small += ["--features", "random"]  # no classifier is trained for images of a new size
        own = any(Path(name).exists() for name in configs)  # shown by this page alone
        (run if own else run_once)(
            [cut[0], "--set", f"data.image_size={SIZE}", *cut[1:], *small, *SHORT]
        )
        return
    runs = subjects if given["subjects"] else ["runs/vae-1", "runs/gan-1"]
    for name, preset in zip(runs, _alternate(), strict=False):
        make_run(inside(name), preset)
    chosen = ["--data", DATA] if given["data"] else []
    cut = without(arguments, {"--count", "--data", "--data-root"})
    run([*cut, *chosen, "--count", "20"])


def _alternate() -> Iterator[str]:
    while True:
        yield from ("vae.yaml", "gan.yaml")


@pytest.mark.parametrize(
    "command",
    [
        # The figures are drawn, as a reader would see them, for the commands of the README.
        pytest.param(
            command,
            id=str(command),
            marks=[pytest.mark.drawn] if command.block.page.name == "README.md" else [],
        )
        for command in COMMANDS
    ],
)
def test_command_runs(
    command: Command,
    workplace: Path,
    make_run: Callable[..., Path],
    run_once: Callable[[Sequence[str]], None],
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    monkeypatch.setattr(density, "ITERATIONS", 1)  # of a mixture of latents
    arguments = command.arguments
    if "--jobs" not in arguments:  # whose processes have all images
        request.getfixturevalue("few_images")
    write_files(command.block.page)
    shutil.copytree(REPOSITORY / "examples", "examples")
    if "--help" in arguments:
        run(arguments)
        return
    parse(arguments)
    name = arguments[0]
    if name == "train":
        check_train(arguments)
    elif name in ("sample", "interpolate", "verify"):
        check_on_run(arguments, make_run)
    elif name == "compare":
        check_compare(arguments, make_run, run_once)
    elif name == "runs":
        make_run("runs/vae-1")
        assert "vae-1" in run(arguments)
    else:
        assert run(arguments).strip()


@pytest.mark.parametrize("block", EXAMPLES, ids=str)
@pytest.mark.usefixtures("few_images")
def test_example_runs(
    block: Block, workplace: Path, make_run: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    code = compile("\n" * (block.line - 1) + block.text, str(block.page), "exec")
    write_files(block.page)
    monkeypatch.syspath_prepend(str(REPOSITORY / "examples"))
    if len(block.text.splitlines()) > CODE_LINES:
        return
    make_run("runs/vae-1")
    for named in re.findall(r"[\"'](runs/[\w./-]+)[\"']", block.text):
        make_run(named, preset_of(named))
    train, compare = api.train, api.compare

    def cut_train(source: Any = None, **options: Any) -> api.Run:
        given, own = options.get("data"), options.get("settings") or []
        folder = given is not None and is_folder(str(given))
        if folder:
            draw_pictures(inside(str(given)))
        limit = {"epochs": None, "budget": None, "steps": 2, "device": "cpu", "data_root": None}
        layers = [*(own if isinstance(own, list) else [own]), {"train": {"batch_size": 8}}]
        chosen = f"./{inside(str(given))}" if folder else DATA
        return train(source, **{**options, **limit, "settings": layers, "data": chosen})

    def cut_compare(subjects: Sequence[Any] = (), **options: Any) -> Any:
        cut = [cut_train(s) if str(s).endswith(".yaml") else s for s in subjects]
        return compare(cut, **{"count": 100, **options, "budget": None, "data": None})

    monkeypatch.setattr(api, "train", cut_train)
    monkeypatch.setattr(api, "compare", cut_compare)
    exec(code, {"__name__": "example"})


def test_the_readme_shows_every_command() -> None:
    shown = {c.arguments[0] for c in COMMANDS if c.block.page.name == "README.md" and c.arguments}
    assert {"train", "sample", "interpolate", "compare"} <= shown
    assert any(block.page.name == "README.md" for block in EXAMPLES)


def test_make_targets_exist() -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^(\w+):", makefile, re.MULTILINE))
    for block in BLOCKS:
        for line in block.text.splitlines() if block.language in SHELLS else []:
            named = re.match(r"(?:\$ )?make (\w+)", line.strip())
            assert not named or named[1] in targets, f"{block}: make {named[1]}"


def test_security_names_tests_that_exist() -> None:
    tests = {path.name: path.read_text(encoding="utf-8") for path in TESTS.rglob("test_*.py")}
    text = (REPOSITORY / "SECURITY.md").read_text(encoding="utf-8")
    named = re.findall(r"`(test_\w+\.py)?(?:::)?(test_\w+)?`", text)
    assert any(file for file, _ in named)
    for file, test in named:
        source = tests[file] if file else "".join(tests.values())
        assert f"def {test}(" in source or not test, f"SECURITY.md: {file} {test}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"", text):
        path = "".join(link).partition("#")[0]
        if path and not re.match(r"\w+:", path):
            assert (page.parent / path).exists(), f"{page.name} links to {path}"


@pytest.mark.parametrize(
    "line",
    [
        "genmodels trian --config vae.yaml",
        "$ genmodels train --confg vae.yaml",
        "python -m genmodels sample -q 3",
    ],
)
def test_commands_that_do_not_exist_are_refused(line: str) -> None:
    block = Block(REPOSITORY / "README.md", 1, "console", line)
    (command,) = commands_of(block)
    with pytest.raises(Exception, match=r"no command|[Nn]o such option"):
        parse(command.arguments)


def test_blocks_are_read_as_people_read_them() -> None:
    shown = ["$ genmodels train \\", "    --config vae.yaml  # a preset", "it's in runs/vae", ""]
    text = "\n".join([*shown, "A=1 python -m genmodels models | head"])
    block = Block(REPOSITORY / "README.md", 10, "console", text)
    found = [(c.line, c.arguments) for c in commands_of(block)]
    assert found == [(10, ("train", "--config", "vae.yaml")), (14, ("models",))]
    assert without(["--steps=3", "a", "--budget", "1m", "b"], LIMITS) == ["a", "b"]
