"""Look up known vulnerabilities of the packages in this environment.

Without a network, "could not look" must not read as "found nothing". So the look-up is first tried
on a package with a published vulnerability.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

VULNERABLE = "pillow==9.0.0"  # its vulnerabilities have been public since 2022
LONGEST = 300  # seconds
NOT_LOOKED_UP = "the dependencies could not be looked up: not audited"


def main() -> None:
    """Exit with 1 if a package has a known vulnerability."""
    sys.exit(audit())


def audit() -> int:
    """Probe the look-up, look the packages up, and print the result."""
    if not _installed() or not vulnerabilities(_probe() or []):
        print(NOT_LOOKED_UP)
        return 0
    packages = look_up("--skip-editable")
    if packages is None:
        print(NOT_LOOKED_UP)
        return 0
    found = vulnerabilities(packages)
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    print(f"{len(packages) - len(skipped)} packages looked up, {len(found)} known vulnerabilities")
    if skipped:
        print(f"not looked up: {', '.join(skipped)}")
    for line in found:
        print(line)
    return 1 if found else 0


def vulnerabilities(packages: Sequence[dict[str, Any]]) -> list[str]:
    """Return a line for each vulnerability that pip-audit reports."""
    return [
        f"{package['name']} {package['version']}: {found['id']}, "
        f"fixed in {', '.join(found['fix_versions']) or 'no release'}"
        for package in packages
        for found in package.get("vulns", [])
    ]


def look_up(*options: str) -> list[dict[str, Any]] | None:
    """Return the report of pip-audit on packages; None if it could not look them up."""
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
        wanted = Path(folder) / "vulnerable.txt"
        wanted.write_text(f"{VULNERABLE}\n", encoding="utf-8")
        return look_up("--requirement", str(wanted), "--no-deps", "--disable-pip")


def _installed() -> bool:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "pip-audit"]
    return subprocess.run(pip, capture_output=True, check=False).returncode == 0


if __name__ == "__main__":
    main()
