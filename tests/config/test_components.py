"""The constructor is the schema."""

import sys
import types
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

import pytest

from genmodels.config import components
from genmodels.errors import InputError

NAMESPACE = "made_up_shapes"
SHAPES = components.ClassPlace(NAMESPACE)


@runtime_checkable
class Brush(Protocol):
    """A part that a shape is drawn with."""

    def draw(self) -> str: ...


@dataclass(frozen=True)
class Pen:
    """Draws."""

    width: float = 1.0

    def draw(self) -> str:
        return f"pen {self.width}"


class Circle:
    """A circle. It is round.

    More of it.
    """

    def __init__(self, scale: int, radius: float = 2.0, fill: Literal["none", "full"] = "none",
                 brush: Brush = Pen()) -> None:  # fmt: skip
        self.scale, self.radius, self.fill, self.brush = scale, radius, fill, brush


@pytest.fixture(autouse=True)
def package(monkeypatch: pytest.MonkeyPatch) -> None:
    made: Any = types.ModuleType(NAMESPACE)
    made.__all__ = ["Circle", "Brush"]
    made.Circle, made.Brush, made.Pen = Circle, Brush, Pen
    monkeypatch.setitem(sys.modules, NAMESPACE, made)
    brushes: Any = types.ModuleType(__name__)
    brushes.__all__, brushes.Brush, brushes.Pen = ["Brush", "Pen"], Brush, Pen
    monkeypatch.setitem(sys.modules, __name__, brushes)


def test_defaults_are_written_out() -> None:
    spec = components.complete({"class": "Circle", "radius": 3}, SHAPES, ["scale"])
    brush = {"class": "Pen", "width": 1.0}
    assert spec == {"class": "Circle", "radius": 3, "fill": "none", "brush": brush}
    assert components.problems(spec, SHAPES, "model", ["scale"]) == []


def test_build_hands_over_what_the_class_takes() -> None:
    spec = {"class": "Circle", "brush": {"class": "Pen", "width": 2.0}}
    circle = components.build(spec, SHAPES, scale=4, colours=3)
    assert (circle.scale, circle.radius, circle.brush) == (4, 2.0, Pen(2.0))


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        (None, "model: is None; give a mapping with 'class': one of Circle"),
        ({"radius": 1.0}, "model: is {'radius': 1.0}; give a mapping with 'class'"),
        ({"class": "Circel"}, "model.class: unknown class 'Circel' (did you mean 'Circle'?)"),
        ({"class": "Circle", "radios": 1}, "model.radios: unknown key (did you mean 'radius'?)"),
        ({"class": "Circle", "radius": "1"}, "model.radius: is '1'; give a number"),
        ({"class": "Circle", "fill": "half"}, "model.fill: is 'half'; give 'none' or 'full'"),
        ({"class": "Circle", "scale": 3}, "model.scale: unknown key"),
        ({"class": "Circle", "brush": {"class": "Pne"}}, "model.brush.class: unknown class 'Pne'"),
        ({"class": "Circle", "brush": {"class": "Pen", "w": 1}}, "model.brush.w: unknown key"),
    ],
)
def test_problems(spec: Any, problem: str) -> None:
    (found,) = components.problems(spec, SHAPES, "model", ["scale"])
    assert found.startswith(problem)


def test_what_is_not_given_is_missing() -> None:
    assert components.problems({"class": "Circle"}, SHAPES, "m") == [
        "m.scale: is missing; give a value"
    ]


def test_protocols_are_no_classes() -> None:
    assert list(SHAPES.classes()) == ["Circle"]
    with pytest.raises(InputError, match="unknown class 'Brush'"):
        components.find_class("Brush", SHAPES)


def test_described_takes_the_first_paragraph() -> None:
    ((name, sentence, settings),) = components.described(SHAPES, ["scale"])
    assert (name, sentence) == ("Circle", "A circle. It is round.")
    assert list(settings) == ["radius", "fill", "brush"]
