"""``simplatform resume``: continue an interrupted run, to the same bits."""

from __future__ import annotations

from simplatform.cli import options


def command(
    run: options.RunPath,
    device: options.Device = "auto",
    workers: options.Workers = 0,
    executor: options.Executor = "",
    trust: options.Trust = False,
    json: options.Json = False,
) -> None:
    """Continue a run that was interrupted; a finished one is left as it is."""
    from simplatform.api import resume
    from simplatform.cli.console import console, echo, print_json

    with console() as shown:
        result = resume(run, device=device, workers=workers, executor=executor, console=shown, trust=trust)
    if json:
        print_json({"run": result.path, **result.summary})
    else:
        echo(f"report: {result.report}")
