"""The command line: one verb per file, each a thin caller of the Python interface."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit: 0 done, 1 failure, 2 usage, 3 plugin, 130 interrupted."""
    from simplatform.cli.app import build
    from simplatform.errors import SimplatformError

    _let_threads_sleep()
    try:
        build(sys.argv[1:])(standalone_mode=True)
    except SimplatformError as error:
        _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        _fail("interrupted; `simplatform resume RUN` goes on from the last checkpoint", 130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(141)
    except Exception as error:
        _fail(_unexpected(error), 1)


def _let_threads_sleep() -> None:
    """Make OpenMP's idle threads sleep after microseconds instead of spinning on; call it before torch is imported.

    On two cores that another process also used, a training step took 3.4 s with GNU OpenMP's default and less than a
    tenth of that with any short spin; sleeping at once would double the time of small networks on idle cores.
    """
    import os

    os.environ.setdefault("GOMP_SPINCOUNT", "20000")


def _fail(message: str, code: int) -> None:
    print(f"simplatform: {message}", file=sys.stderr)
    sys.exit(code)


def _unexpected(error: Exception) -> str:
    """Say in one line what went wrong and where; the traceback is for those who ask for it."""
    import os
    import traceback

    if os.environ.get("SIMPLATFORM_DEBUG"):
        traceback.print_exception(error)
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{place.filename}:{place.lineno}"
    return f"{type(error).__name__}: {error} (at {where}). SIMPLATFORM_DEBUG=1 shows the traceback."


__all__ = ["main"]
