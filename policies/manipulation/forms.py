"""The form in which a network sees states and actions: rotations as 6-D, targets relative to the state, grippers.

A unit quaternion q and −q are one rotation, and no network can be continuous over all of them; the first two columns of
the rotation matrix are one answer for each, and continuous (Zhou et al., 2019, arXiv:1812.07035). What comes back is
orthonormal by Gram and Schmidt's method, and a quaternion of the training data's half.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from simplatform.demonstrations import Demonstrations
from simplatform.demonstrations.episode import Array
from simplatform.errors import ConfigError, DataError


class Rotations(nn.Module):
    """Unit quaternions within vectors ``(..., C)``, which begin at ``starts``, as 6-D: ``(..., C + 2 K)``.

    All other components come first, in their order.
    """

    side: Tensor

    def __init__(self, size: int, starts: Sequence[int], scalar_first: bool = False) -> None:
        """Prepare for vectors of ``size`` components.

        Raises:
            ConfigError: a quaternion is not whole within them, or two overlap.
        """
        super().__init__()
        taken = [start + k for start in starts for k in range(4)]
        if len(set(taken)) != len(taken) or any(not 0 <= k < size for k in taken):
            raise ConfigError(f"policy.quaternions={list(starts)} do not fit into {size} components, four for each")
        self.count, self.size = len(starts), size + 2 * len(starts)
        self._scalar_first = scalar_first
        self._others = [k for k in range(size) if k not in taken]
        self._order = [*self._others, *taken]
        if starts:
            self.register_buffer("side", torch.zeros(len(starts), 4))

    def fit(self, values: Array) -> None:
        """Remember in which half of all quaternions those of the data ``(n, C)`` are.

        Raises:
            DataError: they are no unit quaternions.
        """
        found = values[:, self._order[len(self._others) :]].reshape(-1, self.count, 4)
        norms = np.linalg.norm(found, axis=-1)
        if self.count and np.abs(norms - 1).max() > 0.01:
            raise DataError(f"quaternions have norms from {norms.min():.3g} to {norms.max():.3g}; expected 1")
        signs = np.sign(np.einsum("nkc,kc->nk", found, found[0]))
        more = np.where(signs.mean(0) < 0, -1, 1)  # recordings may hold both signs: that of most is the answer's
        self.side.copy_(torch.as_tensor((signs[..., None] * found).mean(0) * more[:, None]))

    def forward(self, values: Tensor) -> Tensor:
        """Return vectors with rotations as 6-D."""
        if not self.count:
            return values
        plain, turns = values[..., self._others], values[..., self._order[len(self._others) :]]
        turns = turns.unflatten(-1, (self.count, 4))
        sixes = matrix(turns.roll(-1, -1) if self._scalar_first else turns)[..., :2]
        return torch.cat([plain, sixes.transpose(-1, -2).flatten(-3)], -1)

    def inverse(self, values: Tensor) -> Tensor:
        """Return vectors with unit quaternions."""
        if not self.count:
            return values
        plain, sixes = values[..., : len(self._others)], values[..., len(self._others) :]
        turns = quaternion(orthonormal(sixes.unflatten(-1, (self.count, 6))))
        turns = turns.roll(1, -1) if self._scalar_first else turns
        turns = torch.where((turns * self.side).sum(-1, keepdim=True) < 0, -turns, turns)
        back = torch.cat([plain, turns.flatten(-2)], -1)
        return back[..., np.argsort(self._order).tolist()]


class ActionForm(nn.Module):
    """Actions ``(B, T, A)`` as a network sees them, ``(B, T, size)``, and back.

    Args:
        size: number of components A.
        state: number of components of the state.
        quaternions: where unit quaternions begin; see ``Rotations``.
        sixes: where rotations begin that are 6-D already; answers are made orthonormal.
        relative: components that are targets for the same component of the state: the network sees the difference.
        binary: components of two values, such as a gripper's; answers are the nearer of them.
        scalar_first: whether quaternions are w, x, y, z, and not x, y, z, w.
    """

    levels: Tensor
    _mask: Tensor

    def __init__(
        self, size: int, state: int, *, quaternions: Sequence[int] = (), sixes: Sequence[int] = (),
        relative: Sequence[int] = (), binary: Sequence[int] = (), scalar_first: bool = False,
    ) -> None:  # fmt: skip
        """Check that the parts fit.

        Raises:
            ConfigError: a component is not there, or is two things at once.
        """
        super().__init__()
        turns = [start + k for start in quaternions for k in range(4)] + [
            start + k for start in sixes for k in range(6)
        ]
        named = [*turns, *relative, *binary]
        if len(set(named)) != len(named) or any(not 0 <= k < size for k in named):
            raise ConfigError(
                f"policy.quaternions, rotations_6d, relative and binary name components {sorted(named)} of the action: "
                f"each may be one thing, of 0 to {size - 1}"
            )
        if any(k >= state for k in relative):
            raise ConfigError(f"policy.relative={list(relative)} need the same components of a state of {state}")
        self.rotations = Rotations(size, quaternions, scalar_first)
        self.size, self.plain = self.rotations.size, not named
        self._sixes, self._relative, self._binary = list(sixes), list(relative), list(binary)
        if binary:
            self.register_buffer("levels", torch.zeros(len(binary), 2))
        mask = torch.zeros(size)
        mask[self._relative] = 1
        self.register_buffer("_mask", mask, persistent=False)

    def fit(self, demonstrations: Demonstrations) -> None:
        """Take the two values of binary components from the data, and the half of quaternions.

        Raises:
            DataError: there are more than two values, or no unit quaternions.
        """
        actions = demonstrations.stacked_actions()
        for number, component in enumerate(self._binary):
            values = np.unique(actions[:, component])
            if len(values) > 2:
                raise DataError(
                    f"policy.binary: action[{component}] has {len(values)} values, from {values[0]:.4g} to "
                    f"{values[-1]:.4g}; expected two"
                )
            self.levels[number] = torch.as_tensor(values[[0, -1]])
        if self.rotations.count:
            self.rotations.fit(actions)

    def forward(self, actions: Tensor, state: Tensor) -> Tensor:
        """Return actions as the network sees them; ``state (B, S)`` is the newest."""
        if self.plain:
            return actions
        found: Tensor = self.rotations(actions - self._from(actions, state))
        return found

    def inverse(self, values: Tensor, state: Tensor) -> Tensor:
        """Return actions as the robot takes them."""
        if self.plain:
            return values
        found = self.rotations.inverse(values)
        found = found + self._from(found, state)
        for start in self._sixes:
            six = orthonormal(found[..., start : start + 6])[..., :2].transpose(-1, -2).flatten(-2)
            found = torch.cat([found[..., :start], six, found[..., start + 6 :]], -1)
        for number, component in enumerate(self._binary):
            low, high = self.levels[number]
            value = found[..., component : component + 1]
            snapped = torch.where(value < (low + high) / 2, low, high)
            found = torch.cat([found[..., :component], snapped, found[..., component + 1 :]], -1)
        return found

    def of_windows(self, demonstrations: Demonstrations, state: str, offsets: Iterable[int]) -> Iterator[Array]:
        """Yield the actions ``(L, size)`` as the network sees them, so many steps after the state, of each episode."""
        for episode in demonstrations:
            actions, seen = (torch.as_tensor(values) for values in (episode.actions, episode.observations[state][:-1]))
            for offset in offsets if self._relative else (0,):
                at = (torch.arange(len(actions)) + offset).clamp(0, len(actions) - 1)
                made: Array = self(actions[at][:, None], seen)[:, 0].numpy()
                yield made

    def _from(self, actions: Tensor, state: Tensor) -> Tensor:
        """Return what is taken off actions ``(B, T, A)``: the state's component where they are relative to it."""
        size = actions.shape[-1]
        padded = F.pad(state[..., :size], (0, max(0, size - state.shape[-1]))).to(actions.dtype)
        return (padded * self._mask.to(actions.dtype))[:, None]


