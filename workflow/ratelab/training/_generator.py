"""Random numbers from named axes: the same names give the same numbers, whatever else is drawn."""

import hashlib

import numpy as np


def generator(*names: str | int) -> np.random.Generator:
    """Return a random generator that depends on the names alone.

    Parameters
    ----------
    names
        For instance ``("initial", layout.key, seed)``; whole numbers and strings are told apart.
    """
    text = "\x1f".join(f"{type(name).__name__}:{name}" for name in names)
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
