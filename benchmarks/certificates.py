"""Certificates of zero: processor time against evaluating the same network at 100,000 points; run by hand.

Tensor hats of the cone max(0, 1 − |x|/0.8), masks of the cubes that it meets, and a wide random network times a mask,
each certified 0 on the whole complement of its support: half-spaces beside the bounding box and boxes inside it. Points
are evaluated in blocks of 1,000, so that memory is not what is measured.

    python benchmarks/certificates.py [--points 100000] [--rational]
"""

import argparse
from collections.abc import Iterator
from fractions import Fraction
from time import process_time
from typing import Any

import numpy as np

from ratelab.exact._cover import cover
from ratelab.exact._cube_union import CubeUnion
from ratelab.exact._vanishes import vanishes
from ratelab.networks import Network
from ratelab.networks._box_mask import box_mask
from ratelab.networks._masked import masked
from ratelab.networks._tensor_hats import tensor_hats
from ratelab.registry import Ball

RADIUS = Fraction(4, 5)


def hats(dimension: int, spacing: Fraction) -> tuple[Network, CubeUnion]:
    """Return the tensor hats of the cone, and their support."""
    reach = int(RADIUS / spacing)
    grid = np.stack(np.meshgrid(*[np.arange(-reach, reach + 1)] * dimension, indexing="ij"), -1)
    nodes = grid.reshape(-1, dimension)
    values = 1 - np.linalg.norm(nodes * float(spacing), axis=1) / float(RADIUS)
    nodes, values = nodes[values > 0], values[values > 0]
    corners = np.stack(np.meshgrid(*[[-1, 0]] * dimension, indexing="ij"), -1).reshape(-1, dimension)
    cells = np.unique((nodes[:, None] + corners).reshape(-1, dimension), axis=0)
    return tensor_hats(nodes, values, spacing), CubeUnion(spacing, cells)


def mask(dimension: int, spacing: Fraction, merge: bool) -> tuple[Network, CubeUnion]:
    """Return the mask of the cubes that the cone meets, and the neighbourhood outside which it is 0."""
    union = cover(Ball((0,) * dimension, RADIUS), spacing).union
    lower, upper = union.boxes() if merge else (union.cubes, union.cubes + 1)
    margin = spacing / 4
    corners = [(ends * float(spacing)).tolist() for ends in (lower, upper)]
    return box_mask(*corners, float(margin)), CubeUnion(spacing, union.cubes, margin)


def cases() -> Iterator[tuple[str, Network, CubeUnion]]:
    """Yield networks and the sets outside which they are 0."""
    yield "hats, d = 1, h = 1/128", *hats(1, Fraction(1, 128))
    yield "hats, d = 2, h = 1/8", *hats(2, Fraction(1, 8))
    yield "hats, d = 2, h = 1/32", *hats(2, Fraction(1, 32))
    yield "hats, d = 3, h = 1/8", *hats(3, Fraction(1, 8))
    yield "mask, d = 2, h = 1/32", *mask(2, Fraction(1, 32), True)
    yield "mask, d = 2, h = 1/64, cubes unmerged", *mask(2, Fraction(1, 64), False)
    random = np.random.default_rng(0)
    g = Network.dense(
        [random.normal(size=(1000, 2)) * 6, random.normal(size=(1, 1000)) / 30],
        [random.normal(size=1000), [0.1]],
    )
    psi, support = mask(2, Fraction(1, 32), True)
    yield "1,000 random neurons times a mask", masked(g, psi), support


def cut(low: Any, high: Any, spacing: float) -> tuple[Any, Any]:
    """Return the boxes with bounded ones cut into cells of at most the spacing."""
    parts: list[tuple[Any, Any]] = []
    for a, b in zip(low, high, strict=True):
        if not (np.isfinite(a).all() and np.isfinite(b).all()):
            parts.append((a[None], b[None]))
            continue
        counts = np.ceil((b - a) / spacing).astype(int)
        edges = [np.linspace(c, d, n + 1) for c, d, n in zip(a, b, counts, strict=True)]
        parts.append(
            tuple(  # type: ignore[arg-type]
                np.stack(np.meshgrid(*[part(e) for e in edges], indexing="ij"), -1).reshape(-1, len(edges))
                for part in (lambda e: e[:-1], lambda e: e[1:])
            )
        )
    return np.concatenate([p for p, _ in parts]), np.concatenate([p for _, p in parts])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--rational", action="store_true", help="certify in rational arithmetic too")
    options = parser.parse_args()
    vanishes(hats(1, Fraction(1, 2))[0], ([[4.0]], [[5.0]]))  # compiles
    vanishes(hats(3, Fraction(1, 2))[0], ([[4.0] * 3], [[5.0] * 3]))
    header = (
        "network",
        "neurons",
        "boxes",
        "certified",
        "seconds",
        "points' s",
        "ratio",
        "cells",
        "cells' s",
        "ratio",
    )
    print("{:>38} {:>8} {:>6} {:>10} {:>9} {:>9} {:>8} {:>7} {:>9} {:>8}".format(*header))
    for name, network, support in cases():
        region = support.complement()
        begin = process_time()
        found = vanishes(network, region)
        certificate = process_time() - begin
        fine = cut(*region, float(support.spacing) / 2)
        begin = process_time()
        cells = vanishes(network, fine)
        finer = process_time() - begin
        assert bool(cells) == bool(found)
        points = np.random.default_rng(1).uniform(-2, 2, (options.points, network.inputs))
        begin = process_time()
        for start in range(0, len(points), 1000):
            network(points[start : start + 1000])
        plain = process_time() - begin
        print(
            f"{name:>38} {network.neurons:8d} {len(found.zero):6d} {found.share:10.1%} {certificate:9.4f} {plain:9.3f} "
            f"{certificate / plain:8.5f} {len(cells.zero):7d} {finer:9.4f} {finer / plain:8.5f}"
        )
        if options.rational:
            begin = process_time()
            exact = vanishes(network, support.complement(exact=True), arithmetic="rational")
            print(f"{'in rationals':>38} {'':8} {'':6} {exact.share:10.1%} {process_time() - begin:9.4f}")


if __name__ == "__main__":
    main()
