"""The answers of official modules are here, small, readable and told of; a wrong answer is not taken for the same."""

from __future__ import annotations

import math
import re

import pytest
import torch

from tests import parity

README = (parity.FOLDER.parent / "README.md").read_text(encoding="utf8")


def tensors(tree):
    for value in tree.values():
        if isinstance(value, dict):
            yield from tensors(value)
        elif isinstance(value, torch.Tensor):
            yield value


def test_sizes_are_bounded_and_every_file_is_told_of():
    sizes = {name: (parity.FOLDER / f"{name}{parity.ENDING}").stat().st_size for name in parity.names()}
    assert max(sizes.values()) <= parity.LIMIT
    assert sum(sizes.values()) <= parity.LIMIT_OF_ALL
    assert {path.name for path in parity.FOLDER.iterdir()} == {f"{name}{parity.ENDING}" for name in sizes}
    assert set(sizes) <= set(re.findall(r"`([\w-]+)`", README))


@pytest.mark.parametrize("name", parity.names())
def test_a_fixture_has_weights_and_finite_answers(name):
    data = parity.load(name)
    assert data["state_dict"]
    answers = data.get("outputs") or {"output": data["output"]}
    numbers = [value for value in answers.values() if isinstance(value, (int, float))]
    assert all(torch.isfinite(value).all() for value in tensors({"outputs": answers, "weights": data["state_dict"]}))
    assert all(math.isfinite(value) for value in numbers)


def test_what_is_saved_comes_back(tmp_path, monkeypatch):
    shared = torch.arange(3.0)
    content = {
        "a": {"b.c/d": shared, "e": [1, None, "x"]},
        "same": shared,
        "n": 0.1,
        "deep": {"er": {"t": torch.ones(2, 0)}},
    }
    size = parity.save("one", content, tmp_path)
    assert size == (tmp_path / f"one{parity.ENDING}").stat().st_size
    monkeypatch.setattr(parity, "FOLDER", tmp_path)
    found = parity.load("one")
    assert torch.equal(found["a"]["b.c/d"], shared)
    assert torch.equal(found["same"], shared)
    assert (found["a"]["e"], found["n"], found["deep"]["er"]["t"].shape) == ([1, None, "x"], 0.1, (2, 0))
    assert parity.save("two", content, tmp_path) == size


def test_what_is_too_large_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="keep fewer"):
        parity.save("large", {"w": torch.randn(100_000)}, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("answer", "reference", "same"),
    [([1.0, 2.0], [1.0, 2.0], True), ([1.0, 2.0], [1.0, 2.0001], False), ([1.0, 1e6], [1.0, 1e6 + 5], True),
     ([1.0, float("nan")], [1.0, 2.0], False), ([1.0], [1.0, 1.0], False)],
)  # fmt: skip
def test_same_means_one_in_a_hundred_thousand_of_the_largest(answer, reference, same):
    if same:
        parity.assert_same(torch.tensor(answer), reference)
    else:
        with pytest.raises(AssertionError):
            parity.assert_same(torch.tensor(answer), torch.tensor(reference))
