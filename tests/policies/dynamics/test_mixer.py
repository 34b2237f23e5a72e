"""MixER: routing that never loses a cluster, adaptation that finds what it should, and a model that learns."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from simplatform.contracts import Signature
from simplatform.demonstrations import Demonstrations, Episode
from simplatform.errors import ContractError, DataError
from simplatform.policies.dynamics.adaptation import adapt
from simplatform.policies.dynamics.experts import ExpertStack, field
from simplatform.policies.dynamics.gate import kmeans, linear_gate, match
from simplatform.policies.dynamics.mixer import MixER, MixERConfig, environments_of

TIMES = np.linspace(0, 2, 9)


def oscillator(rate, start):
    """Return x' = (y, −rate² x), solved exactly."""
    x, y = start
    return np.stack(
        [
            x * np.cos(rate * TIMES) + y / rate * np.sin(rate * TIMES),
            y * np.cos(rate * TIMES) - rate * x * np.sin(rate * TIMES),
        ],
        axis=-1,
    )


def decay(rate, start):
    """Return x' = −rate x, solved exactly."""
    return np.asarray(start) * np.exp(-rate * TIMES)[:, None]


def episode(kind, rate, number, seed, support=3):
    random = np.random.default_rng(seed)
    paths = np.stack([kind(rate, random.uniform(0.5, 1.5, 2)) for _ in range(support + 1)])
    seen = {"support": paths[:-1], "initial": paths[-1, 0], "times": TIMES}
    observations = {key: np.stack([value, value]) for key, value in seen.items()}
    return Episode(observations, paths[-1:], {"environment": np.array([float(number)])})


def families():
    systems = [(oscillator, rate) for rate in (1.5, 1.75, 2.0)] + [(decay, rate) for rate in (0.5, 0.75, 1.0)]
    return Demonstrations([episode(kind, rate, n, 10 + n) for n, (kind, rate) in enumerate(systems)])


def build(**settings):
    torch.manual_seed(0)
    signature = Signature({"support": (3, 9, 2), "initial": (2,), "times": (9,)}, (9, 2))
    return MixER(MixERConfig(**settings), signature)


def fitted(**settings):
    model = build(**{"width": 24, "depth": 3, "steps": 240, "gate_every": 40, **settings})
    losses = []
    model.fit(
        families(), validation=Demonstrations([]), progress=lambda step, total, **m: losses.append(m.get("loss", 0.0))
    )
    return model, losses


def test_experts_start_equal_and_only_the_chosen_one_is_used():
    stack = ExpertStack(experts=3, dim=2, width=8, depth=3, context=2)
    x, contexts = torch.randn(4, 5, 2, dtype=torch.float64), torch.randn(4, 2, dtype=torch.float64)
    answers = [field(stack.modulate(torch.full((4,), m), contexts), x) for m in range(3)]
    assert torch.equal(answers[0], answers[1])
    field(stack.modulate(torch.tensor([0, 0, 2, 2]), contexts), x).sum().backward()
    moved = [float(stack.weights[0].grad[m].abs().sum()) for m in range(3)]
    assert moved[0] > 0
    assert moved[1] == 0
    assert moved[2] > 0


def test_modulated_layer_against_the_formula():
    stack = ExpertStack(experts=1, dim=2, width=4, depth=2, context=3)
    context, x = torch.randn(1, 3, dtype=torch.float64), torch.randn(1, 7, 2, dtype=torch.float64)
    plain = x[0]
    for k in range(2):
        weight = stack.weights[k][0] + stack.left[k][0] @ torch.diag(context[0]) @ stack.right[k][0]
        plain = plain @ weight.T + stack.biases[k][0] + stack.shift[k][0] @ context[0]
        plain = torch.nn.functional.silu(plain) if k == 0 else plain
    torch.testing.assert_close(field(stack.modulate(torch.tensor([0]), context), x)[0], plain)


