"""The job `bracket`: [certified lower end, best network in hand] for every (target, network, budget) of a study."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ratelab import best, datasets, exact, spaces
from ratelab.networks import Network, counts, from_dataset, to_dataset
from ratelab.registry import Registry, Target
from ratelab.studies._jobs import Complexity, StudyJob
from ratelab.studies._network_kind import NetworkKind

if TYPE_CHECKING:
    import xarray as xr

_CELL = ("target", "network", "complexity", "budget")
_FIT = (*_CELL, "trainer", "seed")
_CERTAINTY: tuple[best.Certainty, ...] = ("none", "numerical", "rigorous")


@dataclass
class _Best:
    """The best network in hand for one (target, network kind, complexity), budget by budget."""

    errors: np.ndarray
    networks: list[Network | None]
    origins: list[str]
    certainty: list[str] = field(default_factory=list)

    def offer(self, index: int, error: float, network: Network | None, origin: str) -> None:
        if network is not None and (np.isnan(self.errors[index]) or error < self.errors[index]):
            self.errors[index], self.networks[index], self.origins[index] = error, network, origin

    def nest(self) -> None:
        """Let every budget use the network of a smaller one: the classes are nested."""
        for index in range(1, len(self.errors)):
            self.offer(index, self.errors[index - 1], self.networks[index - 1], self.origins[index - 1])

    def certify(self, target: Any) -> None:
        """Replace each error by the upper end of its enclosure (one variable; elsewhere it stays an estimate)."""
        if target.dimension != 1:
            self.certainty = ["none" if network is None else "numerical" for network in self.networks]
            return
        known: dict[int, exact.Enclosure] = {}
        for index, network in enumerate(self.networks):
            if network is None:
                self.certainty.append("none")
                continue
            if id(network) not in known:
                known[id(network)] = exact.certified_error(network, target)
            self.errors[index] = known[id(network)].upper
            self.certainty.append(known[id(network)].certainty)


def run(
    job: StudyJob,
    registry: Registry,
    splines: "Sequence[xr.Dataset]",
    constructed: "Sequence[xr.Dataset]",
    trained: "Sequence[xr.Dataset]",
) -> "tuple[xr.Dataset, xr.Dataset]":
    """Return the study's curves and the networks behind their upper ends."""
    tables = _Tables(job)
    lower_ends = {(d.attrs["target"], int(d.attrs["degree"])): d for d in splines}
    built = {(d.attrs["target"], d.attrs["network_kind"]): d for d in constructed}
    fitted: dict[tuple[str, str], dict[str, xr.Dataset]] = {}
    for dataset in trained:
        pair = dataset.attrs["target"], dataset.attrs["network_kind"]
        fitted.setdefault(pair, {})[dataset.attrs["trainer"]] = dataset
    champions: dict[tuple[str, str, Complexity], _Best] = {}
    for pair in job.pairs:
        for complexity in job.complexity:
            champions[(*pair, complexity)] = _gather(
                tables, pair, complexity, registry, built.get(pair), fitted.get(pair, {})
            )
    for place, champion in _shared(champions, registry).items():
        _fill(tables, (place[0], place[1]), place[2], champion, registry, lower_ends)
    origin = datasets.merged_digests([*splines, *constructed, *trained])
    return tables.curves(registry, origin), tables.stored(registry, origin)


