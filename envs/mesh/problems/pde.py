"""A boundary-value problem of one's own: a Python file with a bilinear and a linear form for scikit-fem.

The file holds ``bilinear`` and ``linear``, a ``skfem.BilinearForm`` and ``LinearForm`` or plain functions ``(u, v, w)``
and ``(v, w)``. All else is optional:

- ``boundary(x)``: values where the solution is held, ``x (2, N)`` → ``(N,)``; 0 without it.
- ``held(x)``: which boundary vertices are held, ``x (2, N)`` → mask; all without it.
- ``boundary_bilinear``, ``boundary_linear``: forms on the boundary's edges, for fluxes.
- ``draw(rng)``: a dictionary of numbers that each episode draws; forms find them as ``w.name``, functions as keywords.
- ``exact(x)``: the solution; without it a mesh with 16 times as many cells is the reference.
- ``GEOMETRY``: where it takes place, a name such as "l-shape".
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from simplatform.envs.mesh.finite_elements.fem import basis, l2_error, skfem, solve_dirichlet
from simplatform.envs.mesh.finite_elements.p1 import P1
from simplatform.envs.mesh.finite_elements.reference import Reference, refined
from simplatform.envs.mesh.geometry.mesh import Floats, Mesh
from simplatform.envs.mesh.problems.base import SteadyProblem
from simplatform.errors import DataError, SolverError
from simplatform.recipes.code import trusted_source

INTORDER = 4
FUNCTIONS = ("boundary", "held", "exact", "draw", "boundary_bilinear", "boundary_linear")


@dataclass(frozen=True)
class Forms:
    """What a file says: the module, and forms made of its functions."""

    path: Path
    module: ModuleType
    bilinear: Any
    linear: Any

    @classmethod
    def read(cls, path: str | Path) -> Forms:
        """Execute a file that its user named.

        Raises:
            UsageError: nobody named it (see ``recipes.code``).
            DataError: it fails, or lacks a form.
        """
        module = ModuleType("simplatform_pde")
        module.__file__ = str(path)
        try:
            exec(compile(trusted_source(path), str(path), "exec"), module.__dict__)
        except (DataError, SolverError):
            raise
        except Exception as error:
            if type(error).__module__.startswith("simplatform"):
                raise
            raise DataError(f"{path} fails: {type(error).__name__}: {error}") from error
        for name in ("bilinear", "linear"):
            if not callable(module.__dict__.get(name)):
                raise DataError(f"{path} must hold {name}: a scikit-fem form, or a function; see the how-to on PDEs")
        fem = skfem()
        found = module.__dict__
        return cls(path=Path(path), module=module, bilinear=_form(fem.BilinearForm, found["bilinear"]),
                   linear=_form(fem.LinearForm, found["linear"]))  # fmt: skip

    def get(self, name: str) -> Callable[..., Any] | None:
        """Return one of the optional functions, or None."""
        found = self.module.__dict__.get(name)
        if found is not None and not callable(found):
            raise DataError(f"{self.path}: {name} must be a function, got {type(found).__name__}")
        return found


class OwnPDE(SteadyProblem):
    """The problem of a file, with drawn ``parameters (P,)`` in the order of their names."""

    name = "pde"
    forms: Forms

    def __init__(self, drawn: dict[str, float]) -> None:
        """Take what the file's ``draw`` gave."""
        self.drawn = drawn
        self.parameters = np.array([drawn[key] for key in sorted(drawn)], float)
        self._reference: tuple[Mesh, Reference] | None = None

    @classmethod
    def sample(cls, rng: np.random.Generator, low: Floats, high: Floats) -> OwnPDE:
        """Draw parameters by the file's ``draw``."""
        draw = cls.forms.get("draw")
        found = {} if draw is None else draw(rng)
        try:
            return cls({str(key): float(value) for key, value in dict(found).items()})
        except (TypeError, ValueError) as error:
            raise DataError(f"{cls.forms.path}: draw(rng) returns a dictionary of numbers, got {found!r}") from error

    def solve(self, mesh: Mesh) -> Floats:
        """Return the P1 solution, ``(V,)``.

        Raises:
            SolverError: the matrix is singular, or the values are not finite.
            DataError: the file's functions fail.
        """
        if self.forms.get("exact") is None and self._reference is None:
            fine = refined(mesh, 2)
            self._reference = (mesh, Reference(P1(fine), self._solved(fine)))
        return self._solved(mesh)

    def error(self, mesh: Mesh, values: Floats) -> float:
        """Return ‖u_h − u‖ in L2."""
        if self._reference is not None:
            return self._reference[1].error(mesh, values)
        return l2_error(mesh, values, self.truth)

    def truth(self, points: Floats) -> Floats:
        """Return the exact solution, or that of the fine mesh, at points ``(..., 2)``."""
        if self._reference is not None:
            return self._reference[1].at(points)
        return self._called("exact", points.reshape(-1, points.shape[-1])).reshape(points.shape[:-1])

    def _solved(self, mesh: Mesh) -> Floats:
        space = basis(mesh, INTORDER)
        matrix, load = self._assembled(self.forms.bilinear, space), self._assembled(self.forms.linear, space)
        matrix, load = self._with_boundary(mesh, matrix, load)
        fixed, values = mesh.boundary.copy(), np.zeros(len(mesh.points))
        if self.forms.get("held") is not None:
            fixed[fixed] = self._called("held", mesh.points[fixed]).astype(bool)
        if self.forms.get("boundary") is not None:
            values[fixed] = self._called("boundary", mesh.points[fixed])
        found = solve_dirichlet(matrix.tocsc(), load, values, fixed)
        if not np.isfinite(found).all():
            raise SolverError(f"{self.forms.path}: the solution is not finite")
        return found

    def _with_boundary(self, mesh: Mesh, matrix: Any, load: Floats) -> tuple[Any, Floats]:
        bilinear, linear = self.forms.get("boundary_bilinear"), self.forms.get("boundary_linear")
        if bilinear is None and linear is None:
            return matrix, load
        fem, space = skfem(), basis(mesh)
        facets = fem.FacetBasis(space.mesh, space.elem, intorder=INTORDER)
        if bilinear is not None:
            matrix = matrix + self._assembled(_form(fem.BilinearForm, bilinear), facets)
        if linear is not None:
            load = load + self._assembled(_form(fem.LinearForm, linear), facets)
        return matrix, load

    def _assembled(self, form: Any, space: Any) -> Any:
        try:
            return form.assemble(space, **self.drawn)
        except Exception as error:
            raise DataError(f"{self.forms.path} cannot be assembled: {type(error).__name__}: {error}") from error

    def _called(self, name: str, points: Floats) -> Floats:
        """Return what a function of the file gives at points ``(N, 2)``: ``(N,)``."""
        function = self.forms.get(name)
        assert function is not None
        taken = inspect.signature(function).parameters
        try:
            found = np.asarray(function(points.T, **{key: v for key, v in self.drawn.items() if key in taken}))
            return np.broadcast_to(found, (len(points),)).copy()
        except Exception as error:
            raise DataError(f"{self.forms.path}: {name} fails: {type(error).__name__}: {error}") from error


def own_pde(path: str | Path) -> type[OwnPDE]:
    """Return the problem family of a file.

    Raises:
        UsageError: nobody who ran this program named the file.
        DataError: it lacks a form, or fails.
    """
    forms = Forms.read(path)
    geometry = forms.module.__dict__.get("GEOMETRY", "square")
    return type("OwnPDE", (OwnPDE,), {"forms": forms, "geometry": geometry})


def _form(kind: Any, given: Any) -> Any:
    return given if isinstance(given, kind) else kind(given)
