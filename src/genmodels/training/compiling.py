"""Objectives compiled together with their gradients, without autograd at run time.

The function is traced to single operations, with the weights as arguments. PyTorch's inductor
compiles it and fuses the operations between matrix products. Random numbers come from the same
kernels and the same generator as in an eager step. Sums are rounded differently. What was compiled
is kept in the cache of the user, or where ``TORCHINDUCTOR_CACHE_DIR`` says.
"""

import logging
import os
from collections.abc import Callable
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.fx.experimental.proxy_tensor import make_fx

from genmodels.data.images import Batch
from genmodels.models.base import Terms
from genmodels.system import cache
from genmodels.training import fast_math

Gradients = tuple[Terms, tuple[Tensor | None, ...]]
# Slow functions, and the formulas that replace them in a compiled objective.
FAST = {
    torch.ops.aten.log1p.default: fast_math.log1p,
    torch.ops.aten.expm1.default: fast_math.expm1,
}

# Loggers of PyTorch whose warnings do not matter here: on a CPU there is no CUDA compiler, and
# random numbers are drawn by the kernel of eager steps.
LOUD = ("torch.utils.cpp_extension", "torch._inductor.ir")


class _Objective(nn.Module):
    """A module whose forward pass is an objective of a model.

    ``functional_call`` can then replace the model's weights.
    """

    def __init__(self, model: nn.Module, objective: Callable[[Batch], Terms]):
        super().__init__()
        self.model, self.objective = model, objective

    def forward(self, batch: Batch) -> Terms:
        return self.objective(batch)


class CompiledObjective:
    """The terms and the gradients of a phase, compiled for one shape of batches.

    Args:
        model: the model; its weights change in place from step to step.
        objective: batch → terms.
        trained: the parameters whose gradients are computed.
        example: a batch; all later batches have its shape.

    Raises:
        RuntimeError: compiling failed, for example without a C++ compiler.
    """

    def __init__(
        self,
        model: nn.Module,
        objective: Callable[[Batch], Terms],
        trained: list[nn.Parameter],
        example: Batch,
    ):
        called = _Objective(model, objective)
        parameters = dict(called.named_parameters())
        name_of = {id(parameter): name for name, parameter in parameters.items()}
        names = [name_of[id(parameter)] for parameter in trained]
        self.weights = [parameter.detach() for parameter in parameters.values()]
        buffers = dict(called.named_buffers())
        self.buffers = list(buffers.values())
        self.names: list[str] = []  # of the terms
        self.has_gradient: list[bool] = []  # for each trained parameter

        inputs = [*self.weights, *self.buffers, *_tensors(example)]
        weights_end, buffers_end = len(self.weights), len(inputs) - len(_tensors(example))

        def run(*tensors: Tensor) -> list[Tensor]:
            leaves = [weight.detach().requires_grad_() for weight in tensors[:weights_end]]
            weights = dict(zip(parameters, leaves, strict=True))
            given_buffers = dict(zip(buffers, tensors[weights_end:buffers_end], strict=True))
            with torch.enable_grad():
                batch = Batch(*tensors[buffers_end:])
                terms = functional_call(called, weights | given_buffers, (batch,))
                targets = [weights[name] for name in names]
                gradients = torch.autograd.grad(terms["loss"], targets, allow_unused=True)
            self.names = list(terms)
            self.has_gradient = [gradient is not None for gradient in gradients]
            return [*(t.detach() for t in terms.values()), *(g for g in gradients if g is not None)]

        os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(cache.path("compiled")))
        from torch._inductor import config
        from torch._inductor.compile_fx import compile_fx
        from torch._inductor.decomposition import select_decomp_table

        for name in LOUD:
            logging.getLogger(name).setLevel(logging.ERROR)
        buffers_before = [tensor.clone() for tensor in self.buffers]
        with torch.no_grad(), config.patch(fallback_random=True, cpp_wrapper=True):
            table = {**select_decomp_table(), **FAST}
            traced = make_fx(run, table, tracing_mode="fake")(*inputs)
            self.compiled: Callable[..., Any] = cast(Any, compile_fx(traced, inputs))
            self.compiled(*inputs)  # the first call compiles; it also changes the buffers
            for tensor, before in zip(self.buffers, buffers_before, strict=True):
                tensor.copy_(before)

    def __call__(self, batch: Batch) -> Gradients:
        """Return the terms by name, and a gradient or None for each trained parameter."""
        with torch.no_grad():
            results = iter(self.compiled(*self.weights, *self.buffers, *_tensors(batch)))
        terms = {name: next(results) for name in self.names}
        return terms, tuple(next(results) if present else None for present in self.has_gradient)


def _tensors(batch: Batch) -> list[Tensor]:
    return [batch.images] if batch.labels is None else [batch.images, batch.labels]
