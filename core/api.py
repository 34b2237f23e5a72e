"""The Python interface: ``run``, ``load``, ``evaluate``. The command line is a thin caller of these."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simplatform.contracts import Metric, Policy, Task
from simplatform.deployment.answers import Loaded, answering
from simplatform.deployment.checkpoint import read
from simplatform.errors import EvaluationWarning, UsageError, whole
from simplatform.executors.choice import check_executor
from simplatform.pipeline.border import name_of
from simplatform.pipeline.devices import resolve_device
from simplatform.pipeline.environments import episodes_of
from simplatform.pipeline.evaluate import evaluate_policy, limited, within
from simplatform.pipeline.graphed import Graphed
from simplatform.pipeline.group import join
from simplatform.pipeline.observer import Console
from simplatform.pipeline.options import STAGES, Options
from simplatform.pipeline.run import execute
from simplatform.pipeline.tally import Evaluation
from simplatform.plugin_host.host import get_host
from simplatform.recipes import find_task, resolve
from simplatform.recipes.code import trust_all
from simplatform.report.sentence import sentence
from simplatform.report.verdict import verdict
from simplatform.runs.editing import check_same, edited
from simplatform.runs.rundir import RunDirectory
from simplatform.trackers.callbacks import Callback, instances

if TYPE_CHECKING:
    import gymnasium


@dataclass(frozen=True)
class Run:
    """A finished run. ``best`` is the checkpoint to deploy; ``summary`` holds the metrics of its evaluation."""

    path: Path

    def __fspath__(self) -> str:
        """Return its path: a run can be given wherever a path of one can."""
        return str(self.path)

    @property
    def best(self) -> Path:
        """Path of the checkpoint to deploy: the last one (choosing by test score would be a selection on test data)."""
        last = RunDirectory(self.path).last
        if last is None:
            directory = RunDirectory(self.path)
            raise UsageError(f"{self.path} has no whole checkpoint; `{directory.again()}` makes one")
        return last

    @property
    def summary(self) -> dict[str, Any]:
        """Metric name → its estimate on the test split (value, interval, n); the rest of summary.json beside it."""
        summary = RunDirectory(self.path).summary
        return {**summary, **summary["splits"]["test"]["metrics"]}

    @property
    def sentence(self) -> str:
        """What the method did in its test episodes, in words, and what expert and opponents did beside it."""
        directory = RunDirectory(self.path)
        return sentence(directory.summary, directory.recipe().task.metric)

    @property
    def verdict(self) -> str:
        """One line: whether the method is better than the task's opponents on the same episodes; empty without any."""
        directory = RunDirectory(self.path)
        return verdict(directory.summary, directory.recipe().task.metric)

    @property
    def report(self) -> Path:
        """Path of report.html."""
        return self.path / "report.html"


def run(
    plugin: str,
    task: str | None = None,
    seed: int = 0,
    *,
    settings: Mapping[str, Any] | None = None,
    output: str | Path = "runs",
    device: str = "auto",
    workers: int = 0,
    executor: str = "",
    until: str = "report",
    fresh: bool = False,
    callbacks: tuple[Callback | str, ...] = (),
    console: Console | None = None,
) -> Run:
    """Collect, fit, evaluate and report.

    A run with the same settings in the same ``output`` folder is continued or, when it is done, reused, unless
    ``fresh``.

    Args:
        plugin: name of a recipe or policy, such as "mp1".
        task: name of a task; None takes the recipe's own.
        seed: seed of everything random: demonstrations, initial weights, batches, test episodes.
        settings: flat keys such as ``{"train.lr": 3e-4, "policy.size": "paper"}``.
        output: folder of run directories.
        device: "auto", "cpu", "cuda" or "cuda:N".
        workers: processes for collection and evaluation; 0 decides. The result does not depend on it.
        executor: who runs them: "local", "process", "ray" or "slurm" (see ``simplatform.executors``); "" decides.
        until: last stage: "collect", "fit", "evaluate" or "report".
        fresh: start again, even if the same run is there.
        callbacks: observers (see ``simplatform.trackers``), or names of registered ones, such as "tensorboard".
        console: where to tell progress.

    Raises:
        SimplatformError: a subclass that says what to mend.
    """
    workers = whole("workers", workers, 0)
    if until not in STAGES:
        raise UsageError(f"until must be one of {', '.join(STAGES)}, got {until!r}")
    check_executor(executor)
    recipe = resolve(plugin, task, seed, settings)
    where = resolve_device(device)
    group = join(where)
    options = Options(where, workers, until, instances(callbacks), executor, group, fresh and group.rank == 0)
    directory = RunDirectory.create(Path(output), recipe)
    if not fresh:
        check_same(directory, recipe)
    execute(directory, recipe, options, console)
    return Run(directory.path)


