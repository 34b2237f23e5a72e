"""Where SINDy's equations come from: integral, weak and differential forms of ``x' = φ(x) W``, linear in W."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from simplatform.policies.dynamics.polynomials import monomials
from simplatform.policies.dynamics.prediction.regressions import Form, sparse


@pytest.mark.parametrize(("size", "order"), [(4, 4), (6, 6)])
def test_the_integral_form_is_of_the_order_of_its_samples(size, order):
    """x = sin(t): ∫ over a step of x' = v; halving the step divides the error of a row by 2^(size + 1)."""
    gaps = []
    for dt in (0.2, 0.1):
        t = dt * torch.arange(60, dtype=torch.float64)
        path = torch.stack([torch.sin(t), torch.cos(t)], 1)
        left, right = Form("integral", size).rows(path, monomials(2, 1))
        gaps.append(float((dt * left[:, 2] - right[:, 0]).abs().max()))
    assert np.log2(gaps[0] / gaps[1]) == pytest.approx(order + 1, abs=0.2)


def test_the_weak_form_holds_to_many_digits_and_averages_noise():
    dt, noise = 0.05, 0.01
    t = dt * torch.arange(2000, dtype=torch.float64)
    clean = torch.stack([torch.sin(t), torch.cos(t)], 1)
    noisy = clean + noise * torch.randn(clean.shape, generator=torch.Generator().manual_seed(0), dtype=clean.dtype)
    basis, gaps = monomials(2, 1), {}
    for name, path in (("clean", clean), ("noisy", noisy)):
        for form in (Form("weak", 25), Form("differential", 0)):
            left, right = form.rows(path, basis)
            gaps[name, form.kind] = float((dt * left[:, 2] - right[:, 0]).std())
    assert gaps["clean", "weak"] < 1e-9
    assert gaps["noisy", "weak"] < gaps["noisy", "differential"] / 20


@pytest.mark.parametrize("form", [Form("integral", 10), Form("weak", 12), Form("differential", 0)])
def test_every_form_finds_the_terms_of_lorenz(form, lorenz):
    path = torch.as_tensor(lorenz)
    weights = sparse(*form.rows(path, monomials(3, 2)), (0.01,))[0] / 0.01
    expected = np.zeros((10, 3))
    expected[1], expected[2], expected[3] = (-10, 28, 0), (10, -1, 0), (0, 0, -8 / 3)
    expected[6, 1], expected[5, 2] = -1, 1  # 1 x y z xx xy xz yy yz zz
    np.testing.assert_allclose(weights.numpy(), expected, atol=0.05 if form.kind == "differential" else 1e-3)
