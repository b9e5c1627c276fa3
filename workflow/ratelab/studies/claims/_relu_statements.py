"""The claims C1–C19: *Understanding deep neural networks with rectified linear units*, in our words."""

from ratelab.studies.claims._claim import Claim

RELU = (
    Claim(
        "C1", "representation",
        "Every ReLU network is a continuous piecewise linear function, and every continuous piecewise linear "
        "function of n variables is a ReLU network of depth at most ⌈log₂(n+1)⌉ + 1.",
        "existence", "paper",
        "In the abstract. Our construction (wall lifting, then maxima of n+1 affine functions) is derived; "
        "each case builds the network and compares it exactly.",
        "_representation",
    ),
    Claim(
        "C2", "one variable, smallest shallow network",
        "A piecewise linear function of one variable with p pieces is a shallow ReLU network with at most p neurons, "
        "and with p − 1 exactly if its last slope is a sum of some of its slope jumps; fewer never suffice (p ≥ 2).",
        "inequality with constant", "paper",
        "The bounds p and p − 1 are in the paper; the subset-sum condition that decides between them is derived here.",
        "_representation",
    ),
    Claim(
        "C3", "density",
        "Every function in L^q(R^n), 1 ≤ q < ∞, is approximated arbitrarily well by ReLU networks of depth "
        "⌈log₂(n+1)⌉ + 1.",
        "asymptotic", "paper",
        "Paper for the statement. For q = ∞ it can hold only for limits of piecewise linear functions (derived).",
        "_training",
    ),
    Claim(
        "C4", "depth gap",
        "For all k ≥ k' ≥ 1, w ≥ 2 some functions of one variable are networks with k hidden layers of width w, while "
        "every network with k' hidden layers for them has at least ½·k'·w^(k/k') − 1 neurons.",
        "inequality with constant", "paper",
        "The bound is in the paper, its quantifiers are recalled. C12 gives about twice as much.",
        "_depth",
    ),
    Claim(
        "C5", "parameters of the hard family",
        "The composed tents with k layers of width w have w^k pieces for all parameters in "
        "∪_M (Δ_M^(w−1))^k, and distinct parameters give distinct functions.",
        "identity", "recalled", "Recalled; counts and differences are checked exactly in rationals.", "_depth",
    ),
    Claim(
        "C6", "corollaries of the depth gap",
        "With k² hidden layers and k³ neurons there is a function for which every network with at most k hidden layers "
        "needs at least ½·k^(k+1) − 1 neurons.",
        "inequality with constant", "paper",
        "In the abstract for ε = 1; other exponents are recalled. Checked through the number of pieces.",
        "_depth",
    ),
    Claim(
        "C7", "gap in approximation",
        "For composed tents with equispaced parameters, a network with t pieces has L1 distance at least "
        "¼(1 − 2t/w^k) from them, so small networks of small depth stay δ away.",
        "inequality with constant", "derived",
        "That there is such a gap is in the paper, its form is recalled; the constants are derived here.",
        "_depth",
    ),
    Claim(
        "C8", "vertices of zonotopes",
        "The gauge Σ|⟨r, b_i⟩| of m generic vectors in R^n has 2·Σ_{i<n} C(m−1, i) pieces.",
        "identity", "derived",
        "The count recalled from the paper is half of this one; both forms are shown, ours is checked by exact counts.",
        "_zonotope",
    ),
    Claim(
        "C9", "zonotope family",
        "Tents composed with the gauge of a zonotope have depth k + 2, 2m + wk neurons, and "
        "2·Σ_{i<n} C(m−1, i)·w^k pieces where the gauge is at most M.",
        "identity", "recalled",
        "Depth and size are recalled, the count of pieces is corrected by the factor 2 of C8.",
        "_zonotope",
    ),
    Claim(
        "C10", "global training",
        "A one-hidden-layer network of width w is trained to global optimality of a convex loss on D data in time "
        "polynomial in D and exponential in w and the dimension.",
        "complexity", "paper",
        "In the abstract; the running time is not measurable, the optimum is: no trained network is ever better.",
        "_training", (("trainers", "adam"), ("trainers", "varpro")),
    ),
    Claim(
        "C11", "calculus",
        "Composition adds sizes at depth k₁ + k₂ + 1, sums of networks add sizes, the maximum of m networks costs at "
        "most 4(2m − 1) neurons more and log₂ m more layers.",
        "inequality with constant", "recalled",
        "Recalled; every operation of ours stays within these numbers.",
        "_calculus",
    ),
    Claim(
        "C12", "pieces of a network of one variable",
        "A network of one variable with hidden widths w_1 … w_k has at most Π(w_l + 1) pieces, so p pieces need at "
        "least k(p^(1/k) − 1) neurons.",
        "inequality with constant", "derived",
        "Derived; about twice as sharp as the recalled 2^(k−1)(w_1+1)w_2⋯w_k and ½·k·p^(1/k) − 1.",
        "_pieces",
    ),
    Claim(
        "C13", "the bound Π(w_l + 1) is attained",
        "For widths w_l ≥ 3 the composed zigzags have exactly Π(w_l + 1) pieces.",
        "identity", "derived", "Derived, so the family of C5 is not extremal.", "_pieces",
    ),
    Claim(
        "C14", "pieces of composed tents",
        "Composed tents have exactly w^k pieces on [0, M]; on the whole line w^k + 1 if w is odd, and for even w "
        "w + 1 (k = 1) or w^k + 2 (k ≥ 2).",
        "identity", "derived", "Derived; exact counts in floats and in rationals.", "_pieces",
    ),
    Claim(
        "C15", "reduction of maxima",
        "A maximum of N affine functions of n variables is an integer combination of maxima of at most n + 1 of them.",
        "identity", "derived",
        "The statement behind C1 is recalled as Wang and Sun's; the reduction with inclusion and exclusion is derived.",
        "_representation",
    ),
    Claim(
        "C16", "difference of convex functions",
        "Adding c·ρ(d) for every wall d = 0 with concave creases of strength at most c makes a continuous piecewise "
        "linear function convex, so it is a maximum of its affine pieces minus these terms.",
        "identity", "derived", "Derived; checked exactly.", "_representation",
    ),
    Claim(
        "C17", "convex targets",
        "For strictly convex or concave targets the best discontinuous piecewise linear L2 fit with free knots is "
        "continuous, so both errors agree.",
        "identity", "derived", "Derived; the certified lower end of the one meets the upper end of the other.",
        "_free_knots", (("targets", "exp"), ("targets", "sqrt"), ("targets", "square")),
    ),
    Claim(
        "C18", "hyperplane partitions",
        "D points in general position in R^n have exactly 2·Σ_{i≤n} C(D−1, i) ordered partitions by hyperplanes.",
        "identity", "derived",
        "Derived. The recalled bound 2·C(D, n) is too small by 2 for n = 2 and by 2D for n = 3.",
        "_zonotope",
    ),
    Claim(
        "C19", "hardness of training",
        "Global training is NP-hard already for two variables, and no running time polynomial in D and w is to be "
        "expected; several outputs are harder still.",
        "complexity", "recalled",
        "Froese and Hertrich 2023; Froese, Hertrich and Niedermeier 2022; arXiv:2204.01368. No computation decides it.",
        "_training",
    ),
)  # fmt: skip