def resume(
    path: str | PathLike[str],
    *,
    settings: Mapping[str, Any] | None = None,
    device: str = "auto",
    workers: int = 0,
    executor: str = "",
    console: Console | None = None,
    trust: bool = False,
) -> Run:
    """Continue a run that was interrupted; a finished one is left as it is, unless it is to have more steps.

    ``settings`` such as ``{"train.steps": 4000}``, or an edited ``recipe.toml`` in the run, give more steps to it: the
    training goes on from its last step, with the optimiser's state, at the learning rates of a training of that length.
    With ``trust``, files of code that the run names are executed.

    Raises:
        RunError: there is no run at ``path``, or something else in its recipe was changed.
    """
    directory = RunDirectory.open(Path(path))
    where = resolve_device(device)
    options = Options(where, workers, executor=executor, group=join(where))
    recipe = directory.recipe()
    if trust:
        trust_all(recipe.task.kwargs, recipe.task.code)
    execute(directory, edited(directory, settings), options, console)
    return Run(directory.path)


def load(
    path: str | PathLike[str], device: str = "cpu", settings: Mapping[str, Any] | None = None, *, graph: bool = False
) -> Loaded:
    """Load a policy from a checkpoint, from a run (its last checkpoint), or by name the weights that a plugin ships.

    ``policy(observation)`` gives the action for one frame, a table of NumPy arrays without batch and time, and refuses
    one that it cannot act on; on a robot, ``deploy`` keeps history and rate. ``act`` takes batches, as evaluations do.

    ``settings`` changes what only acting uses, such as ``{"nfe": 4, "sampler": "dpm++2m"}``. With ``graph``, answers
    are replayed as CUDA graphs where that can be; the policy's ``reason`` says why, where it cannot.

    Raises:
        CheckpointError: no checkpoint there, or a damaged one.
        ConfigError: a setting that the policy does not have, or not with this value.
    """
    policy, signature = read(str(Path(path)), device, settings)
    return answering(Graphed(policy) if graph else policy, signature)


def mover(name: str, **how: Any) -> Any:
    """Return a mesh mover for arrays: ``sp.mover("um2n-energy").move(points, cells, monitor)``.

    What the registered solver "mover" makes, with its keywords ``run``, ``settings`` and ``root``: see the how-to "Move
    a mesh of your own".

    Raises:
        UsageError: no such mover, or one without weights.
    """
    return get_host().registry("solver").get("mover").load()(name, **how)


def evaluate(
    policy: Policy,
    env: gymnasium.Env[Any, Any] | str,
    *,
    episodes: int | None = None,
    seed: int = 0,
    metrics: tuple[Metric, ...] | None = None,
) -> Evaluation:
    """Evaluate a policy in an environment, or in a task by name, over ``episodes`` unseen episodes (20, if so many).

    The environment is taken as it is: with its wrappers and its time limit. Actions are clipped to its action space.
    Episodes are played in lockstep, with the same numbers to rounding, where the policy declares it and there can be
    more environments: in a task by name, or as copies of one whose kind is stepped in one call.
    Without ``metrics``, they are those of the first registered task of this environment, or else all numbers that its
    ``info`` holds, as of an episode's last step; "success" or "is_success" is a rate, reached at any step. Where there
    are fewer distinct episodes than were asked for, each is run once. What a reader must know beside the numbers is in
    ``notes``, and given as warnings.

    Raises:
        UsageError: a seed or number of episodes that is none, or a metric that no step reported.
        ContractError: no policy, or an environment that does not keep to its own spaces.
    """
    seed, asked = whole("seed", seed, 0), 20 if episodes is None else whole("episodes", episodes, 1)
    if isinstance(env, str):
        from simplatform.pipeline.environments import make_env

        task = find_task(env) if metrics is None else replace(find_task(env), metrics=tuple(metrics))
        count, notes = limited(task, "test", asked, episodes is not None)
        found = evaluate_policy(policy, partial(make_env, task, "test"), task, episodes=count, seed=seed, notes=notes)
    else:
        name = name_of(env)
        task = Task(name, env=name, expert="", metrics=_metrics_of(env) if metrics is None else tuple(metrics))
        count, notes = within(name, episodes_of(env), asked, episodes is not None)
        found = evaluate_policy(policy, env, task, episodes=count, seed=seed, notes=notes)
    for note in found.notes:
        warnings.warn(f"{task.name}: {note}", EvaluationWarning, stacklevel=2)
    return found


def _metrics_of(env: gymnasium.Env[Any, Any]) -> tuple[Metric, ...]:
    """Return the metrics of the first registered task of this environment; none, where what it reports decides."""
    for entry in get_host().registry("task"):
        if env.spec is not None and entry.data.env == env.spec.id:
            found: tuple[Metric, ...] = entry.data.metrics
            return found
    return ()