@settings(deadline=None)
@given(st.integers(1, 20), st.integers(1, 6), st.integers(0, 5))
def test_no_cluster_is_ever_empty(points, clusters, seed):
    random = np.random.default_rng(seed)
    where = random.integers(0, 3, (points, 2)).astype(float)  # many ties on purpose
    labels = kmeans(where, clusters, random)
    assert set(labels.tolist()) == set(range(min(clusters, points)))


def test_well_separated_clusters_are_found():
    random = np.random.default_rng(0)
    where = np.repeat(np.array([[0.0, 0], [10, 0], [0, 10]]), 5, axis=0) + 0.1 * random.normal(size=(15, 2))
    labels = kmeans(where, 3, random).reshape(3, 5)
    assert all(len(set(row)) == 1 for row in labels.tolist())
    assert len(set(labels[:, 0].tolist())) == 3


def test_matching_is_optimal_where_greedy_is_not():
    labels = np.array([0, 1])
    losses = np.array([[1.0, 2.0], [1.0, 100.0]])  # greedy gives cluster 0 expert 0, and cluster 1 the worst
    assert match(labels, losses).tolist() == [1, 0]


def test_linear_gate_separates_what_is_linearly_separable():
    contexts = np.array([[0.0, 0], [0, 1], [5, 0], [5, 1]])
    experts = np.array([0, 0, 1, 1])
    weights = linear_gate(contexts, experts, 2)
    assert (np.c_[contexts, np.ones(4)] @ weights).argmax(1).tolist() == experts.tolist()


def test_adaptation_solves_a_least_squares_problem_and_picks_the_right_expert():
    target = torch.tensor([0.7, -1.3], dtype=torch.float64)
    design = torch.randn(2, 12, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    seen = design[1] @ target

    def residuals(experts, contexts, support, times):
        return torch.einsum("hnc,hc->hn", design[experts], contexts) - support[None]

    start = torch.zeros(2, 2, dtype=torch.float64)
    expert, context = adapt(residuals, seen, torch.zeros(1), torch.tensor([0, 1]), start, steps=20)
    assert int(expert) == 1
    torch.testing.assert_close(context, target, rtol=1e-6, atol=1e-6)


@pytest.fixture(scope="module")
def mixture():
    return fitted(experts=2)


def test_learns_and_separates_two_families(mixture):
    model, losses = mixture
    assert losses[-1] < 0.05 * losses[0]
    routes = model.routes.tolist()
    assert len({*routes[:3]}) == len({*routes[3:]}) == 1
    assert routes[0] != routes[3]
    assert (torch.cat([model.contexts, torch.ones(6, 1)], 1) @ model.gate).argmax(1).tolist() == routes


@pytest.mark.parametrize(("kind", "rate"), [(oscillator, 1.85), (decay, 0.85)])
def test_adapts_to_systems_it_has_not_seen(mixture, kind, rate):
    model, _ = mixture
    new = episode(kind, rate, 0, seed=99, support=2)
    observation = {key: torch.as_tensor(value[:1])[None] for key, value in new.observations.items()}
    model.reset(observation)
    with torch.no_grad():
        answer = model.act(observation, generator=torch.Generator())
    assert answer.shape == (1, 1, 9, 2)
    truth = torch.as_tensor(new.actions[0])
    assert float((answer[0, 0] - truth).square().mean() / truth.square().mean()) < 0.03


def test_same_data_same_bits():
    a, b = (fitted(experts=2, steps=40)[0] for _ in range(2))
    assert all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))


def test_misuse_is_named():
    with pytest.raises(ContractError, match="'support'"):
        MixER(MixERConfig(), Signature({"state": (4,)}, (2,)))
    with pytest.raises(ContractError, match="call reset"):
        build().act({}, generator=torch.Generator())
    uneven = Demonstrations([episode(decay, 1.0, 0, 0), episode(decay, 1.0, 1, 1, support=2)])
    with pytest.raises(DataError, match="different numbers of trajectories"):
        environments_of(uneven)
