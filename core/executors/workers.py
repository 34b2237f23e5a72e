"""Worker processes that answer requests one at a time, and that end with their parent, however it ends."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from typing import Any

from simplatform.errors import SimplatformError

Serve = Callable[[Any], Any]


class RemoteError(Exception):
    """The traceback of an error in a worker process, as text: the cause of the error that is raised here."""


class Worker:
    """A fresh process with one thread (a forked one would inherit locks and GL contexts); ``serve`` answers requests.

    ``serve`` is made in the process by ``start(*arguments)``; all of it must be picklable.
    """

    def __init__(self, start: Callable[..., Serve], *arguments: Any) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, other = context.Pipe()
        self.process = context.Process(target=_main, args=(other, start, arguments), daemon=True)
        with _single_threaded_children():
            self.process.start()
        other.close()

    def send(self, request: Any) -> None:
        """Ask; a worker that is dead says so when it is to answer."""
        with suppress(BrokenPipeError, ConnectionResetError):
            self.connection.send(request)

    def receive(self) -> Any:
        """Return the answer to the oldest request.

        Raises:
            EOFError: the process is dead.
            Exception: what was raised there, with its traceback as the cause.
        """
        try:
            good, answer, text = self.connection.recv()
        except (ConnectionResetError, OSError) as error:
            raise EOFError("a worker process died") from error
        if good:
            return answer
        raise answer from RemoteError(text)

    def end(self) -> None:
        """End the process."""
        self.connection.close()
        self.process.kill()
        self.process.join()


def ready(workers: list[Worker]) -> list[Worker]:
    """Wait until one has answered or died; return those that have."""
    found = set(map(id, wait([worker.connection for worker in workers])))
    return [worker for worker in workers if id(worker.connection) in found]


def _main(connection: Connection, start: Callable[..., Serve], arguments: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business: it ends the workers
    threading.Thread(target=_follow_parent, daemon=True).start()
    serve: Serve | None = None
    while True:
        try:
            request = connection.recv()
        except (EOFError, OSError):
            return
        try:
            serve = serve or start(*arguments)
            answer = (True, serve(request), "")
        except SystemExit as error:
            said = SimplatformError(f"sys.exit({error.code}) was called in a worker process")
            answer = (False, said, traceback.format_exc())
        except BaseException as error:
            answer = (False, error, traceback.format_exc())
        _answer(connection, answer)


def _answer(connection: Connection, answer: tuple[bool, Any, str]) -> None:
    try:
        connection.send(answer)
    except (BrokenPipeError, ConnectionResetError):
        os._exit(1)
    except Exception as error:  # what cannot be pickled
        text = f"{type(answer[1]).__name__} cannot leave its process: {error}"
        connection.send((False, SimplatformError(text), answer[2]))


def _follow_parent() -> None:
    """End this process when its parent is gone, be it by kill -9: its end of a pipe is closed by the system."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


@contextmanager
def _single_threaded_children() -> Iterator[None]:
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
