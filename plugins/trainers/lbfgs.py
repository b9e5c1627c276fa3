"""Limited-memory BFGS, full batch."""

from collections.abc import Sequence

from ratelab import Family, hookimpl
from ratelab.registry import Trainer
from ratelab.training import LBFGS


@hookimpl
def ratelab_trainers() -> Sequence[Family[Trainer]]:
    return [Family("lbfgs", LBFGS, summary="full-batch L-BFGS on all parameters")]
