"""``simplatform tasks`` and ``simplatform envs``."""

from __future__ import annotations

import json

from simplatform.plugin_host.host import get_host


def test_a_list_of_tasks_fits_two_screens_and_a_word_shows_all_that_hold_it(program):
    short = program("tasks")[1].splitlines()
    assert len(short) < 110
    shown = program("tasks", "dysts/")[1]
    wanted = [task.name for task in get_host().registry("task") if task.name.startswith("dysts/")]
    assert len(wanted) > 50
    assert all(f"  {name} " in shown for name in wanted)


def test_json_holds_every_task_and_environment(program):
    for verb, kind in (("tasks", "task"), ("envs", "environment")):
        found = json.loads(program(verb, "--json")[1])[f"{kind}s"]
        assert [one["name"] for one in found] == [entry.name for entry in get_host().registry(kind)]
