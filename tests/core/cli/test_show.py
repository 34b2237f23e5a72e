"""``simplatform show``: what a name stands for; ``plugins``: what is installed, and what each gives."""

from __future__ import annotations

import json

from simplatform.plugin_host.host import KINDS, get_host


def test_a_name_shows_its_settings_with_their_defaults(program):
    from simplatform_toy.policies import ToyConfig

    code, out, _ = program("show", "toy", "--json")
    assert code == 0
    entries = {one["kind"]: one for one in json.loads(out)["entries"]}
    assert set(entries) >= {"policy", "recipe", "expert"}
    settings = entries["policy"]["settings"]
    assert set(settings) == set(ToyConfig.model_fields)
    assert settings["width"] == {"default": "16", "help": "hidden units"}
    assert entries["recipe"]["data"]["task"] == "toy/point"
    text = program("show", "toy")[1]
    assert "policy.width" in text
    assert "(plugin simplatform_toy" in text or "(plugin toy" in text


def test_every_kind_can_be_shown(program):
    for kind in KINDS.values():
        entry = next(iter(get_host().registry(kind)), None)
        if entry is not None:
            code, out, err = program("show", entry.name, "--json")
            assert code == 0, err
            assert kind in [one["kind"] for one in json.loads(out)["entries"]]
