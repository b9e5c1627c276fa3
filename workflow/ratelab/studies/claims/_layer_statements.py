"""The claims B1–B11: *Geometric layer-wise approximation rates for deep networks*, in our words."""

from ratelab.studies.claims._claim import Claim


def _targets(*names: str) -> tuple[tuple[str, str], ...]:
    return tuple(("targets", name) for name in names)


LAYERS = (
    Claim(
        "B1", "every layer approximates",
        "For f in L_p([0,1]^d), 1 ≤ p < ∞, N ≥ 2 and any L there is one network of width 2dN + d + 2, two sines "
        "and otherwise ReLU in each layer, whose affine readouts Φ_1 … Φ_L of its prefixes satisfy ‖f − Φ_ℓ‖_p ≤ "
        "(2d + 1)·ω_f(N^(−ℓ))_p, and Φ_ℓ is Φ_(ℓ−1) and a correction.",
        "inequality with constant", "paper",
        "Quoted from the abstract; the network is our own construction and need not be the authors'.",
        "_layer_rates",
        _targets("sqrt", "step", "step(at=0.3)", "constant", "random_cells", "random_cells(dimension=2)",
                 "lipschitz_wave(dimension=2)", "disc", "lipschitz_wave(dimension=3)"),
    ),
    Claim(
        "B2", "cell averages",
        "Averages A_ℓ f over the cubes of side N^(−ℓ) satisfy ‖f − A_ℓ f‖_p ≤ 2^(1/p)·d·ω_f(N^(−ℓ))_p.",
        "inequality with constant", "derived", "By Jensen's inequality, one variable after the other.",
        "_layer_rates",
        _targets("sqrt", "step(at=0.3)", "exp", "random_cells", "lipschitz_wave(dimension=2)", "cone", "disc",
                 "lipschitz_wave(dimension=3)"),
    ),
    Claim(
        "B3", "width and depth of the construction",
        "2d(N − 1) step neurons, d + d that carry the point and its cell's corner, one that sums, d − 1 idle ones "
        "and two sines make width 2dN + d + 2 in each of L + 2 hidden layers; Φ_ℓ reads hidden layer ℓ + 2.",
        "identity", "derived", "Ours: the authors' weights and layout are not known.", "_layer_network",
    ),
    Claim(
        "B4", "nesting",
        "With ramp width, accumulator shift and decoder accuracy fixed, the weights of layers 1 … ℓ + 2 do not "
        "depend on how many grades follow, bit for bit, and Φ_ℓ − Φ_(ℓ−1) depends on grade ℓ alone.",
        "identity", "derived", "Prefixes of deeper networks are compared bit for bit.", "_layer_network",
    ),
    Claim(
        "B5", "two sines decode K values",
        "For all θ_1 … θ_K and η there are w and v with v·sin(wk)/2π ≡ θ_k mod 1 up to η, in closed form with about "
        "K·log2(1/η) bits each (2K²·log2 K where w is a power of 2). A lattice with w = 1 finds a v as long in all "
        "cases tried.",
        "inequality with constant", "derived",
        "Existence follows from Lindemann, Weierstrass and Kronecker (recalled); the closed forms are derived. Bits, "
        "errors and the lattice are measured.",
        "_layer_decoders",
    ),
    Claim(
        "B6", "trifling region",
        "The ramps of levels up to ℓ cover at most d·ℓ·δ, and there |Φ_ℓ| and |A_ℓ f| are at most C, so they cost "
        "at most 2C·(dℓδ)^(1/p).",
        "inequality with constant", "derived", "Measured on points inside ramps of every level.", "_layer_rates",
        _targets("sqrt", "random_cells"),
    ),
    Claim(
        "B7", "no miracle",
        "N^(dℓ) independent cell values in O(ℓW²) numbers take of the order of N^(dℓ)/(ℓW²) bits a parameter at least, "
        "whatever the method.",
        "complexity", "derived", "By counting; the bits of the decoders are shown beside it.", "_layer_decoders",
    ),
    Claim(
        "B8", "rates and sizes",
        "ω_f(t)_p ≤ λ·t^α gives ‖f − Φ_ℓ‖_p ≤ (2d + 1)·λ·N^(−αℓ); accuracy ε takes ⌈log_N((2d + 1)λ/ε)/α⌉ grades "
        "and (d + 1)W + (ℓ + 1)W(W + 1) real coefficients without the head, whose bits are not counted.",
        "inequality with constant", "paper", "The rates are the paper's; the counts are derived for our network.",
        "_layer_rates", _targets("sqrt", "lipschitz_wave", "lipschitz_wave(dimension=2)"),
    ),
    Claim(
        "B9", "the error need not fall with every layer",
        "For sin(2πx)/2π and N = 2 the averages of levels 1 and 2 coincide, so the errors at layers 1 and 2 are the "
        "same but for decoder and ramps, while the bound falls: only the bound tightens.",
        "existence", "derived", "By symmetry the cell averages coincide; the paper remarks that no decrease is "
        "promised.",
        "_layer_rates", _targets("lipschitz_wave"),
    ),
    Claim(
        "B10", "ranges",
        "Whatever ReLU carries is never negative; the local coordinate stays in [0, 1) inside ramps too, and is 1 at "
        "x = 1 only, where all steps fire.",
        "identity", "derived", "In rational arithmetic, on faces, corners, grid points and inside ramps.",
        "_layer_network",
    ),
    Claim(
        "B11", "multigrade learning",
        "A new grade never raises the residual of least squares; successive affine learning splits the energy, "
        "‖e_(g−1)‖² = ‖g_g‖² + ‖e_g‖², so that ‖f‖² = Σ‖g_g‖² + ‖e_G‖².",
        "identity", "derived",
        "Derived: they hold for every fit by projection. The method and a strict decrease for ReLU are recalled from "
        "Xu 2023 (multi-grade learning and successive affine learning), not from this paper.",
        "_layer_training", (("targets", "oscillation"), ("activations", "relu"), ("activations", "sine")),
    ),
)  # fmt: skip
