"""Evaluate a scripted expert on unseen episodes: the rate comes with n and its 95 % Wilson interval."""

from __future__ import annotations

import simplatform as sp
from simplatform import find_task, make_env, make_expert


def main() -> float:
    """Return the lower end of the interval; five successes of five give 0.5655."""
    task = find_task("metaworld/reach")
    env = make_env(task, "test")
    result = sp.evaluate(make_expert(task, env), env, episodes=5, seed=0)
    print(f"the expert of {task.name}: success {result['success']}")
    return result["success"].low


if __name__ == "__main__":
    assert abs(main() - 0.565517) < 1e-5
