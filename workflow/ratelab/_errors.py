"""The one exception that a user's input can cause."""

from collections.abc import Iterable


class UserError(Exception):
    """A mistake in what the user gave: names the place, what was found and what is allowed.

    The command line prints the message alone and exits with code 1; everything else is a bug and keeps its
    traceback.
    """


class PrecisionError(UserError):
    """Floats cannot answer, and say so instead of returning noise."""


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return ``did you mean 'x'?`` for the nearest known word, else the list of what is known."""
    from difflib import get_close_matches

    near = get_close_matches(word, list(known), n=1)
    if near:
        return f"did you mean '{near[0]}'?"
    return "known: " + (", ".join(sorted(known)) or "nothing")
