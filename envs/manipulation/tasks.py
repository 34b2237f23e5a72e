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

SKILLS: tuple[str, ...] = ("button-press", "drawer-close", "drawer-open")
"""Three tasks that ``simplatform/MetaWorldSequence-v0`` asks for in turn; two of them are told apart by the drawer."""

DOES: dict[str, str] = {
    "assembly": "puts the ring over the peg",
    "basketball": "puts the ball into the hoop",
    "bin-picking": "carries the block to the other bin",
    "box-close": "closes the box with its lid",
    "button-press": "presses the button",
    "button-press-topdown": "presses the button from above",
    "button-press-topdown-wall": "presses the button from above, past a wall",
    "button-press-wall": "presses the button behind a wall",
    "coffee-button": "presses the button of the coffee machine",
    "coffee-pull": "pulls the mug away from the coffee machine",
    "coffee-push": "pushes the mug under the coffee machine",
    "dial-turn": "turns the dial",
    "disassemble": "lifts the ring off the peg",
    "door-close": "closes the door",
    "door-lock": "locks the door",
    "door-open": "opens the door",
    "door-unlock": "unlocks the door",
    "drawer-close": "closes the drawer",
    "drawer-open": "opens the drawer",
    "faucet-close": "closes the faucet",
    "faucet-open": "opens the faucet",
    "hammer": "drives the nail in with the hammer",
    "hand-insert": "puts its hand into the hole",
    "handle-press": "presses the handle down",
    "handle-press-side": "presses the handle down from the side",
    "handle-pull": "pulls the handle up",
    "handle-pull-side": "pulls the handle up from the side",
    "lever-pull": "pulls the lever up",
    "peg-insert-side": "puts the peg into the hole",
    "peg-unplug-side": "pulls the peg out of the hole",
    "pick-out-of-hole": "picks the block out of the hole",
    "pick-place": "carries the block to its goal",
    "pick-place-wall": "carries the block over the wall to its goal",
    "plate-slide": "slides the plate into the goal",
    "plate-slide-back": "slides the plate back out",
    "plate-slide-back-side": "slides the plate back out from the side",
    "plate-slide-side": "slides the plate into the goal from the side",
    "push": "pushes the block to its goal",
    "push-back": "pulls the block back to its goal",
    "push-wall": "pushes the block round the wall to its goal",
    "reach": "reaches the goal",
    "reach-wall": "reaches the goal behind a wall",
    "shelf-place": "puts the block on the shelf",
    "soccer": "kicks the ball into the goal",
    "stick-pull": "pulls the thermos with the stick",
    "stick-push": "pushes the thermos with the stick",
    "sweep": "sweeps the block off the table",
    "sweep-into": "sweeps the block into the hole",
    "window-close": "closes the window",
    "window-open": "opens the window",
}
"""What a robot that succeeds does, in words."""


def group_of(task: str) -> str:
    """Return the difficulty group of a task."""
    return next(group for group, tasks in GROUPS.items() if task in tasks)