class _Tables:
    """The arrays of curves.nc, NaN or "none" where a pair is not part of the study."""

    def __init__(self, job: StudyJob) -> None:
        self.job = job
        cell = (len(job.targets), len(job.networks), len(job.complexity), len(job.budgets))
        fit = (*cell, len(job.trainers), job.seeds)
        self.fits = {
            "error_trained": np.full(fit, np.nan),
            "status": np.zeros(fit, np.int8),
            "steps": np.zeros(fit, np.int32),
            "work": np.full(fit, np.nan),
            "pieces_trained": np.full(fit, np.nan),
            "error_at_milestone": np.full((*fit, len(job.milestones)), np.nan),
        }
        self.member = np.ones(fit, dtype=bool)
        self.pieces_most = np.full(cell[1:], np.nan)
        names = (
            "error_constructed", "error_upper", "error_upper_closure", "error_lower", "error_lower_architecture",
        )  # fmt: skip
        self.cells: dict[str, np.ndarray] = {name: np.full(cell, np.nan) for name in names}
        for name in ("certainty", "upper_certainty", "lower_status", "upper_attained"):
            self.cells[name] = np.zeros(cell, np.int8)
        self.cells["origin"] = np.full(cell, "", dtype=object)
        self.lower_class = np.full((len(job.networks), len(job.complexity)), "", dtype=object)
        self._places: dict[tuple[int, ...], Network] = {}

    def place(self, pair: tuple[str, str], complexity: str) -> tuple[int, int, int]:
        job = self.job
        return (
            job.targets.index(pair[0]),
            job.networks.index(pair[1]),
            [str(c) for c in job.complexity].index(complexity),
        )

    def curves(self, registry: Registry, digests: str) -> "xr.Dataset":
        import xarray as xr

        job = self.job
        shape = self.cells["error_upper"].shape
        columns = {name: (_CELL, column.reshape(shape)) for name, column in counts(self._ordered()).items()}
        lower = self.cells["error_lower"][..., None, None]
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = np.where((lower > 0) & self.member, self.fits["error_trained"] / lower, np.nan)
        dataset = xr.Dataset(
            {"ratio_trained": (_FIT, ratio)}
            | {
                name: (_FIT if table.ndim == len(_FIT) else (*_FIT, "milestone"), table)
                for name, table in self.fits.items()
            }
            | {name: (_CELL, table) for name, table in self.cells.items()}
            | columns
            | {
                "lower_class": (("network", "complexity"), self.lower_class),
                "pieces_most": (_CELL[1:], self.pieces_most),
            },
            coords=_coordinates(job)
            | {"seed": np.arange(job.seeds), "milestone": np.array(job.milestones, dtype=np.float64)},
        )
        norms = [exact.target_norm(registry.targets[label]) for label in job.targets]
        dataset["target_norm_low"] = ("target", np.array([norm.lower for norm in norms]))
        dataset["target_norm_high"] = ("target", np.array([norm.upper for norm in norms]))
        return datasets.described(dataset, **self._origin("Errors of best approximation", registry, digests))

    def _origin(self, what: str, registry: Registry, digests: str) -> dict[str, str]:
        job = self.job
        origin = datasets.provenance(
            f"{what}: study {job.study}", job.model_dump_json(), registry, _members(job)
        )
        return {**origin, "plugin_digests": datasets.merged(origin["plugin_digests"], digests)}

    def stored(self, registry: Registry, digests: str) -> "xr.Dataset":
        """Return the networks behind `error_upper`, with their index by (target, network, complexity, budget)."""
        shape = self.cells["error_upper"].shape
        dataset = to_dataset(self._ordered())
        dataset["fit"] = (_CELL, np.arange(int(np.prod(shape)), dtype=np.int32).reshape(shape))
        dataset["fit"].attrs["long_name"] = "index of the stored network"
        coordinates = {k: v for k, v in _coordinates(self.job).items() if k != "trainer"}
        dataset = dataset.assign_coords(coordinates)
        return datasets.described(dataset, **self._origin("Best networks in hand", registry, digests))

    def _ordered(self) -> list[Network | None]:
        return [self._places.get(index) for index in np.ndindex(self.cells["error_upper"].shape)]

    def keep(self, place: tuple[int, int, int], networks: Sequence[Network | None]) -> None:
        for index, network in enumerate(networks):
            if network is not None:
                self._places[(*place, index)] = network


