"""What a UPINN found, told: the report's section, and the formulas as a file to take away."""

from __future__ import annotations

from html import escape

from simplatform.errors import ContractError
from simplatform.export.registered import Given
from simplatform.policies.dynamics.upinn.policy import UPINN, UPINNConfig
from simplatform.report import RunView, Section
from simplatform.runs.files import write_bytes

SHOWN = 20


def hidden_section(run: RunView) -> Section | None:
    """List the hidden terms of the training systems with their intervals."""
    if not isinstance(run.recipe.policy_config, UPINNConfig):
        return None
    policy = run.policy
    assert isinstance(policy, UPINN)
    lines = "".join(f"<li>{escape(line)}</li>" for line in told(policy)[:SHOWN])
    note = (
        "<p>What the known terms leave, read off from each training system's support alone; 95 % intervals. The misfit "
        "is that of known and found terms together, in units of each component's spread.</p>"
    )
    return Section("Hidden terms", f"{note}<ul>{lines}</ul>", 44)


def formula(given: Given) -> list[str]:
    """Write the hidden terms of the training systems with their intervals.

    Raises:
        ContractError: the policy finds none.
    """
    if not isinstance(given.policy, UPINN):
        raise ContractError(f"{type(given.policy).__name__} finds no hidden terms; `upinn` does")
    lines = [*([given.verdict] if given.verdict else []), *told(given.policy)]
    write_bytes(given.path, ("\n".join(lines) + "\n").encode())
    return lines


def told(policy: UPINN) -> list[str]:
    """Return a line for each state of each training system."""
    lines = []
    for row, number in enumerate(policy.numbers.tolist()):
        values = dict(zip(policy.known.parameters, policy.values[row].tolist(), strict=True))
        known = policy.known.texts(values)
        said = ", ".join(f"{s}' = {text}" for s, text in zip(policy.known.states, known, strict=True) if text)
        lines.append(
            f"system {number}: known {said or 'nothing'}; misfit {float(policy.misfit[row]):.3g}, the points' noise "
            f"{float(policy.noise[row]):.3g}"
        )
        lines += policy.formulas(policy.laws[row], policy.wide[row])
    return lines
