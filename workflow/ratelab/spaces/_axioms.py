"""The axioms (P1)–(P6) that make approximation spaces of a family linear, checked one by one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import comb, inf, nan
from typing import Literal

import numpy as np

from ratelab._errors import UserError
from ratelab.networks import Network, add, identity, identity_form, power, scale, strict
from ratelab.registry import Activation, PiecewisePolynomial, Target
from ratelab.spaces._families import ApproximationFamily, zero_network
from ratelab.spaces._network_class import tails

Verdict = Literal["holds", "holds up to closure", "fails", "not measurable"]

_DEEPEST = 6
_FEATURES = (4, 64)


@dataclass(frozen=True)
class AxiomCheck:
    """One axiom of one family.

    Parameters
    ----------
    axiom
        ``P1`` … ``P6``.
    statement
        The axiom in symbols.
    verdict
        ``holds`` (proved for the family, and no member tried contradicts), ``holds up to closure``, ``fails`` (with a
        witness) or ``not measurable``.
    measured, proved
        The constant seen and the constant proved, where the axiom has one; else NaN.
    note
        What was tried, the reference or the witness.
    """

    axiom: str
    statement: str
    verdict: Verdict
    measured: float
    proved: float
    note: str


def check_axioms(family: ApproximationFamily, cases: int = 12, seed: int = 0) -> list[AxiomCheck]:
    """Check (P1)–(P6) on members of the family.

    (P1) Σ_0 = {0}; (P2) Σ_n ⊂ Σ_{n+1}; (P3) aΣ_n = Σ_n; (P4) Σ_n + Σ_n ⊂ Σ_{cn}, with the largest c that the sums of
    all pairs of members need and the one that is proved; (P5) density; (P6) existence of best approximants, which
    networks usually lack and nothing needs.

    Parameters
    ----------
    family
        Any.
    cases
        Random members, at least 1; a few extreme ones (affine maps, deep chains) are added.
    seed
        Of the random members.

    Returns
    -------
    Six rows, in order.

    Raises
    ------
    UserError
        If cases or seed are out of range.
    AssertionError
        If a member contradicts a proved axiom: a bug, never a user's mistake.
    """
    for name, value, least in (("cases", cases, 1), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise UserError(f"axioms: {name} is {value!r}; allowed: whole numbers from {least} on")
    drawn = members(family, cases, np.random.default_rng(seed))
    found = [network for network in drawn if family.least_budget(network) > 0]
    checks = [_origin(family), _nested(family, found), _scaling(family, found), _sums(family, found)]
    return [*checks, _density(family, seed), _existence(family)]


def members(family: ApproximationFamily, count: int, generator: np.random.Generator) -> Iterator[Network]:
    """Yield networks of the family, each of some Σ_n: affine maps, chains of one neuron a layer, and random ones."""
    d, k = family.dimension, family.outputs
    eye = np.eye(k, d)
    yield Network.dense([eye], [np.ones(k)])
    deepest = int(min(family.depth.supremum, _DEEPEST))
    for depth in range(2, deepest + 1):
        widths = [d, *[1] * (depth - 1), k]
        weights: list[np.ndarray] = [np.zeros(shape) for shape in zip(widths[1:], widths, strict=False)]
        for weight in weights:
            weight[0, 0] = 1.0
        yield _network(family, weights, generator)
    for _ in range(count):
        depth = int(generator.integers(1, deepest + 1))
        widths = [d, *generator.integers(1, 5, depth - 1).tolist(), k]
        weights = []
        for shape in zip(widths[1:], widths, strict=False):
            weight = generator.integers(-3, 4, shape) * (generator.random(shape) < 0.7) * 1.0
            weight[np.arange(shape[0]), generator.integers(0, shape[1], shape[0])] = 1.0  # no dead rows
            weights.append(weight)
        yield _network(family, weights, generator)


def _network(
    family: ApproximationFamily, weights: list[np.ndarray], generator: np.random.Generator
) -> Network:
    biases = [generator.integers(-2, 3, len(weight)) / 2 for weight in weights]
    units: list[list[Activation]] = []
    for weight in weights[:-1]:
        skip = generator.random(len(weight)) < (0.0 if family.strict else 0.25)
        units.append([identity if s else family.activation for s in skip])
    return Network.dense(weights, biases, units)


def _origin(family: ApproximationFamily) -> AxiomCheck:
    d, k = family.dimension, family.outputs
    one = Network.dense([np.zeros((k, d))], [np.ones(k)])
    assert family.contains(zero_network(d, k), 0) and not family.contains(one, 0)
    assert family.contains(one, 1)
    return AxiomCheck(
        "P1", "Σ_0 = {0}", "holds", nan, nan, "by definition; the constant 1 is in Σ_1, not in Σ_0"
    )


def _nested(family: ApproximationFamily, found: list[Network]) -> AxiomCheck:
    for network in found:
        least = int(family.least_budget(network))
        assert family.contains(network, least) and not family.contains(network, least - 1)
        assert all(family.contains(network, least + more) for more in (1, 2, 7, 100))
    note = f"by definition; {len(found)} members stay members at larger sizes"
    return AxiomCheck("P2", "Σ_n ⊂ Σ_{n+1}", "holds", nan, nan, note)


def _scaling(family: ApproximationFamily, found: list[Network]) -> AxiomCheck:
    worst = max(
        family.least_budget(scale(network, factor)) / family.least_budget(network)
        for network in found
        for factor in (-2.5, 0.5)
    )
    assert worst <= 1
    return AxiomCheck(
        "P3", "aΣ_n = Σ_n for a ≠ 0", "holds", float(worst), 1.0, "the last layer is multiplied"
    )


def _sums(family: ApproximationFamily, found: list[Network]) -> AxiomCheck:
    proved, how = family.sum_constant()
    worst, unmeasured = nan, 0
    for index, first in enumerate(found):
        for second in found[index:]:
            total = _strict_sum(family, add(first, second))
            if total is None:
                unmeasured += 1
                continue
            least = max(family.least_budget(first), family.least_budget(second))
            worst = float(np.fmax(worst, family.least_budget(total) / least))
    # both counts are whole numbers, the constant is a rounded fraction
    assert not worst > proved * (1 + 1e-12), f"{family.name}: a sum needs c = {worst}, more than {proved}"
    note = how + (f"; {unmeasured} sums need an identity that is no exact one" if unmeasured else "")
    verdict: Verdict = "fails" if proved == inf else "holds up to closure" if "closure" in how else "holds"
    return AxiomCheck("P4", "Σ_n + Σ_n ⊂ Σ_{cn}", verdict, worst, proved, note)


def _strict_sum(family: ApproximationFamily, total: Network) -> Network | None:
    """Return the sum as a network of the family; None if identity neurons cannot be replaced exactly."""
    if not family.strict or total.strict or family.activation is identity:
        return total
    if identity_form(family.activation) is None:
        return None
    return strict(total, activation=family.activation)


def _density(family: ApproximationFamily, seed: int) -> AxiomCheck:
    statement = "∪Σ_n dense in L_p" if family.p < inf else "∪Σ_n dense in C"
    polynomial = family.activation.polynomial
    smooth = polynomial is not None and not polynomial.knots
    degree = polynomial.degree if polynomial is not None else 0
    if family.depth.supremum == 1 or (smooth and (degree <= 1 or family.depth.supremum < inf)):
        what = "affine maps" if family.depth.supremum == 1 or degree <= 1 else "polynomials of bounded degree"
        return AxiomCheck("P5", statement, "fails", nan, nan, f"all members are {what}")
    if smooth:
        note = "members are polynomials of every degree (Weierstrass)"
        return AxiomCheck("P5", statement, "holds", nan, nan, note)
    few, many = (_feature_error(family, count, seed) for count in _FEATURES)
    note = (
        "Leshno, Lin, Pinkus and Schocken 1993: shallow networks are dense on bounded domains unless ρ is a "
        "polynomial; witness: with random inner weights the relative error of exp(−|x|²) falls from "
        f"{few:.1e} at {_FEATURES[0]} neurons to {many:.1e} at {_FEATURES[1]}"
    )
    return AxiomCheck("P5", statement, "not measurable", many / few, nan, note)


def _feature_error(family: ApproximationFamily, count: int, seed: int) -> float:
    """Return the relative root mean square error of a bump by least squares in random neurons, on fresh points."""
    generator = np.random.default_rng([seed, 5])
    d = family.dimension
    points = generator.random((2, 2000, d))
    direction = generator.standard_normal((max(_FEATURES), d))
    shift = -(direction * generator.random((max(_FEATURES), d))).sum(axis=1)
    columns, values = [], []
    for x in points:
        hidden = family.activation(np.ascontiguousarray(2 * (x @ direction[:count].T + shift[:count])))
        columns.append(np.hstack([np.ones((len(x), 1)), hidden]))
        values.append(np.exp(-(x**2).sum(axis=1)))
    weight = np.linalg.lstsq(columns[0], values[0], rcond=None)[0]
    return float(np.std(columns[1] @ weight - values[1]) / np.std(values[1]))


def _existence(family: ApproximationFamily) -> AxiomCheck:
    """Look for a function outside all Σ_n to which networks of one size tend."""
    statement = "every f has a best approximant in every Σ_n"
    found = None
    if family.depth.supremum >= 2:
        found = _quotients(family) if family.activation.polynomial is not None else _sigmoids(family)
    if found is None:
        note = "no proof either way is known here; nothing needs it"
        return AxiomCheck("P6", statement, "not measurable", nan, nan, note)
    return AxiomCheck("P6", statement, "fails", found.errors[1], 0.0, found.note(family))


@dataclass(frozen=True)
class _Witness:
    """Networks of one size whose errors tend to 0 and that do not contain the limit."""

    what: str
    size: int
    errors: tuple[float, float]
    why: str

    def note(self, family: ApproximationFamily) -> str:
        noun = family.complexity[: None if self.size > 1 else -1]
        return (
            f"{self.what}: error {self.errors[0]:.1e}, then {self.errors[1]:.1e} with {self.size} {noun} "
            f"and larger weights, so E = 0; not attained, since {self.why}"
        )


def _quotients(family: ApproximationFamily) -> _Witness | None:
    """Difference quotients of a piecewise polynomial ρ tend to ρ', which is less smooth than all networks."""
    pieces = family.activation.polynomial
    if pieces is None or not pieces.knots:
        return None
    orders = [next(m for m, jump in enumerate(pieces.jumps(i)) if jump) for i in range(len(pieces.knots))]
    order = min(orders)
    if order < 1 or (order == 1 and family.p == inf):
        return None
    shift = pieces.knots[orders.index(order)] - Fraction(1, 2)
    limit = PiecewisePolynomial(
        tuple(knot - shift for knot in pieces.knots),
        tuple(_shifted_derivative(c, shift) for c in pieces.coefficients),
    )
    name = "the step 1(x₁ > ½)" if family.activation is power(1) else "ρ'(x₁), its knot at ½"
    target = Target("quotient", lambda x: limit.evaluate(x[:, 0]), singular_points=(0.5,), pieces=limit)
    found: list[tuple[int, float]] = []
    for step in (2.0**-4, 2.0**-12):
        weights = [np.ones((2, 1)), np.array([[1 / step, -1 / step]])]
        biases = [np.array([float(shift) + step, float(shift)]), np.zeros(1)]
        found.append(_measured(family, weights, biases, target))
    smooth = "continuous" if order == 1 else f"C^{order - 1}"
    return _Witness(name, found[0][0], (found[0][1], found[1][1]), f"all networks are {smooth}")


