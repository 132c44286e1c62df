"""Figures that matplotlib draws, and films."""

import dataclasses
import io
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image

from genmodels.comparison.entry import Entry, Result
from genmodels.comparison.judges import Judge
from genmodels.comparison.result import Comparison
from genmodels.data import pictures
from genmodels.evaluation.metrics.scores import Scored
from genmodels.evaluation.protocol import Evaluation
from genmodels.evaluation.weights import Point, WeightsChoice
from genmodels.report import charts, figures
from genmodels.training import curves

pytestmark = pytest.mark.drawn
NAMES = [r"$\no$", "$", "$a_b$", r"a\$b$", "模型 🙂", "<b>&amp;", '"><script>x()</script>', "]]>"]
PICTURE, PAIRS = torch.zeros(1, 1, 2, 2), torch.zeros(1, 2, 1, 2, 2)
RECORDS = [
    {"images": 10.0**n, "train.a.loss": 1.0 / n, "train.a.very_long_name": n, "test.loss": 2.0 / n}
    for n in range(1, 5)
]


def comparison(*names: str) -> Comparison:
    """A comparison of models of these names, on two classes of the first two names."""

    def evaluation(number: int) -> Evaluation:
        points = [Point(n, 10**n, 2.0**n, (9.0 + number) / n) for n in range(1, 5)]
        scored = Scored({}, {}, [0.1 * number, 1 - 0.1 * number])
        weights = [WeightsChoice("last", 4, 1.0, PICTURE)]
        return Evaluation({"fd_x": 1.0}, {}, "last", weights, points, scored, PAIRS, {})

    entries = [
        Entry(name, [Result(seed, "", evaluation(number)) for seed in range(2)], [], {})
        for number, name in enumerate(names)
    ]
    floor = Scored({"fd_x": 0.5}, {}, [])
    protocol: Any = {}
    judges = [Judge("x", "0", "fd_x")]
    return Comparison("made up", protocol, judges, PICTURE, {}, [0.5, 0.5], names[:2],
                      {"floor": floor}, {}, entries)  # fmt: skip


def drawn_charts(made: Comparison) -> dict[str, str]:
    return {name: file.decode() for name, file in charts.of_comparison(made).items()}


@pytest.mark.parametrize("name", NAMES)
def test_names_are_no_formulas_and_need_no_letters_of_one_font(name: str, tmp_path: Path) -> None:
    figure = Figure()
    figures.show(figure.subplots(), torch.zeros(2, 1, 4, 4), name, 2)
    curves.save(figure, tmp_path / "a.png")
    records = [{"images": 1.0, f"train.{name}.loss": 1.0, f"train.{name}.{name}": 1.0}]
    curves.save_curves(records, tmp_path / "b.png", name)


def test_charts_have_names_as_text_and_nothing_that_a_name_adds() -> None:
    plain, given = drawn_charts(comparison("a", "b", *"cdefgh")), drawn_charts(comparison(*NAMES))
    assert plain.keys() == {
        "ranking-fd_x.svg",
        "fd-over-images.svg",
        "fd-over-seconds.svg",
        "classes.svg",
    }
    for chart, text in given.items():
        root = ElementTree.fromstring(text)
        elements = [element.tag for element in root.iter()]
        assert elements == [e.tag for e in ElementTree.fromstring(plain[chart]).iter()]
        written = [e.text for e in root.iter("{http://www.w3.org/2000/svg}text")]
        assert set(NAMES) <= {*written}


def test_a_control_character_leaves_a_chart_readable() -> None:
    for text in drawn_charts(comparison("a\x1bb", "c\ud800")).values():
        assert r"a\x1bb" in text
        ElementTree.fromstring(text)


def test_long_names_are_wrapped_in_a_chart() -> None:
    name = "a long name of many words " * 8
    for text in drawn_charts(comparison(name, "b")).values():
        lines = re.findall(r">([^<>\n]+)</text>", text)
        assert max(map(len, lines)) <= charts.NAME
        assert re.sub(r"\s", "", name) in re.sub(r"\s", "", "".join(lines))


def test_charts_of_many_models_have_room_for_a_long_legend() -> None:
    many = drawn_charts(comparison(*(f"model {number}" for number in range(40))))
    heights = [int(re.findall(r'viewBox="0 0 400 (\d+)', text)[0]) for text in many.values()]
    assert min(heights) > 40 * 20


def test_every_colour_of_a_chart_is_made_for_light_and_dark_pages() -> None:
    for text in drawn_charts(comparison(*NAMES)).values():
        used = {*re.findall(r': (#\w{6})[;"]', re.sub(r"<style.*?</style>", "", text, flags=re.S))}
        assert used <= {*charts.DARK, *curves.COLOURS}
        assert {charts.INK, charts.PAGE} <= used
        assert f'[style*="fill: {charts.PAGE}"]' in text


