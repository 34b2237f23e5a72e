"""The 50 tasks of Meta-World, grouped by difficulty as in Seo et al. (2022, arXiv:2206.14244)."""

from __future__ import annotations

GROUPS: dict[str, tuple[str, ...]] = {
    "easy": (
        "button-press", "button-press-topdown", "button-press-topdown-wall", "button-press-wall", "coffee-button",
        "dial-turn", "door-close", "door-lock", "door-open", "door-unlock", "drawer-close", "drawer-open",
        "faucet-close", "faucet-open", "handle-press", "handle-press-side", "handle-pull", "handle-pull-side",
        "lever-pull", "peg-unplug-side", "plate-slide", "plate-slide-back", "plate-slide-back-side",
        "plate-slide-side", "reach", "reach-wall", "window-close", "window-open",
    ),
    "medium": (
        "basketball", "bin-picking", "box-close", "coffee-pull", "coffee-push", "hammer", "peg-insert-side",
        "push-wall", "soccer", "sweep", "sweep-into",
    ),
    "hard": ("assembly", "hand-insert", "pick-out-of-hole", "pick-place", "push", "push-back"),
    "very hard": ("disassemble", "pick-place-wall", "shelf-place", "stick-pull", "stick-push"),
}  # fmt: skip
"""Difficulty → task names, without Meta-World's version suffix."""

TASKS: tuple[str, ...] = tuple(sorted(task for group in GROUPS.values() for task in group))
"""All 50 task names."""


def group_of(task: str) -> str:
    """Return the difficulty group of a task."""
    return next(group for group, tasks in GROUPS.items() if task in tasks)
