"""How the threads of PyTorch wait for each other, which must be set before it is loaded.

A parallel kernel on a CPU ends when its last thread has finished. The others wait in a loop, by
default for milliseconds. If another program wants their cores too, they keep a core from the very
thread they wait for. After a short wait they sleep instead.
"""

import os
import sys
from functools import cache

# GNU's OpenMP library, which PyTorch has on Linux, counts turns of the waiting loop. Measured by
# `python -m benchmarks.company`, the report's VAE with two threads on two cores: alone 1,000 turns
# are as fast as the default, 500 have 0.74 of its speed and none 0.57. Beside a second training
# 1,000 turns keep 0.45 of the speed alone, the default 0.15.
# Intel's and LLVM's libraries count milliseconds, 200 by default; one is their shortest loop.
SETTINGS = {"GOMP_SPINCOUNT": "1000", "KMP_BLOCKTIME": "1"}
POLICY = "OMP_WAIT_POLICY"  # which all OpenMP libraries read


@cache
def shorten() -> bool:
    """Let threads wait shortly, in this process and in those that it starts.

    What the user has set stays. Only the first call has an effect.

    Returns:
        Whether PyTorch reads the settings: it was not loaded before they were made.
    """
    if any(os.environ.get(name) for name in (*SETTINGS, POLICY)):
        return True
    if "torch" in sys.modules:
        return False
    os.environ.update(SETTINGS)
    return True


def described() -> str:
    """Return in one sentence how threads wait, or what to do so that they wait shortly."""
    if not shorten():
        return (
            "threads wait long for each other, which is slow beside other programs, because "
            "PyTorch was loaded before genmodels; import genmodels first, or set "
            f"GOMP_SPINCOUNT={SETTINGS['GOMP_SPINCOUNT']} before Python starts"
        )
    present = [f"{n}={os.environ[n]}" for n in (POLICY, *SETTINGS) if os.environ.get(n)]
    return f"threads wait for each other: {', '.join(present)}"
