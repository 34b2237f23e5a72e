"""The verb `inspect`: each task that a file fits, in words and as JSON."""

from __future__ import annotations

import json

import numpy as np


def series(path):
    times = 0.1 * np.arange(200)
    np.savez(path, t=times, x=np.stack([np.cos(times), np.sin(times)], 1))
    return path


def test_what_is_understood_of_a_series_is_said(tmp_path, cli):
    done = cli("inspect", series(tmp_path / "s.npz"), check=0)
    assert "for the task series" in done.stdout
    assert "200" in done.stdout


def test_json_is_one_object_with_the_tasks(tmp_path, cli):
    found = json.loads(cli("inspect", series(tmp_path / "s.npz"), "--json", check=0).stdout)
    assert "series" in [one["task"] for one in found["tasks"]]
    assert found["schema_version"] == 1


def test_what_nothing_reads_is_refused_in_one_line(tmp_path, cli):
    (tmp_path / "text.bin").write_bytes(b"nothing")
    done = cli("inspect", tmp_path / "text.bin")
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert "text.bin" in done.stderr
