"""``python -m studies.study``: the parts of docs/study.md, from trainings to tables.

Each part is one comparison: its configurations are trained with all seeds, measured, and written
to ``docs/results/`` and between ``<!-- NAME -->`` and ``<!-- end -->`` of the page. What has been
measured is left alone, and a part whose presets or seeds have changed is refused; ``--again``
measures it again. The command may be stopped and given again: it goes on with what is missing.
"""

import argparse
import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import genmodels
from genmodels import api, config
from genmodels.config.settings import Settings
from genmodels.errors import InputError
from genmodels.system import files
from studies import results
from studies.command import command
from studies.results import DOCS

END = "<!-- end -->\n"
EMPTY = "Not measured yet under the present protocol."
REPORT = ("report/vae.yaml", "report/gan.yaml")
HEADLINE = ("vae.yaml", "vae-gmm.yaml", "gan.yaml", "wgan-gp.yaml", "r3gan.yaml")


@dataclass(frozen=True)
class Part:
    """A comparison of the study.

    Attributes:
        name: of the part on the page, and of its result.
        data: the data set.
        presets: the configurations.
        epochs: of each training, so that a slow machine gets the same models.
        seeds: number of trainings of each configuration.
    """

    name: str
    data: str
    presets: tuple[str, ...]
    epochs: int
    seeds: int

    @property
    def result(self) -> Path:
        """The path of its result."""
        return DOCS / "results" / f"study-{self.name}.json"

    def configurations(self) -> dict[str, Settings]:
        """Return preset → its present configuration."""
        return {
            name: api.config(name, data=self.data, epochs=self.epochs, seed=0)
            for name in self.presets
        }

    def changes(self) -> list[str]:
        """Return what has changed in the part since it was measured, each as text."""
        result = results.read(self.result)
        then, present = result.get("configurations", {}), self.configurations()
        found = [f"{name} is gone" for name in then if name not in present]
        counts = sorted({len(model["seeds"]) for model in result["models"]})
        if counts != [self.seeds]:
            found.append(f"seeds: {' or '.join(map(str, counts))} there, {self.seeds} now")
        for name, now in present.items():
            if name not in then:
                found.append(f"{name} is new")
                continue
            changed = now.differences(config.resolve([then[name]], name))
            found += [f"{name}: {change}" for change in changed]
        return found


PARTS = (
    Part("report-100", "mnist", REPORT, epochs=100, seeds=1),
    Part("mnist", "mnist", (*REPORT, *HEADLINE), epochs=20, seeds=5),
    Part("fashion-mnist", "fashion-mnist", HEADLINE, epochs=20, seeds=5),
)


@command
def main() -> None:
    """Train, measure and fill in the parts that have no result."""
    parser = argparse.ArgumentParser(prog="python -m studies.study", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help="by default all")
    parser.add_argument("--again", action="store_true", help="measure what has a result, too")
    parser.add_argument("--jobs", type=jobs, default="auto", help="trainings at a time")
    parser.add_argument("--runs", type=Path, default=Path("study"), help="folder of the runs")
    options = parser.parse_args()
    known = {part.name: part for part in PARTS}
    if unknown := [name for name in options.parts if name not in known]:
        parser.error(f"there is no part {unknown[0]!r}; use {', '.join(known)}")
    chosen = [known[name] for name in options.parts or known]
    for part in chosen:
        split(part.name)
    missing = [part for part in chosen if options.again or not part.result.is_file()]
    for part in chosen:
        if part not in missing:
            complete(part, options)
    for part in missing:
        measure(part, options)


def jobs(text: str) -> int | Literal["auto"]:
    """Return the number of jobs that a text stands for."""
    return "auto" if text == "auto" else int(text)


def complete(part: Part, options: argparse.Namespace) -> None:
    """Check the result of a part, and fill in the page if a former command could not.

    Raises:
        InputError: it was measured with other presets or seeds, or its text is gone.
    """
    if changes := part.changes():
        raise InputError(
            f"{part.result.name} was measured with other presets or seeds ({'; '.join(changes)}); "
            f"use --again {part.name}"
        )
    print(f"{part.name} is measured", flush=True)
    _, written, _ = split(part.name)
    if written.strip() not in ("", EMPTY):
        return
    report = options.runs / part.name / "report.md"
    if not report.is_file():
        raise InputError(
            f"the page has no numbers of {part.name}, and there is no {report} to take them from; "
            f"give the --runs that it was measured with, or use --again {part.name}"
        )
    fill(part.name, report.read_text(encoding="utf-8"))


def measure(part: Part, options: argparse.Namespace) -> None:
    """Train and compare the configurations of a part, and fill in what was found."""
    print(f"{part.name}: {', '.join(part.presets)}", flush=True)
    folder = options.runs / part.name
    genmodels.compare(
        part.presets, data=part.data, epochs=part.epochs, seeds=part.seeds, claims="report",
        jobs=options.jobs, out=folder,
    )  # fmt: skip
    content = without_places(results.read(folder / "report.json"))
    content["measured"]["command"] = f"python -m studies.study {part.name}"
    content["configurations"] = {n: found.plain() for n, found in part.configurations().items()}
    results.write(part.result, content)
    fill(part.name, (folder / "report.md").read_text(encoding="utf-8"))


def split(name: str) -> tuple[str, str, str]:
    """Return the page before the text of a part, this text, and the page after it.

    Raises:
        InputError: the page has no such part.
    """
    page, opening = DOCS / "study.md", f"<!-- {name} -->\n"
    before, found, rest = page.read_text(encoding="utf-8").partition(opening)
    text, end, after = rest.partition(END)
    if not (found and end):
        raise InputError(
            f"{page} has no {opening.strip()} with an {END.strip()} below it; add both lines"
        )
    return before + opening, text, END + after


def fill(name: str, report: str) -> None:
    """Replace the text of a part of the page by a report.

    Raises:
        InputError: the page has no such part.
    """
    before, _, after = split(name)
    text = f"{before}\n{fragment(report)}\n\n{after}"
    files.write(DOCS / "study.md", text.encode())


def fragment(report: str) -> str:
    """Return a report without its title and protocol, with headings one level lower."""
    body = report.partition("\n")[2].partition("\n## Protocol\n")[0]
    return re.sub(r"^## ", "### ", body, flags=re.M).strip()


def without_places(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return a comparison as JSON has it, with the names of runs in place of paths."""
    copied = copy.deepcopy(dict(content))
    for seeds in copied["measured"]["models"].values():
        for result in seeds:
            result["run"] = Path(result["run"]).name
    return copied


if __name__ == "__main__":
    main()
