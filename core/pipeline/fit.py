"""Fit: train a policy on demonstrations. The pipeline owns the loop, the optimiser, the moving average and checkpoints.

Every random number of step i is a function of (seed, i), so that a run that was killed and resumed ends in the same
bits as one that was not (on the same machine, with the same number of threads).
"""

from __future__ import annotations

import math
import time
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Generator, Tensor, nn

from simplatform.contracts import Batch, Collating, Loss, Phased, Trainable
from simplatform.demonstrations import Demonstrations
from simplatform.demonstrations.windows import Windows
from simplatform.errors import ConfigError, ContractError, SimplatformError
from simplatform.pipeline.graphed_step import Gradient, GraphedStep
from simplatform.pipeline.group import ALONE, Group
from simplatform.pipeline.rollout import device_of
from simplatform.pipeline.starting import begin, freeze
from simplatform.pipeline.watch import Watch, check_finite
from simplatform.recipes.config import TrainConfig
from simplatform.seeding import torch_generator

VALIDATION_BATCHES = 4


class TrainingObserver(Protocol):
    """What watches a training: it writes metrics and checkpoints, draws progress, and may ask to stop."""

    def metrics(self, step: int, total: int, values: Mapping[str, float]) -> None:
        """Record numbers of a step."""

    def progress(self, step: int, total: int) -> None:
        """Show progress; called every step."""

    def checkpoint(self, trainer: Trainer) -> None:
        """Write a checkpoint."""

    def stopping(self) -> bool:
        """Return whether the user asked to stop."""


class Batches(Protocol):
    """Where a training's batches come from: a set, or a stream."""

    def batch(self, size: int, *, seed: int, step: int, piece: int = 0, pieces: int = 1) -> Batch:
        """Return the batch of a step, or a piece of it; the same for the same step."""

    def measured(self) -> Mapping[str, float]:
        """Return what is logged beside the loss."""


@dataclass
class TrainState:
    """Everything that training carries from step to step, as tensors and plain numbers."""

    step: int
    weights: dict[str, Tensor]
    optimiser: dict[str, Tensor]


