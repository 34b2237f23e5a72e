"""UM2N: the published function, packed batches, and losses."""

import pytest
import torch

from simplatform.contracts import Signature
from simplatform.errors import CheckpointError
from simplatform.policies.mesh.decoder import Deformer
from simplatform.policies.mesh.encoder import GraphTransformer
from simplatform.policies.mesh.graph import Graph, collate, graph_of
from simplatform.policies.mesh.losses import area_loss, chamfer_loss, coordinate_loss
from simplatform.policies.mesh.official import load_official
from simplatform.policies.mesh.um2n import UM2N, UM2NConfig, import_official
from tests.parity import load
from tests.policies.mesh.um2n_cases import grid, sample

SIGNATURE = Signature({}, (-1, 2))


def narrow(config, state):
    """UM2N with the sizes of the reduced fixture, and the official weights in it."""
    policy, _, _ = import_official(random_published(state["published_shapes"]), {})
    policy.encoder = GraphTransformer(width=config["encoder_width"])
    policy.deformer = Deformer(35, config["widths"], config["heads"], config["temperature"])
    load_official(policy, state["state_dict"])
    return policy


def random_published(shapes):
    """Random weights under the 58 official names; ``lin_`` is a second name of ``lin_l``."""
    generator = torch.Generator().manual_seed(0)
    state = {key: torch.randn(*shape, generator=generator) for key, shape in shapes.items()}
    return {key: state[key.replace(".lin_.", ".lin_l.")] for key in state}


@pytest.mark.parametrize(
    ("dtype", "suffix", "tolerance"), [(torch.float32, "", 1e-6), (torch.float64, "_float64", 1e-12)]
)
def test_parity_with_the_official_model(dtype, suffix, tolerance):
    data = load("um2n")
    inputs = data["inputs"]
    graph = Graph(inputs["coord"], inputs["face"].T, inputs["mesh_feat"][:, 2], 2 * inputs["bd_mask"][:, 0].long(),
                  (len(inputs["coord"]),), (inputs["face"].shape[1],)).to(torch.device("cpu"), dtype)  # fmt: skip
    policy = narrow(data["config"], data).to(dtype).eval()
    with torch.no_grad():
        steps = policy.trajectory(graph)
    assert torch.equal(graph.edges, inputs["edge_index"])
    assert (steps[-1] - data[f"output{suffix}"]).abs().max() <= tolerance
    for number, step in enumerate(steps, 1):
        assert (step - data[f"intermediates{suffix}"][f"gat_{number}_coord"]).abs().max() <= tolerance


def test_official_checkpoints_are_loaded_strictly():
    state = random_published(load("um2n")["published_shapes"])
    assert len(state) == 58
    policy, _, _ = import_official({"model_state_dict": state}, {})
    assert sum(p.numel() for p in policy.parameters()) == 1_839_103
    assert torch.equal(policy.deformer.enter.weight, state["deformer.lin.weight"])
    with pytest.raises(CheckpointError, match="should equal"):
        import_official({**state, "deformer.gat_1.lin_.weight": state["deformer.gat_1.lin_l.weight"] + 1}, {})
    with pytest.raises(CheckpointError, match="not the published UM2N"):
        import_official({key: value for key, value in state.items() if "att_r" not in key}, {})
    with pytest.raises(CheckpointError, match="expected a state dict"):
        import_official({"weights": 3}, {})


@pytest.mark.parametrize("attention", ["dense", "linear"])
def test_a_packed_batch_gives_what_each_mesh_gives_alone(attention):
    policy = UM2N(UM2NConfig(attention=attention), SIGNATURE).double().eval()
    samples = [sample(4), sample(7, 1), sample(5, 2)]
    with torch.no_grad():
        together = policy(policy.graph_of(collate(samples)))
        alone = [policy(policy.graph_of(collate([one]))) for one in samples]
    assert torch.allclose(together, torch.cat(alone), atol=1e-12)


def test_boundary_vertices_slide_along_their_side_or_stay():
    torch.manual_seed(0)
    graph = graph_of(collate([sample(6)]).observation)
    sliding = UM2N(UM2NConfig(), SIGNATURE).double().eval()
    moved = sliding(graph).detach()
    sides = (graph.points == 0) | (graph.points == 1)
    assert (moved - graph.points)[sides].abs().max() < 1e-12
    assert (moved - graph.points)[graph.flags == 1].abs().max() > 1e-4
    assert torch.equal(moved[graph.flags == 2], graph.points[graph.flags == 2])
    fixed = UM2N(UM2NConfig(slide=False), SIGNATURE).double().eval()(graph).detach()
    assert torch.equal(fixed[graph.flags > 0], graph.points[graph.flags > 0])


