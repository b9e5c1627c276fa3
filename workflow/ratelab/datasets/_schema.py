"""What the variables of every dataset mean: long names, units and flags, written once."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray as xr

Flags = dict[str, int]

CERTAINTY: Flags = {"none": 0, "numerical": 1, "rigorous": 2}
LOWER_STATUS: Flags = {"no_method": 0, "trivial": 1, "bound": 2, "exact": 3}
FIT_STATUS: Flags = {
    "not_run": 0,
    "converged": 1,
    "step_limit": 2,
    "diverged": 3,
    "work_limit": 4,
    "no_start": 5,
}
ATTAINED: Flags = {"none": 0, "no": 1, "yes": 2}
VERDICT: Flags = {
    "none": 0, "consistent": 1, "upper_only": 2, "inconclusive": 3, "violated": 4, "illustrated": 5,
    "not_measurable": 6,
}  # fmt: skip

FLAGS: dict[str, Flags] = {
    "certainty": CERTAINTY,
    "upper_certainty": CERTAINTY,
    "network_certainty": CERTAINTY,
    "lower_status": LOWER_STATUS,
    "status": FIT_STATUS,
    "upper_attained": ATTAINED,
    "verdict": VERDICT,
}

_LONG_NAMES = {
    "target": "function to approximate, by its label",
    "network": "kind of network: architecture/activation/depth",
    "complexity": "what the budget counts",
    "budget": "number of neurons or connections allowed",
    "trainer": "optimiser, by its label",
    "seed": "index of the initialisation",
    "window": "budgets between which a slope is taken, first-last",
    "pieces": "number of polynomial pieces",
    "layers": "affine layers of each stored network, 0 where there is none; all its layers follow one another",
    "layer_inputs": "columns of each layer's weight matrix",
    "layer_outputs": "rows of each layer's weight matrix: its neurons",
    "network_bias": "biases, layer after layer",
    "network_activation": "index of each neuron's activation in activation_label",
    "network_weight": "weight matrices, layer after layer, row by row",
    "activation_label": "activations that occur",
    "degree": "degree of the spline",
    "domain": "ends of the domain",
    "x": "quadrature node",
    "weight": "quadrature weight",
    "value": "target value at the node",
    "cell_edge": "end of a cell of the certified moments",
    "moment": "Legendre coefficient of the target's projection on the cell",
    "moment_radius": "bound on the L2 error of the stored projection on the cell",
    "reference": "Legendre coefficients on the domain of a polynomial q near the target",
    "remainder": "Legendre coefficient of the projection of the target minus q on the cell",
    "remainder_radius": "bound on the L2 error of the stored remainder on the cell",
    "spline_lower": "lower end of the error of the best free-knot spline",
    "network_lower": "lower end of the error of shallow ReLU networks with so many neurons",
    "network_certainty": "how certain network_lower is",
    "spline_upper": "upper end of the error of the best free-knot spline",
    "spline_error": "error of the stored free-knot spline",
    "error_trained": "L2 error of a trained network, by an integral split at its breakpoints",
    "error_constructed": "L2 error of the best constructed network, by an integral split at its breakpoints",
    "error_promised": "proved upper bound of error_constructed, NaN where the construction promises none",
    "error_upper": "upper end of the error of best approximation: error of the best stored network within the budget",
    "error_upper_closure": "upper end attained only in the closure of the networks within the budget",
    "error_lower": "lower end of the error of best approximation over all generalized networks within the budget",
    "error_lower_architecture": "lower end of the error of all networks with the widths that were trained",
    "certainty": "how certain the lower end is",
    "upper_certainty": "how certain the upper end is",
    "lower_status": "what kind of lower end it is",
    "upper_attained": "whether the smaller of error_upper and error_upper_closure belongs to a network",
    "lower_class": "class of networks that error_lower bounds",
    "status": "how the fit ended",
    "steps": "optimiser steps taken",
    "work": "work of the fit: evaluations of a loss, gradient or Jacobian, times nodes, times connections",
    "milestone": "work spent",
    "error_at_milestone": "error of the best network so far when the work passed the milestone",
    "ratio_trained": "error of the trained network over error_lower, where that is positive",
    "connections": "connections of the network behind error_upper",
    "neurons": "neurons of the network behind error_upper",
    "depth": "affine layers of the network behind error_upper",
    "largest_weight": "largest modulus of a weight or bias of the network behind error_upper",
    "origin": "method behind error_upper",
    "target_norm_low": "L2 norm of the target, lower end: the error of approximation by 0",
    "target_norm_high": "L2 norm of the target, upper end",
    "alpha": "order of the approximation space A^alpha_q",
    "q": "summability of the approximation space A^alpha_q",
    "norm_truncated_low": "sum of the norm of A^alpha_q over the budgets of the study, lower end",
    "norm_truncated_high": "sum of the norm of A^alpha_q over the budgets of the study, upper end",
    "norm_low": "norm of A^alpha_q, lower end",
    "norm_high": "norm of A^alpha_q, upper end; inf unless errors are bounded for all sizes",
    "slope_low": "certified slope over the window, lower end",
    "slope_high": "certified slope over the window, upper end",
    "rate_model": "rate of the fitted model C n^-alpha (1 + b n^-beta); a model, not a theorem",
    "rate_model_low": "model rate, lower end over ways to fit",
    "rate_model_high": "model rate, upper end over ways to fit",
    "rate_proved_low": "E_n <= C n^-rate proved for all large n",
    "rate_proved_high": "E_n >= c n^-rate proved for all large n",
    "rate_predicted_low": "rate that theory gives, lower end",
    "rate_predicted_high": "rate that theory gives, upper end",
    "proof_source": "what rate_proved_low and rate_proved_high rest on, or why they are missing",
    "rate_trained": "rate that this trainer alone would have reported",
    "rate_trained_low": "rate_trained, lower end over seeds",
    "rate_trained_high": "rate_trained, upper end over seeds",
    "verdict": "what the measurement says about the theory",
    "claim": "id of the statement",
    "topic": "what the statement is about",
    "kind": "sort of statement; only one with explicit constants can be violated",
    "statement": "the statement as it is checked",
    "case_name": "instance in which it was checked",
    "measured": "number measured",
    "bound": "number that the statement compares it with",
    "relation": "how they must compare: measured relation bound",
    "note": "reference, witness, or what the numbers are",
    "pieces_trained": "maximal affine pieces of the trained network on the domain, exactly (NaN: not piecewise linear)",
    "pieces_most": "largest number of pieces of a network of this shape: product of (width + 1)",
}


def described(dataset: "xr.Dataset", **attributes: Any) -> "xr.Dataset":
    """Return the dataset with CF-style attributes on its variables and the given global ones."""
    for name in dataset.variables:
        variable = dataset[name]
        if name in _LONG_NAMES:
            variable.attrs["long_name"] = _LONG_NAMES[str(name)]
        if name in FLAGS:
            import numpy as np

            flags = FLAGS[str(name)]
            variable.attrs["flag_values"] = np.array(list(flags.values()), dtype=np.int8)
            variable.attrs["flag_meanings"] = " ".join(flags)
        elif variable.dtype.kind in "fiu":
            variable.attrs.setdefault("units", "1")
    dataset.attrs.update({"Conventions": "CF-1.11", **attributes})
    return dataset


def meaning(name: str, value: int) -> str:
    """Return the word for a flag value of the variable `name`, e.g. ``meaning("certainty", 2)``."""
    return next(word for word, flag in FLAGS[name].items() if flag == value).replace("_", " ")


def require(dataset: "xr.Dataset", path: str, *names: str) -> "xr.Dataset":
    """Return the dataset if it has all these variables; raise UserError naming the missing ones."""
    from ratelab._errors import UserError

    missing = [name for name in names if name not in dataset.variables]
    if missing:
        raise UserError(f"{path}: lacks {', '.join(missing)}; delete it and run the same command again")
    return dataset
