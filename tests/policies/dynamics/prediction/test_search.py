"""A search over structures: validation chooses, and what it chose comes back from a checkpoint."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import simplatform as sp
from simplatform.errors import CheckpointError
from simplatform.policies.dynamics.prediction.dense_twin import DenseTwin, DenseTwinConfig
from simplatform.policies.dynamics.prediction.stnn import StNN, StNNConfig, Structure
from simplatform.policies.dynamics.prediction.validation import validation_steps
from tests.policies.dynamics.prediction.conftest import episodes, shapes

CHOICES = (Structure(delays=4), Structure(delays=1, width=8, activation="rational"), Structure(delays=9))
FAST = {"adam_steps": 10, "varpro_steps": 3, "structures": CHOICES}


def silent(step, total, **metrics):
    pass


@pytest.mark.parametrize(("kind", "config"), [(StNN, StNNConfig), (DenseTwin, DenseTwinConfig)])
def test_the_structure_that_predicts_validation_longest_is_kept(kind, config, lorenz):
    data, held, said = episodes(lorenz[:1500], 8), episodes(lorenz[1500:], 8), {}
    torch.manual_seed(0)
    found = kind(config(**FAST, search=True), shapes(8, 3))
    found.fit(data, validation=held, progress=lambda step, total, **metrics: said.update(metrics, at=step / total))
    torch.manual_seed(0)
    scores = []
    for structure in CHOICES[:2]:  # nine delays do not fit into a window of eight
        kind(config(**FAST).of(Structure(delays=4)), shapes(8, 3)) if not scores else None  # the draws of the search
        one = kind(config(**FAST).of(structure), shapes(8, 3))
        one.fit(data, validation=held, progress=silent)
        scores.append(validation_steps(one, held))
    best = CHOICES[int(np.argmax(scores))]
    assert (said["delays"], said["width"], said["at"]) == (best.delays, best.width, 1.0)
    assert said["validation_valid_steps"] == pytest.approx(max(scores))
    assert validation_steps(found, held) == pytest.approx(max(scores))
    again = kind(config(**FAST, search=True), shapes(8, 3))
    again.load_state_dict(found.state_dict())
    window = torch.as_tensor(lorenz[None, 40:48].copy())
    assert torch.equal(again.rollout(window[:, -again.delays :], 5), found.rollout(window[:, -found.delays :], 5))
    assert again.counts() == found.counts()


def test_without_validation_the_first_structure_is_fitted(lorenz):
    from simplatform.demonstrations import Demonstrations

    found = StNN(StNNConfig(**FAST, search=True), shapes(8, 3))
    found.fit(episodes(lorenz[:600], 8), validation=Demonstrations([]), progress=silent)
    assert found.delays == 4


@pytest.mark.parametrize("numbers", [[0, 1, 0, 4, 1, 0], [4, 1, 0, 4, 1, 9], [4, 1, 0, 4], [4, 1, 0, 10**9, 1, 0]])
def test_a_structure_that_no_predictor_has_is_refused(numbers):
    model = StNN(StNNConfig(**FAST, search=True), shapes(8, 3))
    with pytest.raises(CheckpointError, match="structure"):
        model.load_state_dict({**model.state_dict(), "structure": torch.tensor(numbers)})


def test_a_run_searches_and_reloads(tmp_path, lorenz):
    np.savez(tmp_path / "s.npz", x=lorenz[:800], t=0.01 * np.arange(800))
    settings = {"env.path": str(tmp_path / "s.npz"), "task.episodes": 1, "task.opponents": False, "policy.search": True,
                "policy.adam_steps": 5, "policy.varpro_steps": 2}  # fmt: skip
    run = sp.run("stnn", "series", settings=settings, output=tmp_path / "runs")
    policy = sp.load(run.best)
    window = torch.as_tensor(lorenz[None, None, :8].copy())
    assert bool(torch.isfinite(policy.act({"window": window}, generator=torch.Generator())).all())
