"""What a new policy has to know of its task."""

from __future__ import annotations

import pytest

from simplatform.recipes import find_task
from simplatform.scaffold.shapes import policy_shapes


@pytest.mark.parametrize(
    ("task", "keys"), [("toy/point", None), ("lorenz", ["window"]), ("odebench-4", ["initial", "times"])]
)
def test_actions_of_one_shape_get_chunks_from_what_keeps_its_shape(task, keys):
    found = policy_shapes(find_task(task))
    assert found["variant"] == "chunk"
    assert found["keys"] == keys if keys else found["keys"]


def test_meshes_of_several_sizes_get_one_of_rows():
    found = policy_shapes(find_task("helmholtz"))
    assert found["variant"] == "rows"
    assert {"points", "monitor"} <= set(found["keys"])
    assert "cells" not in found["keys"]
