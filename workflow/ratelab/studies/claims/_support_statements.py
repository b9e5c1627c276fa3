"""The claims D1–D14: *Do ReLU networks have an edge when approximating compactly-supported functions?*."""

from ratelab.studies.claims._claim import Claim


def _targets(*names: str) -> tuple[tuple[str, str], ...]:
    return tuple(("targets", name) for name in names)


def _activations(*names: str) -> tuple[tuple[str, str], ...]:
    return tuple(("activations", name) for name in names)


_ANALYTIC = _activations("tanh", "sigmoid", "softplus", "gelu", "silu", "sine", "gaussian", "arctan")

SUPPORT = (
    Claim(
        "D1", "separation",
        "In L1_loc with the finer topology in which compactly supported functions are open, (i) some L1-convergent "
        "sequences do not converge, (ii) ReLU networks with pooling are dense, (iii) networks of analytic activations, "
        "with or without pooling, and polynomials are not: none of them but 0 has compact support.",
        "impossibility", "paper",
        "Stated in the abstract; the proof by the identity theorem is derived. Density is shown by sequences, and that "
        "analytic networks never vanish by certificates.",
        "_support_topology",
        (*_targets("tent", "compact_cone"), *_ANALYTIC),
    ),
    Claim(
        "D2", "convergence with supports",
        "f_k converges to a compactly supported f in the finer topology if and only if all supports from some k "
        "on lie in "
        "one cube K_N and ‖f_k − f‖_1 tends to 0.",
        "asymptotic", "derived",
        "Convergent sequences of a strict inductive limit lie in one step. A computed prefix can only agree or not.",
        "_support_topology",
        (*_targets("tent", "compact_cone"), *_activations("tanh", "gaussian", "sigmoid")),
    ),
    Claim(
        "D3", "neighbourhoods of 0",
        "On compactly supported functions the finer topology is that of all p_w(g) = Σ "
        "w_n‖g‖_{L1(K_n∖K_(n−1))}, w > 0.",
        "identity", "derived",
        "A direct sum of the spaces on annuli. Sequences whose supports grow are separated from 0 by some w, "
        "others by none.",
        "_support_topology", _targets("tent"),
    ),
    Claim(
        "D4", "matching supports",
        "The stricter test asks that f_k and f need the same cube, n(f_k) = n(f), from some k on. Masks on "
        "grids inside the "
        "target's cube pass both tests.",
        "existence", "derived", "Suggested by the abstract's wording; a common cube alone is weaker.",
        "_support_topology", _targets("tent", "compact_cone"),
    ),
    Claim(
        "D5", "one weight does not separate",
        "For one fixed w an analytic g may have p_w(f − g) < 1. For a given sequence of analytic networks with annular "
        "masses a_(n,k) > 0 the weights w_n = 1/min_(k≤n) a_(n,k) make p_w(f − g_k) infinite for every k.",
        "existence", "derived", "Masses are bounded below in ball arithmetic; partial sums are shown.",
        "_support_leaks", (*_targets("tent"), *_activations("gaussian", "tanh")),
    ),
    Claim(
        "D6", "quantitative theorem",
        "A compactly supported Lipschitz f is approximated to ε uniformly by ReLU networks with pooling whose "
        "support lies "
        "between that of f and its ε-neighbourhood; depth, width and poolings depend on Lipschitz constant, diameter, "
        "metric capacity, d and D.",
        "existence", "paper",
        "The statement is the paper's, its constants are not known here; built by our own networks with the "
        "counts of D7 "
        "and D8. The recalled shape of the counts is printed as an unverified reconstruction.",
        "_support_networks", _targets("tent", "compact_cone", "annulus", "l_shape"),
    ),
    Claim(
        "D7", "tensor hats",
        "f̂ = Σ f(hk)·Π hat(x_i/h − k_i) has ‖f − f̂‖_∞ ≤ L·h·√d/2 and supp f̂ ⊂ supp f + h[−1,1]^d, with 3 + "
        "⌈log₂ d⌉ affine maps, ⌈log₂ d⌉ poolings and width max(2M, 2⌈d/2⌉J).",
        "inequality with constant", "derived",
        "Multilinear weights are a law with mean x and variance at most h²/4 per axis. One-sided: narrow bumps "
        "are missed.",
        "_support_networks",
        _targets("tent", "compact_cone", "compact_cone(dimension=3)", "annulus", "l_shape", "two_components", "needle"),
    ),
    Claim(
        "D8", "mask of cubes",
        "f̂ = (g + η)·Ψ, Ψ = min(1, Σψ_Q) over the cubes of side h that meet the interior of supp f, has supp f̂ = "
        "supp Ψ if g = −η on no open set, so that d_H(supp f, supp f̂) ≤ h + δ in the maximum norm, error at most "
        "that of g plus η. For g the tensor hats of the grid: one pooling more than g, max(4, depth of g) affine maps, "
        "width at most 2dJ + width of g.",
        "inequality with constant", "derived",
        "On each of finitely many pieces g is a polynomial with coefficients in the ring of the weights, none of "
        "which is −η.",
        "_support_networks",
        _targets("tent", "compact_cone", "compact_cone(dimension=3)", "annulus", "l_shape", "two_components", "needle"),
    ),
    Claim(
        "D9", "a gate without pooling",
        "ρ(clip g − M′(1 − Ψ)) − ρ(−clip g − M′(1 − Ψ)) is g where Ψ = 1 and |g| ≤ M, and exactly 0 where Ψ = "
        "0. So pooling is "
        "not essential for density.",
        "identity", "derived", "Checked in rational arithmetic; answers the question whether pure ReLU networks "
        "suffice.",
        "_support_constructions", _targets("tent", "compact_cone"),
    ),
    Claim(
        "D10", "forms of pooling, slopes",
        "Componentwise, outer and general bilinear pooling give the same functions, an affine map copying "
        "coordinates; and "
        "ρ(x) = (P_α(x) + α·P_α(−x))/(1 − α²) for |α| ≠ 1.",
        "identity", "derived", "Checked in rational arithmetic on random networks.", "_support_constructions",
        _activations("prelu(slope=1/4)", "prelu(slope=-1/2)", "prelu(slope=3)"),
    ),
    Claim(
        "D11", "metric capacity",
        "cap(X) ≤ 11^d for X ⊂ R^d, and cap = 5 for an interval.",
        "inequality with constant", "derived",
        "Balls of radius r/10 about the centres fit into one of radius 11r/10. Greedy packings of finite "
        "samples count too "
        "many balls unless r is at least 25 mesh widths.",
        "_support_topology",
    ),
    Claim(
        "D12", "one hidden layer is not enough",
        "For d ≥ 2 no ReLU network with one hidden layer has compact support, 0 excepted; two hidden layers have.",
        "impossibility", "derived", "Creases are whole hyperplanes, so all jumps would vanish outside a bounded set.",
        "_support_certificates",
    ),
    Claim(
        "D13", "supports of analytic networks",
        "A real-analytic function that is not 0 somewhere is 0 on a null set only, so its support is R^d and "
        "its leak has "
        "full measure in every box.",
        "impossibility", "derived",
        "Mityagin (zero sets). One ball without 0 certifies a network; floating-point zeros certify nothing.",
        "_support_leaks",
        (*_targets("tent", "compact_cone"), *_ANALYTIC),
    ),
    Claim(
        "D14", "indicators",
        "A mask with margin δ is at distance ½δ·perimeter + O(δ²) from the indicator of a box in L1, and at distance 1 "
        "uniformly.",
        "asymptotic", "derived", "With the exact remainder of our mask, which the statement leaves open.",
        "_support_geometry", _targets("indicator", "indicator(dimension=1)"),
    ),
)  # fmt: skip