def _gather(
    tables: _Tables,
    pair: tuple[str, str],
    complexity: Complexity,
    registry: Registry,
    built: "xr.Dataset | None",
    fitted: "dict[str, xr.Dataset]",
) -> _Best:
    """Enter the measured errors of one pair into the tables and return its best networks."""
    job = tables.job
    place = tables.place(pair, complexity)
    champion = _Best(np.full(len(job.budgets), np.nan), [None] * len(job.budgets), [""] * len(job.budgets))
    if built is not None:
        chosen = built.sel(complexity=complexity)
        stored = from_dataset(built, registry)
        for index, budget in enumerate(job.budgets):
            at = chosen.sel(budget=budget)
            error, network = float(at["error_constructed"]), stored[int(at["fit"])]
            tables.cells["error_constructed"][(*place, index)] = error
            champion.offer(index, error, network, str(at["construction"].values))
    for position, trainer in enumerate(job.trainers):
        if trainer not in fitted:
            continue
        chosen = fitted[trainer].sel(complexity=complexity, budget=list(job.budgets))
        stored = from_dataset(fitted[trainer], registry)
        for name, table in tables.fits.items():
            table[place][:, position] = chosen[name].values
        tables.pieces_most[place[1:]] = np.fmax(tables.pieces_most[place[1:]], chosen["pieces_most"].values)
        errors, fits = chosen["error_trained"].values, chosen["fit"].values
        kind = NetworkKind.parse(pair[1])
        # a trainer of slopes leaves the class of the activation it starts from
        belongs = np.array([network is None or kind.has(network, registry) for network in stored])[fits]
        tables.member[place][:, position] = belongs
        errors = np.where(belongs, errors, np.nan)
        for index in range(len(job.budgets)):
            if not np.isnan(errors[index]).all():
                seed = int(np.nanargmin(errors[index]))
                champion.offer(index, errors[index, seed], stored[int(fits[index, seed])], trainer)
    return champion


def _shared(
    champions: "dict[tuple[str, str, Complexity], _Best]", registry: Registry
) -> "dict[tuple[str, str, Complexity], _Best]":
    """Let every kind use the best networks of its activations and at most its depth: they lie in its class."""
    result = {}
    kinds = {network: NetworkKind.parse(network) for _, network, _ in champions}
    for (target, network, complexity), own in champions.items():
        best_of_all = _Best(own.errors.copy(), list(own.networks), list(own.origins))
        for (other_target, other_network, other_complexity), other in champions.items():
            same = (other_target, other_complexity) == (target, complexity) and other_network != network
            if same and kinds[network].holds(kinds[other_network], registry):
                for index, (error, found) in enumerate(zip(other.errors, other.networks, strict=True)):
                    best_of_all.offer(
                        index, float(error), found, f"{other.origins[index]} of {other_network}"
                    )
        result[target, network, complexity] = best_of_all
    return result


