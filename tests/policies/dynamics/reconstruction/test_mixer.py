"""MixER: routing that never loses a cluster, adaptation that finds what it should, and a model that learns."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from simplatform.contracts import Signature
from simplatform.demonstrations import Demonstrations
from simplatform.errors import ContractError, DataError
from simplatform.policies.dynamics.reconstruction.adaptation import Hypotheses
from simplatform.policies.dynamics.reconstruction.data import environments_of
from simplatform.policies.dynamics.reconstruction.gate import purity
from simplatform.policies.dynamics.reconstruction.mixer import MixER, MixERConfig
from tests.policies.dynamics.reconstruction.systems import SAMPLES, decay, episode, families, oscillator, signature

QUICK = {"width": 12, "depth": 3, "steps": 120, "finish": 50, "refine": 10, "gate_every": 20, "experts": 2}


def fitted(validation=(), **settings):
    torch.manual_seed(0)
    model = MixER(MixERConfig(**{**QUICK, **settings}), signature())
    log = []
    model.fit(families(), validation=Demonstrations(validation), progress=lambda step, total, **m: log.append(m))
    return model, log


def forecast(model, new):
    observation = {key: torch.as_tensor(value[:1])[None] for key, value in new.observations.items()}
    model.reset(observation)
    with torch.no_grad():
        answer = model.act(observation, generator=torch.Generator())
    truth = torch.as_tensor(new.actions[0])
    assert answer.shape == (1, 1, SAMPLES, 2)
    return float((answer[0, 0] - truth).square().mean() / truth.square().mean())


@pytest.fixture(scope="module")
def mixture():
    held = [episode(oscillator, 1.6, -1, 50, end=2.0), episode(decay, 0.6, -1, 51, end=1.5)]
    return fitted(validation=held)


def test_learns_and_separates_two_families(mixture):
    model, log = mixture
    losses = [m["loss"] for m in log if "loss" in m]
    assert losses[-1] < 1e-3 * losses[0]
    assert purity(model.routes.numpy(), model.families.numpy()) == 1
    assert len(model.routes.unique()) == 2
    assert log[-1]["validation_relative_mse"] < 1e-3
    assert len(model.curve) >= 1
    assert model.nfe == 4 * 2 * (SAMPLES - 1)


@pytest.mark.parametrize(("kind", "rate", "end"), [(oscillator, 1.85, 2.0), (decay, 0.85, 1.5), (oscillator, 2.2, 1.0)])
def test_adapts_to_systems_it_has_not_seen_on_times_of_their_own(mixture, kind, rate, end):
    assert forecast(mixture[0], episode(kind, rate, -1, seed=99, support=2, end=end)) < 5e-3


def test_a_batch_adapts_like_its_rows(mixture):
    model, _ = mixture
    episodes = [episode(oscillator, 1.6, -1, 1, end=2.0), episode(decay, 0.6, -1, 2, end=1.5)]
    rows = [{k: torch.as_tensor(v[:1])[None] for k, v in e.observations.items()} for e in episodes]
    together = {key: torch.cat([row[key] for row in rows]) for key in rows[0]}
    model.reset(together)
    answers = model.act(together, generator=torch.Generator())
    for index, row in enumerate(rows):
        model.reset(row)
        torch.testing.assert_close(model.act(row, generator=torch.Generator())[0], answers[index], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("routing", ["kmeans", "loss"])
def test_other_routings_keep_every_environment_routed(routing):
    model, log = fitted(routing=routing, steps=60, finish=0, refine=0, gate_every=10)
    assert set(model.routes.tolist()) <= {0, 1}
    assert all(m["spikes"] == 0 for m in log if "spikes" in m)
    assert log[-1]["gate_updates"] >= 2
    assert log[-1]["gate_skipped"] == 0


def test_contexts_that_coincide_skip_no_update_of_the_gate():
    model = MixER(MixERConfig(**{**QUICK, "experts": 3, "routing": "kmeans"}), signature())
    systems = environments_of(families())
    routes = model.route(systems, torch.zeros(6, dtype=torch.int64), torch.zeros(6, 2, dtype=torch.float64), 0.0)
    assert model.counts() == {"gate_updates": 1.0, "gate_skipped": 0.0}
    assert routes.unique().tolist() == [0, 1, 2]


def test_adaptation_tries_every_expert():
    model = MixER(MixERConfig(**QUICK | {"experts": 3}), signature())
    cost = torch.tensor([[1.0, 2.0, 3.0, 9.0, 8.0]])
    start = Hypotheses(torch.tensor([[0, 0, 0, 1, 2]]), torch.arange(10.0).view(1, 5, 2), cost)
    kept = model.hypotheses(start)
    assert kept.chosen.tolist() == [[0, 2, 1]]
    assert kept.contexts[0, :, 0].tolist() == [0.0, 8.0, 6.0]


def test_a_change_of_expert_must_pay_late_in_training():
    model = MixER(MixERConfig(**{**QUICK, "routing": "loss", "margin": 0.5}), signature())
    systems, codes = environments_of(families()), torch.zeros(6, 2, dtype=torch.float64)
    now = torch.tensor([0, 1, 0, 1, 0, 1])
    assert model.route(systems, now, codes, 0.9).tolist() == now.tolist()  # both experts are still equal
    model._losses = lambda systems, codes: np.array([[1.0, 0.4]] * 3 + [[0.4, 0.7]] * 3)
    assert model.route(systems, now, codes, 0.9).tolist() == [1, 1, 1, 1, 0, 1]


@pytest.mark.parametrize("settings", [{}, {"expert": "trunk"}, {"expert": "coda"}])
def test_same_data_same_bits(settings):
    a, b = (fitted(steps=30, finish=10, refine=2, **settings)[0] for _ in range(2))
    assert all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))


def test_misuse_is_named():
    with pytest.raises(ContractError, match="'support'"):
        MixER(MixERConfig(), Signature({"state": (4,)}, (2,)))
    with pytest.raises(ContractError, match="call reset"):
        MixER(MixERConfig(), signature()).act({}, generator=torch.Generator())
    seen = {key: torch.as_tensor(value[:1])[None] for key, value in families()[0].observations.items()}
    with pytest.raises(ContractError, match="was not fitted"):
        MixER(MixERConfig(), signature()).reset(seen)


def test_data_that_does_not_fit_together_is_named():
    with pytest.raises(DataError, match="different numbers of trajectories"):
        environments_of(Demonstrations([episode(decay, 1.0, 0, 0), episode(decay, 1.0, 1, 1, support=2)]))
    with pytest.raises(DataError, match="sampled at different times"):
        environments_of(Demonstrations([episode(decay, 1.0, 0, 0), episode(decay, 1.0, 0, 1, end=1.0)]))
    broken = episode(decay, 1.0, 0, 0)
    broken.actions[0, 3] = np.nan
    with pytest.raises(DataError, match="non-finite"):
        environments_of(Demonstrations([broken]))
