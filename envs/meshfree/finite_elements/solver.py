"""P2 finite elements of scikit-fem for a problem's weak form: Newton's method in each step of BDF2.

On a box of cells of one size, in one to three directions of space; a pressure, which has no derivative of its own to
hold it, is P1 (Taylor–Hood). The first step is the implicit midpoint rule.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simplatform.envs.meshfree.finite_elements.sparse import Linear
from simplatform.envs.meshfree.finite_elements.weak import WeakForm, dirichlet, value_of
from simplatform.envs.meshfree.pde import Floats, Pde
from simplatform.errors import ConfigError, MissingDependency, SolverError

NEWTON = 25
TIGHT = 1e-10
Ints = NDArray[np.int64]


def skfem() -> Any:
    """Import scikit-fem.

    Raises:
        MissingDependency: it is not installed.
    """
    try:
        import skfem
    except ImportError as error:
        raise MissingDependency("finite elements need scikit-fem: pip install 'simplatform[mesh]'") from error
    return skfem


def box(low: Floats, high: Floats, cells: int) -> Any:
    """Return a mesh of lines, triangles or tetrahedra: ``cells`` in the longest direction, about equal in the others.

    Raises:
        ConfigError: more than three directions.
    """
    fem = skfem()
    if len(low) > 3:
        raise ConfigError(f"finite elements here have at most 3 directions of space; the problem has {len(low)}")
    most = float((high - low).max())
    counts = [max(1, round(cells * (b - a) / most)) for a, b in zip(low, high, strict=True)]
    lines = [np.linspace(a, b, n + 1) for a, b, n in zip(low, high, counts, strict=True)]
    kinds = (fem.MeshLine, fem.MeshTri, fem.MeshTet)
    return kinds[0](lines[0]) if len(lines) == 1 else kinds[len(lines) - 1].init_tensor(*lines)


@dataclass
class Space:
    """The bases of all unknowns on one mesh, with the same quadrature, and where each has its rows."""

    bases: list[Any]
    offsets: list[int]

    @property
    def size(self) -> int:
        """Unknowns in all."""
        return self.offsets[-1]

    def part(self, vector: Floats, number: int) -> Floats:
        """Return an unknown's part of a vector."""
        return vector[self.offsets[number] : self.offsets[number + 1]]


