"""Run: the four stages in order, each skipped where its result is there already."""

from __future__ import annotations

import time
import traceback
import warnings
from pathlib import Path
from typing import Any

from simplatform.contracts import Fittable, Policy, Practises, Signature, Trainable
from simplatform.demonstrations import Demonstrations
from simplatform.errors import ContractError, EvaluationWarning, Interrupted, RunError, SimplatformError
from simplatform.pipeline import opponents, why
from simplatform.pipeline.checkpoints import restore_training, save_fitted
from simplatform.pipeline.collect import Collected, collect
from simplatform.pipeline.evaluate import all_rows, evaluate_shards, limited, recorded
from simplatform.pipeline.first_look import FirstLook
from simplatform.pipeline.fit import Trainer, windows_of
from simplatform.pipeline.follow import follow
from simplatform.pipeline.following import training_set
from simplatform.pipeline.made import changed_files, digest, record_stage, since
from simplatform.pipeline.observer import Console, RunObserver, Silent, terminated_as_interrupted
from simplatform.pipeline.options import STAGES, Options
from simplatform.pipeline.practice import Rehearsed, practises
from simplatform.pipeline.shards import episode_shard
from simplatform.pipeline.start import run_signature, taught_signature, untrained
from simplatform.pipeline.starting import said
from simplatform.pipeline.summary import summary_of
from simplatform.pipeline.tally import Evaluation
from simplatform.recipes import Resolved
from simplatform.runs.checkpoint import read_policy, to_device
from simplatform.runs.episodes import read_rows, write_rows
from simplatform.runs.recordings import write_recordings
from simplatform.runs.rundir import DEAD, RunDirectory
from simplatform.trackers.callbacks import Callbacks


def execute(run: RunDirectory, recipe: Resolved, options: Options, console: Console | None = None) -> None:
    """Carry a run to its end (or to ``options.until``), from wherever it stands.

    Raises:
        Interrupted: SIGINT or SIGTERM came; a training wrote a checkpoint first. ``resume`` continues.
        SimplatformError: what a user can mend; the status records it.
    """
    if options.group.rank:
        if options.until != "collect":
            follow(run, recipe, options.device, options.group)
        return
    console = console or Silent()
    callbacks = Callbacks(options.callbacks)
    before = run.status
    if before.get("error") == DEAD:
        console.say(f"{run.path}: the last start ended in stage {before.get('stage', '?')}; {DEAD}")
    with run.lock(), terminated_as_interrupted():
        if options.fresh:
            run.clear()
            run.begin(recipe)
        stages = _Stages(run, recipe, options, console, callbacks)
        callbacks.on_start(run.path)
        state = "failed"
        try:
            stages.all()
            state = "done"
            if options.until != "collect":
                options.group.wait()
        except (Interrupted, KeyboardInterrupt) as error:
            state = "preempted"
            run.set_status(state, stage=stages.current)
            if isinstance(error, Interrupted):
                raise
            raise Interrupted(
                f"stopped in stage {stages.current}; `simplatform resume {run.path}` starts it again"
            ) from error
        except SystemExit as error:
            _record_failure(run, stages.current, error)
            raise ContractError(
                f"something in stage {stages.current} called sys.exit({error.code!r}), which ends the whole program; "
                f"a plugin raises an error instead. {run.path / 'error.log'} says where"
            ) from error
        except BaseException as error:
            _record_failure(run, stages.current, error)
            raise
        finally:
            callbacks.on_end(state)


