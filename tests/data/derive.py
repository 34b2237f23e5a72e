"""How the fixtures of ``tests/data/parity`` were made: run once, by hand; the tests need neither this nor its inputs.

    python tests/data/derive.py SHARED MP1 DP3 UM2N      # from the repository's root

SHARED holds the full recordings ``parity_*.pt``; the others are checkouts of LogSSim/MP1, YanjieZe/3D-Diffusion-Policy
and mesh-adaptation/UM2N (all MIT). Each official module first has to repeat its full recording; then it is built anew
in a small size with random weights, and its answers are kept. ``einops`` has to be importable.
"""

from __future__ import annotations

import importlib
import sys
import types
from functools import partial
from pathlib import Path
from typing import Any

import torch
from diffusers import DDIMScheduler
from torch import Tensor, nn

from tests.parity import save

POINTS, STATE, ACTION = 24, 9, 4
KEPT = {
    "dcdm": {"n64": (), "n128": ()},
    "insr": {"advection": (), "fluid": ()},
    "lpinn": {"convection": (), "burgers": ()},
    "pderefiner": {"ks_attn": (), "adagn_2d": ()},
    "pig": {"diag2d": (), "full2d": (), "diag3d": ()},
    "prose": {"default": (), "joint_sources": ()},
    "scot": {"steady": ()},
    "sinenet": {"tangled": (), "conditional": (), "zeros": ("intermediates",)},
    "text2pde": {"dit": ()},
    "text2pde_encoders": {"first_frame_encoder": ()},
}
"""Cases of recordings that are small enough whole, with the parts of each that are left out."""


def main(shared: str, mp1: str, dp3: str, um2n: str) -> None:
    for name in ("torchvision", "termcolor"):
        sys.modules[name] = types.ModuleType(name)
    sys.modules["termcolor"].cprint = lambda *_: None
    sys.path[:0] = [str(Path(mp1) / "MP1"), str(Path(dp3) / "3D-Diffusion-Policy"), str(Path(um2n) / "UM2N" / "model")]
    for name, cases in KEPT.items():
        whole = recording(shared, name)
        for case, without in cases.items():
            content = {key: value for key, value in whole[case].items() if key not in without}
            print(name, case, save(f"{name}-{case}", {"meta": whole.get("meta"), **content}), "bytes")
    kernels(shared)
    recorded = {name: recording(shared, name) for name in ("mp1", "dp3", "flowpolicy", "um2n")}
    encoder = point_cloud(recorded)
    meanflow(recorded["mp1"], encoder)
    flowpolicy(recorded["flowpolicy"], encoder)
    diffusion("dp3", recorded["dp3"]["dp3"], encoder, "conditional_unet1d", (16, 32), 1)
    diffusion("simple_dp3", recorded["dp3"]["simple_dp3"], encoder, "simple_conditional_unet1d", (16, 32), 2)
    meshes(recorded["um2n"])


def kernels(shared: str) -> None:
    """Keep the learned kernels of Text2PDE's mesh autoencoder, of its first sample; the convolutions are too large."""
    case = recording(shared, "text2pde")["mesh_autoencoder"]
    state, middle = case["state_dict"], case["intermediates"]
    encoder, decoder = (f"{name}.gino_{name}" for name in ("encoder", "decoder"))
    content = {
        "latent_grid": state["latent_grid"].flatten(0, -2), "places": case["inputs"]["pos"][0].flatten(0, 1),
        "state_dict": part(state, encoder), "outputs": {"gno_in": middle[f"{encoder}.gno_in"]},
    }  # fmt: skip
    cells = middle["decoder.cnn_decoder"][0].flatten(1).T
    for place, name, values in ((encoder, "gno_in", middle[f"{encoder}.x_projection"][0]), (decoder, "gno_out", cells)):
        answer = middle[f"{place}.{name}"]
        content[name] = {
            "features": part(state, f"{place}.pos_embed"), "kernel": part(state, f"{place}.{name}"),
            "values": values.contiguous(), "answer": answer.reshape(-1, answer.shape[-1]),
        }  # fmt: skip
    print("text2pde mesh_kernels", save("text2pde-mesh_kernels", content), "bytes")


