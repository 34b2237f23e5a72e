"""Report section of reconstructors: learned contexts, the gate, adaptation, errors by environment."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import torch

from simplatform.contracts import Metric
from simplatform.policies.dynamics.reconstruction import figures
from simplatform.policies.dynamics.reconstruction.figures import principal, reconstruction_section
from simplatform.policies.dynamics.reconstruction.mixer import MixER, MixERConfig
from simplatform.recipes.config import Config
from tests.policies.dynamics.reconstruction.systems import families, signature


def test_a_section_of_all_parts(monkeypatch):
    torch.manual_seed(0)
    config = MixERConfig(experts=2, width=8, depth=3, steps=20, finish=5, refine=1, context=3)
    policy = MixER(config, signature())
    policy.fit(families(), validation=families(), progress=lambda s, t, **m: None)
    asked = []

    def episode(run, row):
        asked.append(row["variant"])
        shown = families()[row["variant"]]
        return {key: value[0] for key, value in shown.observations.items()}, shown.actions[0]

    monkeypatch.setattr(figures, "_episode", episode)
    rows = [
        {"split": split, "seed": 0, "variant": variant, "relative_mse": 1e-3}
        for split in ("test", "ood")
        for variant in range(6)
    ]
    run = SimpleNamespace(
        recipe=SimpleNamespace(policy_config=config),
        policy=policy,
        rows=rows,
        summary={"splits": {"test": {}, "ood": {}}},
        task=SimpleNamespace(metrics=(Metric("mse"), Metric("relative_mse"), Metric("mape"))),
    )
    section = reconstruction_section(run)
    assert asked == [0, 3]  # one of each family
    for part in (
        "phase portraits",
        "of every episode by system",
        "learned contexts",
        "gate values",
        "adaptation steps",
    ):
        assert f'alt="{part}' in section.body or part in section.body
    assert section.body.count("data:image/png") == 5
    assert reconstruction_section(SimpleNamespace(recipe=SimpleNamespace(policy_config=Config()))) is None


def test_principal_axes_keep_distances_in_a_plane():
    random = np.random.default_rng(0)
    plane = random.normal(size=(20, 2)) @ random.normal(size=(2, 5))
    found = principal(plane)
    gaps = [np.linalg.norm(points[:, None] - points[None], axis=-1) for points in (plane, found)]
    np.testing.assert_allclose(*gaps, atol=1e-12)
    assert principal(np.ones((4, 1))).shape == (4, 2)