def test_equal_comparisons_have_equal_charts() -> None:
    assert drawn_charts(comparison("a", "b")) == drawn_charts(comparison("a", "b"))


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.9, 120, [1, 3, 10, 30, 100]),
        (4, 60, [5, 10, 20, 50]),
        (1e-3, 1e9, [1e-3, 1, 1e3, 1e6, 1e9]),
        (1.08, 1.42, [1.1, 1.2, 1.3, 1.4]),
    ],
)
def test_a_logarithmic_axis_has_a_few_round_numbers(low: float, high: float, ticks: Any) -> None:
    found = charts.log_ticks(low, high)
    assert found == pytest.approx(ticks)
    assert len(found) <= charts.TICKS


def test_numbers_of_an_axis_are_short() -> None:
    values = (0, 0.25, 20, 999, 1500, 60_000, 2.5e6, 3e9, -2000, 1.5e12, -1e24)
    shown = ["0", "0.25", "20", "999", "1.5k", "60k", "2.5M", "3G", "-2k", "1.5e+12", "-1e+24"]
    assert [curves.compact(value) for value in values] == shown


def test_a_model_without_a_distance_stands_below_those_with_one() -> None:
    made = comparison("silent", "far", "near")
    for entry, distance in zip(made.entries, (None, 9.0, 0.0), strict=True):
        for result in entry.results:
            numbers: Any = result.evaluation.numbers
            numbers |= {} if distance is None else {"fd_y": distance}
    judges = [*made.judges, Judge("y", "1", "fd_y")]
    floor = {"floor": Scored({"fd_x": 0.5, "fd_y": 0.5}, {}, [])}
    made = dataclasses.replace(made, judges=judges, baselines=floor)
    assert [entry.name for entry in made.ranked("fd_y")] == ["near", "far", "silent"]
    assert [entry.name for entry in made.ranked()] == ["silent", "far", "near"], "all have 1"
    drawn = drawn_charts(made)["ranking-fd_y.svg"]
    assert drawn.index(">near<") < drawn.index(">far<") < drawn.index(">silent<")


def test_more_phases_than_colours_repeat_these(tmp_path: Path) -> None:
    names = [f"phase {number}" for number in range(len(curves.COLOURS) + 2)]
    record = {"images": 1.0, "seconds": 1.0, **{f"train.{name}.loss": 1.0 for name in names}}
    made = comparison("a")
    frames = {"perturbation": torch.zeros(1, 2, 1, 4, 4)}
    entry = dataclasses.replace(made.entries[0], records=[record], frames=frames)
    figures.save_comparison(dataclasses.replace(made, entries=[entry]), tmp_path / "a.png")
    assert (tmp_path / "a.png").is_file()


def test_copies_have_a_panel_beside_the_losses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Figure] = []
    monkeypatch.setattr(curves, "save", lambda figure, path: drawn.append(figure))
    copies = [
        {"images": 10.0, "copies.samples": 0.0, "copies.held_out": 0.01},
        {"images": 100.0, "copies.samples": 0.5, "copies.held_out": 0.01},
    ]
    curves.save_curves(RECORDS, tmp_path / "a.png", "x")
    curves.save_curves(RECORDS, tmp_path / "a.png", "x", copies)
    curves.save_curves(RECORDS, tmp_path / "a.png", "x", [{"images": 10.0, "copies.samples": 0.0}])
    assert [[panel.get_title("left") for panel in figure.axes] for figure in drawn] == [
        ["x · a"], ["x · a", "x · copies"], ["x · a", "x · copies"],
    ]  # fmt: skip
    samples, held_out = drawn[1].axes[1].lines
    assert np.array_equal(samples.get_xydata(), [(10, 0), (100, 50)])
    assert np.array_equal(held_out.get_xydata(), [(10, 1), (100, 1)])
    assert len(drawn[2].axes[1].lines) == 1


@pytest.mark.parametrize(
    ("steps", "shown"), [(30, [0, 3, 6, 10, 13, 16, 19, 23, 26, 29]), (2, [0, 1])]
)
def test_a_film_has_a_row_for_each_path_from_its_first_frame_to_its_last(
    steps: int, shown: list[int]
) -> None:
    greys = torch.arange(2 * steps).view(2, steps, 1, 1, 1) / (2 * steps)
    made = comparison("a")
    entry = dataclasses.replace(
        made.entries[0], frames={"interpolation": greys.expand(-1, -1, 1, 4, 4)}
    )
    drawn = figures.of_comparison(dataclasses.replace(made, entries=[entry]))
    film = np.asarray(Image.open(io.BytesIO(drawn["interpolation-film-0.png"])))
    distance = 4 + pictures.GAP
    centres = film[pictures.GAP + 1 :: distance, pictures.GAP + 1 :: distance]
    expected = (greys.flatten(1)[:, shown] * 255).round()
    assert np.array_equal(centres, expected.numpy())


def test_no_legend_covers_a_line() -> None:
    figure = Figure(figsize=(6.8, 3.6), layout="constrained")
    panel = figure.subplots()
    curves.draw_phase(panel, RECORDS, "a", first=True)
    figure.draw_without_rendering()
    legend, axes = panel.get_legend(), panel.get_window_extent()
    assert legend is not None
    beside = legend.get_window_extent()
    assert len(legend.get_texts()) == 3
    assert axes.x1 <= beside.x0 < beside.x1 <= figure.bbox.x1
