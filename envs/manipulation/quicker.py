"""What Meta-World computes round MuJoCo in a long way, computed in a shorter one with the same result, bit for bit."""

from __future__ import annotations

from functools import partial
from inspect import signature
from types import FunctionType, MethodType, SimpleNamespace
from typing import Any

from numpy.typing import NDArray

PADS = ("leftpad_geom", "rightpad_geom")


def make_quicker(inner: Any) -> None:
    """Let one of Meta-World's environments, and none but this, use what is here."""
    inner.touching_object = partial(touches, inner.data)
    inner._get_quat_objects = MethodType(trusting(type(inner)._get_quat_objects), inner)


def touches(data: Any, thing: int) -> bool:
    """Return whether both pads of the gripper press against a geom, as ``SawyerXYZEnv.touching_object`` says.

    Meta-World looks at every contact in Python, twice, for each reward of 14 of its tasks: up to half of a step's time.
    Here ``data.contact`` is read as arrays; forces are added in the same order.
    """
    contact = data.contact
    pairs, address = contact.geom, contact.efc_address
    touched = (pairs == thing).any(axis=1)
    return all(_presses(data.efc_force, address[touched & (pairs == data.geom(pad).id).any(axis=1)]) for pad in PADS)


def _presses(force: NDArray[Any], address: NDArray[Any]) -> bool:
    return bool(sum(force[row] for row in address) > 0)


def trusting(function: Any) -> Any:
    """Return the function without SciPy's checks of the matrices that it makes quaternions of.

    They take longer than the quaternion does, for 22 tasks; MuJoCo's matrices come from unit quaternions. SciPy before
    1.17 cannot leave them out, and there the function stays as it is.
    """
    from scipy.spatial.transform import Rotation

    known = function.__globals__
    if known.get("Rotation") is not Rotation or "assume_valid" not in signature(Rotation.from_matrix).parameters:
        return function
    trusted = SimpleNamespace(from_matrix=partial(Rotation.from_matrix, assume_valid=True))
    return FunctionType(function.__code__, {**known, "Rotation": trusted}, function.__name__, function.__defaults__)
