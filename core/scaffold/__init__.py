"""Scaffolding: ``simplatform new plugin NAME`` writes a package that installs, is typed, and passes its own tests."""

from simplatform.scaffold.plugin import KINDS, new_plugin

__all__ = ["KINDS", "new_plugin"]
