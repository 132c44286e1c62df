"""The learning rate over time."""

import math

from genmodels.config.settings import Schedule


def factor(schedule: Schedule, step: int) -> float:
    """Return the factor of the learning rate at a step, counted from 0.

    A linear warm-up, then one cosine period to zero: Loshchilov & Hutter (2017), equation 5.
    """
    warm = min(1.0, (step + 1) / (schedule.warmup + 1))
    if schedule.steps is None:
        return warm
    return warm * 0.5 * (1 + math.cos(math.pi * min(1.0, step / schedule.steps)))
