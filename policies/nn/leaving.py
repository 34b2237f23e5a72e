"""Whether a graph is being written into a file: it must hold for any number of points and rows."""

from __future__ import annotations

import torch


def leaving() -> bool:
    """Return whether ``torch.export`` or TorchScript's tracer is at work."""
    return torch.compiler.is_exporting() or traced()


def traced() -> bool:
    """Return whether TorchScript's tracer is at work."""
    return bool(torch.jit.is_tracing())  # type: ignore[attr-defined,no-untyped-call]  # torch's own, and public
