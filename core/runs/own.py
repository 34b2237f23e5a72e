"""Which files of a run directory this program wrote: only they are ever removed."""

from __future__ import annotations

import re

_CHECKPOINT = r"(?:\d{6,}|fitted|0)"
_TENSORS = r"(?:policy\.json|model\.safetensors|training/(?:weights|optimiser)\.safetensors|training/state\.json)"
_OWN = re.compile(
    r"(?:recipe\.toml|(?:resolved|env|status|times|stages|arrivals)\.json|demonstrations_(?:train|validation)\.json|error\.log"
    r"|metrics\.jsonl|samples\.parquet|report\.html|CARD\.md|policy\.(?:onnx|pt2)"
    rf"|checkpoints/last|checkpoints/{_CHECKPOINT}/{_TENSORS}|checkpoints/\.{_CHECKPOINT}\.tmp/{_TENSORS}"
    r"|eval/(?:(?:episodes|opponents)\.parquet|summary\.json)|eval/recordings/[^/]+-\d{3,}\.npz"
    r"|figures/\d\d-[a-z0-9-]+\.png|videos/\d\d-[a-z0-9-]+\.webp)\Z"
)
_SCRATCH = re.compile(rf"\.(?:{_CHECKPOINT}|[^/]+\.\d+)\.tmp\Z")
_PARTIAL = re.compile(r"(?P<folder>.*/)?\.(?P<name>[^/]+)\.\d+\.tmp\Z")


def own_file(name: str, any_pid: bool = False) -> bool:
    """Return whether this program writes a file of that name into a run; with ``any_pid``, half-written ones count."""
    half = _PARTIAL.match(name) if any_pid else None
    if half is not None:
        name = f"{half['folder'] or ''}{half['name']}"
    return _OWN.match(name) is not None


def scratch_file(name: str) -> bool:
    """Return whether a name is that of something which this program writes before it is whole."""
    return _SCRATCH.match(name) is not None
