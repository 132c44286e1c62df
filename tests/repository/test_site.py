"""The documentation is built without a warning, and its reference leaves nothing out."""

import html
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from pydantic import BaseModel

import genmodels
from genmodels import api
from genmodels.cli import app
from genmodels.config.settings import Settings
from genmodels.evaluation.metrics.table import METRICS

pytestmark = pytest.mark.slow

DOCS = Path(__file__).parents[2] / "docs"
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)  # fmt: skip # noqa: E501
FOREIGN = re.compile(r"""(?:src|href)=["'](?:https?:)?//[^"']+\.(?:js|css|woff2?)\b""")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as ``make docs`` builds it: a warning is an error."""
    out = tmp_path_factory.mktemp("site")
    options = ["-E", "-n", "-W", "--keep-going", "-q"]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *options, str(DOCS), str(out)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return out


def text_of(page: Path) -> str:
    """A page's text, without its tags."""
    return html.unescape(re.sub(r"<[^>]+>", "", page.read_text(encoding="utf-8")))


def keys_of(section: type[BaseModel], prefix: str = "") -> list[str]:
    """The dotted keys of a section and of all inside it."""
    found = []
    for name, field in section.model_fields.items():
        found.append(prefix + name)
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found += keys_of(kind, f"{prefix}{name}.")
    return found


def test_the_site(site: Path) -> None:
    """One test, because every worker that runs a test of its own would build the site again."""
    check_commands(site)
    check_settings(site)
    check_numbers_and_functions(site)
    check_that_nothing_is_fetched(site)
    if BROWSER is not None:
        check_search_without_a_server(site)


def check_commands(site: Path) -> None:
    shown = text_of(site / "reference" / "cli.html")
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        section = shown.partition(f"genmodels {name} [OPTIONS]")[2].partition("[OPTIONS]")[0]
        assert section, f"the command {name} is missing"
        for parameter in command.params:
            for spelling in parameter.opts if parameter.param_type_name == "option" else []:
                assert spelling in section, f"{name} {spelling} is missing"


def check_settings(site: Path) -> None:
    page = (site / "reference" / "configuration.html").read_text(encoding="utf-8")
    keys = keys_of(Settings)
    assert {"seed", "train.optimizer.lr", "data.augment.flip"} <= set(keys)
    missing = [key for key in keys if f'id="confval-{key}"' not in page]
    assert not missing
    shown = text_of(site / "reference" / "models.html")
    for model in api.models():
        section = shown.partition(f"\n{model.name}#")[2]
        for name in model.settings:
            assert f"\n{name}" in section, f"{model.name}.{name} is missing"


def check_numbers_and_functions(site: Path) -> None:
    shown = text_of(site / "reference" / "metrics.html")
    assert [key for key in METRICS if key not in shown] == []
    page = (site / "reference" / "api.html").read_text(encoding="utf-8")
    names = [f"genmodels.{name}" for name in genmodels.__all__]
    names += [f"genmodels.api.{name}" for name in set(api.__all__) - set(genmodels.__all__)]
    assert [name for name in names if f'id="{name}"' not in page] == []


def check_that_nothing_is_fetched(site: Path) -> None:
    for page in site.rglob("*.html"):
        assert not FOREIGN.findall(page.read_text(encoding="utf-8")), page


def check_search_without_a_server(site: Path) -> None:
    """The search works on files, as somebody reads them who unpacked an archive."""
    assert BROWSER is not None
    done = subprocess.run(
        [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=20000",
         f"--user-data-dir={site / 'profile'}", "--dump-dom",
         f"{(site / 'search.html').as_uri()}?q=budget"],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    results = re.search(r'id="search-results".*?</ul>', done.stdout, re.DOTALL)
    assert results is not None, done.stdout[-2000:]
    assert "reference/configuration.html" in results[0]