def matrix(turns: Tensor) -> Tensor:
    """Return rotation matrices ``(..., 3, 3)`` of quaternions x, y, z, w, of any length."""
    x, y, z, w = F.normalize(turns, dim=-1).unbind(-1)
    rows = [
        1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w),
        2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w),
        2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y),
    ]  # fmt: skip
    found: Tensor = torch.stack(rows, -1).unflatten(-1, (3, 3))
    return found


def orthonormal(sixes: Tensor) -> Tensor:
    """Return the rotation matrices ``(..., 3, 3)`` whose first two columns are nearest in turn to ``(..., 6)``."""
    first = F.normalize(sixes[..., :3], dim=-1)
    second = sixes[..., 3:] - (first * sixes[..., 3:]).sum(-1, keepdim=True) * first
    second = F.normalize(second, dim=-1)
    return torch.stack([first, second, torch.linalg.cross(first, second)], -1)


def quaternion(matrices: Tensor) -> Tensor:
    """Return unit quaternions x, y, z, w of rotation matrices ``(..., 3, 3)``, of either sign.

    All products of two components are sums of entries; the row of the largest square has no cancellation.
    """
    m = matrices.flatten(-2).unbind(-1)
    xy, xz, yz = m[1] + m[3], m[2] + m[6], m[5] + m[7]
    xw, yw, zw = m[7] - m[5], m[2] - m[6], m[3] - m[1]
    rows = [
        1 + m[0] - m[4] - m[8], xy, xz, xw, xy, 1 - m[0] + m[4] - m[8], yz, yw,
        xz, yz, 1 - m[0] - m[4] + m[8], zw, xw, yw, zw, 1 + m[0] + m[4] + m[8],
    ]  # fmt: skip
    products = torch.stack(rows, -1).unflatten(-1, (4, 4))
    largest = products.diagonal(dim1=-2, dim2=-1).argmax(-1)[..., None, None]
    return F.normalize(products.gather(-2, largest.expand(*largest.shape[:-1], 4))[..., 0, :], dim=-1)
