"""Train the features that ship in the package, so that numbers agree between machines::

    python scripts/make_features.py mnist glyphs

Prints the accuracy on the test images. The files that ship are the authority: other
processors round otherwise and give other weights of the same quality.
"""

import sys
from pathlib import Path

from genmodels import data
from genmodels.console import Display
from genmodels.evaluation.features import domain

WEIGHTS = Path(domain.__file__).parent / "weights"


def main() -> None:
    """Train one network for each data set that is named."""
    for name in sys.argv[1:]:
        images = data.load(name)
        display = Display()
        net, accuracy = domain.train(images, display.reading, domain.STEPS)
        display.close()
        path = WEIGHTS / f"{images.fingerprint[:16]}.safetensors"
        domain.save(path, net, images, accuracy)
        print(f"{name}: {100 * accuracy:.2f} % of test images, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
