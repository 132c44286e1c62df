"""A model of one's own keeps working for a version with the former names."""

import pytest
import torch

from genmodels.data.images import Batch
from genmodels.errors import Note
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

    texts = [str(note.message) for note in notes]
    assert texts == [
        "Former.held_out is called validation_metrics now; rename it",
        "Former.free is called adjustable now; rename it",
    ]
    return Former


def test_former_definitions_are_used(former: type[Autoencoder]) -> None:
    model = former((1, 8, 8))
    with pytest.warns(Note, match="validation_metrics"):
        terms = model.validation_metrics(BATCH)
    assert set(terms) == {"squared_error", "twice"}
    assert former.adjustable == ("mmd",)


def test_former_calls_are_forwarded() -> None:
    model = Autoencoder((1, 8, 8), conditional=True, class_shares=(0.5, 0.5))
    labels = torch.tensor([0, 1])
    with pytest.warns(Note, match="conditioning"):
        assert model.known(labels) == model.conditioning(labels)
