"""Products of variables as binary trees of xy = ((x + y)² − (x − y)²)/4 with max(x, 0)^r, r ≥ 2: no error.

See Gribonval, Kutyniok, Nielsen and Voigtlaender 2022. A target says that it is a product by its function, a
`TensorProduct` of x_1, …, x_d.
"""

from collections.abc import Sequence

from ratelab import Activation, Network, Target, hookimpl
from ratelab.networks import (
    Counts,
    TensorProduct,
    cheapest,
    mean_square_rounding,
    power_exponent,
    product,
    product_bound,
)
from ratelab.registry import Complexity, Promise, require_accepted, too_small


class ProductConstruction:
    """Networks that equal x_1 ⋯ x_d, identity neurons included; the cheaper of the two forms that the depth allows."""

    name = "product"

    def accepts(self, *, target: Target, activation: Activation, depth: int) -> str | None:
        """Return None if the construction applies, else why not."""
        exponent = power_exponent(activation)
        if exponent is None or exponent < 2:
            return f"products are written with powers max(x, 0)^r, r >= 2, not with '{activation.name}'"
        if target.dimension < 2 or not _is_product(target):
            return f"target '{target.name}' is not declared as the product of its variables"
        smallest = product_bound(target.dimension, exponent, merged=True).depth
        if depth < smallest:
            return f"products of {target.dimension} variables need depth {smallest} or more, not {depth}"
        return None

    def build(
        self, *, budget: int, complexity: Complexity, depth: int, target: Target, activation: Activation
    ) -> Network:
        """Return the network, which does not depend on the budget.

        Raises
        ------
        UserError
            If the construction does not apply or the budget is too small.
        """
        counts, merged = self._counts(complexity, depth, target, activation)
        smallest = getattr(counts, complexity)
        if budget < smallest:
            raise too_small("product", budget, complexity, smallest)
        return product(target.dimension, activation, merged=merged)

    def promise(
        self, *, budget: int, complexity: Complexity, depth: int, target: Target, activation: Activation
    ) -> Promise:
        """Return its counts; the error is 0, and the bound is what float64 values may lose."""
        counts, merged = self._counts(complexity, depth, target, activation)
        network = product(target.dimension, activation, merged=merged)
        return Promise(
            depth=counts.depth,
            connections=counts.connections,
            neurons=counts.neurons,
            error=mean_square_rounding(network, target.domain),
            source="products as differences of squares (derived); exact but for rounding",
        )

    def _counts(
        self, complexity: Complexity, depth: int, target: Target, activation: Activation
    ) -> tuple[Counts, bool]:
        """Return the counts of the cheaper form and whether it is the merged one."""
        require_accepted(self, target=target, activation=activation, depth=depth)
        exponent = power_exponent(activation)
        assert exponent is not None
        forms = [
            (product_bound(target.dimension, exponent, merged=merged), merged) for merged in (True, False)
        ]
        return cheapest(forms, complexity, depth)


def _is_product(target: Target) -> bool:
    if not isinstance(target.function, TensorProduct) or len(target.function.factors) != target.dimension:
        return False
    return all(not f.knots and tuple(f.coefficients[0]) == (0, 1) for f in target.function.factors)


@hookimpl
def ratelab_constructions() -> Sequence[ProductConstruction]:
    return [ProductConstruction()]