def recording(shared: str, name: str) -> dict[str, Any]:
    return torch.load(Path(shared) / f"parity_{name}.pt", weights_only=True)


def shaken(module: nn.Module, seed: int) -> nn.Module:
    """Move every tensor off its initial value, so that ones, zeros and ties matter too.

    The values have eight significant bits: exact in every precision, and half as long once packed.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            parameter += 0.3 * noise * (parameter.std() if parameter.ndim > 1 else 1)
            parameter.copy_(parameter.bfloat16())
    return module.eval().requires_grad_(False)


def same(ours: Tensor, recorded: Tensor, what: str) -> None:
    difference = float((ours - recorded).abs().max())
    assert difference < 2e-6 * max(1.0, float(recorded.abs().max())), (what, difference)
    print(f"{what}: repeats the recording to {difference:.1e}")


def draw(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def under(prefix: str, module: nn.Module) -> dict[str, Tensor]:
    return {f"{prefix}.{key}": value for key, value in module.state_dict().items()}


def part(state: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key.removeprefix(f"{prefix}."): value for key, value in state.items() if key.startswith(f"{prefix}.")}


def official_encoder(module: str, cls: str, kind: str) -> nn.Module:
    settings = {"in_channels": 3, "out_channels": 64, "use_layernorm": True, "final_norm": "layernorm"}
    shapes = {"point_cloud": (POINTS, 3), "agent_pos": (STATE,)}
    build = getattr(importlib.import_module(module), cls)
    return build(shapes, out_channel=64, pointcloud_encoder_cfg=_Settings(settings), pointnet_type=kind)


class _Settings(dict):  # what ``**cfg`` and ``cfg.in_channels = 3`` both accept
    __setattr__ = dict.__setitem__


def point_cloud(recorded: dict[str, Any]) -> nn.Module:
    """The encoder that MP1, FlowPolicy and DP3 share: sizes are fixed, so it has a file of its own."""
    mine = official_encoder("mp1.model.vision.pointnet_extractor", "MP1Encoder", "mlp")
    theirs = official_encoder("diffusion_policy_3d.model.vision.pointnet_extractor", "DP3Encoder", "pointnet")
    for name, data in {"mp1": recorded["mp1"], "dp3": recorded["dp3"]["dp3"]}.items():
        module = {"mp1": mine, "dp3": theirs}[name]
        module.load_state_dict(part(data["state_dict"], "obs_encoder"))
        inputs = {key: data["inputs"][key].flatten(0, 1) for key in ("point_cloud", "agent_pos")}
        with torch.no_grad():
            same(module(inputs), data["outputs"]["features"], f"{name} encoder")
    torch.manual_seed(0)
    shaken(mine, 1)
    theirs.load_state_dict(mine.state_dict())
    inputs = {"point_cloud": draw(4, 64, 3, seed=2), "agent_pos": draw(4, STATE, seed=3)}
    features = mine(inputs)
    assert torch.equal(features, theirs.requires_grad_(False).eval()(inputs))
    size = save("point_cloud_encoder", {"state_dict": under("obs_encoder", mine), "inputs": inputs,
                                        "outputs": {"features": features}})  # fmt: skip
    print("point_cloud_encoder", size, "bytes")
    return mine


def observed(encoder: nn.Module, batch: int, steps: int, seed: int) -> tuple[dict[str, Tensor], Tensor]:
    inputs = {"point_cloud": draw(batch, steps, POINTS, 3, seed=seed),
              "agent_pos": draw(batch, steps, STATE, seed=seed + 1)}  # fmt: skip
    return inputs, encoder({key: value.flatten(0, 1) for key, value in inputs.items()})


def unet(module: str, data: dict[str, Any], widths: tuple[int, ...], observe: int, **extra: int) -> nn.Module:
    """Load the recording's weights into the official network and check it; return a small one with random weights."""
    build = importlib.import_module(module).ConditionalUnet1D
    config = data["config"]
    settings = {"kernel_size": 5, "n_groups": 8, "condition_type": "film"}
    full = build(ACTION, global_cond_dim=256, diffusion_step_embed_dim=64, down_dims=config["down_dims"], **settings)
    full.load_state_dict(part(data["state_dict"], "model"))
    condition = data["outputs"]["features"].reshape(len(data["inputs"]["action"]), -1)
    with torch.no_grad():
        same(_answer(full.eval(), data, condition), _recorded(data), module)
    torch.manual_seed(1)
    small = build(ACTION, global_cond_dim=128 * observe, diffusion_step_embed_dim=16, down_dims=list(widths),
                  **settings, **extra)  # fmt: skip
    return shaken(small, 4)


