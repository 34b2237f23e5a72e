"""Recordings of a point robot that goes to a target, a blob of its point cloud: what the tests of reading write."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np

from simplatform.demonstrations import Demonstrations, Episode


def reach(lengths=(12,) * 6, points=16, seed=0, colour=False):
    """Return episodes with states and actions (4,), and clouds of two blobs, the first of them the target."""
    draws = np.random.default_rng(seed)

    def episode(length):
        target, position, other = draws.uniform(-0.3, 0.3, (3, 3))
        states, actions, clouds = [], [], []
        for _ in range(length):
            step, near = 0.25 * (target - position), float(np.linalg.norm(target - position) < 0.1)
            cloud = np.concatenate([c + 0.01 * draws.normal(size=(points // 2, 3)) for c in (target, other)])
            if colour:
                red_and_blue = np.repeat([[255.0, 0, 0], [0, 0, 255.0]], points // 2, axis=0)
                cloud = np.concatenate([cloud, red_and_blue], 1)[draws.permutation(points)]
            states.append([*position, near])
            actions.append([*step, near])
            clouds.append(cloud)
            position = position + step
        seen = {"agent_pos": [*states, states[-1]], "point_cloud": [*clouds, clouds[-1]]}
        return Episode({key: np.float32(values) for key, values in seen.items()}, np.float32(actions))

    return Demonstrations([episode(length) for length in lengths])


def dp3(path: Path, data: Demonstrations, **arrays):
    """Write DP3's layout by hand, as its users have it; ``arrays`` replace those of the data."""
    import zarr

    fields = {"state": data.stacked("agent_pos"), "action": data.stacked_actions()}
    fields |= {"point_cloud": data.stacked("point_cloud")} | arrays
    root = zarr.open_group(str(path), mode="w", zarr_format=2)
    for name, values in fields.items():
        if values is not None:
            root.require_group("data").create_array(name, data=np.asarray(values))
    ends = np.cumsum([len(episode) for episode in data])
    root.create_group("meta").create_array("episode_ends", data=ends)
    return str(path)


def filmed(lengths=(12,) * 6, size=24, seed=0, channels_first=False):
    """Return the same recordings with a camera from above in place of the cloud: the target red, the robot green."""
    found = []
    for episode in reach(lengths, seed=seed):
        state, cloud = episode.observations["agent_pos"], episode.observations["point_cloud"]
        spots = np.stack([cloud[:, : cloud.shape[1] // 2].mean(1)[:, :2], state[:, :2]], 1)
        pixels = np.clip(((spots + 0.4) / 0.8 * size).astype(int), 1, size - 2)
        image = np.full((len(state), size, size, 3), 40, np.uint8)
        for time, places in enumerate(pixels):
            for channel, (x, y) in enumerate(places):
                image[time, y - 1 : y + 2, x - 1 : x + 2, channel] = 250
        image = np.moveaxis(image, -1, 1) if channels_first else image
        found.append(Episode({"state": state, "images.top": image}, episode.actions))
    return Demonstrations(found, {"fps": 30, "robot": "so101", "task": "go to the red square"})


def film(path: Path, frames, fps=30):
    """Write frames as a video, without loss where the encoder can."""
    import av

    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", format="mp4") as box:
        stream = box.add_stream("libx264", rate=fps, options={"crf": "0", "preset": "ultrafast", "g": "4"})
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv444p"
        for frame in frames:
            box.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        box.mux(stream.encode())


def lerobot(path: Path, data: Demonstrations, version="v3.0", images="video"):
    """Write LeRobot's layout by hand, as its users have it, with images as "video", "image", or "none" of them."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from PIL import Image

    lengths, fps, three = [len(episode) for episode in data], data.source["fps"], version.startswith("v3")
    frame, episode = np.concatenate([np.arange(n) for n in lengths]), np.repeat(np.arange(len(lengths)), lengths)
    vectors = {"observation.state": data.stacked("state"), "action": data.stacked_actions()}
    columns = {key: pa.array(v.tolist(), pa.list_(pa.float32())) for key, v in vectors.items()}
    listed = {key: {"dtype": "float32", "shape": [v.shape[1]], "names": None} for key, v in vectors.items()}
    indices = {"frame_index": frame, "episode_index": episode, "index": np.arange(len(frame)), "task_index": 0 * frame}
    columns |= {"timestamp": pa.array((frame / fps).astype("float32")), **{k: pa.array(v) for k, v in indices.items()}}
    listed |= {key: {"dtype": "int64", "shape": [1], "names": None} for key in indices}
    listed |= {"timestamp": {"dtype": "float32", "shape": [1], "names": None}}
    cameras = [key for key in data[0].observations if key.startswith("images.")]
    meta = {"episode_index": np.arange(len(lengths)), "length": np.array(lengths)}
    for name in cameras if images != "none" else ():
        key, seen = f"observation.{name}", data.stacked(name)
        listed[key] = {"dtype": images, "shape": list(seen.shape[1:]), "names": ["height", "width", "channels"]}
        if images == "image":

            def png(picture):
                Image.fromarray(picture).save(buffer := io.BytesIO(), "PNG")
                return {"bytes": buffer.getvalue(), "path": None}

            kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
            columns[key] = pa.array([png(picture) for picture in seen], kind)
        elif three:
            film(path / f"videos/{key}/chunk-000/file-000.mp4", seen, fps)
            ends = np.cumsum(lengths)
            meta |= {f"videos/{key}/chunk_index": 0 * ends, f"videos/{key}/file_index": 0 * ends}
            meta |= {f"videos/{key}/from_timestamp": (ends - lengths) / fps, f"videos/{key}/to_timestamp": ends / fps}
        else:
            for number in range(len(lengths)):
                film(path / f"videos/chunk-000/{key}/episode_{number:06d}.mp4", seen[episode == number], fps)
    info = {"codebase_version": version, "robot_type": data.source["robot"], "fps": fps, "features": listed}
    for folder in ("meta/episodes/chunk-000", "data/chunk-000"):
        (path / folder).mkdir(parents=True, exist_ok=True)
    (path / "meta/info.json").write_text(json.dumps(info))
    (path / "meta/tasks.jsonl").write_text(json.dumps({"task_index": 0, "task": data.source["task"]}) + "\n")
    whole = pa.table(columns)
    if three:
        pq.write_table(
            pa.table({k: pa.array(v) for k, v in meta.items()}), path / "meta/episodes/chunk-000/file-000.parquet"
        )
        pq.write_table(whole, path / "data/chunk-000/file-000.parquet")
    else:
        for number in range(len(lengths)):
            part = whole.filter(pa.array(episode == number))
            pq.write_table(part, path / f"data/chunk-000/episode_{number:06d}.parquet")
    return str(path)
