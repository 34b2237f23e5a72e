"""A file of equations."""

from __future__ import annotations

import pytest

TEXT = """
states = ["x", "y"]
horizon = 5.0
samples = 12
environments = 3
[equations]
x = "alpha*x - beta*x*y"
y = "beta*x*y - 0.5*y"
[parameters]
alpha = 0.5
beta = [0.5, 1.0]
[initial]
x = [1.0, 2.0]
y = [1.0, 2.0]
"""


@pytest.fixture
def mine(tmp_path):
    (tmp_path / "mine.toml").write_text(TEXT)
    return str(tmp_path / "mine.toml")
