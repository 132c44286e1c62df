"""Inception features with the weights that define FID (Heusel et al., 2017).

torch-fidelity reads the weights; it is an optional dependency.
"""

import hashlib
import importlib.util
import os
from pathlib import Path

import torch
from torch import Tensor

from genmodels.data.images import Images, ReportProgress
from genmodels.errors import InputError
from genmodels.evaluation.features.extractor import Extractor, hash_of
from genmodels.system import cache

DIMENSIONS = "2048"  # the pooled features
WEIGHTS = "GENMODELS_INCEPTION"  # environment variable: the path of the weights, if on disk
HASH = "6726825d"  # the first digits of the file's SHA-256
URL = (
    "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/"
    f"weights-inception-2015-12-05-{HASH}.pth"
)


def is_at_hand(images: Images) -> bool:
    """Return whether the package is installed, and the weights are a file here.

    Args:
        images: the data set, which does not matter.
    """
    found = importlib.util.find_spec("torch_fidelity") is not None
    return found and Path(os.environ.get(WEIGHTS) or cache.path(Path(URL).name)).is_file()


def extractor(images: Images, progress: ReportProgress) -> Extractor:
    """Load the network, after downloading its weights unless ``WEIGHTS`` names their file.

    Args:
        images: the data set, which does not matter.
        progress: not called.

    Raises:
        InputError: torch-fidelity is not installed, or the weights are missing or wrong.
    """
    if importlib.util.find_spec("torch_fidelity") is None:
        raise InputError(
            "`features=inception` needs torch-fidelity, which is not installed; "
            "install it with: pip install 'genmodels[inception]', or use `features=domain`"
        )
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    file = _weights()
    net = FeatureExtractorInceptionV3("inception", [DIMENSIONS], str(file)).eval()

    def extract(images: Tensor) -> tuple[Tensor, Tensor | None]:
        colour = images if images.shape[1] == 3 else images[:, :1].expand(-1, 3, -1, -1)
        pixels = (colour * 255).round().to(torch.uint8)
        return net(pixels)[0], None

    return Extractor("inception", hash_of(net.state_dict()), extract)


def _weights() -> Path:
    """Return the file of the weights, after downloading it or checking the named one.

    It is a pickle, which can run code, so only the file with the known hash is opened.
    """
    named = os.environ.get(WEIGHTS)
    path = Path(named) if named else cache.path(Path(URL).name)
    if not named and not path.is_file():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(URL, str(path), hash_prefix=HASH)
        except (OSError, RuntimeError) as error:
            raise InputError(
                f"the Inception weights cannot be downloaded ({' '.join(str(error).split())}); "
                f"copy {path.name} to this machine and set {WEIGHTS} to its path, or use "
                "`features=domain`"
            ) from None
    if not path.is_file():
        raise InputError(f"{WEIGHTS} is {path}, which is not a file; give {Path(URL).name}")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if not found.startswith(HASH):
        raise InputError(
            f"{path} is not {Path(URL).name}: its hash begins with {found[:8]}, not {HASH}; "
            "delete it and download it again"
        )
    return path
