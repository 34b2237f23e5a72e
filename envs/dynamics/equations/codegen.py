"""Code from a vector field: Python and C sources that need nothing of this package, and compiled C where it pays.

What is common to right-hand side and Jacobian is computed once (SymPy's ``cse``). Names in the sources are places in
``x`` and ``p``, so that no text of a user's file ends in code.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import sympy
from sympy.printing.c import C99CodePrinter
from sympy.printing.numpy import NumPyPrinter

from simplatform.envs.dynamics.equations.field import VectorField
from simplatform.envs.dynamics.systems.base import Array
from simplatform.errors import DataError, MissingDependency

FLAGS = ("-O2", "-ffp-contract=off", "-shared", "-fPIC")
SECONDS = 300
Reduced = tuple[list[tuple[sympy.Symbol, sympy.Expr]], list[sympy.Expr], dict[tuple[int, int], sympy.Expr]]
"""Common parts, slopes, and the Jacobian's entries by row and column."""


def python_source(field: VectorField, about: str = "") -> str:
    """Return a module with ``field(x, p)`` and ``jacobian(x, p)`` in NumPy, batched: ``(..., d)``, ``(..., d, d)``."""
    places, taken = ("x[..., {}]", "p[{}]"), "    x = numpy.asarray(x, float)\n"
    show, d = NumPyPrinter({"fully_qualified_modules": False}).doprint, len(field.states)
    few, values, _ = _reduced(field, *places, slopes=False)
    many, _, slopes = _reduced(field, *places)
    first, second = ("".join(f"    {name} = {show(value)}\n" for name, value in shared) for shared in (few, many))
    rows = "".join(f"    out[..., {i}] = {show(value)}\n" for i, value in enumerate(values))
    entries = "".join(f"    out[..., {i}, {j}] = {show(value)}\n" for (i, j), value in slopes.items())
    return (
        f"{_comment('#', about, field)}from functools import reduce\n\nimport numpy\n"
        "from numpy import *\n\n\n"
        f"def field(x, p=()):\n{taken}{first}    out = numpy.zeros(x.shape)\n{rows}    return out\n\n\n"
        f"def jacobian(x, p=()):\n{taken}{second}    out = numpy.zeros((*x.shape, {d}))\n{entries}    return out\n"
    )


def c_source(field: VectorField, about: str = "") -> str:
    """Return ``void field(x, p, f, j, n)``: slopes ``f (n, d)`` and Jacobians ``j (n, d, d)`` of states ``x (n, d)``.

    ``j`` may be NULL; its entries that are zero everywhere are not written.
    """
    d, show = len(field.states), C99CodePrinter().doprint

    def lines(parts: Reduced) -> str:
        shared, values, slopes = parts
        told = [f"const double {name} = {show(value)};" for name, value in shared]
        told += [f"f[i * {d} + {row}] = {show(value)};" for row, value in enumerate(values)]
        told += [f"j[i * {d * d} + {row * d + column}] = {show(value)};" for (row, column), value in slopes.items()]
        return "\n      ".join(told)

    places = (f"x[i * {d} + {{}}]", "p[{}]")
    return (
        f"{_comment('//', about, field)}#include <math.h>\n\n"
        "void field(const double *x, const double *p, double *f, double *j, long n) {\n"
        "  for (long i = 0; i < n; ++i) {\n"
        f"    if (j) {{\n      {lines(_reduced(field, *places))}\n"
        f"    }} else {{\n      {lines(_reduced(field, *places, slopes=False))}\n"
        "    }\n  }\n}\n"
    )


class Compiled:
    """A vector field in C: for small systems, where an array operation costs more than its work."""

    def __init__(self, field: VectorField) -> None:
        """Compile.

        Raises:
            MissingDependency: there is no C compiler.
            DataError: it does not compile; the compiler's words are kept.
        """
        self.states, self.parameters = field.states, field.parameters
        self._source = c_source(field)
        self._function = self._built()

    def __call__(self, x: Array, parameters: Mapping[str, float]) -> Array:
        """Return slopes ``(..., d)`` of states ``(..., d)``."""
        return self._run(x, parameters, slopes=False)[0]

    def jacobian(self, x: Array, parameters: Mapping[str, float]) -> tuple[Array, Array]:
        """Return slopes ``(..., d)`` and ``∂f_i/∂x_j`` ``(..., d, d)``."""
        return self._run(x, parameters, slopes=True)

    def _run(self, x: Array, parameters: Mapping[str, float], *, slopes: bool) -> tuple[Array, Array]:
        d = len(self.states)
        states = np.ascontiguousarray(x, float)
        given = np.array([float(parameters[name]) for name in self.parameters])
        values, tangents = np.empty_like(states), np.zeros((*states.shape, d) if slopes else 0)
        count = states.size // d
        self._function(
            states.ctypes.data, given.ctypes.data, values.ctypes.data, tangents.ctypes.data if slopes else None, count
        )
        return values, tangents

    @cached_property
    def _compiler(self) -> str:
        found = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        if found is None:
            raise MissingDependency("compiled equations need a C compiler (cc, gcc or clang); the others need none")
        return found

    def _built(self) -> ctypes._NamedFuncPointer:
        with tempfile.TemporaryDirectory() as folder:
            source, library = Path(folder) / "field.c", Path(folder) / "field.so"
            source.write_text(self._source)
            command = [self._compiler, *FLAGS, str(source), "-o", str(library), "-lm"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
            if done.returncode:
                raise DataError(f"the equations do not compile: {done.stderr.strip()[:300]}")
            function = ctypes.CDLL(str(library)).field
        function.argtypes = [*[ctypes.c_void_p] * 4, ctypes.c_long]
        function.restype = None
        return function


def _reduced(field: VectorField, state: str, parameter: str, *, slopes: bool = True) -> Reduced:
    """Return common parts, slopes and the Jacobian's entries, in symbols that print as places."""
    placed: dict[sympy.Expr, sympy.Expr] = {sympy.Symbol(name, real=True): sympy.Symbol(state.format(i), real=True)
                      for i, name in enumerate(field.states)}  # fmt: skip
    placed |= {sympy.Symbol(name, real=True): sympy.Symbol(parameter.format(i), real=True)
               for i, name in enumerate(field.parameters)}  # fmt: skip
    entries = field.slopes() if slopes else {}
    whole = [*field.expressions, *entries.values()]
    shared, found = sympy.cse(
        [expression.xreplace(placed) for expression in whole], symbols=sympy.numbered_symbols("c", real=True)
    )
    count = len(field.expressions)
    return shared, found[:count], dict(zip(entries, found[count:], strict=True))


def _comment(mark: str, about: str, field: VectorField) -> str:
    lines = [*about.splitlines(), f"x: {', '.join(field.states)}", *_parameters(field.parameters)]
    return "".join(f"{mark} {line}\n" for line in lines if line)


def _parameters(names: Sequence[str]) -> list[str]:
    return [f"p: {', '.join(names)}"] if names else []
