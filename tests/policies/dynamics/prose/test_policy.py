"""PROSE as a policy: its loss is the official one, it learns, says states in the data's units, and words."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from simplatform.contracts import Batch, Signature
from simplatform.demonstrations import Demonstrations, Episode
from simplatform.errors import ConfigError, ContractError
from simplatform.policies.dynamics.prose.network import END
from simplatform.policies.dynamics.prose.policy import Prose, ProseConfig
from simplatform.policies.dynamics.prose.trivial import LastPoint, LastPointConfig

SMALL = {"width": 8, "heads": 2, "fusion": 1, "data_decoder": 1, "text_decoder": 1}
SHAPES = {"points": (5, 3), "times": (5,), "prompt": (6,), "queries": (4,)}
SIGNATURE = Signature(SHAPES, (18,), {"words": list("0123456789")})


def batch(rows=3):
    torch.manual_seed(0)
    seen = {"points": 100 * torch.randn(rows, 1, 5, 3), "times": torch.linspace(0, 1, 5).expand(rows, 1, 5),
            "queries": torch.linspace(1, 2, 4).expand(rows, 1, 4)}  # fmt: skip
    words = torch.tensor([0.0, 4, 5, 6, 1, 2]).expand(rows, 1, 6)
    states = seen["points"][:, :, -1].repeat(1, 1, 4)
    return Batch({**seen, "prompt": words}, torch.cat([states, words], -1))


@pytest.mark.parametrize("inputs", ["fusion", "data"])
def test_it_learns_states_in_their_units_and_words(inputs):
    torch.manual_seed(0)
    policy, given = Prose(ProseConfig(**SMALL, inputs=inputs), SIGNATURE), batch()
    seen = {name: np.asarray(value[:2, 0]) for name, value in given.observation.items()}
    policy.prepare(Demonstrations([Episode(seen, np.zeros((1, 18)))]))
    assert 20 < float(policy.scale.mean()) < 500
    optimiser = torch.optim.Adam([p for p in policy.parameters() if p.requires_grad], 1e-2)
    for _ in range(60):
        loss = policy.loss(given, generator=torch.Generator())
        optimiser.zero_grad()
        loss.total.backward()
        optimiser.step()
    answer = policy.act(given.observation, generator=torch.Generator())
    assert answer.shape == (3, 1, 18)
    gap = (answer - given.action)[..., :12].norm() / given.action[..., :12].norm()
    assert float(gap) < 0.5
    words = answer[0, 0, 12:].tolist()
    assert words == ([0, 4, 5, 6, 1, 2] if inputs == "fusion" else [0, END, 2, 2, 2, 2])


def test_what_it_cannot_do_is_refused():
    with pytest.raises(ContractError, match="words"):
        Prose(ProseConfig(), Signature(SHAPES, (18,)))
    with pytest.raises(ContractError, match="points"):
        Prose(ProseConfig(), Signature({"window": (8, 3)}, (3,)))
    with pytest.raises(ConfigError, match="heads"):
        Prose(ProseConfig(width=6, heads=4), SIGNATURE)


def test_the_last_point_is_said_again_and_again():
    given = batch()
    answer = LastPoint(LastPointConfig(), SIGNATURE).act(given.observation, generator=torch.Generator())
    torch.testing.assert_close(answer[..., :12].float(), given.action[..., :12])
    assert answer[0, 0, 12:].tolist() == [0, 1, 2, 2, 2, 2]
