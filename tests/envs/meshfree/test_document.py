"""Files of problems: what they may hold, and where they are refused."""

from __future__ import annotations

import pytest

from simplatform.envs.meshfree.document import checked, names, parsed, read_problem
from simplatform.errors import DataError, UnknownName
from tests.envs.meshfree.cases import BURGERS, ROBIN


@pytest.mark.parametrize("name", names())
def test_every_problem_of_the_platform_is_read_and_survives_json(name):
    document = read_problem(name)
    assert document.name == name
    assert checked(document.model_dump(mode="json"), name) == document


def test_a_file_is_read(tmp_path):
    (tmp_path / "mine.toml").write_text(BURGERS)
    document = read_problem(file=str(tmp_path / "mine.toml"))
    assert (document.name, document.time, document.of_interest) == ("mine", True, ("u",))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('unknowns = ["u"]', 'unknowns = ["w"]', r"\[equations\] must name each unknown once"),
        ("x = [0.0, 1.0]", "x = [1.0, 0.0]", "least, largest"),
        ("x = [0.0, 1.0]", "xi = [0.0, 1.0]", "one letter"),
        ("nu = 0.05", "sin = 0.05", "cannot be a name"),
        ("nu = 0.05", "x = 0.05", "used twice"),
        ("nu = 0.05", "n_u = 0.05", "cannot be a name"),
        ('[initial]\nu = "wave"', "", "initial"),
        ('[[boundary]]\nu = "wave"', '[[boundary]]\nsides = ["z-"]\nu = "wave"', "no side"),
        ('[[boundary]]\nu = "wave"', '[[boundary]]\nv = "wave"', "no unknown"),
        ("[exact]", "[exakt]", "exakt"),
        ("unknowns", "unknowns = [", "no TOML"),
    ],
)
def test_what_cannot_be_is_refused_by_its_place(old, new, said):
    assert old in BURGERS
    with pytest.raises(DataError, match=said):
        parsed(BURGERS.replace(old, new), "mine.toml", "mine")


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(UnknownName, match="helmholtz"):
        read_problem("helmholz")


def test_sides_with_slopes_are_kept_apart_from_values():
    side = parsed(ROBIN, "r", "r").boundary[1]
    assert (side.sides, side.values, side.zero) == (("x+",), {}, "u_x + 2*u - 3*e")
