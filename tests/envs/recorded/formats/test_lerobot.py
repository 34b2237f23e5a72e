"""LeRobot's format, version 3: written as LeRobot reads it, read whatever the order of the files, nothing executed."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from simplatform.demonstrations import Demonstrations, Episode
from simplatform.demonstrations.formats import open_demonstrations, save_demonstrations
from simplatform.envs.recorded.formats.lerobot import read_lerobot, write_lerobot
from simplatform.errors import DataError


def demonstrations(lengths=(3, 5)):
    rng = np.random.default_rng(0)

    def episode(number, length):
        seen = {
            "state": rng.normal(size=(length + 1, 4)).astype(np.float32),
            "point_cloud": rng.normal(size=(length + 1, 6, 3)).astype(np.float32),
        }
        actions = rng.normal(size=(length, 2)).astype(np.float32)
        infos = {"success": np.arange(length, dtype=float)}
        return Episode(seen, actions, infos, seed=7 + number, variant=number % 2, metrics={"success": 1.0})

    return Demonstrations([episode(*item) for item in enumerate(lengths)], {"task": "toy/point"})


def same(first, second):
    assert len(first) == len(second)
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a.actions, b.actions)
        for key, values in a.observations.items():
            np.testing.assert_array_equal(values[:-1], b.observations[key][:-1])
        np.testing.assert_array_equal(a.infos["success"], b.infos["success"])
        assert (a.seed, a.variant, dict(a.metrics)) == (b.seed, b.variant, dict(b.metrics))


def test_round_trip(tmp_path):
    data = demonstrations()
    write_lerobot(data, tmp_path / "set", fps=20)
    found = read_lerobot(tmp_path / "set")
    same(data, found)
    assert found.source["fps"] == 20
    np.testing.assert_array_equal(found[0].observations["state"][-1], data[0].observations["state"][-2])


def test_one_name_for_all_formats(tmp_path):
    data = demonstrations()
    same(data, open_demonstrations(save_demonstrations(data, tmp_path / "set.lerobot")))


def test_the_files_are_what_lerobot_expects(tmp_path):
    pandas = pytest.importorskip("pandas")
    write_lerobot(demonstrations(), tmp_path / "set", fps=20, task="reach the point")
    info = json.loads((tmp_path / "set/meta/info.json").read_text())
    assert info["codebase_version"] == "v3.0"
    assert info["features"]["observation.point_cloud"] == {"dtype": "float32", "shape": [6, 3], "names": None}
    tasks = pandas.read_parquet(tmp_path / "set/meta/tasks.parquet")
    assert tasks.loc["reach the point"].task_index == 0
    episodes = pandas.read_parquet(tmp_path / "set/meta/episodes/chunk-000/file-000.parquet")
    assert episodes.dataset_from_index.tolist() == [0, 3]
    assert episodes.dataset_to_index.tolist() == [3, 8]
    rows = pandas.read_parquet(tmp_path / "set/data/chunk-000/file-000.parquet")
    np.testing.assert_allclose(rows.timestamp, np.array([0, 1, 2, 0, 1, 2, 3, 4]) / 20, rtol=1e-6)
    stats = json.loads((tmp_path / "set/meta/stats.json").read_text())
    np.testing.assert_allclose(stats["action"]["mean"], np.mean(np.stack(rows.action), axis=0), rtol=1e-5)


def test_rows_in_any_order_and_in_many_files(tmp_path):
    data = demonstrations((4, 4, 2))
    write_lerobot(data, tmp_path / "set")
    file = tmp_path / "set/data/chunk-000/file-000.parquet"
    table = pq.read_table(file)
    pq.write_table(table.slice(6), file)
    pq.write_table(table.slice(0, 6), file.with_name("file-001.parquet"))
    same(data, read_lerobot(tmp_path / "set"))


def test_version_two_has_a_file_for_each_episode_and_its_tasks_in_lines(tmp_path):
    data = demonstrations((4, 2))
    write_lerobot(data, tmp_path / "set", fps=30)
    file = tmp_path / "set/data/chunk-000/file-000.parquet"
    table = pq.read_table(file)
    pq.write_table(table.slice(0, 4), file.with_name("episode_000000.parquet"))
    pq.write_table(table.slice(4), file.with_name("episode_000001.parquet"))
    file.unlink()
    (tmp_path / "set/meta/tasks.parquet").unlink()
    (tmp_path / "set/meta/tasks.jsonl").write_text('{"task_index": 0, "task": "reach the point"}\n')
    change(tmp_path / "set/meta/info.json", codebase_version="v2.1")
    found = read_lerobot(tmp_path / "set")
    same(data, found)
    assert found.source["task"] == "reach the point"


def test_rate_robot_task_and_names_survive_the_journey(tmp_path):
    about = {"fps": 30, "robot": "so101", "task": "pick it up", "names": {"observation.state": ["a", "b", "c", "d"]}}
    data = demonstrations()
    write_lerobot(Demonstrations(list(data), about), tmp_path / "one")
    write_lerobot(read_lerobot(tmp_path / "one"), tmp_path / "two")
    source = read_lerobot(tmp_path / "two").source
    assert {key: source[key] for key in about} == about


def change(path, **values):
    info = json.loads(path.read_text())
    path.write_text(json.dumps({**info, **values}))


def test_videos_that_are_not_there_are_named(tmp_path):
    write_lerobot(demonstrations(), tmp_path / "set")
    path = tmp_path / "set/meta/info.json"
    features = json.loads(path.read_text())["features"]
    change(path, features={**features, "observation.images.top": {"dtype": "video", "shape": [3, 4, 4]}})
    found = read_lerobot(tmp_path / "set")
    assert found.source["skipped"] == ["observation.images.top, whose videos are not there"]
    same(demonstrations(), found)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda p: (p / "meta/info.json").unlink(), "not a LeRobot dataset"),
        (lambda p: (p / "meta/info.json").write_text("[]"), "not a LeRobot dataset"),
        (lambda p: change(p / "meta/info.json", codebase_version="v1.6"), "expected v2 or v3"),
        (lambda p: change(p / "meta/info.json", data_path="../../../etc/{chunk_index}"), None),
        (lambda p: (p / "data/chunk-000/file-000.parquet").write_bytes(b"PAR1 and no more"), "damaged data"),
        (lambda p: (p / "data/chunk-000/file-000.parquet").unlink(), "no data/chunk"),
        (lambda p: change(p / "meta/info.json", features={}), "no feature 'action'"),
    ],
)
def test_a_damaged_dataset_is_explained(tmp_path, damage, message):
    write_lerobot(demonstrations(), tmp_path / "set")
    damage(tmp_path / "set")
    if message is None:  # the path templates of a dataset are never followed
        same(demonstrations(), read_lerobot(tmp_path / "set"))
        return
    with pytest.raises(DataError, match=message):
        read_lerobot(tmp_path / "set")


def test_values_that_are_not_finite_are_refused(tmp_path):
    data = demonstrations()
    data[0].actions[1] = np.nan
    write_lerobot(data, tmp_path / "set")
    with pytest.raises(DataError, match="not finite"):
        read_lerobot(tmp_path / "set")


def test_nothing_is_overwritten(tmp_path):
    write_lerobot(demonstrations(), tmp_path / "set")
    with pytest.raises(DataError, match="exists already"):
        write_lerobot(demonstrations(), tmp_path / "set")


def test_a_table_of_few_bytes_and_many_rows_is_refused(tmp_path, monkeypatch):
    import pyarrow as pa

    write_lerobot(demonstrations(), tmp_path / "set")
    (file,) = (tmp_path / "set" / "data").rglob("*.parquet")
    rows = pa.table({name: np.zeros(10**6, np.int64) for name in pq.read_table(file).column_names})
    pq.write_table(rows, file)
    assert file.stat().st_size < 10**5
    monkeypatch.setenv("SIMPLATFORM_READ_GIB", "0.01")
    with pytest.raises(DataError, match=r"asks for .* the limit is 0\.01 GiB \(SIMPLATFORM_READ_GIB"):
        read_lerobot(tmp_path / "set")
