"""Progress of long work: a bar on a terminal, plain lines otherwise."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ratelab.registry import Progress

_SECONDS_BETWEEN_LINES = 10.0


@contextmanager
def progress(what: str) -> Iterator[Progress]:
    """Yield a callback (done, total) that reports on standard error."""
    if sys.stderr.isatty():
        from tqdm import tqdm

        with tqdm(desc=what, leave=False) as bar:

            def show(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            yield show
        return
    last = time.monotonic()

    def line(done: int, total: int) -> None:
        nonlocal last
        if done >= total or time.monotonic() - last > _SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            print(f"{what}: {done} of {total}", file=sys.stderr, flush=True)

    yield line
