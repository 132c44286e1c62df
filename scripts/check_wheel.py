"""Check that the installed package is the wheel, not the source tree, and brings its data."""

from pathlib import Path

import genmodels

DATA = {
    "presets": "configs/vae.yaml",
    "features": "evaluation/features/weights/*",
    "page": "report/page/*.html",
}


def main() -> None:
    """Print what is missing, or that nothing is."""
    home = Path(genmodels.__file__).parent
    if "site-packages" not in home.parts:
        raise SystemExit(f"genmodels is not installed as a wheel: it was found in {home}")
    missing = [name for name, pattern in DATA.items() if not any(home.glob(pattern))]
    if missing:
        raise SystemExit(f"the wheel in {home} lacks its {' and '.join(missing)}")
    print(f"the wheel is complete: {home}")


if __name__ == "__main__":
    main()