class Trainer:
    """Trains one policy; ``step`` counts finished steps."""

    def __init__(
        self,
        policy: Trainable,
        demonstrations: Demonstrations,
        config: TrainConfig,
        seed: int,
        group: Group = ALONE,
        windows: Batches | None = None,
        fresh: bool = True,
    ) -> None:
        """Prepare the policy and the windows; the processes of a ``group`` train it together.

        A ``fresh`` training begins with the weights that ``train.from`` names, if any; one that is to be restored does
        not.

        ``windows`` are batches from elsewhere than the demonstrations, which statistics are then measured on alone.

        Raises:
            ContractError: the policy is not a module with parameters.
            ConfigError: ``train.accumulate`` does not divide the batch, or the processes cannot share it.
        """
        _require_module(policy)
        self.policy, self.config, self.seed, self.step = policy, config, seed, 0
        policy.prepare(demonstrations)
        if fresh:
            begin(policy, config)
        freeze(policy, config.freeze)
        self.windows: Batches = windows_of(policy, demonstrations) if windows is None else windows
        self._starts = _starts(policy, config.steps)
        self._parameters = [p for p in policy.parameters() if p.requires_grad]
        self.average = [p.detach().clone() for p in self._parameters]
        self._optimiser = _optimiser(self._parameters, config)
        self._group, self._pieces = group, group.share(config.accumulate)
        self._precision = precision(config.precision, device_of(policy))
        self._watch = Watch(self._parameters[0].device)
        self._step: Gradient = self._plain
        if config.graph:
            self._step = step = GraphedStep(policy, self._parameters, self._plain)
            if config.accumulate > 1 and not step.reason:
                step.plainly(f"train.accumulate={config.accumulate} adds up the gradients of several pieces")
        if config.batch % config.accumulate:
            raise ConfigError(
                f"train.batch={config.batch} cannot be cut into train.accumulate={config.accumulate} pieces"
            )

    def run(self, observer: TrainingObserver, validation: Windows | None = None) -> bool:
        """Train to the end; returns False if the observer stopped it (a checkpoint is written first)."""
        with products(tf32=self.config.precision == "tf32"):
            return self._run(observer, validation)

    def _run(self, observer: TrainingObserver, validation: Windows | None) -> bool:
        self.policy.train()
        start, first, config = time.perf_counter(), self.step, self.config
        while self.step < config.steps:
            loss = self._advance()
            done = self.step == config.steps
            if self.step % config.log_every == 0 or done:
                self._log(observer, loss, start, first)
            if validation is not None and (self.step % config.validate_every == 0 or done):
                observer.metrics(self.step, config.steps, self.validate(validation))
            observer.progress(self.step, config.steps)
            stop = self._group.any(observer.stopping(), self._parameters[0].device) and not done
            if self.step % config.checkpoint_every == 0 or done or stop:
                self._watch.check()
                self._prove()
                observer.checkpoint(self)
            if stop:
                return False
        if not config.steps:  # the untrained network, to compare with
            observer.checkpoint(self)
        return True

    def validate(self, windows: Windows) -> dict[str, float]:
        """Return the mean loss and its parts on validation windows: averaged weights, fixed randomness."""
        self.policy.eval()
        with self.averaged():
            losses = [self._loss(windows, batch, "validation", seed=0) for batch in range(VALIDATION_BATCHES)]
        self.policy.train()
        whole = [{"loss": loss.total.detach(), **loss.parts} for loss in losses]
        return {f"validation_{name}": sum(float(one[name]) for one in whole) / len(whole) for name in whole[0]}

    def _prove(self) -> None:
        """Look whether the weights of this step and their average may be kept: they and their loss are finite.

        The loss of a step tells of the weights before it; a blow-up in the last one would end as a result.
        """
        check_finite(self.policy, f"at step {self.step}")
        self.policy.eval()
        try:
            for weights in (nullcontext(), self.averaged()):
                with weights, torch.no_grad():
                    check_finite(self.policy, f"at step {self.step}")
                    self._check_loss(self._loss(self.windows, self.step, "proof", self.seed))
        finally:
            self.policy.train()

    def _check_loss(self, loss: Loss) -> None:
        if not bool(torch.isfinite(loss.total)):
            raise SimplatformError(
                f"the loss became {float(loss.total.detach())} at step {self.step}: the training diverged. Checkpoints "
                "are written only while the loss is finite, so those of earlier steps are intact. Lower train.lr, or "
                "look for very large or non-finite values in the data."
            )

    def averaged(self) -> _Swapped:
        """Return a context in which the policy holds the moving average of its weights: what is deployed."""
        return _Swapped(self._parameters, self.average)

    def state(self) -> TrainState:
        """Return all that is needed to go on from here."""
        weights = dict(self.policy.state_dict())
        moments = self._optimiser.state_dict()["state"]
        optimiser = {f"{i}.{key}": torch.as_tensor(value) for i, item in moments.items() for key, value in item.items()}
        optimiser.update({f"average.{i}": value for i, value in enumerate(self.average)})
        return TrainState(self.step, weights, optimiser)

    def restore(self, state: TrainState) -> None:
        """Go on from a state that ``state`` gave."""
        self.policy.load_state_dict(state.weights)
        moments: dict[int, dict[str, Tensor]] = {}
        for name, value in state.optimiser.items():
            index, key = name.split(".", 1)
            if index == "average":
                self.average[int(key)].copy_(value)
            else:
                moments.setdefault(int(index), {})[key] = value
        whole = self._optimiser.state_dict()
        self._optimiser.load_state_dict({**whole, "state": moments})
        self.step = state.step

    def _advance(self) -> Loss:
        for phase, start in enumerate(self._starts):
            if phase and start == self.step:
                self._begin_phase(phase)
        for group in self._optimiser.param_groups:
            group["lr"] = self._rate(self.step)
        self._optimiser.zero_grad(set_to_none=True)
        loss = self._gradient()
        self._watch.see(loss.total, self.step)
        if self.config.clip:
            nn.utils.clip_grad_norm_(self._parameters, self.config.clip)
        self._optimiser.step()
        self._average()
        self.step += 1
        return loss

    def _begin_phase(self, phase: int) -> None:
        """Start again from the averaged weights, with a fresh optimiser."""
        assert isinstance(self.policy, Phased)
        with self.averaged():
            self.policy.begin_phase(phase)
        with torch.no_grad():
            torch._foreach_copy_(list[Tensor](self._parameters), self.average)
        self._optimiser.state.clear()

    def _phase(self, step: int) -> tuple[int, int]:
        """Return the first step of the phase that holds ``step``, and the first one after it."""
        index = bisect_right(self._starts, step)
        return self._starts[index - 1], self._starts[index] if index < len(self._starts) else self.config.steps

    def _rate(self, step: int) -> float:
        start, end = self._phase(step)
        return learning_rate(self.config, step - start, end - start)

    def _gradient(self) -> Loss:
        """Add up the gradients of all pieces of a batch, in all processes; returns the mean loss."""
        pieces, losses = self.config.accumulate, []
        for piece in self._pieces:
            losses.append(self._step(*self._given(self.windows, self.step, "step", self.seed, piece, pieces)))
        means = {
            name: sum(_scalar(part.parts[name], part.total).detach() for part in losses) / pieces
            for name in losses[-1].parts
        }
        total = torch.stack([part.total.detach() for part in losses]).sum() / pieces
        gradients = [p.grad for p in self._parameters if p.grad is not None]
        values = [_scalar(value, total) for value in means.values()]
        self._group.add_up([*gradients, total, *values])
        return Loss(total, dict(zip(means, values, strict=True)))

    def _plain(self, batch: Batch, generator: Generator) -> Loss:
        """Compute the loss of a piece, and add its gradients to the others'."""
        loss = self._computed(batch, generator)
        (loss.total / self.config.accumulate).backward()
        return loss

    def _loss(self, windows: Batches, number: int, purpose: str, seed: int) -> Loss:
        return self._computed(*self._given(windows, number, purpose, seed))

    def _given(
        self, windows: Batches, number: int, purpose: str, seed: int, piece: int = 0, pieces: int = 1
    ) -> tuple[Batch, Generator]:
        """Return the batch of a step, or a piece of it, and where its random numbers come from."""
        purpose = purpose if pieces == 1 else f"{purpose}/{piece}"
        generator = torch_generator(seed, purpose, number, str(device_of(self.policy)))
        return windows.batch(self.config.batch, seed=seed, step=number, piece=piece, pieces=pieces), generator

    def _computed(self, batch: Batch, generator: Generator) -> Loss:
        with self._precision:
            loss = self.policy.loss(batch, generator=generator)
        if not isinstance(loss, Loss) or loss.total.ndim:
            raise ContractError(
                f"{type(self.policy).__name__}.loss must return Loss(total=0-d tensor), got {loss!r:.200}"
            )
        return loss

    @torch.no_grad()
    def _average(self) -> None:
        power = self.config.ema_power
        age = self.step - self._phase(self.step)[0]
        decay = min(self.config.ema_max, 1 - (1 + age) ** -power) if power else 0.0
        torch._foreach_lerp_(self.average, [p.detach() for p in self._parameters], 1 - decay)

    def _log(self, observer: TrainingObserver, loss: Loss, start: float, first: int) -> None:
        self._watch.check()
        parts = {name: float(value) for name, value in loss.parts.items()}
        seconds = (time.perf_counter() - start) / (self.step - first)
        rate = self._rate(self.step - 1)
        values = {"loss": float(loss.total.detach()), **parts, "lr": rate, "seconds_per_step": round(seconds, 5)}
        values.update(self.windows.measured())
        observer.metrics(self.step, self.config.steps, values)


