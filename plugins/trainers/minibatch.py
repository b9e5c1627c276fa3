"""Adam on small batches."""

from collections.abc import Sequence

from ratelab import Family, hookimpl
from ratelab.registry import Trainer
from ratelab.training import MiniBatchAdam


@hookimpl
def ratelab_trainers() -> Sequence[Family[Trainer]]:
    return [
        Family(
            "minibatch", MiniBatchAdam, summary="Adam on small batches, with an exponentially falling rate"
        )
    ]
