"""What people who pick the project up expect, and that it says one thing: extras, versions, Pythons, workflow."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import simplatform

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
PINS = dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "constraints.txt").read_text(encoding="utf8"), re.M))
FOR_WORK = {"all", "docs", "dev"}


def test_all_is_every_extra_that_the_program_uses():
    (whole,) = EXTRAS["all"]
    assert Requirement(whole).extras == set(EXTRAS) - FOR_WORK


def test_extras_that_messages_and_pages_name_exist():
    files = [
        path for top in ("core", "envs", "plugins", "policies", "docs", "tests") for path in (ROOT / top).rglob("*")
    ]
    texts = [path.read_text(encoding="utf8") for path in files if path.suffix in (".py", ".md", ".j2")]
    named = {
        extra for text in texts for group in re.findall(r"simplatform\[([a-z,]+)\]", text) for extra in group.split(",")
    }
    assert "mesh" in named
    assert named <= set(EXTRAS)


def test_the_makefile_lists_no_extras_of_its_own():
    assert re.findall(r"\.\[([^\]]+)\]", (ROOT / "Makefile").read_text()) == ["all,docs,dev"]
    assert re.findall(r"\.\[([^\]]+)\]", (ROOT / ".ci" / "constraints").read_text()) == ["all,docs,dev"]


def test_every_dependency_is_pinned_to_a_version_that_fits():
    pins = {canonicalize_name(name): version for name, version in PINS.items()}
    lines = [*PROJECT["dependencies"], *(line for lines in EXTRAS.values() for line in lines)]
    for requirement in map(Requirement, lines):
        if requirement.name != "simplatform":
            version = pins.get(canonicalize_name(requirement.name))
            assert version is not None, f"{requirement.name} is not in constraints.txt; `make constraints` writes it"
            assert requirement.specifier.contains(version), (str(requirement), version)


def test_pythons_are_the_same_everywhere():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    listed = [item.rpartition(" ")[2] for item in PROJECT["classifiers"] if "Python :: 3." in item]
    assert PROJECT["requires-python"] == f">={listed[0]}"
    assert all(job["strategy"]["matrix"]["python"] == listed for job in workflow["jobs"].values())
    steps = [step.get("run", "") for job in workflow["jobs"].values() for step in job["steps"]]
    assert any(step.startswith("make test") for step in steps)
    called = [word for step in steps for word in step.split() if word.startswith(".ci/")]
    assert all((ROOT / word).stat().st_mode & 0o111 for word in called)


def test_ci_keeps_what_the_browser_showed():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    steps = workflow["jobs"]["test"]["steps"]
    folders = [step["env"]["SIMPLATFORM_SCREENSHOTS"] for step in steps if "make test" in step.get("run", "")]
    kept = [step for step in steps if step.get("uses", "").startswith("actions/upload-artifact@")]
    assert [step["with"]["path"] for step in kept] == folders
    assert all(step["if"] == "always()" and "matrix.python" in step["with"]["name"] for step in kept)


def test_pre_commit_runs_the_tested_ruff():
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    revisions = {repo["repo"].rpartition("/")[2]: repo["rev"] for repo in config["repos"]}
    assert revisions["ruff-pre-commit"] == f"v{PINS['ruff']}"


def test_the_citation_is_of_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert (citation["version"], citation["license"]) == (simplatform.__version__, PROJECT["license"])
    assert citation["cff-version"] == "1.2.0"


@pytest.mark.parametrize("name", ["bug", "number", "plugin"])
def test_issue_forms_ask_for_what_is_needed(name):
    form = yaml.safe_load((ROOT / ".github" / "ISSUE_TEMPLATE" / f"{name}.yml").read_text())
    assert form["name"]
    assert form["description"]
    required = [item for item in form["body"] if item.get("validations", {}).get("required")]
    assert len(required) >= 2
    assert len({item["id"] for item in form["body"]}) == len(form["body"])


def test_the_changelog_has_this_version_and_known_sections():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf8")
    versions = re.findall(r"^## \[([^\]]+)\]", text, re.M)
    assert versions[0] == "Unreleased"
    assert simplatform.__version__ in versions
    assert set(re.findall(r"^### (.+)$", text, re.M)) <= {
        "Added",
        "Changed",
        "Deprecated",
        "Removed",
        "Fixed",
        "Security",
    }
    unreleased = text.split("## [")[1]
    sections = re.findall(r"^### (.+)$", unreleased, re.M)
    assert len(sections) == len(set(sections)), f"a section twice: {sections}"
