"""An objective and its gradients as one compiled function, without autograd at run time.

The function is traced down to its kernels with the weights as arguments, and compiled by
PyTorch's inductor, which fuses what lies between the products. Random numbers are drawn by
the same kernels from the same generator as eagerly; sums are rounded otherwise.
"""

import logging
from collections.abc import Callable
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.fx.experimental.proxy_tensor import make_fx

from genmodels.data.images import Batch
from genmodels.models.base import Terms

Gradients = tuple[Terms, tuple[Tensor | None, ...]]


class _Objective(nn.Module):
    """A model that is called by one of its objectives, so that its weights can be replaced."""

    def __init__(self, model: nn.Module, objective: Callable[[Batch], Terms]):
        super().__init__()
        self.model, self.objective = model, objective

    def forward(self, batch: Batch) -> Terms:
        return self.objective(batch)


class Compiled:
    """One phase's terms and gradients, compiled for one shape of batch.

    Args:
        model: whose weights they depend on; it changes in place from step to step.
        objective: a batch → terms.
        learning: the parameters that gradients are taken of.
        like: a batch of the shape that all batches have.

    Raises:
        RuntimeError: it cannot be compiled here, such as without a C++ compiler.
    """

    def __init__(
        self,
        model: nn.Module,
        objective: Callable[[Batch], Terms],
        learning: list[nn.Parameter],
        like: Batch,
    ):
        called = _Objective(model, objective)
        parameters = dict(called.named_parameters())
        name_of = {id(parameter): name for name, parameter in parameters.items()}
        names = [name_of[id(parameter)] for parameter in learning]
        self.weights = [parameter.detach() for parameter in parameters.values()]
        buffers = dict(called.named_buffers())
        self.buffers = list(buffers.values())
        self.names: list[str] = []
        self.given: list[bool] = []

        inputs = [*self.weights, *self.buffers, *_tensors(like)]
        count, state = len(self.weights), len(inputs) - len(_tensors(like))

        def run(*given: Tensor) -> list[Tensor]:
            leaves = [weight.detach().requires_grad_() for weight in given[:count]]
            named = dict(zip(parameters, leaves, strict=True))
            replaced = named | dict(zip(buffers, given[count:state], strict=True))
            with torch.enable_grad():
                terms = functional_call(called, replaced, (Batch(*given[state:]),))
                wanted = [named[name] for name in names]
                gradients = torch.autograd.grad(terms["loss"], wanted, allow_unused=True)
            self.names = list(terms)
            self.given = [gradient is not None for gradient in gradients]
            return [*(t.detach() for t in terms.values()), *(g for g in gradients if g is not None)]

        from torch._inductor import config
        from torch._inductor.compile_fx import compile_fx

        # Inductor looks for CUDA's compiler, and its absence is no news on a CPU.
        logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)
        kept = [tensor.clone() for tensor in self.buffers]
        with torch.no_grad(), config.patch(fallback_random=True, cpp_wrapper=True):
            traced = make_fx(run, tracing_mode="fake")(*inputs)
            self.compiled: Callable[..., Any] = cast(Any, compile_fx(traced, inputs))
            self.compiled(*inputs)  # compiles; what the objective keeps is put back
            for tensor, before in zip(self.buffers, kept, strict=True):
                tensor.copy_(before)

    def __call__(self, batch: Batch) -> Gradients:
        """Compute terms and gradients."""
        with torch.no_grad():
            found = iter(self.compiled(*self.weights, *self.buffers, *_tensors(batch)))
        terms = {name: next(found) for name in self.names}
        return terms, tuple(next(found) if given else None for given in self.given)


def _tensors(batch: Batch) -> list[Tensor]:
    return [batch.images] if batch.labels is None else [batch.images, batch.labels]
