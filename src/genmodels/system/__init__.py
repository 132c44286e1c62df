"""The machine and the process: device, randomness, memory, signals, files, other processes."""

from genmodels.system.tuning import tune_cpu

__all__ = ["tune_cpu"]
