"""An audit tells 'could not look' from 'found nothing'."""

from typing import Any

import pytest

from scripts import audit

CLEAN = {"name": "numpy", "version": "2.0.0", "vulns": []}
VULNERABLE = {
    "name": "pillow",
    "version": "9.0.0",
    "vulns": [{"id": "PYSEC-2022-168", "fix_versions": ["9.0.1"]}],
}
UNKNOWN = {"name": "pillow", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("probed", "packages", "code", "said"),
    [
        (None, [CLEAN], 0, audit.NOT_LOOKED_UP),
        ([UNKNOWN], [CLEAN], 0, audit.NOT_LOOKED_UP),
        ([VULNERABLE], None, 0, audit.NOT_LOOKED_UP),
        ([VULNERABLE], [CLEAN, UNKNOWN], 0, "1 packages looked up, 0 known vulnerabilities"),
        ([VULNERABLE], [CLEAN, VULNERABLE], 1, "pillow 9.0.0: PYSEC-2022-168, fixed in 9.0.1"),
    ],
)
def test_not_looking_is_not_finding_nothing(
    probed: list[dict[str, Any]] | None,
    packages: list[dict[str, Any]] | None,
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def answer(*options: str) -> list[dict[str, Any]] | None:
        return probed if "--requirement" in options else packages

    monkeypatch.setattr(audit, "_installed", lambda: True)
    monkeypatch.setattr(audit, "look_up", answer)
    assert audit.audit() == code
    assert said in capsys.readouterr().out
