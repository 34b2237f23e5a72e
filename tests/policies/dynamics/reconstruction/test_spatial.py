"""Experts of fields: equivariance, differences of known order, filters in Fourier space, training and adaptation."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from simplatform.contracts import Signature
from simplatform.demonstrations import Demonstrations, Episode
from simplatform.errors import ConfigError, ContractError
from simplatform.policies.dynamics.reconstruction.contextual import (
    ContextualConfig,
    GEPSPolicy,
    NCFConfig,
    NCFPolicy,
    SHPLRNNPolicy,
)
from simplatform.policies.dynamics.reconstruction.data import environments_of
from simplatform.policies.dynamics.reconstruction.experts import GEPS, NCF, CoDA, Spatial, Trunk
from simplatform.policies.dynamics.reconstruction.experts.spatial import differences, low_modes
from simplatform.policies.dynamics.reconstruction.leads import LEADS, LEADSConfig
from simplatform.policies.dynamics.reconstruction.mixer import MixER, MixERConfig
from simplatform.policies.dynamics.reconstruction.routing import regression_clusters

SIDE, SAMPLES = 8, 6
SHAPE = (2, SIDE, SIDE)
ZERO = torch.tensor([0])


def build(kind=GEPS, shape=SHAPE, experts=1, filters=3, forced=False):
    torch.manual_seed(0)
    stack = Spatial(experts, shape, kind, 6, 3, 2, filters=filters, modes=2, forced=forced)
    stack.centre.uniform_(-1, 1)
    stack.unit.uniform_(0.5, 2)
    for parameter in stack.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    return stack


def fields(rows=1, count=3, shape=SHAPE):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(rows, count, int(np.prod(shape)), dtype=torch.float64, generator=generator)


def rolled(x, shape=SHAPE, by=(3, -2)):
    axes = tuple(range(-len(shape) + 1, 0))
    return x.unflatten(-1, shape).roll(by[: len(axes)], axes).flatten(-len(shape))


@pytest.mark.parametrize("shape", [SHAPE, (1, 9), (1, 5, 6, 4)])
@pytest.mark.parametrize("kind", [GEPS, CoDA, NCF, Trunk])
def test_the_field_commutes_with_translations(kind, shape):
    stack, x, context = build(kind, shape), fields(shape=shape), torch.randn(1, 2, dtype=torch.float64)
    by = (2, -1, 1)
    field = stack.bind(ZERO, context)
    assert field(x).shape == x.shape
    torch.testing.assert_close(field(rolled(x, shape, by)), rolled(field(x), shape, by))
    assert not torch.allclose(field(x), rolled(field(x), shape, by))


def test_what_is_fixed_in_space_does_not_commute_and_is_added_in_units():
    stack, x, context = build(forced=True), fields(), torch.randn(1, 2, dtype=torch.float64)
    stack.rate.fill_(3.0)
    with_force = stack.bind(ZERO, context)(x)
    force = stack.force.data.clone()
    stack.force.data.zero_()
    torch.testing.assert_close(with_force, stack.bind(ZERO, context)(x) + 3 * force)
    assert not torch.allclose(rolled(with_force), stack.bind(ZERO, context)(rolled(x)) + 3 * force)


def test_differences_converge_at_second_order_and_make_the_five_point_laplacian():
    def errors(n):
        h = 2 * np.pi / n
        x, y = torch.meshgrid(*[torch.arange(n, dtype=torch.float64) * h] * 2, indexing="ij")
        parts = differences((torch.sin(x) * torch.cos(2 * y))[..., None], (-3, -2)).unflatten(-1, (3, 3))[..., :, :]
        truth = {(1, 0): torch.cos(x) * torch.cos(2 * y), (0, 2): -4 * torch.sin(x) * torch.cos(2 * y),
                 (1, 1): -2 * torch.cos(x) * torch.sin(2 * y)}  # fmt: skip
        return [float((parts[..., a, b] / h ** (a + b) - exact).abs().max()) for (a, b), exact in truth.items()]

    for coarse, fine in zip(errors(16), errors(32), strict=True):
        assert np.log2(coarse / fine) == pytest.approx(2, abs=0.1)
    u = torch.randn(5, 7, 1, dtype=torch.float64)
    parts = differences(u, (-3, -2))
    five = sum(u.roll(s, a) for s in (-1, 1) for a in (-3, -2)) - 4 * u
    torch.testing.assert_close(parts[..., 2:3] + parts[..., 6:7], five)


def test_filters_pass_low_waves_only_and_keep_their_wave_number():
    kept, squares = low_modes((8, 8), 2)
    assert len(kept) == 5 * 3
    assert float(squares.max()) == 8
    stack = build(shape=(1, 8, 8))
    x, y = torch.meshgrid(*[2 * np.pi * torch.arange(8, dtype=torch.float64) / 8] * 2, indexing="ij")
    filters = torch.view_as_complex(stack.filters.detach())
    low, high = (torch.cos(a * x + b * y)[None, None, ..., None] for a, b in ((1, 2), (3, 1)))
    assert float(stack._filtered(high, filters).abs().max()) < 1e-12
    spectrum = torch.fft.fft2(stack._filtered(low, filters)[0, 0, ..., 0]).abs()
    assert float(spectrum[1, 2]) > 1e-3
    spectrum[1, 2] = spectrum[-1, -2] = 0
    assert float(spectrum.max()) < 1e-10


@pytest.mark.parametrize("kind", [GEPS, NCF])
def test_gradients_of_states_contexts_and_weights(kind):
    stack, x = build(kind, (1, 4, 4), forced=True), fields(count=1, shape=(1, 4, 4)).requires_grad_()
    context = torch.randn(1, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda a, c: stack.bind(ZERO, c)(a), (x, context))
    stack.bind(ZERO, context)(x).square().sum().backward()
    assert all(float(p.grad.abs().max()) > 0 for p in stack.parameters())


@pytest.mark.parametrize("kind", [GEPS, CoDA, NCF])
def test_one_expert_can_be_taken_out_and_put_back(kind):
    stack, contexts, x = build(kind, experts=3), torch.randn(2, 2, dtype=torch.float64), fields(2)
    one, ones, zeros = stack.only(1), torch.ones(2, dtype=torch.int64), torch.zeros(2, dtype=torch.int64)
    torch.testing.assert_close(one.bind(zeros, contexts)(x), stack.bind(ones, contexts)(x))
    for parameter in one.parameters():
        parameter.data += 0.1
    stack.put(1, one)
    torch.testing.assert_close(stack.bind(ones, contexts)(x), one.bind(zeros, contexts)(x))


def heat(rate, start, times):
    """Return u' = rate times the five-point Laplacian of u, solved exactly in Fourier space."""
    k = 2 * np.pi * np.fft.fftfreq(SIDE)
    symbol = 2 * (np.cos(k)[:, None] + np.cos(k)[None]) - 4
    return np.fft.ifft2(np.fft.fft2(start) * np.exp(rate * symbol * times[:, None, None, None])).real