class FiniteElements:
    """A problem on a mesh, ready to be solved for any parameters."""

    def __init__(self, pde: Pde, cells: int, degree: int = 2, mesh: Any = None) -> None:
        """Derive the weak form and build the bases.

        Raises:
            ConfigError: the problem is none for finite elements; the reason is told.
        """
        self.pde, self.weak = pde, WeakForm(pde)
        self.mesh = box(pde.low[self.weak.space], pde.high[self.weak.space], cells) if mesh is None else mesh
        self.space = _space(self.mesh, [1 if self.weak.plain(m) else degree for m in range(len(pde.unknowns))])
        self.fixed, self._values_at = self._dirichlet()
        self._same = self._periodic()
        self._linear = Linear(self.space.size, self._same, self.fixed)

    def solve(self, parameters: Floats, steps: int, look: Callable[[float, Floats], None]) -> None:
        """Solve for all times, and let ``look(t, vector)`` see the state at each of them (t is 0 if there is none).

        Raises:
            SolverError: Newton's method does not converge, or the matrix is singular.
        """
        time = self.pde.time
        if time is None:
            look(0.0, self._step(np.zeros(self.space.size), parameters, 0.0, _Scheme(1.0, 0.0, None, None)))
            return
        start, end = self.pde.low[time], self.pde.high[time]
        dt, state, before = (end - start) / steps, self._start(parameters), None
        look(start, state)
        for number in range(1, steps + 1):
            t = start + number * dt
            scheme = _Scheme(0.5, 1 / dt, state, -state / dt) if before is None else _Scheme(
                1.0, 1.5 / dt, None, (before - 4 * state) / (2 * dt)
            )  # fmt: skip
            found = self._step(state, parameters, t, scheme, dt)
            before, state = state, found
            look(t, state)

    def probes(self, points: Floats) -> list[Any]:
        """Return for each unknown the matrix that evaluates it at points ``(Q, d)`` of space."""
        return [basis.probes(points.T) for basis in self.space.bases]

    def _step(self, guess: Floats, parameters: Floats, t: float, scheme: _Scheme, dt: float = 0.0) -> Floats:
        found = guess.copy()
        found[self.fixed] = self._values_at(parameters, t)
        found = self._linear.together(found)
        at = t - (1 - scheme.share) * dt
        first = None
        for _ in range(NEWTON):
            matrix, vector = self._assemble(found, parameters, at, scheme)
            change = self._linear.solve(matrix, vector)
            found = found - change
            size = float(np.abs(change).max())
            first = size if first is None else first
            if self.weak.linear or size <= TIGHT * max(1.0, float(np.abs(found).max())):
                return found
            if not np.isfinite(size):
                break
        raise SolverError(f"{self.pde.document.name}: Newton's method does not converge at t = {t:g}; more cells or "
                          "shorter steps may help")  # fmt: skip

    def _assemble(self, vector: Floats, parameters: Floats, t: float, scheme: _Scheme) -> tuple[Any, Floats]:
        fem, bases, weak = skfem(), self.space.bases, self.weak
        inputs = self._inputs(vector, parameters, t, scheme)
        values = [np.asarray(one, float) for one in weak.values(inputs)]
        key = (scheme.share, scheme.rate)
        known = self._linear.known(key) if weak.steady_matrix else None
        directions, count = len(weak.space), len(bases)
        right = []
        for row in range(count):
            own = values[row * (directions + 1) : (row + 1) * (directions + 1)]
            form = fem.LinearForm(lambda v, w, own=own: own[0] * v + sum(c * v.grad[j] for j, c in enumerate(own[1:])))
            right.append(form.assemble(bases[row]))
        load = np.concatenate(right)
        matrix = self._matrix(inputs, scheme) if known is None else known
        load, matrix = self._naturals(load, matrix, vector, parameters, t, scheme, known is None)
        if weak.steady_matrix and known is None:
            self._linear.know(key, matrix)
        return matrix, load

    def _matrix(self, inputs: list[Any], scheme: _Scheme) -> Any:
        from scipy.sparse import bmat

        slopes, weak = self.weak.slopes(inputs), self.weak
        fem, bases, width = skfem(), self.space.bases, len(self.weak.jets)
        directions, count = len(weak.space), len(bases)
        blocks: list[list[Any]] = [[None] * count for _ in range(count)]
        for row in range(count):
            for column in range(count):
                tables = [self._coefficients(slopes, weak, row * (directions + 1) + part, column, width, scheme)
                          for part in range(directions + 1)]  # fmt: skip
                if any(table for table in tables):
                    form = fem.BilinearForm(lambda u, v, w, tables=tables: _bilinear(u, v, tables))
                    blocks[row][column] = form.assemble(bases[column], bases[row])
                elif row == column:
                    blocks[row][column] = _nothing(bases[row].N)
        return bmat(blocks, "csr")

    def _coefficients(
        self, slopes: list[Any], weak: WeakForm, part: int, unknown: int, width: int, scheme: _Scheme
    ) -> dict[int, Any]:
        """Return what multiplies u (place −1) and its slopes (places 0 …) in a coefficient's derivative."""
        found: dict[int, Any] = {}
        for number, (m, index) in enumerate(weak.jets):
            if m != unknown or not weak.pattern[part][number]:
                continue
            value = np.asarray(slopes[part * width + number], float)
            if index and index[0] == self.pde.time:
                found[-1] = found.get(-1, 0.0) + scheme.rate * value
            elif index:
                found[weak.space.index(index[0])] = scheme.share * value
            else:
                found[-1] = found.get(-1, 0.0) + scheme.share * value
        return found

    def _inputs(self, vector: Floats, parameters: Floats, t: float, scheme: _Scheme, bases: Any = None) -> list[Any]:
        bases = self.space.bases if bases is None else bases
        place = np.asarray(bases[0].global_coordinates())
        middle = vector if scheme.old is None else scheme.share * vector + (1 - scheme.share) * scheme.old
        fields = [basis.interpolate(self.space.part(middle, m)) for m, basis in enumerate(bases)]
        jets = [np.asarray(field) for field in fields]
        jets += [np.asarray(field.grad[j]) for field in fields for j in range(len(self.weak.space))]
        if self.pde.time is not None:
            rate = scheme.rate * vector + scheme.history
            jets += [np.asarray(basis.interpolate(self.space.part(rate, m))) for m, basis in enumerate(bases)]
        return [*self._coordinates(place, t), *parameters, *jets]

    def _coordinates(self, place: Any, t: float) -> list[Any]:
        rows = iter(place)
        return [np.full_like(place[0], t) if i == self.pde.time else next(rows) for i in range(self.pde.dim)]

    def _naturals(
        self, load: Floats, matrix: Any, vector: Floats, parameters: Floats, t: float, scheme: _Scheme, fresh: bool
    ) -> tuple[Floats, Any]:
        from scipy.sparse import coo_matrix

        fem = skfem()
        for one in self.weak.naturals:
            facets = self._facets(one.axis, one.end)
            bases = [fem.FacetBasis(self.mesh, basis.elem, facets=facets, intorder=basis_order(basis))
                     for basis in self.space.bases]  # fmt: skip
            found = [np.asarray(x, float) for x in one.program(self._inputs(vector, parameters, t, scheme, bases))]
            lower = self.space.offsets[one.row]
            load[lower : self.space.offsets[one.row + 1]] += fem.LinearForm(lambda v, w, c=found[0]: c * v).assemble(
                bases[one.row]
            )
            for column, value in enumerate(found[1:]):
                if fresh and np.any(value):
                    form = fem.BilinearForm(lambda u, v, w, c=scheme.share * value: c * u * v)
                    part = form.assemble(bases[column], bases[one.row]).tocoo()
                    place = (part.row + lower, part.col + self.space.offsets[column])
                    matrix = matrix + coo_matrix((part.data, place), (self.space.size,) * 2).tocsr()
        return load, matrix

    def _facets(self, axis: int, end: int) -> Any:
        direction, bound = self.weak.space.index(axis), (self.pde.low, self.pde.high)[end][axis]
        width = float(self.pde.high[axis] - self.pde.low[axis])
        return self.mesh.facets_satisfying(lambda x: np.abs(x[direction] - bound) < 1e-9 * width, boundaries_only=True)

    def _dirichlet(self) -> tuple[Ints, Callable[[Floats, float], Floats]]:
        """Return the rows whose values are given, and their values by parameters and time."""
        found: dict[int, tuple[Any, Floats]] = {}
        for one in self.pde.conditions:
            if one.pair or one.axis == self.pde.time:
                continue
            for unknown, formula in dirichlet(self.pde, one):
                basis, offset = self.space.bases[unknown], self.space.offsets[unknown]
                rows = basis.get_dofs(self._facets(one.axis, one.end)).all()
                found.update({int(row) + offset: (formula, basis.doflocs[:, row]) for row in rows})
        rows = np.array(sorted(found), np.int64)
        formulas = list(dict.fromkeys(found[row][0] for row in rows.tolist()))
        groups = [(f, np.array([n for n, row in enumerate(rows.tolist()) if found[row][0] == f])) for f in formulas]
        places = np.array([found[row][1] for row in rows.tolist()]).reshape(len(rows), len(self.weak.space))

        def values(parameters: Floats, t: float) -> Floats:
            result = np.zeros(len(rows))
            for formula, chosen in groups:
                points = np.stack(self._coordinates(places[chosen].T, t), 1)
                result[chosen] = value_of(self.pde, formula, points, parameters)
            return result

        return rows, values

    def _periodic(self) -> Ints:
        """Return for each row the one that it is the same as: opposite sides of periodic directions are one."""
        same = np.arange(self.space.size)
        for one in self.pde.conditions:
            if not one.pair:
                continue
            direction = self.weak.space.index(one.axis)
            span = float(self.pde.high[one.axis] - self.pde.low[one.axis])
            for m, basis in enumerate(self.space.bases):
                wrapped = basis.doflocs.copy()
                at_end = np.abs(wrapped[direction] - self.pde.high[one.axis]) < 1e-9 * span
                wrapped[direction, at_end] = self.pde.low[one.axis]
                keys: dict[bytes, int] = {}
                names = [column.tobytes() for column in np.round(wrapped.T / span, 9) + 0.0]
                for row in np.argsort(at_end, kind="stable").tolist():
                    first = keys.setdefault(names[row], row)
                    same[self.space.offsets[m] + row] = self.space.offsets[m] + first
        while not np.array_equal(same, same[same]):
            same = same[same]
        return same

    def _start(self, parameters: Floats) -> Floats:
        found = np.zeros(self.space.size)
        for m, name in enumerate(self.pde.unknowns):
            if name in self.pde.document.initial:
                formula = self.pde.reading.data(self.pde.document.initial[name], f"initial {name}")
                t = float(self.pde.low[self.pde.time]) if self.pde.time is not None else 0.0
                points = np.stack(self._coordinates(self.space.bases[m].doflocs, t), 1)
                found[self.space.offsets[m] : self.space.offsets[m + 1]] = value_of(
                    self.pde, formula, points, parameters
                )
        return found


