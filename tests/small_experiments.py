"""Every experiment with parameters that make it small, and the figures that it gives."""

SMALL = {
    "hard-functions": {},
    "depth-gap": {"width": 3, "layers": 3},
    "global-training": {
        "data": [(1, 10, 1), (2, 8, 1)],
        "trainers": ["adam(steps=200)", "varpro(steps=40)"],
        "seeds": 5,
    },
    "calculus": {"levels": 2},
    "sawtooth-waves": {"levels": 5, "depths": [2, 4], "cliff": 4},
    "activation-table": {"activations": ["relu", "tanh"], "steps": 4},
    "self-similar": {"exponents": [1.0], "levels": 12, "width": 6, "measured": 500},
    "powers": {"steps": 8, "pieces": 4, "degree": 4},
    "indicators": {},
    "measured-smoothness": {"targets": ["takagi", "step", "exp"], "samples": 16381},
    "embeddings": {},
    "free-knots": {"targets": ["square"], "pieces": [1, 2]},
}

FILES = {
    "hard-functions": ["figure-1", "figure-2", "figure-3"],
    "depth-gap": ["depth-gap"],
    "global-training": ["global-training", "global-training-search"],
    "calculus": ["calculus-sum", "calculus-composition", "calculus-merging"],
    "sawtooth-waves": ["sawtooth"],
    "activation-table": ["activation-table", "activation-identities"],
    "self-similar": ["depth-connections", "depth-neurons", "skip-connections"],
    "powers": ["powers-limits", "powers-rates"],
    "indicators": ["indicator-limit", "indicator-rates"],
    "measured-smoothness": ["smoothness-moduli", "smoothness-rates"],
    "embeddings": ["embeddings"],
    "free-knots": ["free-knots"],
}
