"""The verb `import`: without a plugin it says what a file of data holds; a checkpoint needs its plugin and a place."""

from __future__ import annotations

import numpy as np
import pytest


def test_data_need_no_import_and_are_told(tmp_path, cli):
    times = 0.1 * np.arange(200)
    np.savez(tmp_path / "s.npz", t=times, x=np.stack([np.cos(times), np.sin(times)], 1))
    assert cli("import", tmp_path / "s.npz", check=0).stdout == cli("inspect", tmp_path / "s.npz", check=0).stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["weights.pth"], "say whose checkpoint weights.pth is"),
        (["weights.bin", "--output", "o"], "say whose checkpoint"),
        (["weights.pth", "--plugin", "mp1"], "say where the checkpoint of mp1 is to be written"),
    ],
)
def test_what_is_missing_is_named(arguments, message, cli):
    done = cli("import", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
