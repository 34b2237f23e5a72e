"""What plugins give, grouped by the environment that a name belongs to."""

from __future__ import annotations

from simplatform.cli.groups import MANY, folded, gives, plugins_by_environment, tasks_by_environment, what_for
from simplatform.plugin_host.host import get_host


def test_every_task_stands_in_one_group():
    tasks = [*get_host().registry("task")]
    groups = tasks_by_environment(tasks)
    assert sorted(task.name for own in groups.values() for task in own) == sorted(task.name for task in tasks)
    assert all(groups.values())


def test_many_tasks_of_one_prefix_are_one_line_with_their_number():
    groups = tasks_by_environment(get_host().registry("task"))
    lines = [line for own in groups.values() for line in folded(own)]
    attractors = [about for name, about in lines if name.startswith("dysts/")]
    assert len(attractors) == 1
    assert attractors[0].split()[0] == str(sum(task.name.startswith("dysts/") for task in get_host().registry("task")))
    few = [task.name for task in get_host().registry("task") if task.name.startswith("helmholtz/")]
    assert len(few) <= MANY
    assert set(few) <= {name for name, _ in lines}


def test_every_plugin_stands_in_one_group_beside_the_environment_of_its_task():
    groups = plugins_by_environment()
    assert sorted(name for own in groups.values() for name in own) == sorted(p.name for p in get_host().plugins)
    group = next(own for own in groups.values() if "mesh" in own)
    assert {"um2n", "m2n", "um2n-energy"} <= set(group)


def test_a_plugin_is_told_by_its_policy_by_its_policies_or_by_all_that_it_gives():
    assert what_for("mp1") == get_host().registry("policy").get("mp1").help
    assert what_for("stnn") == "stnn, stnn-latent"
    assert "environment" in what_for("metaworld")


def test_few_names_are_told_and_many_are_counted():
    assert "policy: mp1" in gives("mp1")
    many = max(get_host().plugins, key=lambda plugin: len(gives(plugin.name)))
    for part in gives(many.name).split("; "):
        assert " × " in part or part.count(",") <= 2
    assert gives("no-such") == ""
