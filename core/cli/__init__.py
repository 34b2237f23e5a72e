"""The command line: one verb per file, each a thin caller of the Python interface."""

from __future__ import annotations

import atexit
import errno
import io
import os
import sys
from collections.abc import Callable
from typing import Any

from simplatform.text import printable


def entry() -> None:
    """Run `main` in a process of its own, which ends with its code whatever the libraries do while they are unloaded.

    Python ends as ever: threads are waited for, what others registered at exit runs. Then the process leaves without
    the destructors of compiled libraries: torch's have ended a command that had done its work by an abort.
    """
    code = [1]
    atexit.register(lambda: _leave(code[0]))  # registered first, so called last
    try:
        main()
    except SystemExit as end:
        code[0] = end.code if isinstance(end.code, int) else int(end.code is not None)
        raise
    code[0] = 0


def _leave(code: int) -> None:
    """End this process at once, with nothing left in its buffers."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # the reader has gone; what could be said of it was said before
        pass
    os._exit(code)


def main() -> None:
    """Run the command line and exit: 0 done, 1 failure, 2 usage, 3 plugin, 130 interrupted."""
    from simplatform.cli.app import build
    from simplatform.errors import SimplatformError

    _let_threads_sleep()
    _let_any_terminal_show()
    try:
        _finish(build(sys.argv[1:]))
    except SimplatformError as error:
        _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        _fail("interrupted; `simplatform resume RUN` goes on from the last checkpoint", 130)
    except BrokenPipeError:
        _leave_quietly()
    except OSError as error:
        _fail(_unwritten(error) or _no_memory(error) or _no_file(error) or _unexpected(error), 1)
    except Exception as error:
        _fail(_no_memory(error) or _unexpected(error), 1)


def _finish(program: Callable[..., Any]) -> None:
    """Run the program, and empty stdout while its errors can still be told."""
    try:
        program(standalone_mode=True)
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # how the parser of options ends then
            raise end.__context__ from None
        sys.stdout.flush()
        raise
    sys.stdout.flush()


def _let_any_terminal_show() -> None:
    """Replace characters that a terminal's encoding lacks, in place of an error half-way through a table."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _leave_quietly() -> None:
    """End as a program does whose reader has gone, as `head` does: code 141, no words."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)  # what is still in the buffer has nowhere to go
    sys.exit(141)


def _unwritten(error: OSError) -> str:
    """Return what to say where the result could not be written to stdout; empty for other errors."""
    if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO) or error.filename is not None:
        return ""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return f"the result could not be written to stdout: {error.strerror}; free some space, or write it elsewhere"


def _no_file(error: OSError) -> str:
    """Return what to say of a file that cannot be opened, by its name; empty for other errors."""
    if not isinstance(error.filename, str | bytes) or error.errno is None:
        return ""
    name = os.fsdecode(error.filename)
    return f"{name if len(name) <= 200 else name[:200] + '…'}: {error.strerror}"


def _no_memory(error: Exception) -> str:
    """Return what to say where the system gives no memory; empty for other errors."""
    words = ("can't allocate memory", "out of memory", "cannot allocate memory")
    if not isinstance(error, MemoryError) and not any(word in str(error).lower() for word in words):
        return ""
    detail = next(iter(str(error).splitlines()), "")
    return f"out of memory: {detail or type(error).__name__}. Make the batch, the network or the data smaller."


def _let_threads_sleep() -> None:
    """Make OpenMP's idle threads sleep after microseconds instead of spinning on; call it before torch is imported.

    On two cores that another process also used, a training step took 3.4 s with GNU OpenMP's default and less than a
    tenth of that with any short spin; sleeping at once would double the time of small networks on idle cores.
    """
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")


def _fail(message: str, code: int) -> None:
    print(f"simplatform: {printable(message, lines=True)}", file=sys.stderr)
    sys.exit(code)


def _unexpected(error: Exception) -> str:
    """Say in one line what went wrong and where; the traceback is for those who ask for it."""
    import traceback

    if os.environ.get("SIMPLATFORM_DEBUG"):
        traceback.print_exception(error)
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{place.filename}:{place.lineno}"
    return f"{type(error).__name__}: {error} (at {where}). SIMPLATFORM_DEBUG=1 shows the traceback."


__all__ = ["entry", "main"]
