"""``python -m genmodels`` is ``genmodels``."""

from genmodels.cli import main

if __name__ == "__main__":
    main()
