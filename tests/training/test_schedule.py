"""The learning rate over time, against its formula."""

import pytest

from genmodels.config.settings import Schedule
from genmodels.training.schedule import factor


def test_cosine_and_warm_up_do_not_know_the_limit() -> None:
    schedule = Schedule(warmup=4, steps=100)
    factors = [factor(schedule, step) for step in (0, 4, 50, 100, 1000)]
    assert factors[0] == pytest.approx(0.2)
    assert factors[2] == pytest.approx(0.5)
    assert factors[3] == factors[4] == pytest.approx(0)
    assert factor(Schedule(), 10**6) == 1
