"""The exponential moving average (EMA) of a model's weights."""

import torch
from torch import Tensor, nn


class EMA:
    """A second set of weights that follows the trained ones slowly.

    Polyak & Juditsky (1992); for generators Yazıcı et al. (2019). The decay ramps up as
    (1 + t) / (10 + t), so that the initial weights do not weigh much in a short run. The decay
    depends on the step alone, so a resumed run continues exactly. Every step counts, also one in
    which a critic is trained alone: so the average reaches back over equally many images,
    whatever the model trains when. Karras et al. (2020) measure it in images for this reason.
    Buffers are copied: statistics belong to a batch, and the mean of unit vectors, as spectral
    normalisation keeps them, has no unit length.

    Args:
        model: the model to follow.
        decay: the share of the old EMA that each step keeps, in (0, 1).

    Attributes:
        state: name → tensor, as in the model's ``state_dict``.
    """

    def __init__(self, model: nn.Module, decay: float):
        self.decay = decay
        self.state = {name: value.clone() for name, value in _live_tensors(model).items()}
        device = next(iter(self.state.values())).device
        # A tensor, so that a recorded CUDA graph reads the current value.
        self.share = torch.zeros((), device=device)

    def set_share(self, step: int) -> None:
        """Set the share of the model in the next update, by the number of the present step."""
        self.share.fill_(1 - min(self.decay, (1 + step) / (10 + step)))

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Move the EMA towards the model's weights by this share, and copy the buffers."""
        weights = {name for name, _ in model.named_parameters(remove_duplicate=False)}
        for name, value in _live_tensors(model).items():
            if name in weights:
                self.state[name].lerp_(value, self.share)
            else:
                self.state[name].copy_(value)


def _live_tensors(model: nn.Module) -> dict[str, Tensor]:
    """Return the tensors of a model by name, without copies."""
    return {name: value.detach() for name, value in model.state_dict(keep_vars=True).items()}