def _answer(network: nn.Module, data: dict[str, Any], condition: Tensor) -> Tensor:
    given = data["inputs"]
    if "r" in given:
        return network(given["noise"], given["t"], global_cond=condition, r=given["r"], training=False)
    if "a0" in given:
        t = given["t"][:, None, None]
        return network(t * given["action"] + (1 - t) * given["a0"], given["t"] * 99, global_cond=condition)
    return network(given["action"], given["timestep"], global_cond=condition)


def _recorded(data: dict[str, Any]) -> Tensor:
    return data["outputs"]["velocity_t" if "a0" in data["inputs"] else "unet"]


def keep(
    name: str, network: nn.Module, config: dict[str, Any], inputs: dict[str, Tensor], outputs: dict[str, Any]
) -> None:
    content = {"config": config, "state_dict": under("model", network), "inputs": inputs, "outputs": outputs}
    print(name, save(name, content), "bytes")


def meanflow(data: dict[str, Any], encoder: nn.Module) -> None:
    """MP1: the network, the one-step action, du/dt, both losses, the gradient's norm (the policy's own functions)."""
    policy = importlib.import_module("mp1.policy.meanpolicy_dis")
    widths, batch = (8, 16, 16), 6
    network = unet("mp1.model.mean.conditional_unet1d_meanflow_dis", data, widths, 1, var_fc_hidden_dim=2)
    inputs, _ = observed(encoder, batch, 1, 10)
    inputs |= {key: draw(batch, 16, ACTION, seed=12 + i) for i, key in enumerate(("action", "noise", "e"))}
    t = torch.tensor([0.9, 0.7, 0.5, 0.8, 0.35, 0.6])
    inputs |= {"t": t, "r": torch.where(torch.tensor([1, 0, 1, 1, 0, 0]).bool(), t * 0.4, t)}
    for module in (network, encoder):
        module.requires_grad_(True)
    features = encoder({key: inputs[key].flatten(0, 1) for key in ("point_cloud", "agent_pos")})
    condition = features.reshape(batch, -1)
    call = partial(network, global_cond=condition)
    ones = torch.ones_like(t)
    outputs: dict[str, Any] = {"features": features, "unet": call(inputs["noise"], t, r=inputs["r"], training=False)}
    outputs["action_1nfe"] = inputs["noise"] - call(inputs["noise"], ones, r=0 * ones, training=False)
    x, e, guidance = inputs["action"], inputs["e"], 2.0
    z = torch.lerp(x, e, t[:, None, None])
    v = guidance * (e - x) + (1 - guidance) * call(z, t, r=t)[0].detach()
    (u, latents), (rate, _) = torch.autograd.functional.jvp(
        lambda z, t, r: call(z, t, r=r), (z, t, inputs["r"]), (v, ones, 0 * ones), create_graph=True
    )
    error = u - (v - (t - inputs["r"])[:, None, None] * rate).detach()
    outputs |= {"dudt": rate, "meanflow_loss": policy.adaptive_l2_loss(error)}
    outputs["dispersive_loss"] = sum(policy.Meanpolicy.dispersive_loss(None, one) for one in latents)
    outputs["loss"] = outputs["meanflow_loss"] + 0.5 * outputs["dispersive_loss"]
    outputs["loss"].backward()
    gradients = [p.grad for module in (network, encoder) for p in module.parameters() if p.grad is not None]
    outputs["grad_norm"] = nn.utils.get_total_norm(gradients)
    for module in (network, encoder):
        module.requires_grad_(False)
    keep("mp1", network, {"down_dims": widths, "n_points": POINTS, "horizon": 16, "n_obs_steps": 1}, inputs, outputs)


