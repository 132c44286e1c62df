"""Random features: those of an untrained network, which favour no family of models.

Batch normalisation takes its statistics from training images, and each feature is standardised on
them: without that, all features of all images are nearly the same.
"""

import torch
from torch import Tensor, nn

from genmodels.data.images import TRAIN, VALIDATION, Images, ReportProgress
from genmodels.evaluation.features.extractor import Extractor, hash_of
from genmodels.evaluation.features.network import FeatureNet
from genmodels.system import randomness

COUNT = 2000  # training images that the statistics are taken from; each within about 2 %
BLOCK = 100  # images at a time


def extractor(images: Images, progress: ReportProgress) -> Extractor:
    """Return the random features for a data set.

    The weights are those of seed 0. The statistics depend on pixels of the training and validation
    images alone. They are computed in float64 and rounded to float32, so the number of threads,
    which changes the order of a sum, changes no bit of them, except where float64 lies on the
    border between two numbers of float32.

    Args:
        images: the data set.
        progress: called with (what, done, total), in blocks of images.
    """
    with randomness.placed(0, "random features"):
        net = FeatureNet(images.image_shape[0], 1)
    mean, std = _calibrate(net, images, progress)

    def extract(pictures: Tensor) -> tuple[Tensor, Tensor | None]:
        return (net.features(pictures) - mean) / std, None

    return Extractor("random", hash_of({**net.state_dict(), "mean": mean, "std": std}), extract)


@torch.no_grad()
def _calibrate(net: FeatureNet, images: Images, progress: ReportProgress) -> tuple[Tensor, Tensor]:
    """Set the statistics of batch normalisation, and return mean and deviation of the features.

    Returns:
        (64,) each, float32. A feature that is the same for all images has the deviation 1.
    """
    rows = _rows(images)
    blocks = rows.tensor_split(max(1, len(rows) // BLOCK))
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None  # the mean over all batches
    net.double()
    features: list[Tensor] = []
    for step in range(2 * len(blocks)):  # the statistics first, then the features with them
        net.train(step < len(blocks))
        pictures = images.batch(blocks[step % len(blocks)]).images.double()
        features.append(net.features(pictures))
        progress("standardising random features", step + 1, 2 * len(blocks))
    net.float()
    values = torch.cat(features[len(blocks) :])
    mean, std = values.mean(0), values.std(0)
    return mean.float(), torch.where(std > 1e-6, std, 1).float()


def _rows(images: Images) -> Tensor:
    """Return training images, the same for every share of validation."""
    rows = torch.cat([images.splits[TRAIN], images.splits[VALIDATION]]).sort().values
    generator = randomness.generator(0, "images for random features")
    return rows[torch.randperm(len(rows), generator=generator)[:COUNT]]
