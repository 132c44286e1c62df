"""Fill docs/study.md and docs/results/ from finished comparisons::

genmodels compare RUNS... --claims report --out report-20
python -m studies.claims report-20 …

A comparison in a folder NAME goes between ``<!-- NAME -->`` and ``<!-- end -->`` of the page.
"""

import argparse
import json
import re
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[1] / "docs"
PAGE = DOCS / "study.md"


def main() -> None:
    """Fill in one comparison after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("comparisons", nargs="+", type=Path, help="what --out was")
    for folder in parser.parse_args().comparisons:
        name = folder.name
        opening = f"<!-- {name} -->\n"
        before, found, rest = PAGE.read_text().partition(opening)
        if not found:
            parser.error(f"{PAGE} has no line {opening.strip()}")
        after = rest.partition("<!-- end -->\n")[2]
        body = fragment((folder / "report.md").read_text())
        PAGE.write_text(f"{before}{opening}\n{body}\n\n<!-- end -->\n{after}")
        target = DOCS / "results" / f"study-{name}.json"
        target.parent.mkdir(exist_ok=True)
        target.write_text(without_places(json.loads((folder / "report.json").read_text())))


def fragment(report: str) -> str:
    """Return a report without its title and protocol, with headings one level lower."""
    body = report.partition("\n")[2].partition("\n## Protocol\n")[0]
    return re.sub(r"^## ", "### ", body, flags=re.M).strip()


def without_places(content: dict[str, Any]) -> str:
    """Return a comparison as JSON, with the names of runs in place of paths."""
    names = []
    for results in content["measured"]["models"].values():
        for result in results:
            result["run"] = Path(result["run"]).name
            names.append(result["run"])
    content["measured"]["command"] = f"genmodels compare {' '.join(names)}"
    return json.dumps(content, indent=1) + "\n"


if __name__ == "__main__":
    main()