def _fill(
    tables: _Tables,
    pair: tuple[str, str],
    complexity: Complexity,
    champion: _Best,
    registry: Registry,
    lower_ends: "dict[tuple[str, int], xr.Dataset]",
) -> None:
    """Enter the two ends of one pair into the tables."""
    job = tables.job
    place = tables.place(pair, complexity)
    target = registry.targets[pair[0]]
    kind = NetworkKind.parse(pair[1])
    activation, *others = kind.activations(registry)
    champion.nest()
    champion.certify(target)
    tables.keep(place, champion.networks)
    splines, shallow = _spline_ends(lower_ends.get((pair[0], _degree(activation))))
    ends = [
        best.class_ends(target, activation, kind.depth, complexity, budget, splines, shallow)
        for budget in job.budgets
    ]
    if kind.larger(registry):
        ends = [end.of_larger_class() for end in ends]
    lower, upper = spaces.envelope(np.array([end.lower for end in ends]), champion.errors)
    closure = np.array([end.closure for end in ends])
    attained = np.array([end.attained for end in ends])
    if np.any(lower > upper):
        worst = int(np.nanargmax(lower - upper))
        raise RuntimeError(
            f"{pair}, {complexity} = {job.budgets[worst]}: lower end {float(lower[worst])!r} above upper "
            f"end {float(upper[worst])!r}; this is a bug in ratelab, or the target's declarations are not true"
        )
    reached = np.where(np.isnan(closure) | (upper <= closure) | attained, 2, 1)
    cells = tables.cells
    cells["error_upper"][place] = upper
    cells["error_upper_closure"][place] = closure
    cells["error_lower"][place] = lower
    # networks of fixed widths are a part of the class
    cells["error_lower_architecture"][place] = np.fmax(
        lower, _architecture(job, registry, target, pair[1], complexity, splines, shallow)
    )
    cells["certainty"][place] = [datasets.CERTAINTY[end.certainty] for end in ends]
    cells["lower_status"][place] = [datasets.LOWER_STATUS[end.status] for end in ends]
    cells["upper_certainty"][place] = [datasets.CERTAINTY[c] for c in champion.certainty]
    cells["upper_attained"][place] = np.where(np.isnan(upper) & np.isnan(closure), 0, reached)
    cells["origin"][place] = champion.origins
    name = best.class_name([activation, *others], kind.depth, complexity)
    tables.lower_class[place[1:]] = f"{name}, with poolings" if kind.pools(registry) else name


def _architecture(
    job: StudyJob,
    registry: Registry,
    target: Target,
    network: str,
    complexity: Complexity,
    splines: dict[int, best.SplineEnd],
    shallow: dict[int, best.SplineEnd],
) -> np.ndarray:
    """Lower ends for the widths that the architecture chooses for each budget."""
    kind = NetworkKind.parse(network)
    activation = kind.activations(registry)[0]
    if kind.larger(registry):
        return np.full(len(job.budgets), np.nan)
    ends = []
    for budget in job.budgets:
        layout = registry.architectures[kind.architecture].layout(
            budget=budget, complexity=complexity, depth=kind.depth, dimension=target.dimension, outputs=1
        )
        ends.append(best.architecture_end(target, activation, layout.widths[1:-1], splines, shallow).lower)
    return np.array(ends)


def _spline_ends(
    dataset: "xr.Dataset | None",
) -> tuple[dict[int, best.SplineEnd], dict[int, best.SplineEnd]]:
    """Lower ends by pieces, and those of shallow ReLU networks by neurons."""
    if dataset is None:
        return {}, {}
    trivial = dataset["lower_status"].values == datasets.LOWER_STATUS["trivial"]
    splines = _ends_by(dataset, "pieces", "spline_lower", "certainty", trivial)
    if "network_lower" not in dataset:
        return splines, {}
    return splines, _ends_by(dataset, "neurons", "network_lower", "network_certainty")


def _ends_by(
    dataset: "xr.Dataset", size: str, lower: str, certainty: str, trivial: np.ndarray | None = None
) -> dict[int, best.SplineEnd]:
    sizes = dataset[size].values
    nothing = np.zeros(len(sizes), bool) if trivial is None else trivial
    rows = zip(sizes, dataset[lower].values, dataset[certainty].values, nothing, strict=True)
    return {int(n): best.SplineEnd(float(v), _CERTAINTY[int(c)], bool(t)) for n, v, c, t in rows}


def _degree(activation: Any) -> int:
    return activation.polynomial.degree if activation.polynomial is not None else -1


def _coordinates(job: StudyJob) -> dict[str, np.ndarray]:
    return {
        "target": np.array(job.targets, dtype=object),
        "network": np.array(job.networks, dtype=object),
        "complexity": np.array(job.complexity, dtype=object),
        "budget": np.array(job.budgets),
        "trainer": np.array(job.trainers, dtype=object),
    }


def _members(job: StudyJob) -> list[tuple[str, str]]:
    members = [("targets", label) for label in job.targets]
    for network in job.networks:
        kind = NetworkKind.parse(network)
        members += [("architectures", kind.architecture), ("activations", kind.activation)]
    return members