def flowpolicy(data: dict[str, Any], encoder: nn.Module) -> None:
    """FlowPolicy: the velocity, the one-step action, and the loss that the official policy computes at these draws."""
    policy = importlib.import_module("mp1.policy.flowpolicy")
    network = unet("mp1.model.mean.conditional_unet1d", data, (16, 32), 1, var_fc_hidden_dim=2)
    inputs, features = observed(encoder, 5, 1, 20)
    inputs |= {"action": draw(5, 4, ACTION, seed=22), "a0": draw(5, 4, ACTION, seed=23)}
    inputs["t"] = torch.tensor([0.2, 0.45, 0.495, 0.7, 0.997])
    condition = features.reshape(5, -1)
    velocity = partial(network, global_cond=condition)
    x = torch.lerp(inputs["a0"], inputs["action"], inputs["t"][:, None, None])
    outputs = {"features": features, "velocity_t": velocity(x, inputs["t"] * 99)}
    outputs["action_1nfe"] = inputs["a0"] + velocity(inputs["a0"], torch.full((5,), 0.01 * 99))
    outputs["loss"] = _official_loss(policy, network, encoder, inputs)
    keep("flowpolicy", network, {"down_dims": (16, 32), "n_points": POINTS, "n_obs_steps": 1}, inputs, outputs)


def _official_loss(policy: Any, network: nn.Module, encoder: nn.Module, inputs: dict[str, Tensor]) -> Tensor:
    """Call the official ``compute_loss`` with its random draws replaced by ours."""
    draws = {"randn": inputs["a0"], "rand": (inputs["t"] - 0.01) / (1 - 0.01)}
    torch_of_policy = types.ModuleType("torch")
    torch_of_policy.__dict__.update(vars(torch))
    torch_of_policy.randn = lambda *_, **__: draws["randn"]
    torch_of_policy.rand = lambda *_, **__: draws["rand"]
    plain = types.SimpleNamespace(normalize=lambda x: x)
    normaliser = type("Plain", (), {"normalize": lambda _, x: dict(x), "__getitem__": lambda _, key: plain})()
    self = types.SimpleNamespace(
        eps=0.01, num_segments=2, boundary=1, delta=0.01, alpha=1e-5, normalizer=normaliser, use_pc_color=False,
        obs_as_global_cond=True, n_obs_steps=1, condition_type="film", obs_encoder=encoder, model=network,
        mask_generator=lambda shape: torch.zeros(shape, dtype=torch.bool),
    )  # fmt: skip
    policy.torch = torch_of_policy
    try:
        batch = {"obs": {key: inputs[key] for key in ("point_cloud", "agent_pos")}, "action": inputs["action"]}
        return policy.FlowPolicy.compute_loss(self, batch)[0]
    finally:
        policy.torch = torch


def diffusion(
    name: str, data: dict[str, Any], encoder: nn.Module, module: str, widths: tuple[int, ...], observe: int
) -> None:
    """DP3 and Simple DP3: the network, ten DDIM steps by diffusers, and the loss of the predicted sample."""
    network = unet(f"diffusion_policy_3d.model.diffusion.{module}", data, widths, observe)
    batch, horizon = 4, {"dp3": 8, "simple_dp3": 4}[name]
    inputs, features = observed(encoder, batch, observe, 30)
    inputs |= {"action": draw(batch, horizon, ACTION, seed=32), "noise": draw(batch, horizon, ACTION, seed=33)}
    inputs["timestep"] = torch.tensor([3, 40, 77, 99])
    call = partial(network, global_cond=features.reshape(batch, -1))
    scheduler = DDIMScheduler(num_train_timesteps=100, beta_start=1e-4, beta_end=0.02,
                              beta_schedule="squaredcos_cap_v2", clip_sample=True, set_alpha_to_one=True,
                              steps_offset=0, prediction_type="sample")  # fmt: skip
    outputs = {"features": features, "unet": call(inputs["action"], inputs["timestep"])}
    noised = scheduler.add_noise(inputs["action"], inputs["noise"], inputs["timestep"])
    outputs["loss"] = nn.functional.mse_loss(call(noised, inputs["timestep"]), inputs["action"])
    scheduler.set_timesteps(10)
    x = inputs["noise"]
    for k in scheduler.timesteps:
        x = scheduler.step(call(x, k), k, x).prev_sample
    outputs["action_ddim10"] = x
    config = {"down_dims": widths, "n_points": POINTS, "horizon": horizon, "n_obs_steps": observe,
              "inference_steps": 10, "timesteps": scheduler.timesteps.tolist()}  # fmt: skip
    keep(name, network, config, inputs, outputs)


