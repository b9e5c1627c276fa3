"""Shared by all tests: one thread, and hypothesis without deadlines."""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

from hypothesis import settings  # noqa: E402  (threads are set first)

settings.register_profile("ratelab", deadline=None, max_examples=50, derandomize=True)
settings.load_profile("ratelab")
