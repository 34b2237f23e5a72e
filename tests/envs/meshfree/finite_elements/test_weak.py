"""The weak form: what is refused, what is linear, and which unknowns are pressures."""

from __future__ import annotations

import pytest

from simplatform.envs.meshfree.document import parsed
from simplatform.envs.meshfree.finite_elements.weak import WeakForm, dirichlet
from simplatform.envs.meshfree.pde import Pde
from simplatform.errors import ConfigError
from tests.envs.meshfree.cases import CURVED, case


@pytest.mark.parametrize(
    ("equation", "why"),
    [("u_xxx - 2", "beyond the second"), ("u_xx^2 - 1", "no linear way"), ("(1 + u_x)*u_xx", "depends on slopes")],
)
def test_what_has_no_weak_form_here_is_refused(equation, why):
    text = CURVED.replace("(1 + u^2)*u_xx + 2*u*u_x^2 - (1 + x^2)*0 - 2*x", equation)
    with pytest.raises(ConfigError, match=why):
        WeakForm(Pde(parsed(text, "c", "c")))


def test_linear_problems_are_known():
    assert {name: WeakForm(case(name)).linear for name in ("burgers", "periodic", "robin", "curved")} == {
        "burgers": False, "periodic": True, "robin": True, "curved": False,
    }  # fmt: skip


def test_values_on_sides_are_told_from_slopes():
    pde = case("robin")
    given = [[str(value) for _, value in dirichlet(pde, one)] for one in pde.conditions]
    assert given == [["exp(x)*cos(y)"]] * 3 + [[]]
