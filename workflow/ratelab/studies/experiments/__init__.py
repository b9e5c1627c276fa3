"""The experiments: what a study measures beside its curves. `catalogue` names them and their parameters."""