def test_normalised_policies_do_not_see_place_and_scale():
    policy = UM2N(UM2NConfig(), SIGNATURE).double().eval()
    one = sample(5)
    other = {**one, "observation": {**one["observation"], "points": 3 + 7 * one["observation"]["points"]}}
    a = policy.graph_of(collate([one]))
    b = policy.graph_of(collate([other]))
    with torch.no_grad():
        assert torch.allclose(7 * (policy(a) - a.points), policy(b) - b.points, atol=1e-10)


def test_act_answers_a_batch_in_double_precision():
    policy = UM2N(UM2NConfig(), SIGNATURE).eval()
    batch = {key: torch.stack([value, value])[:, None] for key, value in grid(5).items()}
    with torch.no_grad():
        answer = policy.act(batch, generator=torch.Generator())
    assert answer.shape == (2, 1, 36, 2)
    assert answer.dtype == torch.float64
    assert torch.allclose(answer[0], answer[1], atol=1e-5)


def test_losses_vanish_at_the_target_and_count_what_they_say():
    graph = graph_of(collate([sample(4), sample(6)]).observation)
    target = graph.points + 0.01 * torch.sin(9 * graph.points)
    for loss in (area_loss, chamfer_loss):
        assert float(loss(graph, target, target)) == 0.0
    assert float(coordinate_loss(target + 0.01, target)) == pytest.approx(10.0)
    tiny = Graph(
        torch.tensor([[0.0, 0], [1, 0], [0, 1]]), torch.tensor([[0, 1, 2]]), torch.ones(3), torch.zeros(3), (3,), (1,)
    )
    half = tiny.points * torch.tensor([1.0, 0.5])
    assert float(area_loss(tiny, half, tiny.points)) == pytest.approx(300 * 0.25)
    # The far vertex is 0.5 from its image; the others coincide: (0.25 / 3) each way, times 100.
    assert float(chamfer_loss(tiny, half, tiny.points)) == pytest.approx(100 * 2 * 0.25 / 3)


def test_dropout_follows_the_generator():
    policy = UM2N(UM2NConfig(dropout=0.3), SIGNATURE).train()
    batch = collate([sample(4)])

    def total(seed):
        return policy.loss(batch, generator=torch.Generator().manual_seed(seed)).total.item()

    assert total(1) == total(1) != total(2)


def test_training_lowers_the_loss():
    torch.manual_seed(0)
    policy = UM2N(UM2NConfig(), SIGNATURE).train()
    batch, generator = collate([sample(4), sample(5)]), torch.Generator()
    optimiser = torch.optim.Adam(policy.parameters(), 3e-3)
    losses = []
    for _ in range(40):
        loss = policy.loss(batch, generator=generator)
        optimiser.zero_grad()
        loss.total.backward()
        optimiser.step()
        losses.append(float(loss.total.detach()))
    assert losses[-1] < 0.7 * losses[0]


def test_a_zero_monitor_is_no_division_by_zero():
    policy = UM2N(UM2NConfig(), SIGNATURE).eval()
    one = sample(4)
    one["observation"]["monitor"] = torch.zeros_like(one["observation"]["monitor"])
    with torch.no_grad():
        assert torch.isfinite(policy(policy.graph_of(collate([one])))).all()


def test_a_policy_may_see_the_potential():
    torch.manual_seed(0)
    policy = UM2N(UM2NConfig(potential=True), SIGNATURE).double().eval()
    samples = [sample(4), sample(7, 1)]
    with torch.no_grad():
        together = policy(policy.graph_of(collate(samples)))
        alone = [policy(policy.graph_of(collate([one]))) for one in samples]
    assert torch.allclose(together, torch.cat(alone), atol=1e-12)


def test_a_share_of_the_movement_is_carried_out():
    torch.manual_seed(0)
    whole, part = UM2N(UM2NConfig(), SIGNATURE).eval(), UM2N(UM2NConfig(share=0.5), SIGNATURE).eval()
    part.load_state_dict(whole.state_dict())
    batch = {key: value[None, None] for key, value in grid(5).items()}
    with torch.no_grad():
        answers = [policy.act(batch, generator=torch.Generator()) for policy in (whole, part)]
    assert torch.allclose(0.5 * answers[0], answers[1], atol=1e-9)
