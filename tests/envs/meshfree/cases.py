"""Problems with exact solutions, in one place for the tests of this room."""

from __future__ import annotations

from simplatform.envs.meshfree.document import parsed, read_problem
from simplatform.envs.meshfree.pde import Pde

BURGERS = """
unknowns = ["u"]
[domain]
x = [0.0, 1.0]
t = [0.0, 1.0]
[parameters]
nu = 0.05
[definitions]
wave = "1/(1 + exp((x - t/2)/(2*nu)))"
[equations]
u = "u_t + u*u_x - nu*u_xx"
[[boundary]]
u = "wave"
[initial]
u = "wave"
[exact]
u = "wave"
"""
PERIODIC = """
unknowns = ["u"]
[domain]
x = [0.0, 6.283185307179586]
t = [0.0, 1.0]
[parameters]
c = 2.0
[equations]
u = "u_t + c*u_x - 0.05*u_xx"
[[boundary]]
periodic = true
[initial]
u = "sin(x)"
[exact]
u = "sin(x - c*t)*exp(-0.05*t)"
"""
ROBIN = """
unknowns = ["u"]
[domain]
x = [0.0, 1.0]
y = [0.0, 2.0]
[definitions]
e = "exp(x)*cos(y)"
[equations]
u = "(1 + x)*u_xx + u_yy + u_x - (x + 1)*e"
[[boundary]]
sides = ["x-", "y-", "y+"]
u = "e"
[[boundary]]
sides = ["x+"]
zero = "u_x + 2*u - 3*e"
[exact]
u = "e"
"""
SOLID = """
unknowns = ["u"]
[domain]
x = [0.0, 1.0]
y = [0.0, 1.0]
z = [0.0, 1.0]
[equations]
u = "u_xx + u_yy + u_zz + 3*pi^2*sin(pi*x)*sin(pi*y)*sin(pi*z)"
[[boundary]]
u = "0"
[exact]
u = "sin(pi*x)*sin(pi*y)*sin(pi*z)"
"""
CURVED = """
unknowns = ["u"]
[domain]
x = [0.0, 1.0]
[equations]
u = "(1 + u^2)*u_xx + 2*u*u_x^2 - (1 + x^2)*0 - 2*x"
[[boundary]]
u = "x"
[exact]
u = "x"
"""
PLATE = """
unknowns = ["u"]
[domain]
x = [0.0, 1.0]
y = [0.0, 1.0]
[equations]
u = "u_xxxx + 2*u_xxyy + u_yyyy - 4*pi^4*sin(pi*x)*sin(pi*y)"
[[boundary]]
u = "0"
[[boundary]]
sides = ["x-", "x+"]
zero = "u_xx"
[[boundary]]
sides = ["y-", "y+"]
zero = "u_yy"
"""
"""Hinged at all sides; its solution is sin(πx) sin(πy)."""
BACKWARD = """
unknowns = ["u"]
cells = 100
steps = 100
[domain]
x = [0.0, 1.0]
t = [0.0, 1.0]
[equations]
u = "u_t + 0.1*u_xx"
[[boundary]]
u = "0"
[initial]
u = "sin(pi*x) + sin(9*pi*x)/10"
"""
"""Heat run backwards: ill-posed."""

ALL = {"plate": PLATE, "backward": BACKWARD, "burgers": BURGERS, "periodic": PERIODIC, "robin": ROBIN, "solid": SOLID,
       "curved": CURVED}  # fmt: skip


def case(name: str) -> Pde:
    """Return a problem of this file, or one that comes with the platform."""
    return Pde(parsed(ALL[name], name, name) if name in ALL else read_problem(name))
