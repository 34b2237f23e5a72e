"""PyTorch files of other programs, opened without running anything in them: tensors and plain values, the rest inert.

Official trainers save their configuration and state with ``torch.save`` and a pickle that names classes of their own
(dill, omegaconf). A pickle is a program of a small machine: it may name any function and call it. Here every name
stands for an inert record that keeps what it was given and does nothing, but for the few that say how a tensor lies in
its storage; tensors are built from these afterwards, within the bytes that the file holds.
"""

from __future__ import annotations

import io
import math
import pickle
import zipfile
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from simplatform.errors import CheckpointError

if TYPE_CHECKING:
    from torch import Tensor

DEPTH = 64
DTYPES = {
    "FloatStorage": "float32", "DoubleStorage": "float64", "HalfStorage": "float16", "BFloat16Storage": "bfloat16",
    "LongStorage": "int64", "IntStorage": "int32", "ShortStorage": "int16", "CharStorage": "int8",
    "ByteStorage": "uint8", "BoolStorage": "bool",
}  # fmt: skip
WHERE = "torch._utils"


class Table(dict[Any, Any]):
    """A dictionary that takes attributes, as state dictionaries have them, and keeps none."""

    def __init__(self, *args: Any) -> None:
        super().__init__(args[-1] if args and isinstance(args[-1], list | dict) else ())

    def __setstate__(self, state: object) -> None:
        """Forget attributes."""


class Record:
    """What stands for anything that a file names: it takes all that a pickle does to an object, and does nothing."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Record:
        """Take any arguments."""
        return object.__new__(cls)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Forget them."""

    def __call__(self, *args: Any, **kwargs: Any) -> Record:
        """Return another record."""
        return Record()

    def __setstate__(self, state: object) -> None:
        """Forget a state."""

    def __setitem__(self, key: object, value: object) -> None:
        """Forget an item."""

    def append(self, value: object) -> None:
        """Forget a value."""

    def extend(self, values: object) -> None:
        """Forget values."""

    def add(self, value: object) -> None:
        """Forget a value."""


@dataclass(frozen=True)
class Storage:
    """Numbers of one type in the file, by their key."""

    key: str
    dtype: str


class Strided(Record):
    """A tensor that is not built yet: a storage, and how it lies in it."""

    def __init__(
        self, storage: object = None, offset: object = 0, size: object = (), stride: object = (), *_: Any
    ) -> None:
        self.storage, self.offset, self.size, self.stride = storage, offset, size, stride


class Parameter(Record):
    """Called with the tensor that it holds first."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Return that tensor."""
        return args[0] if args and isinstance(args[0], Strided) else Record()


def read_inert(file: IO[bytes], what: str) -> Any:
    """Return what a PyTorch file holds: dictionaries, lists, tuples, plain values and tensors; None for the rest.

    Raises:
        CheckpointError: not a zip of PyTorch's, damaged, or a tensor that asks for more than its storage holds.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            (name,) = [name for name in archive.namelist() if name.endswith("/data.pkl")]
            loader = _Inert(io.BytesIO(archive.read(name)))
            found = loader.load()
            return _plain(found, archive, name.removesuffix("data.pkl"), {}, 0)
    except CheckpointError:
        raise
    except Exception as error:  # a pickle of anyone may ask its machine for anything
        raise CheckpointError(f"{what} is damaged or no PyTorch file: {type(error).__name__}: {error}") from error


class _Inert(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Return what stands for a name; nothing is imported."""
        kind: type = Record
        if module == "collections" and name in ("OrderedDict", "defaultdict"):
            kind = Table
        if module == WHERE and name in ("_rebuild_tensor_v2", "_rebuild_tensor"):
            kind = Strided
        if module == WHERE and name.startswith("_rebuild_parameter"):
            kind = Parameter
        # A class of its own for each name: a pickle can set attributes of what it named.
        return type(name if name in DTYPES else kind.__name__, (kind,), {})

    def persistent_load(self, pid: Any) -> Any:
        """Return a storage."""
        if isinstance(pid, tuple) and len(pid) == 5 and pid[0] == "storage" and isinstance(pid[1], type):
            return Storage(str(pid[2]), DTYPES.get(pid[1].__name__, ""))
        return Record()


def _plain(value: Any, archive: zipfile.ZipFile, root: str, built: dict[int, Any], depth: int) -> Any:
    if depth > DEPTH:
        raise CheckpointError(f"nested deeper than {DEPTH}")
    if isinstance(value, dict):
        items = [(key, inner) for key, inner in value.items() if isinstance(key, str | int | float | bool)]
        return {key: _plain(inner, archive, root, built, depth + 1) for key, inner in items}
    if isinstance(value, list | tuple):
        return type(value)(_plain(inner, archive, root, built, depth + 1) for inner in value)
    if isinstance(value, Strided):
        if id(value) not in built:
            built[id(value)] = _tensor(value, archive, root)
        return built[id(value)]
    return value if isinstance(value, str | bytes | int | float | bool | None) else None


def _tensor(value: Strided, archive: zipfile.ZipFile, root: str) -> Tensor | None:
    """Build a tensor within its storage."""
    import torch

    if not isinstance(value.storage, Storage) or not value.storage.dtype:
        return None
    size, stride = _whole(value.size), _whole(value.stride)
    (offset,) = _whole((value.offset,))
    raw = archive.read(f"{root}data/{value.storage.key}")
    kinds = (torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16,
             torch.int8, torch.uint8, torch.bool)  # fmt: skip
    kind = next(one for one in kinds if str(one) == f"torch.{value.storage.dtype}")
    numbers = torch.frombuffer(bytearray(raw), dtype=kind) if raw else torch.zeros(0)
    last = offset + sum((n - 1) * s for n, s in zip(size, stride, strict=True))
    if 0 in size:
        return torch.zeros(size)
    if last >= len(numbers) or math.prod(size) > len(numbers):
        raise CheckpointError(f"a tensor of shape {size} is larger than its storage of {len(numbers)} numbers")
    return torch.as_strided(numbers, size, stride, offset).clone()


def _whole(values: object) -> tuple[int, ...]:
    if not isinstance(values, tuple | list) or not all(type(one) is int and one >= 0 for one in values):
        raise CheckpointError(f"sizes of a tensor are whole numbers, got {values!r:.80}")
    return tuple(values)
