"""Report section of mesh movers: meshes, fields, errors and cell quality of test episodes."""

from types import SimpleNamespace

from simplatform.envs.mesh.report import ENV, mesh_section, worse_html
from simplatform.recipes import find_task


def test_problems_made_worse_are_listed_one_by_one():
    variants = ({"n": 15}, {"n": 35})
    rows = [
        {"seed": 11, "variant": 0, "error_reduction": 0.2, "limited": 0.0},
        {"seed": 22, "variant": 1, "error_reduction": -0.05, "limited": 1.0},
        {"seed": 33, "variant": 0, "error_reduction": -0.4, "limited": 0.0},
        {"seed": 44, "variant": 1, "error_reduction": float("nan"), "limited": 0.0},
    ]
    text = worse_html(rows, variants)
    assert "In 2 of 4 test problems" in text
    assert "1 could not be solved" in text
    assert "limiter acted in 1 of 4" in text
    assert text.index("33") < text.index("22") < text.index("44")
    assert "+40.0%" in text
    assert "n 35" in text
    assert "<td>11</td>" not in text
    assert "<table>" not in worse_html(rows[:1], variants)


def test_other_tasks_have_no_such_section():
    assert mesh_section(SimpleNamespace(task=SimpleNamespace(env="simplatform/Other-v0"))) is None
    assert find_task("helmholtz").env == ENV
