"""The examples in docstrings run as they stand, beside the run that they speak of."""

import doctest
import pkgutil
from collections.abc import Iterator
from importlib import import_module

import pytest

import genmodels
from genmodels import Run, api

# The program, and former names that give a note when they are imported.
OTHERS = {"genmodels.__main__", "genmodels.ranges", "genmodels.verbs"}


def examples() -> Iterator[doctest.DocTest]:
    """The examples of every module that has some."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    for found in pkgutil.walk_packages(genmodels.__path__, "genmodels."):
        if found.name in OTHERS:
            continue
        module = import_module(found.name)
        yield from (test for test in finder.find(module) if test.examples)


EXAMPLES = {test.name.removeprefix("genmodels."): test for test in examples()}
SLOW = {"api.comparison.compare"}


@pytest.mark.usefixtures("known_features")
@pytest.mark.parametrize(
    "example",
    [
        pytest.param(test, id=name, marks=[pytest.mark.slow] if name in SLOW else [])
        for name, test in sorted(EXAMPLES.items())
    ],
)
def test_an_example_runs(example: doctest.DocTest, first: Run) -> None:
    said: list[str] = []
    result = doctest.DocTestRunner(verbose=False).run(example, out=said.append)
    assert result.attempted == len(example.examples)
    assert result.failed == 0, "".join(said)


def test_every_public_function_has_an_example() -> None:
    shown = {name.rpartition(".")[2] for name in EXAMPLES}
    assert {*api.__all__} - {"Comparison", "Finding", "Overrides"} <= shown
