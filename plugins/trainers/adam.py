"""Adam, full batch, all networks of a job at once."""

from collections.abc import Sequence

from ratelab import Family, hookimpl
from ratelab.registry import Trainer
from ratelab.training import Adam


@hookimpl
def ratelab_trainers() -> Sequence[Family[Trainer]]:
    return [Family("adam", Adam, summary="full-batch Adam with cosine decay, best iterate kept")]
