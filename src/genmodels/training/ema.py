"""The exponential moving average of a model's weights."""

import torch
from torch import Tensor, nn


class Average:
    """A second set of weights that follows the trained ones slowly.

    Polyak & Juditsky (1992); for generators Yazıcı et al. (2019). The decay ramps up as
    (1 + t) / (10 + t), so that a short run is not an average with its initial weights.
    It is a function of the step, so a resumed average continues exactly. Buffers are copied:
    statistics belong to a batch, and the mean of the unit vectors of a spectral norm is none.

    Args:
        model: the model to follow.
        decay: share of the old average that stays at each step, in (0, 1).
    """

    def __init__(self, model: nn.Module, decay: float):
        self.decay = decay
        self.state = {name: value.clone() for name, value in _live(model).items()}
        device = next(iter(self.state.values())).device
        self.share = torch.zeros((), device=device)  # a tensor, so that recorded steps see it

    def move_to(self, step: int) -> None:
        """Set the share that the weights after ``step`` steps get."""
        self.share.fill_(1 - min(self.decay, (1 + step) / (10 + step)))

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Move towards the model's weights by that share, and copy its buffers."""
        weights = {name for name, _ in model.named_parameters(remove_duplicate=False)}
        followed: list[tuple[Tensor, Tensor]] = []
        for name, value in _live(model).items():
            if name in weights:
                followed.append((self.state[name], value))
            else:
                self.state[name].copy_(value)
        torch._foreach_lerp_(
            [a for a, _ in followed], [b for _, b in followed], [self.share] * len(followed)
        )


def _live(model: nn.Module) -> dict[str, Tensor]:
    """The model's own tensors, not copies."""
    return {name: value.detach() for name, value in model.state_dict(keep_vars=True).items()}
