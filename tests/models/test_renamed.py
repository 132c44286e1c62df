"""A model of one's own keeps working for a version with the former names."""

import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from genmodels import api, config
from genmodels.config import components
from genmodels.data.images import Batch
from genmodels.errors import InputError, Note
from genmodels.models import Autoencoder
from genmodels.models.base import Terms

BATCH = Batch(torch.rand(2, 1, 8, 8))


@pytest.fixture
def former() -> type[Autoencoder]:
    with pytest.warns(Note) as notes:

        class Former(Autoencoder):
            free = ("mmd",)

            def held_out(self, batch: Batch) -> Terms:
                return {**super().held_out(batch), "twice": torch.tensor(2.0)}

    assert [str(note.message) for note in notes] == [
        "Former.held_out is called validation_metrics and Former.free is called adjustable now; "
        "rename them"
    ]
    return Former


def test_former_definitions_are_used_with_one_note(former: type[Autoencoder]) -> None:
    model = former((1, 8, 8))
    terms = model.validation_metrics(BATCH)  # calls the former name of the base class's
    assert set(terms) == {"squared_error", "twice"}
    assert former.adjustable == ("mmd",)


def test_former_calls_are_forwarded() -> None:
    model = Autoencoder((1, 8, 8), conditional=True, class_shares=(0.5, 0.5))
    labels = torch.tensor([0, 1])
    with pytest.warns(Note, match="conditioning"):
        assert model.known(labels) == model.conditioning(labels)


@pytest.mark.parametrize("kind", ["AAE", "BiGAN"])
def test_former_settings_keep_their_meaning_and_are_noted_once(kind: str) -> None:
    components.note_renamed.cache_clear()
    network = {"hidden": [6], "activation": "relu"}
    former, new = ({"class": kind, name: network} for name in ("judge", "discriminator"))
    with pytest.warns(Note, match=r"`model\.judge` is called discriminator now") as notes:
        settings = [config.resolve([{"model": former}], "mine") for _ in range(2)]
    assert len(notes) == 1
    assert settings == [config.resolve([{"model": new}], "mine")] * 2
    model = components.build(former, config.MODELS, image_shape=(1, 8, 8))
    assert any(layer.out_features == 6 for layer in model.modules() if isinstance(layer, nn.Linear))


def test_several_former_settings_have_one_note(monkeypatch: pytest.MonkeyPatch) -> None:
    components.note_renamed.cache_clear()
    monkeypatch.setattr(Autoencoder, "former_settings", (("old", "mmd"), ("older", "code_weight")))
    former = [
        {"class": "Autoencoder", **given} for given in ({"old": 0.5}, {"old": 0.0, "older": 1.0})
    ]
    with pytest.warns(Note) as notes:
        first, second = (config.resolve([{"model": model}], "mine").model for model in former)
    assert (first["mmd"], second["code_weight"]) == (0.5, 1.0)
    assert [str(note.message) for note in notes] == [
        "`model.old` is called mmd now; rename it",
        "`model.old` is called mmd and `model.older` is called code_weight now; rename them",
    ]


def test_a_setting_under_both_names_is_refused() -> None:
    both = {"class": "AAE", "judge": {"hidden": [6]}, "discriminator": {"hidden": [7]}}
    with pytest.raises(InputError, match=r"model\.judge: unknown key"):
        config.resolve([{"model": both}], "mine")


def test_former_modules_work_with_a_note(tmp_path: Path) -> None:
    (tmp_path / "old_model.py").write_text(
        "from genmodels.models import Model\n"
        "from genmodels.ranges import Count, Rest, Whole\n\n\n"
        "class Mine(Model):\n"
        "    def __init__(self, image_shape, latent_dim: Count = 4, extra: Whole = 0):\n"
        "        super().__init__(image_shape, latent_dim)\n\n"
        "    def phases(self):\n"
        "        return []\n\n"
        "    def decode(self, latents, labels=None):\n"
        "        return latents\n"
    )
    (tmp_path / "mine.yaml").write_text(
        "model: {class: old_model.Mine, latent_dim: 3}\ndata: {name: glyphs}\n"
    )
    sys.modules.pop("genmodels.ranges", None)
    with pytest.warns(Note, match=r"genmodels\.ranges is called genmodels\.config\.number_types"):
        settings = config.read(tmp_path / "mine.yaml")
    assert settings.model["extra"] == 0
    sys.modules.pop("genmodels.verbs", None)
    with pytest.warns(Note, match=r"genmodels\.verbs is called genmodels\.api"):
        from genmodels import verbs
    assert verbs.verify is api.verify


def test_former_attributes_are_read_with_a_note() -> None:
    model = Autoencoder((1, 8, 8))
    with pytest.warns(Note, match="free is called adjustable"):
        assert model.free == model.adjustable


def test_a_former_attribute_is_read_from_the_class_too() -> None:
    with pytest.warns(Note, match="free is called adjustable"):
        assert (*Autoencoder.free, "more") == (*Autoencoder.adjustable, "more")


@pytest.mark.parametrize(
    ("first", "second"), [("judge", "discriminator"), ("discriminator", "judge")]
)
def test_a_former_setting_in_one_layer_and_the_new_one_in_another(first: str, second: str) -> None:
    components.note_renamed.cache_clear()
    layers = [{"model": {name: {"class": "MLP", "hidden": [size]}}} for name, size in
              ((first, 4), (second, 8))]  # fmt: skip
    with pytest.warns(Note, match=r"`model\.judge` is called discriminator now"):
        settings = config.read("pytorch-gan/aae.yaml", layers)
    discriminator = settings.model["discriminator"]
    assert isinstance(discriminator, dict)
    assert discriminator["hidden"] == [8]
