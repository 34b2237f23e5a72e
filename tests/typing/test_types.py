"""The type checker bites: across modules, in a copy with planted faults, and in a user's script."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest

from tests.typing.mapped import ROOT, SUBPACKAGES, check, mapped_back

CHECKED = ("core", *SUBPACKAGES, "examples")
MOST_IGNORES = 25
SCRIPT = 'import simplatform as sp\n\nrun = sp.run("mp1", "metaworld/reach", seed="x")\nprint(run.report)\n'

ARGUMENT = "\n\ndef planted() -> None:\n    read_json(3)\n"
ATTRIBUTE = "\n\ndef planted(error: DataError) -> object:\n    return error.nowhere\n"
RETURN = "\n\ndef planted(name: str) -> int:\n    return nearest(name, ())\n"
FAR = {
    "plugins/recorded.py": (
        "\n\ndef planted() -> None:\n    from simplatform.envs.recorded.replay import split\n\n    split(3)\n",
        "arg-type",
    ),
    "policies/nn/encoders/observation.py": (
        "\n\ndef planted(encoder: PointCloudEncoder) -> object:\n    return encoder.nowhere()\n",
        "union-attr|operator|attr-defined",
    ),
    "core/api.py": ("\n\ndef planted(path: str) -> int:\n    return load(path)\n", "return-value"),
}


def lines_with(words: str, file: str, codes: str) -> list[str]:
    return [line for line in words.splitlines() if re.match(rf"{re.escape(file)}:\d+: error: .*\[({codes})\]$", line)]


def test_faults_across_modules_are_found(tmp_path):
    """On a small graph of real modules, runs/files on budgets on errors, with the repository's settings."""
    names = ("errors.py", "budgets.py", "runs/cache.py", "runs/files.py")
    for name in names:
        target = tmp_path / "core" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "core" / name, target)
    for folder in (*SUBPACKAGES, "examples"):
        (tmp_path / folder).mkdir()
    (tmp_path / "core/__init__.py").touch()
    (tmp_path / "core/runs/__init__.py").touch()
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text().replace('"pydantic.mypy"', ""))
    planted = tmp_path / "core/planted.py"
    head = "from simplatform.errors import DataError, nearest\nfrom simplatform.runs.files import read_json\n"
    planted.write_text(head)
    assert check(tmp_path, ("simplatform",), tmp_path / "cache") == (0, "")
    for fault, code in ((ARGUMENT, "arg-type"), (ATTRIBUTE, "attr-defined"), (RETURN, "return-value")):
        planted.write_text(head + fault)
        _, words = check(tmp_path, ("simplatform",), tmp_path / "cache")
        assert lines_with(words, "core/planted.py", code), words


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_faults_in_a_copy_of_the_tree_are_found(tmp_path):
    for folder in CHECKED:
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name, (fault, _) in FAR.items():
        path = tmp_path / name
        path.write_text(path.read_text() + fault)
    code, words = check(tmp_path)
    assert code == 1, words
    for name, (_, codes) in FAR.items():
        assert lines_with(words, name, codes), words


def test_every_ignore_has_its_code_and_its_reason_and_they_are_few():
    found = []
    for folder in CHECKED:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for line in path.read_text(encoding="utf8").splitlines():
                if "# type: ignore" in line:
                    found.append(f"{path.relative_to(ROOT)}: {line.strip()}")
    bare = [line for line in found if not re.search(r"# type: ignore\[[a-z, -]+\]  # \S+", line)]
    assert not bare, "\n".join(bare)
    assert len(found) <= MOST_IGNORES, "\n".join(found)


def test_nothing_is_ignored_wholesale():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))["tool"]["mypy"]
    assert settings["strict"] is True
    assert set(settings) == {"python_version", "strict", "plugins", "untyped_calls_exclude", "overrides"}
    (override,) = settings["overrides"]
    assert set(override) == {"module", "ignore_missing_imports"}
    assert all(re.fullmatch(r"[a-z0-9_]+(\.\*)?", name) for name in override["module"])
    assert not any(name.startswith(("simplatform", "torch.", "numpy")) for name in override["module"])


def test_messages_name_the_files_of_the_repository():
    assert mapped_back("simplatform/envs/mesh/a.py:1: error: x") == "envs/mesh/a.py:1: error: x"
    assert mapped_back("simplatform/api.py:1: note: x") == "core/api.py:1: note: x"


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("install", ["wheel", "editable"])
def test_a_wrong_seed_in_a_users_script_is_found(install, tmp_path):
    """By mypy and by pyright. An editable install shows checkers the package in its strict form, as documented."""
    source, home = tmp_path / "source", tmp_path / "venv"
    source.mkdir()
    for folder in ("core", *SUBPACKAGES):
        shutil.copytree(ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    python = venv_that_borrows(home)
    form = ["."] if install == "wheel" else ["--config-settings", "editable_mode=strict", "--editable", "."]
    pip = [python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, *form], cwd=source, check=True, capture_output=True)
    (tmp_path / "script.py").write_text(SCRIPT)
    mypy = [python, "-m", "mypy", "--cache-dir", str(tmp_path / "cache"), "script.py"]
    found = subprocess.run(mypy, cwd=tmp_path, capture_output=True, text=True, check=False).stdout
    assert lines_with(found, "script.py", "arg-type"), found
    pyright = [python, "-m", "pyright", "--outputjson", "--pythonpath", python, "script.py"]
    report = subprocess.run(pyright, cwd=tmp_path, capture_output=True, text=True, check=False).stdout
    rules = {item.get("rule") for item in json.loads(report)["generalDiagnostics"]}
    assert "reportArgumentType" in rules, report


def venv_that_borrows(home: Path) -> str:
    """Make an environment that sees the packages of this one, but not its own installation of simplatform."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    python = home / "bin" / "python"
    ask = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(subprocess.run(ask, check=True, capture_output=True, text=True).stdout.strip())
    here = [sysconfig.get_path("purelib"), *(path for path in sys.path if path.endswith("site-packages"))]
    (packages / "borrowed.pth").write_text(os.linesep.join(dict.fromkeys(here)))
    return str(python)
