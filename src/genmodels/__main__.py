"""The entry point of ``python -m genmodels``, which is the same as ``genmodels``."""

from genmodels.cli import main

if __name__ == "__main__":
    main()
