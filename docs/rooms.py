"""The rooms of the package and the arrows between them, as CONTRIBUTING.md draws them.

    python docs/rooms.py            # print the drawing, and the imports that run back up
    python docs/rooms.py --write    # renew it in CONTRIBUTING.md

An arrow is an import of one room by another, wherever it stands in a file; rooms may only import from rooms below.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
TOPS = {"core": "simplatform", "envs": "simplatform.envs", "policies": "simplatform.policies",
        "plugins": "simplatform.plugins"}  # fmt: skip
FLOORS: tuple[tuple[tuple[str, str], ...], ...] = (
    (("plugins", "one file a plugin: names, targets, tasks, recipes"),),
    (("envs", "environments, experts"), ("policies", "the models")),
    (("cli", "one verb a file"),),
    (("scaffold", "`new plugin`"), ("experiments", "sweeps, comparisons, records")),
    (("simplatform", "what `import simplatform` gives"),),
    (("testing", "`check`, for plugin authors"),),
    (("api", "run, load, evaluate"), ("export", "ONNX, torch.export")),
    (("deployment", "a policy on a robot"),),
    (("pipeline", "collect, fit, evaluate"),),
    (("report", "report.html, statistics"),),
    (("demonstrations", "episodes, store, windows"), ("trackers", "what watches a run")),
    (("runs", "run directories, checkpoints"),),
    (("recipes", "what a run is asked to do"), ("solvers", "ODE solvers")),
    (("plugin_host", "how plugins are found"),),
    (("hooks", "every way to extend"),),
    (("executors", "processes, Ray, Slurm"), ("contracts", "what is asked of whom")),
    (("budgets", "how much a file may ask for"), ("expressions", "a user's formulas, read by a whitelist")),
    (
        ("errors", "named errors"),
        ("seeding", "random numbers"),
        ("text", "text of strangers, shown safely"),
        ("_moved", "old import paths"),
        ("_version", "the version"),
    ),
    (("noise", "random numbers, the same on every device"),),
)
UP = {("contracts", "demonstrations"): "types only: `fit` is given demonstrations, a format gives them"}
"""Arrows that run back up, each with its reason."""
PLACE = ROOT / "CONTRIBUTING.md"
BEGIN, END = "<!-- rooms: python docs/rooms.py --write -->", "<!-- /rooms -->"


def modules() -> Iterator[tuple[str, Path]]:
    """Yield the name and the file of every module."""
    for top, package in TOPS.items():
        for path in sorted((ROOT / top).rglob("*.py")):
            parts = path.relative_to(ROOT / top).with_suffix("").parts
            yield ".".join([package, *(parts[:-1] if parts[-1] == "__init__" else parts)]), path


def room(module: str) -> str:
    """Return the room of a module: the name below ``simplatform``."""
    return module.split(".")[1] if "." in module else module


def arrows() -> dict[tuple[str, str], list[str]]:
    """Return which room imports from which, with the modules that do."""
    known = {name for floor in FLOORS for name, _ in floor}
    found: dict[tuple[str, str], list[str]] = {}
    for module, path in modules():
        for target in _imports(path, known):
            if room(module) != target:
                found.setdefault((room(module), target), []).append(module)
    return found


def upward() -> dict[tuple[str, str], list[str]]:
    """Return the arrows that do not run down."""
    found = arrows()
    strange = {name for pair in found for name in pair} - {name for floor in FLOORS for name, _ in floor}
    if strange:
        raise SystemExit(
            f"on no floor yet: {', '.join(sorted(strange))}; give each one in docs/rooms.py and pyproject.toml"
        )
    height = {name: len(FLOORS) - number for number, floor in enumerate(FLOORS) for name, _ in floor}
    return {pair: who for pair, who in found.items() if height[pair[1]] >= height[pair[0]]}


def _imports(path: Path, known: set[str]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
        if isinstance(node, ast.Import):
            yield from (room(alias.name) for alias in node.names if alias.name.split(".")[0] == "simplatform")
        elif isinstance(node, ast.ImportFrom) and node.module == "simplatform":
            yield from (alias.name if alias.name in known else "simplatform" for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("simplatform."):
            yield room(node.module or "")


def drawing() -> str:
    """Return the drawing: a line per room, floors from the top down, each room's own rooms behind it."""
    lines = []
    for floor in FLOORS:
        for number, (name, what) in enumerate(floor):
            inside = _inside(name)
            lines.append(f"{'─' if number == 0 else ' '} {name:<15} {what}{': ' + ' '.join(inside) if inside else ''}")
    up = [f"  {one} → {other}: {why}" for (one, other), why in UP.items()]
    return "\n".join(["```text", *lines, "", "Back up run:", *up, "```"])


def written(text: str) -> str:
    """Return a page with its drawing renewed."""
    before, rest = text.split(BEGIN, 1)
    return f"{before}{BEGIN}\n\n{drawing()}\n\n{END}{rest.split(END, 1)[1]}"


def _inside(name: str) -> list[str]:
    """Return the rooms of a family's room."""
    folder = ROOT / name
    if name not in ("envs", "policies"):
        return []
    return [path.name for path in sorted(folder.iterdir()) if (path / "__init__.py").exists()]


def main(arguments: list[str]) -> int:
    """Print or renew the drawing; returns 1 where an arrow runs back up without a reason."""
    if "--write" in arguments:
        PLACE.write_text(written(PLACE.read_text(encoding="utf8")), encoding="utf8")
    else:
        print(drawing())
    unexplained = {pair: who for pair, who in upward().items() if pair not in UP}
    for (one, other), who in unexplained.items():
        print(f"{one} → {other} runs back up: {', '.join(sorted(set(who)))}", file=sys.stderr)
    return int(bool(unexplained))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
