"""A network against the strips around a function, piece by piece, in balls."""

from collections.abc import Callable

from flint import ctx

from ratelab.best._sup_norm_strips import Strips
from ratelab.exact._ball_pieces import BallPiece, ball_pieces
from ratelab.networks import Network

_PRECISION = 128


def bounds_by_piece(
    network: Network, strips: Strips, bound: Callable[[Network, BallPiece, Strips], float]
) -> list[float] | None:
    """Return what `bound` says of each piece of a piecewise affine network, or None if its pieces cannot be proved.

    Parameters
    ----------
    network
        One input, one output.
    strips
        They cover the interval that the pieces are taken on.
    bound
        Called in the precision that balls need here.
    """
    former = ctx.prec
    ctx.prec = _PRECISION
    try:
        pieces = ball_pieces(network, float(strips.edges[0]), float(strips.edges[-1]))
        if pieces is None or any(p.polynomial is not None and p.polynomial.degree() > 1 for p in pieces):
            return None
        return [bound(network, piece, strips) for piece in pieces]
    finally:
        ctx.prec = former
