"""Look for known holes in this environment's packages; say so when they cannot be looked up.

Where no network allows a look-up, that is told apart from a look-up that finds nothing: a package
with a published hole is asked for first.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HOLED = "pillow==9.0.0"  # its holes have been public since 2022
LONGEST = 300  # seconds
NOT_LOOKED_UP = "the dependencies could not be looked up: not audited"


def main() -> None:
    """Exit with 1 if a package has a known hole."""
    sys.exit(audit())


def audit() -> int:
    """Probe, look up, print."""
    if not _installed() or not holes(_probe() or []):
        print(NOT_LOOKED_UP)
        return 0
    packages = look_up("--skip-editable")
    if packages is None:
        print(NOT_LOOKED_UP)
        return 0
    found = holes(packages)
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    print(f"{len(packages) - len(skipped)} packages looked up, {len(found)} known holes")
    if skipped:
        print(f"not looked up: {', '.join(skipped)}")
    for line in found:
        print(line)
    return 1 if found else 0


def holes(packages: Sequence[dict[str, Any]]) -> list[str]:
    """A line for every hole in what pip-audit tells of packages."""
    return [
        f"{package['name']} {package['version']}: {hole['id']}, "
        f"mended in {', '.join(hole['fix_versions']) or 'no release'}"
        for package in packages
        for hole in package.get("vulns", [])
    ]


def look_up(*options: str) -> list[dict[str, Any]] | None:
    """What pip-audit tells of packages; None if it could not look."""
    command = [sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off"]
    try:
        done = subprocess.run(
            [*command, *options], capture_output=True, text=True, timeout=LONGEST, check=False
        )
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        return None
    return packages


def _probe() -> list[dict[str, Any]] | None:
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "holed.txt"
        wanted.write_text(f"{HOLED}\n", encoding="utf-8")
        return look_up("--requirement", str(wanted), "--no-deps", "--disable-pip")


def _installed() -> bool:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "pip-audit"]
    return subprocess.run(pip, capture_output=True, check=False).returncode == 0


if __name__ == "__main__":
    main()
