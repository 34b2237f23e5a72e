"""``simplatform resume``: continue an interrupted run, to the same bits."""

from __future__ import annotations

from simplatform.cli import options


def command(
    run: options.RunPath,
    set_: options.Settings = None,
    device: options.Device = "auto",
    workers: options.Workers = 0,
    executor: options.Executor = "",
    trust: options.Trust = False,
    json: options.Json = False,
) -> None:
    """Continue a run that was interrupted, or give more steps to one that is done: --set train.steps=4000."""
    from simplatform.api import resume
    from simplatform.cli.console import console, echo, print_json
    from simplatform.recipes import parse_settings

    with console() as shown:
        result = resume(
            run, settings=parse_settings(set_ or []), device=device, workers=workers, executor=executor, console=shown,
            trust=trust,
        )  # fmt: skip
    if json:
        print_json({"run": result.path, **result.summary})
    else:
        echo(f"report: {result.report}")
