"""Who answers on the robot: a policy of this package, by PyTorch, or an exported file, by ONNX Runtime alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from simplatform.contracts import Signature
from simplatform.deployment.clouds import Array
from simplatform.errors import CheckpointError, MissingDependency

if TYPE_CHECKING:
    from simplatform.contracts import Policy

Frame = Mapping[str, Array]
_TYPES: dict[str, Any] = {"tensor(double)": np.float64, "tensor(uint8)": np.uint8}


class Actor(Protocol):
    """Answers a history of frames with a chunk of actions."""

    signature: Signature
    observe: int
    execute: int
    needed: tuple[str, ...]
    """The observations that it looks at."""

    def reset(self, frame: Frame, seed: int) -> None:
        """Begin an episode; ``seed`` decides its random numbers."""

    def act(self, history: Sequence[Frame]) -> Array:
        """Return the next actions ``(K, *action)`` for the last ``observe`` frames, oldest first."""


class TorchActor:
    """A policy, on its own device, with one thread, as evaluations ask it."""

    def __init__(self, policy: Policy, signature: Signature, probe: bool = True) -> None:
        """Take a policy; with ``probe``, it is asked once, so that what it reads is known."""
        import torch

        self.policy, self.signature = policy, signature
        self.observe, self.execute = policy.observe, policy.execute
        self._generator = torch.Generator()
        self.needed = self._read() if probe else tuple(signature.observation)

    def reset(self, frame: Frame, seed: int) -> None:
        """Begin an episode."""
        import torch

        self._generator = torch.Generator().manual_seed(seed)
        self.policy.reset(self._batch([frame]))

    def act(self, history: Sequence[Frame]) -> Array:
        """Return the next actions."""
        import torch

        from simplatform.pipeline.border import checked
        from simplatform.pipeline.rollout import one_thread

        with torch.no_grad(), one_thread():
            answer: object = self.policy.act(self._batch(history), generator=self._generator)
            chunk: Array = checked(answer, self.policy, 1, self.signature.action)[0]
            return chunk

    def _batch(self, history: Sequence[Frame]) -> Any:
        import torch

        from simplatform.pipeline.rollout import Shown, device_of

        device = device_of(self.policy)
        stacked = {key: np.stack([frame[key] for frame in history])[None] for key in history[-1]}
        return Shown({key: torch.as_tensor(value).to(device) for key, value in stacked.items()})

    def _read(self) -> tuple[str, ...]:
        """Return which observations the policy reads, by an answer to an example: its first, which is the slowest."""
        from simplatform.deployment.examples import example, keys_read
        from simplatform.pipeline.rollout import one_thread

        frame = example(self.signature)
        if frame is None:
            return tuple(self.signature.observation)
        with one_thread():
            return keys_read(self.policy, self._batch([frame] * self.observe))


@dataclass
class OnnxActor:
    """An exported file. It needs onnxruntime and NumPy; random numbers are those that PyTorch would draw."""

    path: Path

    def __post_init__(self) -> None:
        """Open the file.

        Raises:
            CheckpointError: not an ONNX file that this package exported.
            MissingDependency: onnxruntime is not there.
        """
        try:
            import onnxruntime
        except ImportError as error:
            raise MissingDependency(f"{self.path} needs onnxruntime: pip install onnxruntime") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        try:
            self._session = onnxruntime.InferenceSession(str(self.path), options, providers=["CPUExecutionProvider"])
            about = json.loads(self._session.get_modelmeta().custom_metadata_map["simplatform"])
            self.observe, self.execute = int(about["observe"]), int(about["execute"])
            found = about["signature"]
            shapes = {key: tuple(shape) for key, shape in found["observation"].items()}
            self.signature = Signature(shapes, tuple(found["action"]), found["metadata"])
            self._inputs = {name: tuple(max(size, 1) for size in shape) for name, shape in about["shapes"].items()}
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(
                f"{self.path} does not say what it takes ({type(error).__name__}: {error}); `simplatform export` does"
            ) from error
        except Exception as error:  # onnxruntime raises classes of its own
            raise CheckpointError(f"{self.path} is no ONNX file that can be read here: {error}") from error
        self._types = {item.name: _TYPES.get(item.type, np.float32) for item in self._session.get_inputs()}
        self.needed = tuple(name for name in self._inputs if name in shapes)
        self.reset({}, 0)

    def reset(self, frame: Frame, seed: int) -> None:
        """Begin an episode."""
        from simplatform.deployment.noise import Stream

        self._stream = Stream(seed)

    def act(self, history: Sequence[Frame]) -> Array:
        """Return the next actions."""
        fed = {}
        for name, shape in self._inputs.items():
            if name in self.needed:
                value = np.stack([frame[name] for frame in history])[None]
            elif name.startswith("noise"):
                value = self._stream.normal(shape)
            else:
                value = self._stream.uniform(shape)
            if name in self._types:
                fed[name] = value.astype(self._types[name])
        chunk: Array = self._session.run(None, fed)[0][0]
        return chunk
