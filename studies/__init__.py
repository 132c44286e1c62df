"""Studies of quality: what makes docs/results, the models page, the report and the study."""

import genmodels  # noqa: F401  # before PyTorch, so that threads wait briefly for each other