def growth(rate, start, times):
    """Return u' = rate u, solved exactly."""
    return start * np.exp(rate * times)[:, None, None, None]


def episode(kind, rate, number, seed, family=0):
    random, times = np.random.default_rng(seed), np.linspace(0, 1, SAMPLES)
    paths = np.stack([kind(rate, random.standard_normal((1, SIDE, SIDE)), times) for _ in range(3)])
    seen = {"support": paths[:-1], "initial": paths[-1, 0], "times": times, "labels": np.array([family, number], float)}
    observations = {key: np.stack([value, value]) for key, value in seen.items()}
    return Episode(observations, paths[-1:], {"environment": np.array([number]), "family": np.array([family])})


def signature():
    shapes = {"support": (2, SAMPLES, 1, SIDE, SIDE), "initial": (1, SIDE, SIDE), "times": (SAMPLES,), "labels": (2,)}
    return Signature(shapes, (SAMPLES, 1, SIDE, SIDE))


def two_families():
    systems = [(heat, rate, 0) for rate in (0.25, 0.3, 0.35)] + [(growth, rate, 1) for rate in (-0.9, -1.0, -1.1)]
    return Demonstrations([episode(kind, rate, n, n, family) for n, (kind, rate, family) in enumerate(systems)])


QUICK = {"width": 8, "depth": 2, "steps": 60, "finish": 40, "refine": 5, "context": 2, "substeps": 1}


@pytest.mark.parametrize(
    ("policy", "config", "bound"),
    [
        (GEPSPolicy, ContextualConfig(**QUICK), 0.01),
        (NCFPolicy, NCFConfig(**QUICK), 0.05),
        (MixER, MixERConfig(**QUICK, experts=2, gate_every=10), 0.01),
    ],
)
def test_learns_two_families_of_fields_and_adapts(policy, config, bound):
    torch.manual_seed(0)
    model = policy(config, signature())
    losses = []
    model.fit(two_families(), validation=two_families(), progress=lambda s, t, **m: losses.append(m.get("loss")))
    for new in (episode(heat, 0.33, -1, 99), episode(growth, -1.05, -1, 98)):
        observation = {key: torch.as_tensor(value[:1])[None] for key, value in new.observations.items()}
        model.reset(observation)
        with torch.no_grad():
            answer = model.act(observation, generator=torch.Generator())
        truth = torch.as_tensor(new.actions[0])
        assert answer.shape == (1, 1, SAMPLES, 1, SIDE, SIDE)
        assert float((answer[0, 0] - truth).square().mean() / truth.square().mean()) < bound
    if policy is MixER:
        assert model.routes.tolist()[:3] in ([0] * 3, [1] * 3)
        assert len(model.routes.unique()) == 2


def test_units_are_those_of_channels():
    model = GEPSPolicy(ContextualConfig(), signature())
    systems = environments_of(two_families())
    (network,) = model.networks()
    network.measure(systems)
    assert len(network.scale.unique()) == len(network.rate.unique()) == 1
    assert float(network.unit) == pytest.approx(float(systems.states.std()))
    seen = differences((network._laid_out(systems.states.flatten(0, 1)) - network.centre) / network.unit, network.axes)
    torch.testing.assert_close((seen / network.points.scale).flatten(0, -2).square().mean(0), torch.ones(9).double())


def test_regressions_on_points_tell_families_of_fields_apart():
    systems = environments_of(two_families())
    labels = regression_clusters(systems, 2, np.random.default_rng(0), state=(1, SIDE, SIDE)).tolist()
    assert labels in ([0, 0, 0, 1, 1, 1], [1, 1, 1, 0, 0, 0])


def test_what_takes_vectors_only_says_so():
    with pytest.raises(ConfigError, match="shplrnn maps vectors"):
        SHPLRNNPolicy(ContextualConfig(), signature())
    with pytest.raises(ContractError, match="leads takes vectors"):
        LEADS(LEADSConfig(width=4), signature())
