"""How the threads of PyTorch wait for each other, which must be set before it is loaded.

A parallel kernel on a CPU ends when its last thread has finished. The others wait in a loop, by
default for milliseconds. If another program wants their cores too, they keep a core from the very
thread they wait for. After a short wait they sleep instead.
"""

import os
import sys
from functools import cache

# GNU's OpenMP library, which PyTorch has on Linux, counts turns of the waiting loop. A turn lasts
# differently on each make of processor: about 10 ns on a recent Intel Xeon. Measured by
# `python -m benchmarks.company`, the report's VAE and GAN with two threads on two cores. Zen 5:
# alone 1,000 turns are as fast as the default, 500 have 0.74 of its speed; beside a second training
# they keep 0.45 of the speed alone, the default 0.15. Intel: alone 2,000 turns have 0.86 of the
# default's speed, 1,000 have 0.66; beside a busy loop they keep 0.51 of it, the default 0.03.
TURNS = {"GenuineIntel": 2000}  # make, in the words of Linux → turns
OTHER_TURNS = 1000
POLICY = "OMP_WAIT_POLICY"  # which all OpenMP libraries read


@cache
def settings() -> dict[str, str]:
    """Return the variables that make threads wait shortly, for this make of processor."""
    # Intel's and LLVM's libraries count milliseconds, 200 by default; one is their shortest loop.
    return {"GOMP_SPINCOUNT": str(TURNS.get(_make(), OTHER_TURNS)), "KMP_BLOCKTIME": "1"}


@cache
def shorten() -> bool:
    """Let threads wait shortly, in this process and in those that it starts.

    What the user has set stays. Only the first call has an effect.

    Returns:
        Whether PyTorch reads the settings: it was not loaded before they were made.
    """
    if any(os.environ.get(name) for name in (*settings(), POLICY)):
        return True
    if "torch" in sys.modules:
        return False
    os.environ.update(settings())
    return True


def described() -> str:
    """Return in one sentence how threads wait, or what to do so that they wait shortly."""
    if not shorten():
        return (
            "threads wait long for each other, which is slow beside other programs, because "
            "PyTorch was loaded before genmodels; import genmodels first, or set "
            f"GOMP_SPINCOUNT={settings()['GOMP_SPINCOUNT']} before Python starts"
        )
    present = [f"{n}={os.environ[n]}" for n in (POLICY, *settings()) if os.environ.get(n)]
    return f"threads wait for each other: {', '.join(present)}"


def _make() -> str:
    """Return who made the processor, as Linux names them, or an empty string."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            named = (line.partition(":")[2].strip() for line in file if "vendor_id" in line)
            return next(named, "")
    except OSError:
        return ""
