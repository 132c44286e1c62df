"""What is the same for all evaluations of a comparison, and one of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import compress
from pathlib import Path
from typing import Any

import torch

from genmodels import runs
from genmodels.comparison import judges
from genmodels.comparison.kept import Kept, Subject
from genmodels.config.data_settings import Data
from genmodels.console import Display
from genmodels.data.given import GivenImages
from genmodels.data.images import Images
from genmodels.errors import InputError
from genmodels.evaluation import baselines, judgement, protocol, reference
from genmodels.evaluation.draws import DrawProgress
from genmodels.evaluation.features.extractor import BLOCK
from genmodels.evaluation.judgement import Judgement
from genmodels.evaluation.metrics.scores import Scored
from genmodels.evaluation.protocol import Evaluation
from genmodels.evaluation.reference import Reference
from genmodels.system import device as devices
from genmodels.system.tuning import tune_cpu
from genmodels.training import session


@dataclass(frozen=True)
class Parts:
    """An evaluation in parts: what each judge says. A part is None where it is missing.

    Attributes:
        first: the evaluation by the first judge, which gives all numbers.
        further: the judgement of each further judge, in their order.
    """

    first: Evaluation | None
    further: Sequence[Judgement | None]

    def __iter__(self) -> Iterator[Evaluation | Judgement | None]:
        return iter([self.first, *self.further])

    def filled(self, other: "Parts") -> "Parts":
        """Return these parts, and those of another in the place of missing ones."""
        pairs = zip(self.further, other.further, strict=True)
        return Parts(self.first or other.first, [one or another for one, another in pairs])

    @property
    def whole(self) -> Evaluation | None:
        """The evaluation with the numbers of all judges; None if a part is missing."""
        found = [each for each in self.further if each is not None]
        if self.first is None or len(found) < len(self.further):
            return None
        numbers, undefined = judgement.joined(self.first.numbers, self.first.undefined, found)
        influence = dict(self.first.influence)
        for each in found:
            influence |= each.influence
        return replace(self.first, numbers=numbers, undefined=undefined, influence=influence)


@dataclass(frozen=True)
class Request:
    """What is the same for all evaluations of a comparison.

    Attributes:
        data: where the real images are and how they are read: settings, as JSON.
        data_of: the folder of a run that was trained on these images; empty if there is none.
        count: largest number of test images, and of samples.
        features: names or files of the judges' features.
        seed: of the samples.
        device: the name of the device that samples are generated on.
        threads: CPU threads of an evaluation.
        jobs: how many evaluations run at a time, which their rates depend on.
    """

    data: str
    data_of: str
    count: int
    features: tuple[str, ...]
    seed: int
    device: str
    threads: int
    jobs: int

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> "Request":
        """Rebuild a request from JSON values."""
        return cls(**{**given, "features": tuple(given["features"])})

    def images(self, display: Display) -> Images:
        """Return the images of the data set, and tune this process for their evaluation.

        Raises:
            InputError: they are not those of the run, or too few.
        """
        tune_cpu(devices.choose(self.device))
        images = session.load(Data.model_validate_json(self.data), display)
        if self.data_of:
            folder = runs.Folder(Path(self.data_of))
            if images.fingerprint != folder.fingerprint:
                raise InputError(
                    f"{images.name} now has other images than those {folder.path} was trained on; "
                    "restore them, give others with `data`, or train again"
                )
        reference.check(images)
        return images

    def references(self, images: Images, display: Display) -> list[Reference]:
        """Return the real images with the features of each judge, the first judge's first.

        Raises:
            InputError: there are no such features.
        """
        return [
            reference.of(images, each, self.count, display.reading)
            for each in judges.extractors(self.features, images, display)
        ]

    def kept(self, references: Sequence[Reference]) -> list[Kept]:
        """Return what each judge said before, with these settings and real images."""
        common = asdict(replace(self, data_of="", features=()))
        return [
            Kept({
                **common,
                "data": judge.images.fingerprint,
                "features": [judge.extractor.name, judge.extractor.hash],
                "first": judge is references[0],  # then it gave all numbers
            })
            for judge in references
        ]  # fmt: skip

    def find(self, subject: Subject, references: Sequence[Reference]) -> Parts:
        """Return the parts of the evaluation of a run or of given images that are kept."""
        first, *further = self.kept(references)
        return Parts(first.find(subject), [each.find_judgement(subject) for each in further])

    def evaluate(
        self, subject: Subject, references: Sequence[Reference], progress: DrawProgress
    ) -> Evaluation:
        """Evaluate a run or given images by all judges, and keep the parts that were missing.

        Raises:
            InputError: a run has no checkpoint, or its images are not finite.
        """
        kept = self.kept(references)
        places = [each.place(subject) for each in kept]
        known = self.find(subject, references)  # now: its training may have gone on meanwhile
        made = self._missing(subject, references, known, progress)
        for each, part, place in zip(kept, made, places, strict=True):
            if part is not None:
                each.keep(subject, part, place)
        whole = known.filled(made).whole
        assert whole is not None, "every missing part is made"
        return whole

    def _missing(
        self,
        subject: Subject,
        references: Sequence[Reference],
        known: Parts,
        progress: DrawProgress,
    ) -> Parts:
        """Make the parts of an evaluation that are missing, of the same samples."""
        first, *further = references
        is_missing = [part is None for part in known.further]
        missing = list(compress(further, is_missing))
        evaluation: Evaluation | None = None
        if isinstance(subject, GivenImages):
            if known.first is None:
                evaluation = protocol.evaluate_images(subject, first)
            made = [judgement.of_images(judge, subject.blocks(BLOCK)) for judge in missing]
        else:
            split = first.with_validation(subject.settings.data.validation)
            where = (self.seed, torch.device(self.device), progress)
            if known.first is None:
                evaluation, made = protocol.evaluate(subject, split, missing, *where)
            else:
                made = judgement.of_run(subject, split, missing, *where)
        each = iter(made)
        return Parts(evaluation, [next(each) if new else None for new in is_missing])

    def find_baseline(self, name: str, references: Sequence[Reference]) -> Scored | None:
        """Return the scores of a baseline by all judges; None if some have to be made."""
        found = [each.find_baseline(name) for each in self.kept(references)]
        known = [scored for scored in found if scored is not None]
        return _joined(known) if len(known) == len(found) else None

    def score(self, name: str, references: Sequence[Reference]) -> Scored:
        """Score a baseline by all judges, and keep the scores that were missing."""
        found = []
        for kept, judge in zip(self.kept(references), references, strict=True):
            scored = kept.find_baseline(name)
            if scored is None:
                score = baselines.score if judge is references[0] else judgement.score
                scored = baselines.SCORES[name](judge, score)
                kept.keep_baseline(name, scored)
            found.append(scored)
        return _joined(found)


def _joined(found: Sequence[Scored]) -> Scored:
    first, *further = found
    numbers, undefined = judgement.joined(first.numbers, first.undefined, further)
    return replace(first, numbers=numbers, undefined=undefined)
