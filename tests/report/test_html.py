"""The page in a real browser: it sorts, switches and slides, and asks nobody for anything."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from filelock import FileLock

from conftest import CommandLine, Trained
from genmodels.comparison.entry import Entry
from genmodels.comparison.statistics import Estimate
from genmodels.report import html

pytestmark = pytest.mark.drawn
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)  # fmt: skip # noqa: E501

CHECK = """
<script>
const said = [];
const say = (name, value) => said.push(name + "=" + value);
const heads = () => [...document.querySelectorAll("#numbers tbody th")].map(h => h.textContent);
const buttons = document.querySelectorAll("#numbers thead button");
const before = heads().join();
buttons[1].click(); say("ascending", heads().join());
buttons[1].click(); say("descending", heads().join());
say("sorted", buttons[1].parentElement.getAttribute("aria-sort"));
buttons[0].click(); say("names", heads().join());
const shown = () => [...document.querySelectorAll("figure.weights")].filter(f => !f.hidden)
  .map(f => f.dataset.model + f.dataset.weights).join();
say("first", shown());
for (const name of ["best", "last", "ema", "headline"]) {
  document.querySelector(`#weights input[value=${name}]`).click();
  say(name, shown());
  say(name + "-missing", [...document.querySelectorAll("figure.missing")].filter(f => !f.hidden).length);
}
const slider = document.querySelector("input[type=range]");
slider.value = slider.max; slider.dispatchEvent(new Event("input", {bubbles: true}));
say("slid", document.querySelector(".frames").style.backgroundPosition);
const scrolled = document.querySelector(".scroll"), heading = document.querySelector("#numbers tbody th");
say("fits", scrolled.scrollWidth <= scrolled.clientWidth);
heading.textContent = "a_long_name".repeat(18);
say("column", heading.offsetWidth <= Math.max(300, 0.41 * innerWidth));
say("wide", document.documentElement.scrollWidth <= innerWidth);
say("alts", [...document.images].every(i => i.alt.length > 10 && i.complete && i.naturalWidth > 0));
document.body.replaceChildren(...said.map(s => { const p = document.createElement("p"); p.textContent = s; return p; }));
</script>
"""  # noqa: E501


@pytest.fixture
def page(
    genmodels: CommandLine, workplace: Path, shared: Path, trained: Trained, known_features: None
) -> Path:
    """The page of a comparison of two runs, which is made once."""
    made = shared / "page"
    with FileLock(f"{made}.lock"):
        if not made.exists():
            trained(workplace / "runs" / "vae-1", "vae.yaml", "--set", "train.ema=null")
            trained(workplace / "runs" / "gan-1", "gan.yaml")
            assert genmodels("compare", "--count", "300", "--out", "study").code == 0
            Path("study").rename(made)
    shutil.copytree(made, "study")
    return workplace / "study" / "report.html"


def browse(path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
         f"--user-data-dir={path.parent / 'profile'}", *options, path.as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium to open the page with")
@pytest.mark.parametrize("width", [390, 800, 1500])
def test_the_page_does_what_it_says(page: Any, width: int) -> None:
    tried = page.with_name("tried.html")
    tried.write_text(page.read_text().replace("</body>", CHECK + "</body>"))
    done = browse(tried, f"--window-size={width},900", "--dump-dom")
    found = dict(re.findall(r"<p>([\w-]+)=(.*?)</p>", done.stdout))
    complaints = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert not complaints, complaints
    up, down = found["ascending"].split(","), found["descending"].split(",")
    assert up == down[::-1]
    written = json.loads((page.parent / "report.json").read_text())
    distances = {m["name"]: m["numbers"]["fd_domain"]["mean"] for m in written["models"]}
    for name in ("floor", "copycat", "gaussian", "mean_image"):
        distances[name.replace("_", " ")] = written[name]["numbers"]["fd_domain"]
    assert up == sorted(distances, key=lambda name: distances[name])
    assert found["sorted"] == "descending"
    assert found["names"].split(",") == sorted(up)
    assert {found["first"], found["headline"]} == {"0ema,1last"} or (
        found["first"] == found["headline"] == "0last,1ema"
    )
    assert found["best"] in ("0best,1best",)
    assert found["last"] == "0last,1last"
    assert len(found["ema"]) == len("0ema")
    assert (found["ema-missing"], found["last-missing"]) == ("1", "0")
    assert found["slid"].startswith("100%")
    assert found["fits"] == "true" or width < 1500
    assert found["column"] == found["wide"] == "true"
    assert found["alts"] == "true"


PAPER = """
<script>
const seen = e => e.checkVisibility({contentVisibilityAuto: true}) && e.offsetHeight > 0;
const all = name => [...document.querySelectorAll(name)];
const said = [
  ["closed", all("details").every(d => !d.open)],
  ["unfolded", all("details td").every(seen)],
  ["films", all("img.film").length && all("img.film").every(seen)],
  ["frames", all(".frames, input").some(seen)],
];
document.body.replaceChildren(...said.map(s => { const p = document.createElement("p"); p.textContent = s.join("="); return p; }));
</script>
"""  # noqa: E501


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium to open the page with")
@pytest.mark.parametrize("printed", [True, False])
def test_paper_shows_what_is_folded_and_whole_interpolations(page: Any, printed: bool) -> None:
    text = page.read_text().replace("</body>", PAPER + "</body>")
    assert "@media print {" in text
    tried = page.with_name("paper.html")
    tried.write_text(text.replace("@media print {", "@media all {") if printed else text)
    found = dict(re.findall(r"<p>(\w+)=(\w+)</p>", browse(tried, "--dump-dom").stdout))
    shown = {True: "true", False: "false"}
    assert found == {
        "closed": "true",
        "unfolded": shown[printed],
        "films": shown[printed],
        "frames": shown[not printed],
    }


def test_an_interval_is_not_broken() -> None:
    estimate = Estimate(1.0, 0.5, 2.0, (), "positive")
    shown = html.cell(cast(Entry, SimpleNamespace(estimate=lambda _: estimate)), "x")
    assert shown == "1 (0.5\u00a0–\u2060\u00a02)"


@pytest.mark.usefixtures("known_features")
def test_names_are_escaped(genmodels: CommandLine, workplace: Path) -> None:
    Path("<b>x🙂.yaml").write_text(
        "model: {class: VAE, latent_dim: 8, network: {class: MLP, hidden: [16]}}\n"
        "data: {name: glyphs}\ntrain: {batch_size: 500, steps: 2}\n"
    )
    words = ["compare", "<b>x🙂.yaml", "--count", "50", "--out", "study"]
    assert genmodels(*words).code == 0
    text = Path("study/report.html").read_text()
    assert "<b>x" not in text
    assert "&lt;b&gt;x" in text
