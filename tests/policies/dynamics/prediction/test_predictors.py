"""The other predictors: exact where their model is the truth, counted as the formulas say, and run by the pipeline."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch

import simplatform as sp
from simplatform.contracts import Signature
from simplatform.demonstrations import Demonstrations, Episode
from simplatform.envs.dynamics.systems.lorenz63 import LORENZ63
from simplatform.envs.dynamics.truth import trajectory
from simplatform.errors import ContractError, DataError, MissingDependency
from simplatform.policies.dynamics.prediction.dense_twin import DenseTwin, DenseTwinConfig
from simplatform.policies.dynamics.prediction.hankel_dmd import HankelDMD, HankelDMDConfig
from simplatform.policies.dynamics.prediction.havok import HAVOK, HAVOKConfig
from simplatform.policies.dynamics.prediction.mean import MeanState, MeanStateConfig
from simplatform.policies.dynamics.prediction.mlp import MLP, MLPConfig
from simplatform.policies.dynamics.prediction.nvar import NVAR, NVARConfig
from simplatform.policies.dynamics.prediction.parroting import Parroting, ParrotingConfig
from simplatform.policies.dynamics.prediction.reservoir import Reservoir, ReservoirConfig
from simplatform.policies.dynamics.prediction.sindy import SINDy, SINDyConfig
from simplatform.policies.dynamics.prediction.stnn import StNN, StNNConfig
from simplatform.policies.dynamics.prediction.validation import validation_steps


def signature(window=8, dim=3, dt=0.01, fields=0):
    return Signature({"window": (window, dim)}, (dim,), {"dt": dt, "fields": fields})


def silent(step, total, **metrics):
    pass


def data(states, window):
    """Return a trajectory ``(T, d)`` as demonstrations."""
    windows = np.lib.stride_tricks.sliding_window_view(states, window, axis=0).transpose(0, 2, 1)
    return Demonstrations([Episode({"window": windows}, states[window:])])


def oscillators(periods=10, samples=63):
    """Return two uncoupled oscillations over whole periods: a linear system of rank four, of mean zero."""
    t = 2 * np.pi / samples * np.arange(periods * samples)
    return np.stack([np.sin(t) + 0.3 * np.cos(3 * t), np.cos(t) - 0.2 * np.sin(3 * t)], axis=1)


def test_hankel_dmd_is_exact_on_linear_dynamics():
    pytest.importorskip("pydmd", reason="pip install 'simplatform[dynamics]'")
    states = oscillators()
    model = HankelDMD(HankelDMDConfig(delays=10, ranks=(4,)), signature(10, 2, 0.1))
    model.fit(data(states, 10), validation=data(states, 10), progress=silent)
    predicted = model.rollout(torch.as_tensor(states[:10].copy())[None], 100)[0].numpy()
    assert np.abs(predicted - states[10:110]).max() < 1e-8
    chunk = model.act({"window": torch.as_tensor(states[None, None, :10].copy())}, generator=torch.Generator())
    torch.testing.assert_close(chunk[0, :100], torch.as_tensor(predicted))


def test_havok_follows_an_oscillation():
    pytest.importorskip("pydmd", reason="pip install 'simplatform[dynamics]'")
    t = 2 * np.pi / 63 * np.arange(630)
    states = np.sin(t)[:, None]
    model = HAVOK(HAVOKConfig(delays=10, ranks=(3,)), signature(10, 1, 2 * np.pi / 63))
    model.fit(data(states, 10), validation=data(states, 10), progress=silent)
    predicted = model.rollout(torch.as_tensor(states[:10].copy())[None], 63)[0].numpy()
    assert np.abs(predicted - states[10:73]).max() < 0.03  # its derivatives are of second order: 0.2 % of a turn


def test_a_rank_that_the_data_cannot_have_is_passed_over():
    pytest.importorskip("pydmd", reason="pip install 'simplatform[dynamics]'")
    model = HankelDMD(HankelDMDConfig(delays=4, ranks=(4, 500)), signature(4, 2, 0.1))
    model.fit(data(oscillators(), 4), validation=Demonstrations([]), progress=silent)
    assert model.encode.shape == (4, 8)
    assert model.counts().parameters == 4 * (8 + 1)


@pytest.mark.parametrize(
    ("module", "attribute", "cls", "config"),
    [
        ("sindy", "pysindy", SINDy, SINDyConfig(degrees=(1,))),
        ("havok", "pydmd", HAVOK, HAVOKConfig(delays=4, ranks=(4,))),
        ("hankel_dmd", "pydmd", HankelDMD, HankelDMDConfig(delays=4, ranks=(4,))),
    ],
)
def test_a_missing_library_names_its_extra(module, attribute, cls, config, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, attribute, None)
    with pytest.raises(MissingDependency, match=r"simplatform\[dynamics\]"):
        cls(config, signature(4, 2)).fit(data(oscillators(), 4), validation=Demonstrations([]), progress=silent)


@pytest.mark.parametrize("settings", [{}, {"width": 13, "depth": 2, "activation": "gelu", "init": "random"}])
def test_the_dense_twin_with_the_same_matrices_is_the_structured_network(settings):
    torch.manual_seed(0)
    structured = StNN(StNNConfig(**settings), signature())
    dense = DenseTwin(DenseTwinConfig(**settings), signature())
    with torch.no_grad():
        for free, layer in zip(dense.gates.layers, structured.gates.layers, strict=True):
            free.weight.copy_(layer.weight())
            free.bias.copy_(layer.bias)
    x = torch.randn(5, 3, 8, dtype=torch.float64)
    torch.testing.assert_close(dense.features(x), structured.features(x))
    assert dense.counts().parameters == sum(p.numel() for p in dense.parameters())


@pytest.mark.parametrize("width", [5, 13])
def test_near_the_exchange_matrix_both_twins_hand_on_the_window_reversed(width):
    settings = {"width": width, "blocks": 3}
    structured = StNN(StNNConfig(**settings), signature())
    dense = DenseTwin(DenseTwinConfig(**settings), signature())
    kept = min(width, 8)
    for weight in (structured.gates.layers[0].weight(), dense.gates.layers[0].weight):
        diagonal = weight[0, 0][torch.arange(kept), 7 - torch.arange(kept)]
        assert float((diagonal - 1).abs().max().detach()) < 0.2


@pytest.mark.parametrize(
    ("cls", "config", "parameters", "kiloflop"),
    [
        (MLP, MLPConfig(), 17_411, 36.4),
        (MLP, MLPConfig(delays=32), 29_315, 60.2),
        (MLP, MLPConfig(delays=32, width=18), 2_145, 4.5),
        (DenseTwin, DenseTwinConfig(delays=32), 25_603, 50.8),
    ],
)
def test_counts_are_those_of_the_specification(cls, config, parameters, kiloflop):
    counts = cls(config, signature(32)).counts()
    model = cls(config, signature(32))
    assert counts.parameters == parameters == sum(p.numel() for p in model.parameters())
    assert counts.flops / 1e3 == pytest.approx(kiloflop, rel=0.02)


def test_structured_counts():
    small = StNN(StNNConfig(), signature()).counts()
    assert small.parameters == 619
    assert small.flops < 4.0e3
    long = StNN(StNNConfig(delays=1024), signature(1024)).counts()
    dense = DenseTwin(DenseTwinConfig(delays=1024), signature(1024)).counts()
    assert dense.flops / long.flops > 30
    # blocks of 6 x 3, generators of 8; then of 6 x 6, generators of 11; a bias each, and a head of 2 · 6 features
    lifted = StNN(StNNConfig(delays=3, width=6, blocks=2, depth=2, activation="gelu"), signature()).counts()
    assert lifted.parameters == (6 * 8 + 12) + (4 * 11 + 12) + (12 * 3 + 3)
    assert lifted.flops == 12 * (2 * 9 - 1) + 12 + 12 * (2 * 12 - 1) + 12 + 2 * 8 * 12 + 3 * (2 * 12 - 1) + 3


@pytest.mark.parametrize("over", ["time", "space"])
@pytest.mark.parametrize("activation", ["gated", "rational", "gelu", "leaky-relu"])
def test_a_shifted_field_is_predicted_shifted(activation, over):
    torch.manual_seed(0)
    config = StNNConfig(delays=3, stencil=2, depth=2, activation=activation, over=over)
    model = StNN(config, signature(3, 8, fields=1))
    model.scale.fill_(1.0)
    model.step_scale.fill_(1.0)
    window = torch.randn(2, 3, 8, dtype=torch.float64)
    torch.testing.assert_close(model.predict(window.roll(3, 2)), model.predict(window).roll(3, 1))


def test_unrolled_training_is_kept_only_where_validation_says_so():
    states, said = oscillators(), {}
    model = StNN(StNNConfig(delays=4, steps=20, varpro_steps=0, unroll=5, unroll_steps=30), signature(4, 2))
    model.fit(data(states, 4), validation=data(states, 4), progress=lambda step, total, **m: said.update(m))
    assert said["kept_unrolled"] in (0.0, 1.0)
    assert validation_steps(model, data(states, 4)) == pytest.approx(said["validation_valid_steps"])
    with pytest.raises(DataError, match=r"lower policy.unroll"):
        StNN(StNNConfig(delays=4, steps=0, varpro_steps=0, unroll=5000), signature(4, 2)).fit(
            data(states, 4), validation=data(states, 4), progress=silent
        )


@pytest.mark.parametrize("plugin", ["hankel-dmd", "mlp"])
def test_each_runs_through_the_pipeline(plugin, tmp_path, tmp_path_factory, monkeypatch):
    monkeypatch.setenv("SIMPLATFORM_CACHE", str(tmp_path_factory.getbasetemp() / "lorenz"))
    pytest.importorskip("pydmd", reason="pip install 'simplatform[dynamics]'")
    quick = {"steps": 20, "varpro_steps": 2} if plugin in ("mlp", "dense-twin") else {}
    settings = {**quick, "episodes": 1, "task.opponents": False}
    run = sp.run(plugin, settings=settings, output=tmp_path / "runs", until="evaluate")
    assert np.isfinite(run.summary["valid_prediction_time"]["value"])
    again = sp.load(run.best)
    assert again.counts().parameters > 0


def test_a_window_over_neighbours_wants_a_grid():
    with pytest.raises(ContractError, match="over=time"):
        StNN(StNNConfig(delays=3, over="space"), signature(3, 8))


def test_jitter_is_undone_by_the_step_that_is_learned():
    """Fields of one wave each teach nothing of the others; a step learned from jittered windows shrinks those."""
    waves = np.stack([np.cos(2 * np.pi * (np.arange(16) - t) / 16) for t in range(80)])
    growth = {}
    for jitter in (0.0, 0.1):
        config = StNNConfig(delays=1, stencil=3, over="space", blocks=1, steps=0, varpro_steps=0, jitter=jitter)
        torch.manual_seed(0)
        model = StNN(config, signature(1, 16, fields=1))
        model.fit(data(waves, 1), validation=Demonstrations([]), progress=silent)
        rough = torch.as_tensor(waves[0] + 1e-3 * (-1.0) ** np.arange(16))[None, None]
        with torch.no_grad():
            growth[jitter] = float((model.predict(rough) - model.predict(torch.as_tensor(waves[:1])[None]))[0].norm())
    assert growth[0.1] < 0.5 * 4e-3 < growth[0.0]


def test_all_points_of_a_field_have_one_unit():
    states = torch.randn(50, 2, 6, dtype=torch.float64) * torch.arange(1, 7) * torch.tensor([1.0, 3.0])[:, None]
    plain, fields = (StNN(StNNConfig(delays=1), signature(1, 12, fields=n)).unit(states.flatten(1)) for n in (0, 2))
    torch.testing.assert_close(plain, states.flatten(1).std(0))
    torch.testing.assert_close(fields, states.transpose(1, 2).flatten(0, 1).std(0).repeat_interleave(6))


@cache
def _lorenz_paths():
    return [trajectory(LORENZ63, np.array(x), 0.01 * np.arange(700)) for x in ([-8.0, 8.0, 27.0], [4.0, 1, 20])]


def lorenz(unit=1.0, time=1.0):
    """Return two trajectories of Lorenz-63 as demonstrations, states multiplied by ``unit``, and the signature."""
    both = Demonstrations([data(unit * path, 8)[0] for path in _lorenz_paths()])
    return both, signature(8, 3, 0.01 * time)


def fitted(cls, config, demonstrations, signed):
    torch.manual_seed(0)
    model = cls(config, signed)
    model.fit(demonstrations, validation=demonstrations[:1], progress=silent)
    return model


METHODS = {
    "sindy": (SINDy, SINDyConfig(degrees=(2,), weak=(), smoothing=(0,)), "pysindy", 1e-6),
    "sindy, weak form": (
        SINDy,
        SINDyConfig(degrees=(2,), thresholds=(0.05,), integral=(), weak=(20,), smoothing=()),
        "pysindy",
        1e-4,
    ),
    "nvar": (NVAR, NVARConfig(delays=(1, 2), lags=(1,), orders=(2,)), "torch", 1e-4),
    "reservoir": (Reservoir, ReservoirConfig(units=60, radii=(0.3,), leaks=(1.0,), inputs=(0.3,)), "torch", 1e-4),
    "context-parroting": (Parroting, ParrotingConfig(delays=(1, 4)), "torch", 1e-9),
    "mean-state": (MeanState, MeanStateConfig(), "torch", 1e-12),
    "mlp": (MLP, MLPConfig(width=8, adam_steps=5, varpro_steps=3), "torch", 1e-3),
    "hankel-dmd": (HankelDMD, HankelDMDConfig(delays=8, ranks=(4, 8)), "pydmd", 1e-6),
    "havok": (HAVOK, HAVOKConfig(delays=8, ranks=(4,)), "pydmd", 1e-6),
    "stnn": (StNN, StNNConfig(adam_steps=5, varpro_steps=3), "torch", 1e-3),
}


@pytest.mark.parametrize("unit", [1e-9, 1e9])
@pytest.mark.parametrize("name", METHODS)
def test_a_fit_does_not_depend_on_the_unit(name, unit):
    cls, config, needs, tolerance = METHODS[name]
    pytest.importorskip(needs, reason="pip install 'simplatform[dynamics]'")
    window = torch.as_tensor(lorenz()[0][1].observations["window"][:1].copy())
    answers = []
    for scale in (1.0, unit):
        model = fitted(cls, config, *lorenz(scale))
        answers.append(model.rollout(scale * window[:, -model.delays :], 20) / scale)
    torch.testing.assert_close(answers[1], answers[0], rtol=tolerance, atol=tolerance * 10)


@pytest.mark.parametrize("time", [1e-6, 1e6])
def test_sindy_does_not_depend_on_the_unit_of_time(time):
    pytest.importorskip("pysindy", reason="pip install 'simplatform[dynamics]'")
    found = [fitted(SINDy, METHODS["sindy"][1], *lorenz(1.0, scale)) for scale in (1.0, time)]
    torch.testing.assert_close(found[1].weights, found[0].weights)  # of a sample, whatever its unit


@pytest.mark.parametrize("name", ["sindy", "hankel-dmd", "nvar", "mean-state", "context-parroting"])
def test_the_order_of_episodes_changes_nothing(name):
    cls, config, needs, tolerance = METHODS[name]
    pytest.importorskip(needs, reason="pip install 'simplatform[dynamics]'")
    both, signed = lorenz()
    window = torch.as_tensor(both[1].observations["window"][:1].copy())
    swapped = Demonstrations([both[1], both[0]])
    answers = []
    for demonstrations in (both, swapped):
        torch.manual_seed(0)
        model = cls(config, signed)
        model.fit(demonstrations, validation=both[:1], progress=silent)
        answers.append(model.rollout(window[:, -model.delays :], 20))
    torch.testing.assert_close(answers[1], answers[0], rtol=tolerance, atol=tolerance * 10)
