"""A mesh mover made of PyTorch Geometric's layers: forty lines, trained and scored like the built-in ones.

``MeshPolicy`` does the packing; ``to_geometric`` turns a packed batch into a ``torch_geometric.data.Batch``. The
network moves a vertex to a mean of its neighbours that attention weighs, three times over, so that it can only learn
where to look. In a plugin of your own (`simplatform new plugin NAME --kind policy`) the registration is

    @hookimpl
    def register_policies(register):
        register("my-mover", "my_package.mover:Mover", config="my_package.mover:MoverConfig")

and then `simplatform run --plugin my-mover --task helmholtz`.
"""

import sys
from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import torch
from torch import Generator, Tensor, nn
from torch_geometric.nn import GATv2Conv
from torch_geometric.utils import add_self_loops, softmax

from simplatform import Batch, Config, Loss, Signature, collect, find_task
from simplatform.pipeline.fit import Trainer, windows_of
from simplatform.policies.mesh.geometric import to_geometric
from simplatform.policies.mesh.graph import INTERIOR, Graph
from simplatform.policies.mesh.um2n import MeshPolicy
from simplatform.recipes.config import TrainConfig


class MoverConfig(Config):
    width: int = 16
    blocks: int = 3
    share: float = 1.0


class Mover(MeshPolicy):
    def __init__(self, config: MoverConfig, signature: Signature) -> None:
        super().__init__()
        self.config, self.signature = config, signature
        sizes = [4] + [config.width] * config.blocks
        self.layers = nn.ModuleList(GATv2Conv(a, b) for a, b in pairwise(sizes))
        self.scores = nn.ModuleList(nn.Linear(2 * config.width, 1) for _ in range(config.blocks))

    def forward(self, graph: Graph) -> Tensor:
        data = to_geometric(graph)
        edges, _ = add_self_loops(data.edge_index, num_nodes=len(data.x))
        held, x, points = (graph.flags != INTERIOR)[:, None], data.x, graph.points
        for layer, score in zip(self.layers, self.scores, strict=True):
            x = layer(x, data.edge_index).tanh()
            weight = softmax(score(torch.cat([x[edges[0]], x[edges[1]]], 1)), edges[1])
            mean = torch.zeros_like(points).index_add(0, edges[1], weight * points[edges[0]])
            points = torch.where(held, points, mean)
        return points

    def loss(self, batch: Batch, *, generator: Generator) -> Loss:
        graph = self.graph_of(batch)
        h2 = graph.areas(graph.points).abs().mean()
        error = (self(graph) - graph.points - batch.action.to(graph.points)).square().sum(1).mean() / h2
        return Loss(error)


class Quiet:
    def metrics(self, step: int, total: int, values: Mapping[str, float]) -> None:
        print(step, values)

    def progress(self, step: int, total: int) -> None: ...

    def checkpoint(self, trainer: Trainer) -> None: ...

    def stopping(self) -> bool:
        return False


def main(quick: bool = False) -> tuple[float, float]:
    """Return the mean squared distance from the expert's vertices on unseen problems: not moved, and moved."""
    task = find_task("helmholtz")
    seen, unseen = (
        collect(task, count=count, seed=0, split=split).demonstrations
        for split, count in (("train", 4 if quick else 40), ("validation", 4 if quick else 20))
    )
    torch.manual_seed(0)
    mover = Mover(MoverConfig(), Signature({}, (-1, 2)))
    Trainer(mover, seen, TrainConfig(steps=100 if quick else 1000, batch=4, lr=1e-2), 0).run(Quiet())
    windows = windows_of(mover, unseen)
    batch = windows.take(np.arange(len(windows)))
    with torch.no_grad():
        graph = mover.graph_of(batch)
        wanted = batch.action.to(graph.points)
        still, moved = (wanted - d for d in (torch.zeros_like(wanted), mover(graph) - graph.points))
        return float(still.square().sum(1).mean()), float(moved.square().sum(1).mean())


if __name__ == "__main__":
    print(*main(quick="--quick" in sys.argv))
