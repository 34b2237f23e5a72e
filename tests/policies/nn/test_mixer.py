"""The mixer of chunks sees every step, the condition and the times."""

from __future__ import annotations

import torch

from simplatform.policies.nn.mixer import ChunkMixer


def test_every_step_answers_to_every_step_and_to_the_condition():
    torch.manual_seed(0)
    mixer = ChunkMixer(3, 4, 5, width=16, blocks=2, times=2)
    x, condition = torch.randn(2, 4, 3, requires_grad=True), torch.randn(2, 5, requires_grad=True)
    times = torch.rand(2, requires_grad=True), torch.rand(2, requires_grad=True)
    answer = mixer(x, times, condition)
    assert answer.shape == x.shape
    for step in range(4):
        gradients = torch.autograd.grad(answer[0, step].sum(), (x, condition, *times), retain_graph=True)
        assert (gradients[0][0].abs().amax(-1) > 1e-6).all()
        assert all((gradient[0].abs() > 0).all() for gradient in gradients[1:])
        assert all((gradient[1] == 0).all() for gradient in gradients)  # rows do not see each other


def test_it_is_small():
    mixer = ChunkMixer(4, 4, 200, width=128, blocks=3)
    assert sum(parameter.numel() for parameter in mixer.parameters()) < 700_000
