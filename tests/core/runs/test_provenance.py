"""What stands beside numbers: versions as they are installed, this machine, the command from the repository."""

from __future__ import annotations

import json
import platform
import re
import sys
from importlib.metadata import version

import pytest
import torch

from simplatform import __version__
from simplatform.runs.provenance import command, installed, measured_on, processor, provenance


def test_versions_are_those_that_are_installed_and_empty_otherwise():
    assert installed(("numpy", "no-such-thing")) == {"numpy": version("numpy"), "no-such-thing": ""}


def test_it_names_this_machine_and_is_plain_json():
    found = provenance()
    assert json.loads(json.dumps(found)) == found
    assert found["simplatform"] == __version__
    assert found["python"] == platform.python_version()
    assert found["threads"] == torch.get_num_threads()
    assert found["cores"] >= 1
    assert (found["device"], found["gpu"]) == ("cpu", "")
    assert re.fullmatch(r"[0-9a-f]{40}|", found["git"])
    assert found["plugins"]["mp1"].startswith("simplatform ")
    assert found["processor"] == processor() != ""


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [(["/a/b/benchmarks/dynamics/x.py", "--only", "a b"], "python benchmarks/dynamics/x.py --only 'a b'"),
     (["/usr/bin/simplatform", "run"], "python simplatform run"),
     (["x.py", "--json", "/home/me/found.json", "--base", "../base"], "python x.py --json found.json --base ../base")],
)  # fmt: skip
def test_the_command_holds_no_path_of_the_machine(monkeypatch, arguments, wanted):
    monkeypatch.setattr(sys, "argv", arguments)
    assert command() == wanted
    assert measured_on()["command"] == wanted
    assert measured_on()["load"] >= 0
