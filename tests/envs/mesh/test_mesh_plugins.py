"""What the mesh plugins register exists and fits together."""

import textwrap
from dataclasses import replace

import pytest

from simplatform.errors import MissingDependency
from simplatform.pipeline.environments import make_env, signature_of
from simplatform.plugin_host.host import get_host
from simplatform.recipes.code import VARIABLE, trust
from tests.envs.mesh.problems.test_pde import WAVE

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


def with_file(task, path, monkeypatch):
    """Return a task that reads code with a file of forms to read, as a user names it by ``env.file``."""
    path.write_text(textwrap.dedent(WAVE))
    monkeypatch.setenv(VARIABLE, "")
    trust(path)
    return replace(task, kwargs={**task.kwargs, "file": str(path)})


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_tasks_build_environments(task, tmp_path, monkeypatch):
    if task.code:
        task = with_file(task, tmp_path / "mine.py", monkeypatch)
    try:
        env = make_env(task, "test", 0)
    except MissingDependency as error:
        pytest.skip(str(error))
    signature = signature_of(env)
    assert signature.action == signature.observation["points"]
    assert signature.metadata["problem"] in task.kwargs.get("problem", "helmholtz")
    assert {metric.name for metric in task.metrics} >= {"error_reduction", "tangled"}
