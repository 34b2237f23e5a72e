"""Your own sampler: a class of twenty lines, used by any diffusion or flow policy, compared with the others by name.

A sampler carries noise to data. What it calls, the denoiser, answers in any parameterisation (data, noise, velocity),
for any policy, and counts its evaluations. This one is Heun's method for the probability-flow ODE in log(α/σ), with
the last, superfluous correction left out.

In a plugin of your own (`simplatform new plugin NAME --kind solver`) the registration is

    @hookimpl
    def register_solvers(register):
        register("my-heun", "my_package.samplers:LogHeun", kind="sampler", help="Heun in log(α/σ)")

and then `simplatform run --plugin dp3 --set sampler=my-heun --set nfe=9`, or, with a run that is there already,
`simplatform eval RUN --set sampler=my-heun --set nfe=9`.
"""

import sys
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from simplatform.policies.samplers import Denoiser, LinearVP, Sampler, get_sampler


class LogHeun(Sampler):
    order, evaluations = 2, 2

    def steps(self, nfe: int) -> int:
        return (nfe + 1) // 2  # the last step needs one evaluation only

    def _sample(self, denoiser: Denoiser, x: Tensor, times: Sequence[float]) -> Tensor:
        path = denoiser.path
        for s, t in pairwise(times):
            y, rho = x / path.alpha(s), path.sigma(t) / path.alpha(t) - path.sigma(s) / path.alpha(s)
            first = denoiser.noise(x, s)  # d(x/α) = noise d(σ/α)
            x = path.alpha(t) * (y + rho * first)
            if t != times[-1]:
                x = path.alpha(t) * (y + 0.5 * rho * (first + denoiser.noise(x, t)))
        return x


def two_points(path: LinearVP) -> Denoiser:
    """Data that are −1 or 1 with equal probability: the clean sample to expect is known in closed form."""
    return Denoiser(lambda x, t: torch.tanh(path.alpha(t) / path.sigma(t) ** 2 * x), path, "data")


def main(quick: bool = False) -> dict[tuple[str, int], float]:
    path = LinearVP(last=0.02)
    noise = torch.randn(500 if quick else 5000, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    truth = get_sampler("dpm3").generate(two_points(path), noise, 1500)
    errors = {}
    for name, sampler in (("my-heun", LogHeun()), *((n, get_sampler(n)) for n in ("ddim", "heun", "dpm++2m"))):
        for nfe in (10, 20, 40, 80):
            found = sampler.generate(two_points(path), noise, nfe)
            errors[name, nfe] = float((found - truth).square().mean().sqrt())
        print(f"{name:8s}", *(f"{nfe} evaluations: {errors[name, nfe]:.4f}  " for nfe in (10, 20, 40, 80)))
    return errors


if __name__ == "__main__":
    main(quick="--quick" in sys.argv)
