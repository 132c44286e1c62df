"""Real images with features, which tests of metrics share."""

import platformdirs
import pytest

from genmodels import data
from genmodels.data.images import TEST, silent
from genmodels.evaluation import reference
from genmodels.evaluation.features import untrained
from genmodels.evaluation.reference import Reference


@pytest.fixture(scope="session")
def glyphs_reference(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    cache = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(platformdirs, "user_cache_path", lambda *names, **options: cache)
        images = data.load("glyphs")
        extractor = untrained.extractor(images, silent)
        return reference.of(images, extractor, images.count(TEST), silent)
