"""Code that a run executes: named by its user, or trusted, or not executed."""

from __future__ import annotations

import os
import sys

import pytest

from simplatform.cli import main
from simplatform.errors import DataError, UsageError
from simplatform.pipeline.environments import make_env
from simplatform.recipes import code, resolve


@pytest.fixture(autouse=True)
def nothing_trusted(monkeypatch):
    monkeypatch.setenv(code.VARIABLE, "")


def written(folder, text="bilinear = linear = print"):
    path = folder / "mine.py"
    path.write_text(text)
    return path


def test_trust_is_in_the_content_and_not_in_the_name(tmp_path):
    path = written(tmp_path)
    with pytest.raises(UsageError, match="add --trust"):
        code.trusted_source(path)
    code.trust(path)
    code.trust(path)
    assert code.trusted_source(path) == path.read_text()
    assert len(os.environ[code.VARIABLE]) == 64
    path.write_text("import os")
    with pytest.raises(UsageError, match="add --trust"):
        code.trusted_source(path)
    with pytest.raises(DataError, match="cannot read"):
        code.trust(tmp_path / "absent.py")


def test_what_a_user_sets_is_trusted_and_no_other_keyword_is(tmp_path):
    path = written(tmp_path)
    resolve("spring", "helmholtz", 0, {"env.file": str(path)})  # a task that declares no code
    with pytest.raises(UsageError):
        code.trusted_source(path)
    resolve("spring", "pde", 0, {"env.file": str(path)})
    assert code.trusted_source(path)


@pytest.mark.parametrize("verb", ["run", "sweep"])
def test_a_recipe_or_sweep_from_elsewhere_names_no_code_without_trust(tmp_path, monkeypatch, capsys, verb):
    path, file = written(tmp_path), tmp_path / "theirs.toml"
    head = 'plugin = "spring"\ntask = "pde"\n[env]\nfile' if verb == "run" else (
        'plugins = ["spring"]\ntasks = ["pde"]\n[settings]\n"env.file"')  # fmt: skip
    file.write_text(f'{head} = "{path}"\n')
    assert main_code(monkeypatch, verb, file, "--dry-run") == 2
    assert "names code to execute" in capsys.readouterr().err
    assert main_code(monkeypatch, verb, file, "--dry-run", "--trust") == 0


def main_code(monkeypatch, *arguments):
    """Run the program in this process and return its exit code."""
    monkeypatch.setattr(sys, "argv", ["simplatform", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        main()
    return end.value.code or 0


def test_a_run_of_others_is_resumed_and_evaluated_with_trust_only(tmp_path, monkeypatch):
    path = written(tmp_path, "bilinear = linear = lambda *given: 0.0\nGEOMETRY = 'square'")
    recipe = resolve("spring", "pde", 0, {"env.file": str(path)})
    monkeypatch.setenv(code.VARIABLE, "")
    with pytest.raises(UsageError, match="add --trust"):
        make_env(recipe.task)
    code.trust_all(recipe.task.kwargs, recipe.task.code)
    assert make_env(recipe.task).unwrapped.mesh.kind == "triangle"


def test_a_task_told_beside_a_recipe_makes_its_file_no_one_s_own(tmp_path, monkeypatch, capsys):
    path, file = written(tmp_path), tmp_path / "theirs.toml"
    file.write_text(f'plugin = "spring"\ntask = "helmholtz"\n[env]\nfile = "{path}"\n')
    assert main_code(monkeypatch, "run", file, "--task", "pde", "--dry-run") == 2
    assert "names code to execute" in capsys.readouterr().err
    assert main_code(monkeypatch, "run", file, "--task", "pde", "--dry-run", "--set", f"env.file={path}") == 0
