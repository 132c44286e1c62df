"""How the threads of PyTorch wait for each other, which must be set before it is loaded.

A parallel kernel on a CPU ends when its last thread has finished. The others wait in a loop, by
default for milliseconds. If another program wants their cores too, a waiting thread occupies the
core that the slow thread needs. After a short wait they sleep instead.
"""

import os
import sys
from functools import cache

# GNU's OpenMP library, which PyTorch has on Linux, counts turns of the waiting loop, and a turn
# lasts differently on each make of processor. These numbers of turns keep most of the speed alone,
# and 0.4 to 0.5 of it beside another program. Measured by `python -m benchmarks.company` on Zen 5
# and on an Intel Xeon: docs/performance.md, section "Beside other programs".
TURNS = {"GenuineIntel": 2000}  # vendor_id of /proc/cpuinfo → turns
OTHER_TURNS = 1000
POLICY = "OMP_WAIT_POLICY"  # which all OpenMP libraries read


@cache
def variables() -> dict[str, str]:
    """Return the variables that make threads wait briefly, for this make of processor."""
    # Intel's and LLVM's libraries count milliseconds, 200 by default; one is their shortest loop.
    return {"GOMP_SPINCOUNT": str(TURNS.get(_vendor(), OTHER_TURNS)), "KMP_BLOCKTIME": "1"}


@cache
def shorten() -> bool:
    """Let threads wait briefly, in this process and in those that it starts.

    What the user has set stays. Only the first call has an effect.

    Returns:
        Whether PyTorch reads the settings: it was not loaded before they were made.
    """
    if any(os.environ.get(name) for name in (*variables(), POLICY)):
        return True
    if "torch" in sys.modules:
        return False
    os.environ.update(variables())
    return True


def described() -> str:
    """Return in one sentence how threads wait, or what to do so that they wait briefly."""
    if not shorten():
        return (
            "threads wait long for each other, which is slow beside other programs, because "
            "PyTorch was loaded before genmodels; import genmodels first, or set "
            f"GOMP_SPINCOUNT={variables()['GOMP_SPINCOUNT']} before Python starts"
        )
    present = [f"{n}={os.environ[n]}" for n in (POLICY, *variables()) if os.environ.get(n)]
    return f"threads wait for each other: {', '.join(present)}"


def _vendor() -> str:
    """Return who made the processor, as Linux names them, or an empty string."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            named = (line.partition(":")[2].strip() for line in file if "vendor_id" in line)
            return next(named, "")
    except OSError:
        return ""
