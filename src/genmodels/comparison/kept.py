"""Evaluations, judgements and accuracies of classifiers, in the cache folder of the user.

A file is named by a hash of all that its numbers depend on: weights, log and snapshots of the run,
or the given images; real images, features, settings, versions, machine and the code of
genmodels. So what is found is what would be computed again.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from genmodels import runs
from genmodels.comparison import transport
from genmodels.config import custom_code
from genmodels.data.given import GivenImages
from genmodels.evaluation.judgement import Judgement
from genmodels.evaluation.metrics.scores import Scored
from genmodels.evaluation.protocol import Evaluation
from genmodels.evaluation.utility import Accuracies
from genmodels.runs import checkpoint
from genmodels.system import cache, files, provenance

FOLDER = "evaluations"  # of the cache
LIMIT = 2**30  # bytes of all files; those that were not read for the longest time are deleted

Kind = TypeVar("Kind")
Subject = runs.Folder | GivenImages  # what has an evaluation
SetAccuracies = Mapping[str, Accuracies]  # training set → what its classifiers do


@dataclass(frozen=True)
class Kept:
    """What is kept under one protocol: what one judge said, or accuracies of classifiers.

    Attributes:
        protocol: what is the same for all of it, as JSON values; of a judge's numbers also its
            features.
    """

    protocol: Mapping[str, object]

    def place(self, subject: Subject | None) -> Path | None:
        """Return the file of a subject as it is now; None if it has none.

        Args:
            subject: a run or given images; None for the real images.
        """
        return self._path({"images": "real"} if subject is None else _described(subject))

    def find(self, subject: Subject) -> Evaluation | None:
        """Return the evaluation of a run or of given images; None if it has to be made."""
        return _read(self.place(subject), transport.evaluation)

    def find_judgement(self, subject: Subject) -> Judgement | None:
        """Return a further judge's numbers of a subject; None if they have to be made."""
        return _read(self.place(subject), transport.judgement)

    def find_accuracies(self, subject: Subject | None) -> SetAccuracies | None:
        """Return the accuracies of classifiers; None if these have to be trained.

        Args:
            subject: whose samples they learn from; None for classifiers of real images alone.
        """
        return _read(self.place(subject), transport.accuracies)

    def keep(
        self,
        subject: Subject | None,
        made: Evaluation | Judgement | SetAccuracies,
        place: Path | None,
    ) -> None:
        """Keep the evaluation of a run or of given images, a judgement of it, or accuracies.

        Args:
            subject: what was evaluated.
            made: its evaluation, judgement or accuracies.
            place: where it belonged before the evaluation. If it belongs elsewhere now, for example
                because training has gone on, nothing is kept.
        """
        if place == self.place(subject):
            _write(place, made)

    def find_baseline(self, name: str) -> Scored | None:
        """Return the scores of a baseline; None if they have to be made."""
        return _read(self._path({"baseline": name}), transport.scored)

    def keep_baseline(self, name: str, made: Scored) -> None:
        """Keep the scores of a baseline."""
        _write(self._path({"baseline": name}), made)

    @cached_property
    def _common(self) -> Mapping[str, object]:
        return {**self.protocol, "made by": provenance.maker()}

    def _path(self, subject: Mapping[str, object] | None) -> Path | None:
        if subject is None:
            return None
        text = json.dumps({**self._common, **subject}, sort_keys=True)
        return cache.path(FOLDER) / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.json"


def _described(run: Subject) -> Mapping[str, object] | None:
    """Return what an evaluation depends on.

    None if a checkpoint has no hash, or if the model is the user's own code: it may import other
    modules, which are not known here.
    """
    if isinstance(run, GivenImages):
        return {"images": run.digest}
    newest = run.checkpoint_paths()[-1]
    weights = [checkpoint.digest(path) for path in (newest, *run.snapshot_paths())]
    if None in weights or any((run.path / custom_code.FOLDER).rglob("*.py")):
        return None
    texts = [run.log_path, run.config_path, run.environment_path]
    return {"weights": weights, "files": [_hash(path) for path in texts]}


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _read(path: Path | None, parse: Callable[[Mapping[str, object]], Kind]) -> Kind | None:
    """Return the content of a file; None if there is none, or if it is damaged."""
    if path is None or not path.is_file():
        return None
    try:
        digest, _, content = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    if digest != hashlib.sha256(content).hexdigest().encode():
        return None
    with suppress(OSError):  # a folder that cannot be written
        path.touch()
    return parse(json.loads(content))


def _write(path: Path | None, made: Evaluation | Judgement | SetAccuracies | Scored) -> None:
    if path is None:
        return
    content = json.dumps(made, default=transport.plain).encode()
    content = hashlib.sha256(content).hexdigest().encode() + b"\n" + content
    if cache.keep(path, lambda file: files.write(file, content)):
        cache.trim(path.parent, LIMIT)