@dataclass(frozen=True)
class _Scheme:
    """A step: unknowns are ``share`` of the new and the rest of ``old``; u_t is ``rate`` · new + ``history``."""

    share: float
    rate: float
    old: Floats | None
    history: Any


def basis_order(basis: Any) -> int:
    """Return a degree of quadrature that loads of a smooth source are integrated well with."""
    return int(2 * basis.elem.maxdeg + 1)


def _space(mesh: Any, degrees: list[int]) -> Space:
    fem = skfem()
    dim = mesh.dim()
    kinds = {
        1: (fem.ElementLineP1, fem.ElementLineP2), 2: (fem.ElementTriP1, fem.ElementTriP2),
        3: (fem.ElementTetP1, fem.ElementTetP2),
    }[dim]  # fmt: skip
    order = 2 * max(degrees) + 1
    bases = [fem.Basis(mesh, kinds[degree - 1](), intorder=order) for degree in degrees]
    return Space(bases, [0, *np.cumsum([basis.N for basis in bases]).tolist()])


def _bilinear(u: Any, v: Any, tables: list[dict[int, Any]]) -> Any:
    def applied(table: dict[int, Any]) -> Any:
        return sum(c * (u if place < 0 else u.grad[place]) for place, c in table.items())

    found = applied(tables[0]) * v if tables[0] else 0.0
    for j, table in enumerate(tables[1:]):
        if table:
            found = found + applied(table) * v.grad[j]
    return found


def _nothing(size: int) -> Any:
    from scipy.sparse import csr_matrix

    return csr_matrix((size, size))
