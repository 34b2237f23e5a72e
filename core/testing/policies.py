"""Checks of policies."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import gymnasium
import torch
from torch import Tensor, nn

from simplatform.contracts import Fittable, Loss, Module, Policy, Trainable, lacking, require_whole
from simplatform.demonstrations import Demonstrations
from simplatform.errors import ContractError
from simplatform.pipeline.fit import windows_of
from simplatform.pipeline.rollout import History, device_of
from simplatform.runs.checkpoint import load_into, read_tensors, write_tensors
from simplatform.testing.capabilities import check_capabilities


def check_policy(policy: Policy, env: gymnasium.Env[Any, Any], demonstrations: Demonstrations | None = None) -> None:
    """Check attributes, shapes, device, determinism, finite loss and gradients, and that the state survives a file.

    With ``demonstrations``, the loss of a trainable policy is checked as well, and a closed-form one is fitted first.

    Raises:
        ContractError: the first rule that is broken.
    """
    _attributes(policy)
    if demonstrations is not None and isinstance(policy, Trainable):
        policy.prepare(demonstrations)
        _loss(policy, demonstrations)
    if demonstrations is not None and isinstance(policy, Fittable):
        policy.fit(demonstrations, validation=demonstrations[:0], progress=lambda step, total, **metrics: None)
    first = _answer(policy, env)
    _same(first, _answer(policy, env), "two calls with the same observation and generator seed differ")
    check_capabilities(policy)
    if isinstance(policy, nn.Module):
        _survives_a_file(policy, env, first)


def _attributes(policy: Policy) -> None:
    if not isinstance(policy, Policy):
        missing = lacking(policy, Policy)
        raise ContractError(f"{type(policy).__name__} is not a policy: it lacks {', '.join(missing)}")
    require_whole(policy)
    counts = {"observe": policy.observe, "execute": policy.execute}
    for name, value in (counts | {"horizon": policy.horizon} if isinstance(policy, Trainable) else counts).items():
        if not isinstance(value, int) or value < 1:
            raise ContractError(f"{type(policy).__name__}.{name} must be a positive int, got {value!r}")


def _answer(policy: Policy, env: gymnasium.Env[Any, Any]) -> Tensor:
    observation, _ = env.reset(seed=3)
    history = History(policy.observe, device_of(policy))
    history.push(observation)
    policy.reset(history.first())
    generator = torch.Generator(device_of(policy)).manual_seed(7)
    with torch.no_grad():
        answer = policy.act(history.batch(), generator=generator)
    _shape(policy, answer, env)
    return answer


def _shape(policy: Policy, answer: Tensor, env: gymnasium.Env[Any, Any]) -> None:
    wanted, name = env.action_space.shape or (), type(policy).__name__
    if not isinstance(answer, Tensor) or tuple(answer.shape[2:]) != tuple(wanted) or answer.shape[0] != 1:
        got = tuple(answer.shape) if isinstance(answer, Tensor) else type(answer).__name__
        raise ContractError(f"{name}.act must return a tensor (B, K, *{tuple(wanted)}), got {got} for B = 1")
    if answer.shape[1] < policy.execute:
        raise ContractError(f"{name}.act returned {answer.shape[1]} actions, but execute is {policy.execute}")
    if answer.device != device_of(policy):
        raise ContractError(f"{name} lives on {device_of(policy)} but answered on {answer.device}")
    if not bool(torch.isfinite(answer).all()):
        raise ContractError(f"{name}.act returned non-finite actions")


def _loss(policy: Trainable, demonstrations: Demonstrations) -> None:
    name = type(policy).__name__
    batch = windows_of(policy, demonstrations).batch(4, seed=0, step=0)
    loss = policy.loss(batch, generator=torch.Generator(device_of(policy)).manual_seed(0))
    if not isinstance(loss, Loss) or loss.total.ndim or not bool(torch.isfinite(loss.total)):
        raise ContractError(f"{name}.loss must return Loss(total=finite 0-d tensor), got {loss!r:.200}")
    loss.total.backward()
    gradients = [p.grad for p in policy.parameters() if p.grad is not None]
    if not gradients or not all(bool(torch.isfinite(g).all()) for g in gradients):
        raise ContractError(f"{name}.loss gives {'non-finite' if gradients else 'no'} gradients")
    policy.zero_grad(set_to_none=True)


def _survives_a_file(policy: Policy, env: gymnasium.Env[Any, Any], first: Tensor) -> None:
    assert isinstance(policy, Module)
    before: Mapping[str, Tensor] = {key: value.clone() for key, value in policy.state_dict().items()}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        write_tensors(path, before)
        load_into(policy, read_tensors(path), path)
    _same(first, _answer(policy, env), "the policy answers differently after its state was saved and loaded")


def _same(a: Tensor, b: Tensor, message: str) -> None:
    if not torch.equal(a, b):
        raise ContractError(f"{message} (largest difference {float((a - b).abs().max()):.3g})")
