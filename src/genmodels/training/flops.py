"""A counter of floating-point operations."""

from typing import Any

from torch.utils._python_dispatch import TorchDispatchMode


class Flops(TorchDispatchMode):
    """Counts the floating-point operations of products and convolutions within a ``with`` block.

    PyTorch's ``FlopCounterMode`` also follows modules, with hooks that do not work for gradients
    of gradients.

    Attributes:
        total: the number of operations so far.
        formulas: PyTorch's, by operation.
    """

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Return False: hiding this class from PyTorch's compiler would load it, for a second."""
        return False

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        from torch.utils.flop_counter import flop_registry  # here, because it loads triton

        self.total, self.formulas = 0, flop_registry

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation, and add its floating-point operations."""
        result = func(*args, **(kwargs or {}))
        formula = self.formulas.get(func.overloadpacket)
        if formula is not None:
            self.total += formula(*args, **(kwargs or {}), out_val=result)
        return result