def _scalar(value: float | Tensor, like: Tensor) -> Tensor:
    """Return a number on the device of another; a plain one is written there, which no host waits for."""
    return value.to(like) if isinstance(value, Tensor) else torch.full_like(like, value)


def _starts(policy: Trainable, steps: int) -> list[int]:
    """Return the first step of each phase."""
    shares = tuple(policy.phases) if isinstance(policy, Phased) else ()
    if list(shares) != sorted(shares) or any(not 0 <= share < 1 for share in shares):
        raise ContractError(f"{type(policy).__name__}.phases must rise within [0, 1), got {shares}")
    return [0, *(round(share * steps) for share in shares)]


def _require_module(policy: object) -> None:
    if not isinstance(policy, nn.Module) or not list(policy.parameters()):
        raise ContractError(
            f"{type(policy).__name__} has a `loss`, so it must be a torch.nn.Module with parameters; "
            "a closed-form policy defines `fit` instead."
        )


def windows_of(policy: Trainable, demonstrations: Demonstrations) -> Windows:
    """Return the windows that a policy trains on, on its device."""
    return Windows(
        demonstrations,
        observe=policy.observe,
        horizon=policy.horizon,
        execute=policy.execute,
        device=device_of(policy),
        collate=policy.collate if isinstance(policy, Collating) else None,
    )


