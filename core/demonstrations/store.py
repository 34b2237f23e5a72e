"""Demonstrations on disk: each set is a Minari dataset (HDF5 + JSON), so that other tools open it too.

Writing is atomic: a set is either whole or absent. Reading runs no code.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from simplatform.demonstrations.episode import Array, Demonstrations, Episode
from simplatform.demonstrations.hdf5 import hdf5, named, nested, nested_space
from simplatform.errors import DataError
from simplatform.runs.files import reading, storage_errors, write_json
from simplatform.runs.folder import Folder
from simplatform.runs.records import EpisodeRecord, SetRecord, typed

if TYPE_CHECKING:
    import gymnasium
    from gymnasium.envs.registration import EnvSpec


class Spaces(Protocol):
    """What is kept of an environment beside its demonstrations."""

    @property
    def observation_space(self) -> gymnasium.Space[Any]:
        """Observations of one step."""

    @property
    def action_space(self) -> gymnasium.Space[Any]:
        """Actions of one step."""

    @property
    def spec(self) -> EnvSpec | None:
        """How Gymnasium makes it, where it is known."""


CARD = "simplatform.json"
MAIN = "main_data.hdf5"
"""What Minari calls the file of all episodes."""
FORMAT = 1


def save(demonstrations: Demonstrations, path: Path, env: Spaces) -> None:
    """Write a set to ``path`` (a directory that does not exist yet); ``env`` gives the spaces and the spec.

    Raises:
        StorageError: the disk is full or read-only; nothing is left behind.
    """
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
        try:
            _write(demonstrations, scratch, env, path.name)
            scratch.chmod(0o755)
            scratch.rename(path)
        except BaseException:
            shutil.rmtree(scratch, ignore_errors=True)
            raise


def load(path: Path) -> Demonstrations:
    """Read a set that ``save`` wrote.

    Raises:
        DataError: not such a directory, a corrupt file, or data whose hash differs from the recorded one.
    """
    with reading(f"{path} is not a set of demonstrations", hint=". Collect it again."):
        folder = Folder(path, DataError)
        what = f"{path} is not a set of demonstrations: {CARD}"
        card = typed(SetRecord, folder.json(CARD), what, DataError, ". Collect it again.")
        with hdf5(folder, f"data/{MAIN}") as file:
            episodes = [_read_episode(file, index, item) for index, item in enumerate(card.episodes)]
        demonstrations = Demonstrations(episodes, card.source)
        changed = demonstrations.content_hash() != card.content_hash
    if changed:
        raise DataError(f"{path} was changed after it was written: its content hash differs. Collect it again.")
    return demonstrations


def _write(demonstrations: Demonstrations, path: Path, env: Spaces, name: str) -> None:
    from minari.dataset.minari_storage import MinariStorage

    data = path.resolve() / "data"  # Minari doubles relative paths when it adds up file sizes
    data.mkdir()
    storage = MinariStorage.new(
        data,
        observation_space=nested_space(env.observation_space),
        action_space=env.action_space,
        env_spec=env.spec,
        jpeg_encoding=False,
    )
    _write_episodes(storage, demonstrations, data / MAIN)
    storage.update_metadata({"dataset_id": f"simplatform/{name}-v{FORMAT}", "minari_version": _minari_version()})
    write_json(path / CARD, _card(demonstrations))


def _write_episodes(storage: Any, demonstrations: Demonstrations, path: Path) -> None:
    """Let Minari make its HDF5 in memory: HDF5 that cannot write to a full disk crashes, plain bytes raise an error."""
    memory = io.BytesIO()
    storage._file_path = memory
    storage.update_episodes([_buffer(episode) for episode in demonstrations])
    path.write_bytes(memory.getbuffer())
    storage.update_metadata({"dataset_size": storage.get_size()})


def _card(demonstrations: Demonstrations) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "source": demonstrations.source,
        "content_hash": demonstrations.content_hash(),
        "steps": demonstrations.steps,
        "episodes": [
            {"seed": e.seed, "variant": e.variant, "metrics": dict(e.metrics), "steps": len(e)} for e in demonstrations
        ],
    }


def _buffer(episode: Episode) -> Any:
    from minari.data_collector.episode_buffer import EpisodeBuffer

    steps = len(episode)
    ends = np.zeros(steps, dtype=bool)
    ends[-1:] = True
    return EpisodeBuffer(
        seed=episode.seed,
        observations=nested(episode.observations),
        actions=episode.actions,
        rewards=[0.0] * steps,
        terminations=[False] * steps,
        truncations=ends.tolist(),
        infos=nested({key: _padded(values) for key, values in episode.infos.items()}),
    )


def _padded(values: Array) -> Array:
    # Minari's infos have one entry for the reset as well; there is nothing to report before the first action.
    return np.concatenate([values[:1], values])


def _read_episode(file: Any, index: int, card: EpisodeRecord) -> Episode:
    group = file[f"episode_{index}"]
    observations = named(group["observations"])
    infos = {key: values[1:] for key, values in named(group["infos"]).items()} if "infos" in group else {}
    return Episode(observations, group["actions"][()], infos, card.seed, card.variant, card.metrics)


def _minari_version() -> str:
    from importlib.metadata import version

    return version("minari")
