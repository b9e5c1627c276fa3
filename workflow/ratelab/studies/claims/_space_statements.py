"""The claims A1–A14: *Approximation spaces of deep neural networks*, in our words."""

from ratelab.studies.claims._claim import Claim

_RELU = ("activations", "relu")


def _targets(*names: str) -> tuple[tuple[str, str], ...]:
    return tuple(("targets", name) for name in names)


def _activations(*names: str) -> tuple[tuple[str, str], ...]:
    return tuple(("activations", name) for name in names)


SPACES = (
    Claim(
        "A1", "calculus with counts",
        "Sums and tuples of networks have depth max L_i and at most ΣW_i + δ connections and ΣN_i + δ neurons, "
        "δ = Σ min(d, k_i)(L − L_i); compositions have L₁ + L₂ layers, or L₁ + L₂ − 1 if the two maps that meet are "
        "merged, with W₁ + max(N₁, d)·W₂ connections at most.",
        "inequality with constant", "recalled", "Recalled; derived here, and asserted by every operation.",
        "_space_calculus",
    ),
    Claim(
        "A2", "skip connections do not matter",
        "If x is a sum of n terms c·ρ(wx + b) and a constant, every generalized network is a strict one with at most "
        "n²W connections and nN neurons, so strict and generalized networks have the same approximation spaces.",
        "inequality with constant", "paper",
        "The equality of spaces is in the abstract; the factors are recalled and derived here. On a bounded domain one "
        "ReLU carries a value, and any activation with a derivative that is not zero does so in the limit.",
        "_space_calculus", _activations("tanh", "sigmoid", "softplus", "gelu", "silu", "sine", "gaussian"),
    ),
    Claim(
        "A3", "connections against neurons",
        "W^α_q ⊂ N^α_q ⊂ W^{α/2}_q, with equality of the first two at depth 2; at depth 3 the factor 2 is attained by "
        "Takagi's function, whose rates are 2 by neurons and 1 by connections.",
        "asymptotic", "recalled", "The chain is recalled; the rates of Takagi's function are derived.",
        "_space_depth", _targets("takagi"),
    ),
    Claim(
        "A4", "depth enters through its growth",
        "W^α_q(ℒ₁) ⊂ W^α_q(ℒ₂) if ℒ₁(n) ≤ ℒ₂(cn) for large n; ℒ(n) ≥ cn is the same as no limit.",
        "asymptotic", "recalled", "Recalled. Sets are compared through their counts; no computation decides the rest.",
        "_space_families",
    ),
    Claim(
        "A5", "activations",
        "Continuous piecewise polynomial activations of degree at most r give no larger spaces than ρ_r on bounded "
        "domains; ρ_{r−1} is a limit of networks of ρ_r; for r ≥ 2 products are exact and all ρ_r give the same spaces "
        "if the depth may be multiplied by a constant.",
        "existence", "recalled", "Recalled; limits, products and polynomials are derived and checked.", "_space_powers",
    ),
    Claim(
        "A6", "density and degenerate cases",
        "Shallow networks are dense on bounded domains for every activation that is no polynomial; on R^d, d ≥ 2, "
        "shallow ReLU networks in L_p are 0; the indicator of a cube is a limit of networks of depth 3 with 4d + 1 "
        "connections.",
        "existence", "recalled",
        "Recalled, with 8d + 1 connections; the smaller network of the cube and its error are derived.",
        "_space_density",
    ),
    Claim(
        "A7", "direct estimates",
        "Functions of Besov smoothness s = dα on the line 1/τ = α + 1/p have rate α at least: for α < r + 1 in one "
        "variable (p < ∞), for α < (r + min(1, 1/p))/d, r ≥ 2, in d ≥ 2 variables at depth 2⌈log₂ d⌉ + 4 or more.",
        "asymptotic", "recalled",
        "Recalled, by n-term B-splines (DeVore and Popov 1988), with r + min(1, 1/p) in one variable; r + 1 is A10.",
        "_space_smoothness",
        (_RELU, *_targets("takagi", "cantor", "exp", "sqrt", "sine")),
    ),
    Claim(
        "A8", "inverse estimates",
        "In one variable networks of depth L with W connections have at most C·W^⌊L/2⌋ affine pieces (1 + W/2, "
        "1 + W, (1 + W/2)² at L = 2, 3, 4), with N neurons at most (1 + N/(L−1))^(L−1), so rate α in L_p, p < ∞, "
        "implies Besov smoothness α/⌊L/2⌋ or α/(L−1).",
        "inequality with constant", "recalled", "The exponents are recalled; the counts of pieces are derived.",
        "_space_pieces", _targets("square"),
    ),
    Claim(
        "A9", "limits of embeddings",
        "If W^α_q at depth L lies in a Besov space of smoothness s, then s ≤ α/⌊L/2⌋, by neurons s ≤ α/(L−1); without "
        "a bound on the depth it lies in no Besov space of positive smoothness: some functions of arbitrarily low "
        "smoothness are approximated fast.",
        "impossibility", "paper", "The last sentence is in the abstract, the numbers are recalled and derived.",
        "_space_depth", _targets("sawtooth", "takagi"),
    ),
    Claim(
        "A10", "exact characterisation of shallow networks in one variable",
        "For p < ∞, 0 < α < r + 1 and 1/q = α + 1/p the approximation space of shallow ρ_r networks is the Besov space "
        "B^α_q(L_q).",
        "asymptotic", "derived", "From Petrushev 1988 and DeVore and Popov 1988.", "_space_smoothness",
        (_RELU, *_targets("takagi", "exp", "square", "cantor", "sqrt")),
    ),
    Claim(
        "A11", "dyadic norm",
        "The norm of A^α_q lies between two sums over the errors at powers of two, with the constants "
        "min(1, 2^(αq−1))·2^(−αq) and max(1, 2^(αq−1)).",
        "inequality with constant", "derived", "Derived: errors do not increase.", "_space_norms",
    ),
    Claim(
        "A12", "shallow networks and pieces",
        "Shallow ReLU networks of N neurons lie between splines of N and of N + 1 pieces, and discontinuous pieces "
        "give E_disc(n) ≤ S(n) ≤ E_disc(⌊(n + 1)/2⌋), for p < ∞.",
        "inequality with constant", "derived", "Derived.", "_space_free_knots",
        _targets("exp", "sqrt", "square", "sine"),
    ),
    Claim(
        "A13", "sharp asymptotics of free knots",
        "For f in C², n²·S(n) tends to C_p·‖f″‖ in L^σ, 1/σ = 2 + 1/p, with C_1 = 1/32, C_2 = 1/√720, C_∞ = 1/16; with "
        "uniform knots to ‖f″‖/√720 in L2.",
        "asymptotic", "derived", "Derived; finite n are compared through brackets.", "_space_free_knots",
        _targets("exp", "sqrt", "square", "sine"),
    ),
    Claim(
        "A14", "depth rates of explicit functions",
        "T_a = Σ 2^(−aj)Δ_j has the rates a⌊L/2⌋ by connections and a(L − 1) by neurons; no network of depth L has a "
        "better rate on x² than 2⌊L/2⌋ and 2(L − 1), which are attained.",
        "asymptotic", "derived", "Derived; counts, errors and finite brackets are compared with the closed forms.",
        "_space_depth", _targets("takagi", "square"),
    ),
)  # fmt: skip
