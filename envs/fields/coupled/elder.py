"""Elder's problem: salt above water in a porous square sinks in fingers (Elder, 1967; Voss & Souza, 1987).

Darcy's law with density c, by the stream function: −Δψ = Ra ∂c/∂x, u = (∂ψ/∂y, −∂ψ/∂x); c_t + u·∇c = Δc + S. The salt
moves the water, and the water carries the salt. P1 for both, Crank–Nicolson with the flow extrapolated to mid-step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from simplatform.envs.fields.coupled.base import Coupled, Floats, Square, skfem

Sources = tuple[Callable[[Floats, Floats, float], Floats], Callable[[Floats, Floats, float], Floats]]


class Elder(Coupled):
    """Given: where salt is fed in, S; found: velocity (u, v) and concentration c, over ten frames."""

    name = "elder-lite"
    given: ClassVar[tuple[str, ...]] = ("source",)
    found: ClassVar[tuple[str, ...]] = ("velocity x", "velocity y", "concentration")
    frames: ClassVar[int] = 10
    dt: ClassVar[float] = 0.005

    def __init__(self, rayleigh: float = 400.0, substeps: int = 4, sources: Sources | None = None) -> None:
        """Set Ra and the steps of a frame; ``sources`` of ψ and c are those of manufactured solutions that vanish on
        the walls, and start from their value at t = 0 through ``start``.
        """
        self.rayleigh, self.substeps, self.sources = rayleigh, substeps, sources
        self.start: Callable[[Floats, Floats], Floats] = lambda x, y: 0 * x

    def sample(self, random: np.random.Generator, square: Square) -> Floats:
        """Draw a stretch near the upper wall that salt is fed into."""
        x, y = square.places
        middle, half = random.uniform(0.3, 0.7), random.uniform(0.1, 0.3)
        along = 1 / (1 + np.exp((np.abs(x - middle) - half) / 0.03))
        return (random.uniform(100, 300) * along * np.exp(-(((1 - y) / 0.1) ** 2)))[None]

    def solve(self, square: Square, given: Floats, *, coupled: bool = True) -> Floats:
        """Return velocity and concentration; one-way, the water stays at rest and the salt diffuses."""
        flow = _Flow(square, self.rayleigh if coupled else 0.0, self.sources)
        c, step = self.start(*square.places), self.dt / self.substeps
        before, frames = c, [flow.shown(c, 0.0)]
        for number in range(1, self.frames * self.substeps + 1):
            middle = (number - 0.5) * step
            ahead = 1.5 * c - 0.5 * before if number > 1 else flow.carried(c, c, given[0], step / 2, middle / 2)
            before, c = c, flow.carried(c, ahead, given[0], step, middle)
            if number % self.substeps == 0:
                frames.append(flow.shown(c, number * step))
        return np.stack(frames)


class _Flow:
    """Forms on one mesh."""

    def __init__(self, square: Square, rayleigh: float, sources: Sources | None) -> None:
        from skfem.helpers import dot, grad

        fem = skfem()
        self.square, self.space, self.sources = square, square.p1, sources
        self._spread = fem.BilinearForm(lambda u, v, w: dot(grad(u), grad(v))).assemble(self.space)
        self._mass = fem.BilinearForm(lambda u, v, w: u * v).assemble(self.space)
        self._drive = fem.LinearForm(lambda v, w: rayleigh * grad(w.c)[0] * v)
        self._carry = fem.BilinearForm(lambda c, v, w: (grad(w.psi)[1] * grad(c)[0] - grad(w.psi)[0] * grad(c)[1]) * v)

    def stream(self, c: Floats, time: float) -> Floats:
        """Return ψ, zero on the walls."""
        fem = skfem()
        load = self._drive.assemble(self.space, c=self.space.interpolate(c)) + self._load(0, time)
        found: Floats = fem.solve(*fem.condense(self._spread, load, D=self.square.edge))
        return found

    def carried(self, c: Floats, ahead: Floats, source: Floats, step: float, middle: float) -> Floats:
        """Return c a step later, in the flow that the concentration ``ahead`` of mid-step drives."""
        fem = skfem()
        psi = self.space.interpolate(self.stream(ahead, middle))
        rate = self._spread + self._carry.assemble(self.space, psi=psi)
        fed = self._load(1, middle) if self.sources is not None else self._mass @ source
        load = (self._mass - step / 2 * rate) @ c + step * fed
        fixed = {"D": self.square.edge} if self.sources is not None else {}
        matrix = (self._mass + step / 2 * rate).tocsc()
        found: Floats = fem.solve(*fem.condense(matrix, load, **fixed)) if fixed else fem.solve(matrix, load)
        return found

    def shown(self, c: Floats, time: float) -> Floats:
        """Return velocity and concentration at the vertices; the velocity is the mean of the cells around."""
        psi = self.square.gridded(self.stream(c, time))
        step = 1 / (self.square.points - 1)
        slopes = np.gradient(psi, step, edge_order=2)
        return np.stack([self.square.nodal(slopes[1]), self.square.nodal(-slopes[0]), c])

    def _load(self, which: int, time: float) -> Any:
        if self.sources is None:
            return 0.0
        source = self.sources[which]
        return skfem().LinearForm(lambda v, w: source(w.x[0], w.x[1], time) * v).assemble(self.space)
