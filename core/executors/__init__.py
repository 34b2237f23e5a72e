"""Executors: one seam through which collection, evaluation and sweeps spread over processes and machines.

A shard is pure data, and the function is a module-level one; so the result is the same for any number of workers, and a
shard that was lost with its worker is simply run again.
"""

from simplatform.executors.base import Executor, available_cores
from simplatform.executors.choice import EXECUTORS, executor
from simplatform.executors.local import LocalExecutor
from simplatform.executors.process import ProcessExecutor

__all__ = ["EXECUTORS", "Executor", "LocalExecutor", "ProcessExecutor", "available_cores", "executor"]