def meshes(data: dict[str, Any]) -> None:
    """UM2N: the whole model with a narrow encoder and deformer; the published shapes are kept as facts."""
    models = importlib.import_module("M2N_T")
    full = models.M2N_T()
    full.load_state_dict(data["state_dict"])
    batch = types.SimpleNamespace(**{**data["inputs"], "poly_mesh": False})
    with torch.no_grad():
        same(full.eval()(batch), data["output"], "um2n")
    torch.manual_seed(5)
    small = models.M2N_T()
    small.gfe = models.TransformerEncoder(3, 16, num_transformer_embed_dim=16)
    widths = (14, 12, 10, 8, 6)
    small.deformer.lin = nn.Linear(35, widths[0])
    for k in range(4):
        gat = models.DeformGAT(2 * (k + 1) + widths[k], widths[k + 1], heads=6)
        setattr(small.deformer, f"gat_{k + 1}", gat)
    shaken(small, 6)
    with torch.no_grad():
        for name, parameter in small.named_parameters():
            parameter *= 4 if "att_" in name else 2 if name.startswith("gfe.") and parameter.ndim > 1 else 1
    inputs = {key: data["inputs"][key] for key in ("coord", "face", "edge_index", "bd_mask", "mesh_feat")}
    content = {"config": {"widths": widths, "heads": 6, "temperature": 0.2, "encoder_width": 16},
               "state_dict": dict(small.state_dict()), "inputs": inputs}  # fmt: skip
    content["published_shapes"] = {key: list(value.shape) for key, value in data["state_dict"].items()}
    for suffix, dtype in {"": torch.float32, "_float64": torch.float64}.items():
        seen: dict[str, Tensor] = {}
        hooks = [getattr(small.deformer, f"gat_{k}").register_forward_hook(partial(_see, seen, k)) for k in range(1, 5)]
        given = {key: value.to(dtype) if value.is_floating_point() else value
                 for key, value in data["inputs"].items() if isinstance(value, Tensor)}  # fmt: skip
        content[f"output{suffix}"] = small.to(dtype)(types.SimpleNamespace(**given, poly_mesh=False))
        content[f"intermediates{suffix}"] = seen
        for hook in hooks:
            hook.remove()
    _every_tensor_matters(small, given, content["output_float64"])
    print("um2n", save("um2n", content), "bytes")


def _see(seen: dict[str, Tensor], k: int, _module: Any, _given: Any, answer: tuple[Tensor, Tensor]) -> None:
    seen[f"gat_{k}_coord"] = answer[0].clone()


def _every_tensor_matters(model: nn.Module, given: dict[str, Tensor], output: Tensor) -> None:
    for name, parameter in model.named_parameters():
        before = parameter.clone()
        parameter *= torch.linspace(0.8, 1.2, parameter.numel()).view_as(parameter)
        moved = (model(types.SimpleNamespace(**given, poly_mesh=False)) - output).abs().max()
        parameter.copy_(before)
        print(f"   a change of {name} by a fifth moves the answer by {float(moved):.1e}") if moved < 3e-6 else None


if __name__ == "__main__":
    main(*sys.argv[1:])
