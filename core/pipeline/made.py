"""Who made a stage of a run, and from what: recorded when it is made, compared when it is reused."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable

import gymnasium

from simplatform.contracts import Task
from simplatform.plugin_host.host import get_host
from simplatform.recipes import Resolved
from simplatform.runs.fingerprint import code_fingerprint
from simplatform.runs.provenance import provenance
from simplatform.runs.records import StageRecord, plain
from simplatform.runs.rundir import RunDirectory


def record_stage(
    run: RunDirectory, recipe: Resolved, stage: str, device: str, files: Iterable[str], data: dict[str, str]
) -> None:
    """Write into ``stages.json`` which code, machine and data made a stage, and the digests of its files.

    ``env.json`` is the machine of the stage that was made last.
    """
    made = provenance(device)
    found = {
        "made": made, "code": code_of(recipe, stage), "data": data,
        "files": {name: digest(run, name) for name in files}, "time": time.time(),
    }  # fmt: skip
    run.files.write_json("stages.json", {**{name: plain(old) for name, old in run.stages().items()}, stage: found})
    run.files.write_json("env.json", made)


def code_of(recipe: Resolved, stage: str) -> dict[str, str]:
    """Return fingerprints of the code that makes a stage."""
    policy = code_fingerprint(get_host().registry("policy").get(recipe.policy).target)
    return {"policy": policy} if stage == "fit" else {"policy": policy, **_environment(recipe.task)}


def digest(run: RunDirectory, name: str) -> str:
    """Return the SHA-256 of a file of a run."""
    with run.files.open(name) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def changed_files(run: RunDirectory, record: StageRecord | None) -> str | None:
    """Return what is no longer as it was written, or None."""
    for name, before in (record.files if record is not None else {}).items():
        try:
            if digest(run, name) != before:
                return f"{name} was changed after it was written"
        except FileNotFoundError:
            return f"{name} is missing"
    return None


def since(run: RunDirectory, recipe: Resolved, stage: str) -> str:
    """Return what differs between now and when a reused stage was made, as the end of a sentence; mostly empty."""
    record = run.stages().get(stage)
    if record is None:
        return ""
    now = code_of(recipe, stage)
    changed = [name for name in now if record.code.get(name, now[name]) != now[name]]
    notes = [f"made by other code than today's ({', '.join(changed)})"] if changed else []
    here = provenance()
    if stage == "evaluate" and record.made.processor != here["processor"]:
        notes.append(f"measured on {record.made.processor}")
    if changed:
        notes.append(f"`{run.again(fresh=True)}` makes it anew")
    return f": {'; '.join(notes)}" if notes else ""


def _environment(task: Task) -> dict[str, str]:
    get_host().register_environments()
    target = gymnasium.spec(task.env).entry_point
    return {"environment": code_fingerprint(target)} if isinstance(target, str) else {}
