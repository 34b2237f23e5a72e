"""Checkpoints: a policy as safetensors and JSON. Loading runs no code, and a missing statistic is an error.

A checkpoint is a directory: ``model.safetensors`` (parameters and buffers, normalisation included), ``policy.json``
(which policy, its configuration, its signature, its plain state) and, while training, ``training/`` (see
``pipeline.fit``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simplatform.budgets import safetensors_shapes
from simplatform.contracts import Module, Policy, Remembering, Signature, Stateful, Teaching, lacking, require_whole
from simplatform.errors import CheckpointError, ContractError, PluginError, SimplatformError
from simplatform.plugin_host.host import get_host
from simplatform.recipes.config import Config, validate
from simplatform.runs.files import json_bytes, reading, revived
from simplatform.runs.folder import Folder
from simplatform.runs.records import PolicyRecord, SignatureRecord, TrainingRecord, typed

if TYPE_CHECKING:
    from torch import Tensor, nn

WEIGHTS, CARD, FORMAT = "model.safetensors", "policy.json", 1


def build_policy(name: str, config: Config, signature: Signature, seed: int = 0) -> Policy:
    """Build an untrained policy by its registered name; ``seed`` decides its initial weights.

    Raises:
        ContractError: what was built is no policy, or has half of a capability.
    """
    import torch

    target = get_host().registry("policy").get(name).load()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        policy = target(config, signature)
    if not isinstance(policy, Policy):
        missing = ", ".join(lacking(policy, Policy))
        raise ContractError(f"policy {name!r}: {type(policy).__name__} is not a policy: it lacks {missing}")
    require_whole(policy)
    return policy


def write_policy(path: Path, policy: Policy, name: str, config: Config, signature: Signature) -> None:
    """Write ``model.safetensors`` and ``policy.json`` into the existing directory ``path``.

    Submodules that only training needs (a teacher) are named in the policy's ``training_only`` and left out.

    Raises:
        StorageError: the disk is full or read-only.
    """
    left_out = tuple(f"{name}." for name in policy.training_only) if isinstance(policy, Teaching) else ()
    tensors = policy.state_dict() if isinstance(policy, Module) else {}
    write_tensors(path / WEIGHTS, {key: value for key, value in tensors.items() if not key.startswith(left_out)})
    extra = policy.get_extra_state_json() if isinstance(policy, Stateful) else None
    card = {"format": FORMAT, "policy": name, "config": config.model_dump(mode="json"),
            "signature": _signature_json(signature), "state": extra}  # fmt: skip
    Folder(path, CheckpointError).write(CARD, json_bytes(card, exact=True))


def read_policy(path: Path, device: str = "cpu", changes: Mapping[str, Any] | None = None) -> Policy:
    """Load a policy, ready to act on ``device``.

    ``changes`` replaces settings that only acting uses, such as ``{"nfe": 4, "sampler": "dpm++2m"}``.

    Raises:
        CheckpointError: not a checkpoint, corrupt, or not of the shape that its configuration asks for.
        ConfigError: the policy does not know a changed setting, or not this value.
        PluginError, UnknownName: the plugin that it needs is not there.
    """
    from simplatform.runs.building import within

    card = _read_card(path)
    entry = get_host().registry("policy").get(card.policy)
    shapes = read_shapes(path)
    with reading(f"{path} does not fit the policy {entry.name!r}", CheckpointError):
        model = entry.load_config()
        config = validate(model, {**model.current(revived(card.config)), **model.current(changes or {})}, "policy")
        with within(shapes, str(path)):
            policy = build_policy(entry.name, config, _signature(card.signature))
        load_into(policy, read_tensors(path / WEIGHTS), path)
        if card.state is not None:
            _give_state(policy, revived(card.state), path)
    return to_device(policy, device)


def read_signature(path: Path) -> Signature:
    """Return the shapes that the policy of a checkpoint was built for.

    Raises:
        CheckpointError: not a checkpoint.
    """
    return _signature(_read_card(path).signature)


def policy_name(path: Path) -> str:
    """Return the registered name of the policy of a checkpoint.

    Raises:
        CheckpointError: not a checkpoint.
    """
    return _read_card(path).policy


def pretrained(name: str) -> Path | None:
    """Return the checkpoint that a plugin ships with its policy (``pretrained="package:folder"``), if it does.

    Raises:
        UnknownName: no policy of that name.
        PluginError: the plugin names a folder that is not there.
    """
    place: str | None = get_host().registry("policy").get(name).extra.get("pretrained")
    if place is None:
        return None
    package, _, folder = place.partition(":")
    try:
        path = Path(str(files(package))) / folder
    except ModuleNotFoundError as error:
        raise PluginError(f"policy {name!r}: its weights are to be in {package!r}, which is not there") from error
    if not (path / CARD).is_file():
        raise PluginError(f"policy {name!r}: no checkpoint in {folder!r} of {package!r}; is it package data?")
    return path


def load_into(policy: Policy, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Load tensors into a policy, strictly.

    Buffers whose shape follows from the data (a nearest-neighbour policy's memory) are named in ``sized_by_data``.

    Raises:
        CheckpointError: names or shapes differ; the first of them are shown.
    """
    if not isinstance(policy, Module):
        return
    for name in policy.sized_by_data if isinstance(policy, Remembering) else ():
        if name in tensors:
            owner, _, attribute = name.rpartition(".")
            policy.get_submodule(owner).register_buffer(attribute, tensors[name].clone())
    try:
        policy.load_state_dict(dict(tensors), strict=True)
    except (RuntimeError, ValueError, KeyError) as error:
        message = " ".join(str(error).split())[:600]
        raise CheckpointError(f"{path} does not fit {type(policy).__name__}: {message}") from error