class _Stages:
    """The stages of one run, and what one hands to the next."""

    def __init__(
        self, run: RunDirectory, recipe: Resolved, options: Options, console: Console, callbacks: Callbacks
    ) -> None:
        self.run, self.recipe, self.options = run, recipe, options
        self.console, self.callbacks = console, callbacks
        self.current = "start"
        self._data: tuple[Demonstrations, Demonstrations] | None = None
        self._policy: Policy | None = None

    def all(self) -> None:
        steps = {"collect": self.collect, "fit": self.fit, "evaluate": self.evaluate, "report": self.report}
        for stage in STAGES[: STAGES.index(self.options.until) + 1]:
            self.current = stage
            self.run.set_status("running", stage=stage)
            self.callbacks.on_stage(stage)
            steps[stage]()
        self.run.set_status("done", stage=self.current)
        self.run.files.remove("error.log")

    def collect(self) -> None:
        """Collect (or find) the demonstrations; policies that need none may ask for 0.

        The policy is built first, so that a task that is none for it is refused before anything is collected.
        """
        recipe = self.recipe
        for line in run_signature(recipe).facts.said:
            self.console.say(f"data: {line}")
        if self.options.until != "collect" and self.run.last is None:
            self._policy = untrained(recipe)
        train = self._collect("train", 0 if recipe.stream.online else recipe.demonstrations)
        validation = self._collect("validation", recipe.validation)
        self._data = (train, validation)
        if self.options.until != "collect":
            self.options.group.wait()

    def fit(self) -> None:
        """Train or fit, unless the final checkpoint is there, whole and as it was written."""
        last = self._usable()
        ends = ("fitted",) if practises(self.recipe.policy) else ("fitted", f"{self.recipe.train.steps:06d}")
        if last is not None and last.name in ends:
            self.console.say(f"policy: reused {last}{since(self.run, self.recipe, 'fit')}")
            return
        assert self._data is not None
        signature = taught_signature(self.recipe, self._data[0])
        policy = untrained(self.recipe) if self._policy is None else self._policy
        policy = to_device(policy, self.options.device)
        observer = RunObserver(self.run, self.recipe, signature, self.console, self.callbacks)
        observer.first_look = FirstLook(self.run, self.recipe, self.console, self.options.device)
        start = time.perf_counter()
        with observer.signals():
            self._fit(policy, observer, last, signature)
        self._record_time("fit", time.perf_counter() - start)
        self._made("fit", self._weights(), {"train": self._data[0].content_hash()})

    def evaluate(self) -> None:
        """Evaluate on the test split and on the extra splits of the task, unless that was done for this policy."""
        fault = self._evaluation_fault()
        if fault is None:
            self.console.say(f"evaluation: reused {self.run.path / 'eval'}{since(self.run, self.recipe, 'evaluate')}")
            return
        if self.run.files.names("eval"):
            self._aside("eval", fault)
        beside = [self._opponent(name) for name in opponents.names_of(self.recipe)]
        splits = ("test", *self.recipe.task.extra_splits)
        evaluations = [self._evaluate(split) for split in splits]
        folder = self.run.files.make("eval")
        write_rows(folder / "episodes.parquet", all_rows(evaluations))
        if rows := opponents.table(beside):
            write_rows(folder / "opponents.parquet", rows)
        for evaluation in evaluations:
            write_recordings(folder / "recordings", recorded(evaluation))
        self.run.files.write_json("eval/summary.json", self._summary(evaluations, beside))
        written = [f"eval/{name}" for name in self.run.files.names("eval") if name.endswith((".json", ".parquet"))]
        self._made("evaluate", tuple(written), {"checkpoint": self._checkpoint_digest()})

    def _usable(self) -> Path | None:
        """Return the checkpoint to reuse or to go on from; one that is damaged is moved aside, and that is said."""
        name = self.run.named_last or self._named_again()
        if name is None:
            return None
        fault = self.run.checkpoint_fault(name)
        if fault is None and f"checkpoints/{name}/model.safetensors" in self._files_of("fit"):
            fault = changed_files(self.run, self.run.stages().get("fit"))
        if fault is None:
            return self.run.checkpoints / name
        if name in self.run.files.names("checkpoints"):
            self._aside(f"checkpoints/{name}", fault)
        found = self._named_again()
        self.console.say(f"policy: going on from {self.run.checkpoints / found}" if found else "policy: starting again")
        return self.run.checkpoints / found if found else None

    def _named_again(self) -> str | None:
        """Name the newest whole checkpoint in ``checkpoints/last``, whose own is lost; None where there is none."""
        found = self.run.newest_whole()
        if found is None:
            return None
        self.run.files.write_text("checkpoints/last", found.name + "\n")
        return found.name

    def _evaluation_fault(self) -> str | None:
        """Return why there is no evaluation of this policy to reuse, or None."""
        try:
            self.run.read_summary()
            read_rows(self.run.path / "eval" / "episodes.parquet")
        except SimplatformError as error:
            return str(error).partition("; `simplatform")[0]
        record = self.run.stages().get("evaluate")
        if record is not None and record.data.get("checkpoint") != self._checkpoint_digest():
            return "it was made with other weights"
        return changed_files(self.run, record)

    def _aside(self, name: str, fault: str) -> None:
        kept = self.run.set_aside(name, "damaged")
        self.console.say(f"{self.run.path / name} is not used: {fault}; kept as {kept}, and made again")

    def _files_of(self, stage: str) -> tuple[str, ...]:
        record = self.run.stages().get(stage)
        return tuple(record.files) if record is not None else ()

    def _weights(self) -> tuple[str, ...]:
        return tuple(f"checkpoints/{self.run.named_last}/{name}" for name in ("policy.json", "model.safetensors"))

    def _checkpoint_digest(self) -> str:
        return "" if self.run.last is None else digest(self.run, self._weights()[1])

    def _made(self, stage: str, files: tuple[str, ...], data: dict[str, str]) -> None:
        record_stage(self.run, self.recipe, stage, self.options.device, files, data)

    def report(self) -> None:
        """Write report.html and CARD.md."""
        from simplatform.report import write_report

        path = write_report(self.run, lambda done, total: self.console.progress("report sections", done, total))
        self.console.say(f"report: {path}")

    def _collect(self, split: str, count: int) -> Demonstrations:
        if count == 0:
            return Demonstrations([], {"task": self.recipe.task.name, "split": split})
        count, notes = limited(self.recipe.task, split, count)
        for note in notes:
            self.console.say(note)
            if isinstance(self.console, Silent) and split == "train":
                warnings.warn(note, EvaluationWarning, stacklevel=2)
        found = collect(
            self.recipe.task,
            count=count,
            seed=self.recipe.seed,
            split=split,
            attempts=self.recipe.data.attempts,
            allocate=self.recipe.data.allocate if split == "train" else "",
            workers=self.options.workers,
            kind=self.options.executor,
            on_episode=lambda kept, tried: self.console.progress(f"collect {split}", kept, count, f"{tried} tried"),
            say=self.console.say,
        )
        self.console.say(_collected_line(split, found))
        self._keep_card(split, _demonstrations_card(found))
        return found.demonstrations

    def _keep_card(self, split: str, card: dict[str, Any]) -> None:
        """Record which demonstrations teach; a run that began with others must not go on with these.

        Raises:
            RunError: they are not those that the run began with.
        """
        before = self._taught_by(split)
        if before not in ("", card["content_hash"]) and self.run.named_last is not None:
            raise RunError(
                f"the {split} demonstrations are not those that {self.run.path} began with "
                f"({card['content_hash'][:12]}, then {before[:12]}): `{self.run.again(fresh=True)}` starts again, "
                "`simplatform run` with another folder as --output keeps both"
            )
        self.run.files.write_json(f"demonstrations_{split}.json", card)

    def _taught_by(self, split: str) -> str:
        """Return the hash of the demonstrations that the run began with, or an empty string."""
        record = self.run.stages().get("fit")
        if record is not None and split in record.data:
            return record.data[split]
        try:
            found = self.run.demonstrations(split)
        except RunError as error:
            self.console.say(f"{error}; written anew")
            return ""
        return "" if found is None else found.content_hash

    def _fit(self, policy: Policy, observer: RunObserver, last: Path | None, signature: Signature) -> None:
        assert self._data is not None
        train, validation = self._data
        if isinstance(policy, Fittable):
            policy.fit(train, validation=validation, progress=observer.fit_progress)
            if observer.stopping():
                raise Interrupted(
                    f"stopped before the fit was done; `simplatform resume {self.run.path}` starts it again"
                )
            observer.check_fitted(policy)
            save_fitted(self.run, self.recipe, policy, signature)
        elif isinstance(policy, Trainable):
            self._train(policy, observer, last)
        elif not isinstance(policy, Practises):
            save_fitted(self.run, self.recipe, policy, signature)
        if isinstance(policy, Practises):
            self._practise(policy, observer, signature)

    def _practise(self, policy: Policy, observer: RunObserver, signature: Signature) -> None:
        """Let a policy practise, with the averaged weights of its training, if it had one."""
        if self.run.last is not None:
            policy = read_policy(self.run.last, self.options.device)
        assert isinstance(policy, Practises)
        policy.practise(Rehearsed(policy, self.recipe.task, self.recipe.seed), progress=observer.fit_progress)
        if observer.stopping():
            raise Interrupted(f"stopped in practice; `simplatform resume {self.run.path}` begins the practice again")
        observer.check_fitted(policy)
        save_fitted(self.run, self.recipe, policy, signature)

    def _train(self, policy: Trainable, observer: RunObserver, last: Path | None) -> None:
        assert self._data is not None
        collected, validation = self._data
        with training_set(self.run, self.recipe, policy, self.options, observer, collected) as (train, windows):
            trainer = Trainer(
                policy, train, self.recipe.train, self.recipe.seed, self.options.group, windows, last is None
            )
            if last is not None:
                restore_training(trainer, last)
                self.console.say(f"policy: continued from step {trainer.step}")
                if windows is not None:
                    windows.replay(trainer.step, self.recipe.train.batch)
            for line in said(trainer.policy, self.recipe.train, train):
                self.console.say(f"policy: {line}")
            self.run.rewind_metrics(trainer.step)
            held_out = windows_of(policy, validation) if len(validation) else None
            done = trainer.run(observer, held_out)
        if not done:
            raise Interrupted(
                f"stopped at step {trainer.step}; `simplatform resume {self.run.path}` goes on from there"
            )

    def _evaluate(self, split: str) -> Evaluation:
        recipe, last = self.recipe, self.run.last
        if last is None:
            raise RunError(f"{self.run.path} has no checkpoint to evaluate; `{self.run.again()}` makes one")
        count, notes = limited(recipe.task, split, recipe.episodes)
        shards = [
            episode_shard(
                recipe.task, split, recipe.seed, number, checkpoint=str(last), device=self.options.device,
                record=number < recipe.data.record, stop_early=True,
            )
            for number in range(count)
        ]  # fmt: skip
        self.console.progress(f"evaluate {split}", 0, count)  # the first episode may take long
        evaluation = evaluate_shards(
            recipe.task,
            shards,
            workers=self.options.workers,
            kind=self.options.executor,
            on_episode=lambda n: self.console.progress(f"evaluate {split}", n, count),
            notes=notes,
        )
        numbers = (f"{name} {value}" for name, value in evaluation.estimates.items())
        self.console.say(f"{split}: " + "; ".join([*numbers, *evaluation.notes]))
        return evaluation

    def _opponent(self, name: str) -> opponents.Measured:
        assert self._data is not None
        found = opponents.measure(name, self.recipe, self._data, self.options, self.console.progress)
        self.console.say(str(found))
        return found

    def _summary(self, evaluations: list[Evaluation], beside: list[opponents.Measured]) -> dict[str, Any]:
        found = summary_of(self.recipe, read_policy(self.run.last or Path()), evaluations, self.run.times())
        found["opponents"] = opponents.summaries(self.recipe.task.metric, evaluations, beside)
        return {**found, **why.beside(self.recipe, self.run.last, self._data, evaluations[0])}

    def _record_time(self, stage: str, seconds: float) -> None:
        times = self.run.times()
        self.run.files.write_json("times.json", {**times, stage: times.get(stage, 0.0) + round(seconds, 2)})


def _collected_line(split: str, found: Collected) -> str:
    rate = f", expert success {found.expert}" if found.expert is not None else ""
    verb = "reused" if found.cached else "collected"
    return f"{split}: {verb} {len(found.demonstrations)} demonstrations ({found.demonstrations.steps} steps){rate}"


def _demonstrations_card(found: Collected) -> dict[str, Any]:
    rate = found.expert.to_json() if found.expert else None
    return {
        "path": found.path.name, "episodes": len(found.demonstrations), "steps": found.demonstrations.steps,
        "content_hash": found.demonstrations.content_hash(), "expert": rate, "source": found.demonstrations.source,
    }  # fmt: skip


def _record_failure(run: RunDirectory, stage: str, error: BaseException) -> None:
    try:
        run.set_status("failed", stage=stage, error=f"{type(error).__name__}: {error}")
        run.files.write_text("error.log", "".join(traceback.format_exception(error)))
    except SimplatformError:
        pass  # the disk is full: the error itself is on its way to the user