def learning_rate(config: TrainConfig, step: int, steps: int | None = None) -> float:
    """Return the learning rate of a step: linear warm-up, then constant or half a cosine down to zero.

    ``steps`` is the length of the training, or of the phase that ``step`` counts in; None is ``config.steps``.
    """
    steps = config.steps if steps is None else steps
    warmup = min(config.warmup, max(steps // 5, 1)) if config.warmup else 0
    if step < warmup:
        return config.lr * (step + 1) / warmup
    if config.schedule == "constant":
        return config.lr
    share = (step - warmup) / max(steps - warmup, 1)
    return config.lr * 0.5 * (1 + math.cos(math.pi * share))


def precision(name: str, device: torch.device) -> torch.autocast:
    """Return the context in which losses are computed: nothing changed, or matrix products in bfloat16.

    Raises:
        ConfigError: bfloat16 is asked for on a GPU that has none.
    """
    if name == "bf16" and device.type == "cuda" and not torch.cuda.is_bf16_supported():
        raise ConfigError(f"train.precision=bf16: {torch.cuda.get_device_name(device)} has no bfloat16; use float32")
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=name == "bf16")


@contextmanager
def products(tf32: bool) -> Iterator[None]:
    """Let products and convolutions on CUDA round their factors to TF32, or not.

    Not by default, although torch lets convolutions: a float32 run then is one, whatever the device.
    """
    backends: tuple[Any, ...] = (torch.backends.cuda.matmul, torch.backends.cudnn)
    before = [backend.allow_tf32 for backend in backends]
    for backend in backends:
        backend.allow_tf32 = tf32
    try:
        yield
    finally:
        for backend, value in zip(backends, before, strict=True):
            backend.allow_tf32 = value


def _optimiser(parameters: list[nn.Parameter], config: TrainConfig) -> torch.optim.AdamW:
    betas = (config.beta1, config.beta2)
    fused = all(p.is_floating_point() for p in parameters)  # complex weights of spectral layers have no fused step
    return torch.optim.AdamW(parameters, lr=config.lr, betas=betas, weight_decay=config.weight_decay, fused=fused)


class _Swapped:
    """Holds other values in some parameters for as long as the context lasts."""

    def __init__(self, parameters: list[nn.Parameter], values: list[Tensor]) -> None:
        self._parameters, self._values = parameters, values

    def __enter__(self) -> None:
        self._swap()

    def __exit__(self, *exc: Any) -> None:
        self._swap()

    def _swap(self) -> None:
        for index, parameter in enumerate(self._parameters):
            parameter.data, self._values[index] = self._values[index], parameter.data
