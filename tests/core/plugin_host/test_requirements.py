"""What a plugin needs: the platform by its own version, another plugin by that one's, under its markers alone."""

from __future__ import annotations

import re
from importlib.metadata import PathDistribution

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simplatform import __version__
from simplatform.plugin_host.requirements import canonical, unmet_requirement


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Return a function that writes a distribution's metadata on the import path, and opens it."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def add(name, version="1.0", requires=()):
        info = tmp_path / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        lines = "".join(f"Requires-Dist: {one}\n" for one in requires)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{lines}")
        return PathDistribution(info)

    return add


@pytest.mark.parametrize(
    ("requirement", "reason"),
    [
        (f"simplatform>={__version__}", ""),
        ("simplatform>=0.1", ""),
        ("simplatform[mesh]>=0.1", ""),
        ("simplatform", ""),
        ("simplatform>=99", f"needs simplatform>=99, but simplatform {__version__} is installed"),
        ("Simplatform<0.0.1", f"but Simplatform {__version__} is installed"),
        ("simplatform>=99; python_version < '3'", ""),
        ("simplatform>=99; python_version >= '3'", "needs simplatform>=99"),
        ("simplatform>=99; extra == 'more'", ""),
        ("simplatform>=99; extra == 'more' or python_version >= '3'", "needs simplatform>=99"),
        ("simplatform-absent>=2", "needs simplatform-absent>=2, which is not installed: pip install"),
        ("simplatform-absent>=2; python_version < '3'", ""),
        ("simplatform-absent @ https://example.org/a.whl", "which is not installed"),
        ("simplatform >> 3", "its requirement 'simplatform >> 3' cannot be read"),
        ("torch>=9999", ""),
        ("absent-elsewhere>=2", ""),
        ("simplatformed>=9", ""),
    ],
)
def test_requirements_on_the_platform(install, requirement, reason):
    found = unmet_requirement(install("simplatform-b", requires=[requirement]))
    assert reason in found
    assert bool(reason) == bool(found)


@pytest.mark.parametrize(
    ("installed", "requirement", "reason"),
    [
        ("2.0", "simplatform-a>=2", ""),
        ("2.3", "simplatform_A[fast]>=2,<3", ""),
        ("3.0.dev1", "Simplatform.a>=2", ""),
        ("1.9", "simplatform-a>=2", "needs simplatform-a>=2, but simplatform-a 1.9 is installed"),
        ("3.0", "simplatform_a<3", "but simplatform_a 3.0 is installed"),
    ],
)
def test_another_plugin_is_compared_with_its_own_version(install, installed, requirement, reason):
    install("simplatform-a", installed)
    found = unmet_requirement(install("simplatform-b", requires=["numpy>=1", requirement]))
    assert reason in found
    assert bool(reason) == bool(found)


def test_plugins_of_any_name_are_compared_once_they_are_known_as_plugins(install):
    install("acme-movers", "1.0")
    plugin = install("simplatform-b", requires=["Acme_Movers>=2"])
    assert unmet_requirement(plugin) == ""
    assert "Acme_Movers 1.0 is installed" in unmet_requirement(plugin, {"acme.movers": "1.0"})


def test_a_distribution_that_names_itself_or_nothing_needs_nothing(install):
    assert unmet_requirement(install("simplatform-all", requires=['simplatform-all[mesh]>=9; extra == "all"'])) == ""
    assert unmet_requirement(install("simplatform-none")) == ""
    assert unmet_requirement(None) == ""


@given(st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,20}[A-Za-z0-9])?", fullmatch=True))
def test_names_are_compared_as_the_index_does(name):
    once = canonical(name)
    assert canonical(once) == canonical(name.upper()) == canonical(re.sub(r"[-_.]", "_", name)) == once
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", once)
