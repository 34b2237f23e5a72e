"""The program: all verbs, plugins' own commands, and nothing of a plugin loaded before it is called."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import typer

from simplatform import __version__
from simplatform.cli.app import VERBS, _placeholder, build


def test_every_verb_stands_once_and_says_what_it_does():
    names = [name for name, _ in VERBS]
    assert len(set(names)) == len(names)
    assert all(command.__doc__ for _, command in VERBS)


def test_a_plugins_command_is_loaded_only_when_it_is_asked_for():
    loaded = {one.name: one.callback for one in build(["toy-hello"]).registered_commands}
    listed = {one.name: one.callback for one in build(["--help"]).registered_commands}
    assert set(loaded) == set(listed) >= {"toy-hello", *(name for name, _ in VERBS)}
    assert listed["toy-hello"] is _placeholder
    assert loaded["toy-hello"].__module__ == "simplatform_toy.extras"


def test_a_plugins_command_runs(program):
    assert program("toy-hello") == (0, "hello from the toy\n", "")


@pytest.mark.parametrize("arguments", [["--version"], ["--version", "run"]])
def test_the_version_is_told_before_anything_runs(program, arguments):
    assert program(*arguments) == (0, f"{__version__}\n", "")


def test_an_unknown_verb_is_a_usage_error(program):
    code, _, err = program("rum")
    assert code == 2
    assert "rum" in err


def test_every_verb_can_be_quiet_and_speak_json():
    program = typer.main.get_command(build([name for name, _ in VERBS]))
    for name, _ in VERBS:
        verb = program.commands[name]
        options = {option for parameter in verb.params for option in parameter.opts}
        assert "--quiet" in options, name
        assert "--json" in options, name


def test_the_shell_completes_verbs():
    env = {"_SIMPLATFORM_COMPLETE": "complete_bash", "COMP_WORDS": "simplatform do", "COMP_CWORD": "1"}
    code = "from simplatform.cli.app import build; build([])(prog_name='simplatform')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **env})
    assert done.stdout.split() == ["doctor"]
