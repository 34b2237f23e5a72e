"""Environments are there after both imports, in either order, and the loader is Gymnasium's own again."""

from __future__ import annotations

import subprocess
import sys

import pytest

ORDERS = {
    "first": "import simplatform, gymnasium",
    "last": "import gymnasium, simplatform",
    "twice": "import simplatform\nimport simplatform.cli\nimport gymnasium",
    "part": "import simplatform\nfrom gymnasium.spaces import Box\nimport gymnasium",
}
CHECK = """
import sys
from simplatform.plugin_host._gymnasium import _GymnasiumFinder, _RegisteringLoader, register_when_imported
assert "simplatform/Prediction-v0" in gymnasium.registry
assert not any(isinstance(one, _GymnasiumFinder) for one in sys.meta_path)
assert not isinstance(gymnasium.__loader__, _RegisteringLoader)
assert gymnasium.__spec__.loader is gymnasium.__loader__
register_when_imported()
register_when_imported()
assert not any(isinstance(one, _GymnasiumFinder) for one in sys.meta_path)
"""
LAZY = """
import sys, simplatform
from simplatform.plugin_host._gymnasium import _GymnasiumFinder, register_when_imported
assert "gymnasium" not in sys.modules
register_when_imported()
assert sum(isinstance(one, _GymnasiumFinder) for one in sys.meta_path) == 1
assert isinstance(sys.meta_path[0], _GymnasiumFinder)
assert sys.meta_path[0].find_spec("numpy", None) is None
assert isinstance(sys.meta_path[0], _GymnasiumFinder)
"""


def run(code):
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr


@pytest.mark.parametrize("order", ORDERS)
def test_environments_are_there_in_either_order(order):
    run(f"{ORDERS[order]}\n{CHECK}")


def test_a_plain_import_leaves_gymnasium_alone_and_waits_once():
    run(LAZY)
