"""Workers: one answer a request, errors with their traceback, one thread each, and the environment as it was."""

from __future__ import annotations

import os

import pytest

from simplatform.errors import SimplatformError, UnknownName
from simplatform.executors.workers import RemoteError, Worker, _single_threaded_children, ready


def start(offset):
    made = []

    def serve(request):
        made.append(request)
        if request == "die":
            os._exit(9)
        if request == "refuse":
            raise UnknownName("task", "reech", ["reach"])
        if request == "leave":
            raise SystemExit(3)
        if request == "open":
            return lambda: None
        return request + offset, len(made), os.environ["OMP_NUM_THREADS"], os.getpid()

    return serve


@pytest.fixture(scope="module")
def worker():
    made = Worker(start, 10)
    yield made
    made.end()


def asked(worker, request):
    worker.send(request)
    return worker.receive()


def test_it_answers_in_order_from_another_process_with_one_thread(worker):
    first, second = asked(worker, 1), asked(worker, 2)
    assert (first[0], second[0]) == (11, 12)
    assert second[1] == first[1] + 1, "what start made serves all requests"
    assert first[2] == "1"
    assert first[3] == second[3] != os.getpid()


def test_one_that_has_answered_is_ready(worker):
    worker.send(5)
    assert ready([worker]) == [worker]
    assert worker.receive()[0] == 15


def test_errors_come_with_the_traceback_there_and_the_worker_goes_on(worker):
    with pytest.raises(UnknownName, match="Did you mean reach") as error:
        asked(worker, "refuse")
    assert isinstance(error.value.__cause__, RemoteError)
    assert "in serve" in str(error.value.__cause__)
    assert asked(worker, 1)[0] == 11


@pytest.mark.parametrize(
    ("request_", "message"),
    [("leave", r"sys\.exit\(3\) was called in a worker process"), ("open", "function cannot leave its process")],
)
def test_what_cannot_be_answered_is_said(worker, request_, message):
    with pytest.raises(SimplatformError, match=message):
        asked(worker, request_)


def test_one_that_dies_says_so_when_it_is_to_answer():
    made = Worker(start, 0)
    made.send("die")
    with pytest.raises(EOFError):
        made.receive()
    made.send(1)  # says nothing yet
    with pytest.raises(EOFError):
        made.receive()
    made.end()
    assert not made.process.is_alive()


def test_the_environment_is_as_it_was_even_after_an_error(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)

    def fail():
        with _single_threaded_children():
            assert os.environ["OMP_NUM_THREADS"] == os.environ["MKL_NUM_THREADS"] == "1"
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "MKL_NUM_THREADS" not in os.environ
