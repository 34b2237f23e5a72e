"""What the mesh plugins register exists and fits together."""

import pytest

from simplatform.errors import MissingDependency
from simplatform.pipeline.environments import make_env, signature_of
from simplatform.plugin_host.host import get_host

PLUGINS = ("mesh", "um2n", "m2n", "um2n-energy")


ENTRIES = [
    entry for kind in ("policy", "expert", "solver", "command") for entry in get_host().registry(kind)
    if entry.plugin in PLUGINS
]  # fmt: skip


TASKS = [entry.data for entry in get_host().registry("task") if entry.plugin == "mesh"]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.kind}:{entry.name}")
def test_targets_load(entry):
    assert callable(entry.load())
    if entry.config:
        assert entry.load_config()() is not None


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_tasks_build_environments(task):
    try:
        env = make_env(task, "test", 0)
    except MissingDependency as error:
        pytest.skip(str(error))
    signature = signature_of(env)
    assert signature.action == signature.observation["points"]
    assert signature.metadata["problem"] in task.kwargs.get("problem", "helmholtz")
    assert {metric.name for metric in task.metrics} >= {"error_reduction", "tangled"}
