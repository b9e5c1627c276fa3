"""The decoders that ratelab has, by name."""

from ratelab._errors import UserError, suggestion
from ratelab.networks._float_decoder import FloatDecoder
from ratelab.networks._grade_code import Decoder
from ratelab.networks._lattice_decoder import LatticeDecoder
from ratelab.networks._sine_decoder import SineDecoder
from ratelab.networks._table_decoder import TableDecoder

_DECODERS: dict[str, type[Decoder]] = {
    kind.name: kind for kind in (SineDecoder, LatticeDecoder, FloatDecoder, TableDecoder)
}
"""By name."""

DECODERS = tuple(_DECODERS)
"""Their names."""


def decoder(choice: str | Decoder) -> Decoder:
    """Return the decoder of a name, or what was given if it offers `Decoder` already.

    Parameters
    ----------
    choice
        ``closed-form``, ``lattice``, ``float64``, ``table``, or an object.

    Raises
    ------
    UserError
        If there is no decoder of that name, or the object does not offer `Decoder`.
    """
    if isinstance(choice, str):
        if choice not in _DECODERS:
            raise UserError(f"there is no decoder '{choice}'; {suggestion(choice, _DECODERS)}")
        return _DECODERS[choice]()
    if isinstance(choice, type) or not isinstance(choice, Decoder):
        raise UserError(
            f"{choice!r} is no decoder: give one of {', '.join(_DECODERS)}, or an object with name, most_cells, "
            "inner and encode"
        )
    return choice
