"""Inception features with the weights that FID is defined by (Heusel et al., 2017), read by
torch-fidelity; an extra."""

import hashlib
import importlib.util
import os
from pathlib import Path

import platformdirs
import torch
from torch import Tensor

from genmodels.errors import InputError
from genmodels.evaluation.features.extractor import Extractor, hash_of

DIMENSIONS = "2048"  # the pooled features
WEIGHTS = "GENMODELS_INCEPTION"  # names a file that lies on disk already
HASH = "6726825d"  # with which the SHA-256 of the file begins, and its name ends
URL = (
    "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/"
    f"weights-inception-2015-12-05-{HASH}.pth"
)


def extractor() -> Extractor:
    """Load the network; its weights are downloaded unless a file is named.

    Raises:
        InputError: torch-fidelity is not installed, or the weights cannot be had.
    """
    if importlib.util.find_spec("torch_fidelity") is None:
        raise InputError(
            "`features=inception` is read by torch-fidelity, which is not installed; "
            "install it with: pip install 'genmodels[inception]', or use `features=domain`"
        )
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    file = _weights()
    net = FeatureExtractorInceptionV3("inception", [DIMENSIONS], str(file)).eval()

    def see(images: Tensor) -> tuple[Tensor, Tensor | None]:
        colour = images if images.shape[1] == 3 else images[:, :1].expand(-1, 3, -1, -1)
        pixels = (colour * 255).round().to(torch.uint8)
        return net(pixels)[0], None

    return Extractor("inception", hash_of(net.state_dict()), see)


def _weights() -> Path:
    """The file of the weights, downloaded where none is named. It is a pickle, so nothing
    but the one file whose hash is known is ever opened."""
    named = os.environ.get(WEIGHTS)
    path = Path(named) if named else platformdirs.user_cache_path("genmodels") / Path(URL).name
    if not named and not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            torch.hub.download_url_to_file(URL, str(path), hash_prefix=HASH)
        except (OSError, RuntimeError) as error:
            raise InputError(
                f"the Inception weights cannot be downloaded ({' '.join(str(error).split())}); "
                f"put {path.name} on this machine and name it in {WEIGHTS}, or use "
                "`features=domain`"
            ) from None
    if not path.is_file():
        raise InputError(f"{WEIGHTS} names {path}, which is no file; give that of {Path(URL).name}")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if not found.startswith(HASH):
        raise InputError(
            f"{path} is not {Path(URL).name}: its hash begins with {found[:8]}, not {HASH}; "
            "delete it and download it again"
        )
    return path
