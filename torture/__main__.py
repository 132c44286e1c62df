"""``python -m torture``: kill trainings, count what was lost, and what saving costs."""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from torture import kills, saves


def main() -> None:
    """Kill trainings, print the counts and write JSON."""
    parser = argparse.ArgumentParser(prog="python -m torture", description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="of each model")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="on the disk that saves are timed on")
    parser.add_argument("--out", type=Path, default=Path("torture.json"))
    options = parser.parse_args()
    found: dict[str, object] = {"command": " ".join(["python -m torture", *sys.argv[1:]])}
    failed = False
    for name in kills.MODELS:
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as place:
            tally = kills.kill(Path(place), options.kills, options.seed, name)
        found[name] = {**asdict(tally), "minutes": round((time.monotonic() - began) / 60, 1)}
        print(f"{name}: {found[name]}", flush=True)
        failed = failed or bool(tally.problems) or tally.identical < tally.ends
    with tempfile.TemporaryDirectory(dir=options.folder) as place:
        found["saves"] = saves.costs(Path(place))
    print(f"saves: {found['saves']}")
    options.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    sys.exit(failed)


if __name__ == "__main__":
    main()