def to_device(policy: Policy, device: str) -> Policy:
    """Move a policy to a device, in evaluation mode."""
    if isinstance(policy, Module):
        policy.to(device).eval()
    return policy


def parameters(policy: Policy | nn.Module) -> int:
    """Return the number of trainable parameters."""
    return sum(p.numel() for p in policy.parameters()) if isinstance(policy, Module) else 0


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write named tensors as safetensors, atomically; tensors that share memory are written apart."""
    from safetensors.torch import save

    plain = {key: value.detach().cpu().contiguous().clone() for key, value in tensors.items()}
    Folder(path.parent, CheckpointError).write(path.name, save(plain))


def read_tensors(path: Path, device: str = "cpu") -> dict[str, Tensor]:
    """Read named tensors.

    Raises:
        CheckpointError: the file is missing, cut short, or not safetensors (a pickle is refused, never opened).
    """
    from safetensors.torch import load_file

    with _safetensors(path):
        return load_file(Folder(path.parent, CheckpointError).path(path.name), device=device)


def read_shapes(path: Path, name: str = WEIGHTS) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the tensors of a checkpoint, from the header of their file; the sizes must agree.

    Raises:
        CheckpointError: see ``read_tensors``.
    """
    with _safetensors(path / name), Folder(path, CheckpointError).open(name) as file:
        return safetensors_shapes(file)


def check_whole(path: Path, training: bool = False) -> None:
    """Look whether a checkpoint is whole: its card is one, and its weights are as long as they say.

    With ``training``, the state that a training goes on from is looked at as well. Neither is loaded.

    Raises:
        CheckpointError: it is not; the file and the reason are named.
    """
    folder = Folder(path, CheckpointError)
    with reading(f"{path / CARD} is damaged", CheckpointError):
        typed(PolicyRecord, folder.json(CARD), f"{path / CARD}", CheckpointError)
    read_shapes(path)
    if training:
        with reading(f"{path}/training/state.json is damaged", CheckpointError):
            typed(TrainingRecord, folder.json("training/state.json"), f"{path}/training/state.json", CheckpointError)
        for name in ("weights", "optimiser"):
            read_shapes(path, f"training/{name}.safetensors")


@contextmanager
def _safetensors(path: Path) -> Iterator[None]:
    from safetensors import SafetensorError

    try:
        yield
    except SimplatformError:
        raise
    except (OSError, SafetensorError, RuntimeError, ValueError, TypeError, LookupError, AttributeError) as error:
        raise CheckpointError(
            f"{path} is not a whole safetensors file: {error}. Checkpoints of other programs come in through "
            "`simplatform import`."
        ) from error


def _give_state(policy: Policy, state: Any, path: Path) -> None:
    if not isinstance(policy, Stateful):
        raise CheckpointError(f"{path} holds a state that {type(policy).__name__} does not keep (see `Stateful`)")
    policy.set_extra_state_json(state)


def _read_card(path: Path) -> PolicyRecord:
    try:
        data = Folder(path, CheckpointError).json(CARD)
        if data["format"] != FORMAT:
            raise CheckpointError(f"{path} has format {data['format']!r:.40}; this version reads format {FORMAT}")
        return typed(PolicyRecord, data, f"{path} is not a checkpoint of simplatform: {CARD}", CheckpointError)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(
            f"{path} is not a checkpoint of simplatform ({type(error).__name__}: {error}): expected a directory with "
            f"{CARD} and {WEIGHTS}. Foreign files come in through `simplatform import`."
        ) from error


def _signature_json(signature: Signature) -> dict[str, Any]:
    observation = {key: list(shape) for key, shape in signature.observation.items()}
    return {"observation": observation, "action": list(signature.action), "metadata": dict(signature.metadata)}


def _signature(data: SignatureRecord) -> Signature:
    observation = {key: tuple(shape) for key, shape in data.observation.items()}
    return Signature(observation, tuple(data.action), revived(data.metadata))