def _sigmoids(family: ApproximationFamily) -> _Witness | None:
    """Rescaled ρ with two limits at ±∞, or ρ(u) − ρ(u − λ) with two slopes, tends to a step."""
    unit, kind = family.activation, tails(family.activation)
    if kind is None or family.p == inf:
        return None
    step = PiecewisePolynomial((Fraction(1, 2),), ((Fraction(0),), (Fraction(1),)))
    target = Target("step", lambda x: step.evaluate(x[:, 0]), singular_points=(0.5,), pieces=step)
    far = 2.0**20
    low, high = (float(v) for v in unit(np.array([-far, far])))
    found: list[tuple[int, float]] = []
    for steep in (2.0**4, 2.0**20):
        if kind == "step":
            weights = [np.full((1, 1), steep), np.full((1, 1), 1 / (high - low))]
            biases = [np.array([-steep / 2]), np.array([-low / (high - low)])]
        else:  # a ramp of λ = √steep units; the slopes at ±∞ are low/−far and high/far
            width = steep**0.5
            rise = width * (high / far + low / far)
            weights = [np.full((2, 1), steep), np.array([[1 / rise, -1 / rise]])]
            biases = [np.array([-steep / 2, -steep / 2 - width]), np.array([low / far * width / rise])]
        found.append(_measured(family, weights, biases, target))
    if not found[1][1] < found[0][1] / 2:
        return None
    why = "all networks are continuous (that ρ has limits or slopes at ±∞ is observed)"
    return _Witness("the step 1(x₁ > ½)", found[0][0], (found[0][1], found[1][1]), why)


def _measured(
    family: ApproximationFamily, weights: list[np.ndarray], biases: list[np.ndarray], target: Target
) -> tuple[int, float]:
    """Return the size of a network in the first variable, and its error on [0, 1] (p < 1: at most that for p = 1)."""
    from ratelab import exact

    units = [[family.activation] * len(biases[0])]
    error = exact.error(Network.dense(weights, biases, units), target, max(family.p, 1.0))
    d, k = family.dimension, family.outputs
    inner, outer = np.zeros((len(biases[0]), d)), np.zeros((k, len(biases[0])))
    inner[:, :1], outer[:1] = weights[0], weights[1]
    return family.size(Network.dense([inner, outer], [biases[0], np.zeros(k)], units)), error


def _shifted_derivative(coefficients: Sequence[Fraction], shift: Fraction) -> tuple[Fraction, ...]:
    """Return the coefficients of x ↦ c'(x + shift)."""
    slopes = [k * value for k, value in enumerate(coefficients)][1:] or [Fraction(0)]
    return tuple(
        sum((comb(k, j) * slopes[k] * shift ** (k - j) for k in range(j, len(slopes))), Fraction(0))
        for j in range(len(slopes))
    )
