"""Inception features with the weights that FID is defined by (Heusel et al., 2017), read by
torch-fidelity; an extra."""

import importlib.util
import os
from pathlib import Path

import torch
from torch import Tensor

from genmodels.errors import InputError
from genmodels.evaluation.extractor import Extractor, hash_of

DIMENSIONS = "2048"  # the pooled features
WEIGHTS = "GENMODELS_INCEPTION"  # names a file that lies on disk already


def extractor() -> Extractor:
    """Load the network; its weights are downloaded unless a file is named.

    Raises:
        InputError: torch-fidelity is not installed, or the weights cannot be had.
    """
    if importlib.util.find_spec("torch_fidelity") is None:
        raise InputError(
            "--features inception is read by torch-fidelity, which is not installed; "
            "install it with: pip install 'genmodels[inception]', or use --features domain"
        )
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    file = os.environ.get(WEIGHTS)
    if file and not Path(file).is_file():
        raise InputError(f"{WEIGHTS} names {file}, which is no file")
    try:
        net = FeatureExtractorInceptionV3("inception", [DIMENSIONS], file)
    except Exception as error:  # whatever a download or a foreign file may raise
        raise InputError(
            f"the Inception weights cannot be had ({' '.join(str(error).split())}); download "
            f"pt_inception-2015-12-05-6726825d.pth and name it in {WEIGHTS}, or use "
            "--features domain"
        ) from None
    net.eval()

    def see(images: Tensor) -> tuple[Tensor, Tensor | None]:
        colour = images if images.shape[1] == 3 else images[:, :1].expand(-1, 3, -1, -1)
        pixels = (colour * 255).round().to(torch.uint8)
        return net(pixels)[0], None

    return Extractor("inception", hash_of(net.state_dict()), see)
