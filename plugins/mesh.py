"""Mesh movement: the environment, its tasks, the classical movers, and the experts."""

from simplatform import hookimpl
from simplatform.contracts import Metric, Task

ENV = "simplatform/MeshMovement-v0"
METRICS = (
    Metric("error_reduction"),
    Metric("tangled", better="lower"),
    Metric("limited", kind="rate", better="lower"),
    Metric("tangled_unlimited", better="lower"),
    Metric("move_seconds", better="lower", unit="s"),
)
SIZES = tuple({"n": n} for n in (15, 20, 25, 30, 35))
MOVERS = "simplatform.envs.mesh.movers.policy"


@hookimpl
def register_envs(register):
    register(ENV, "simplatform.envs.mesh.environment:MeshMovement", help="move a mesh, solve the PDE again")


@hookimpl
def register_experts(register):
    register("monge-ampere", f"{MOVERS}:monge_ampere_expert", help="Newton steps, PDE solved again in each")
    register("monge-ampere-published", f"{MOVERS}:monge_ampere_published_expert", help="relaxation as in UM2N")


@hookimpl
def register_policies(register):
    register(
        "monge-ampere", f"{MOVERS}:MongeAmperePolicy", config=f"{MOVERS}:MongeAmpereConfig", help="optimal transport"
    )
    register("laplacian", f"{MOVERS}:LaplacianPolicy", config=f"{MOVERS}:MoverConfig", help="weighted smoothing")
    register("spring", f"{MOVERS}:SpringPolicy", config=f"{MOVERS}:MoverConfig", help="lineal spring analogy")


@hookimpl
def register_recipes(register):
    for name in ("monge-ampere", "laplacian", "spring"):
        register(name, policy=name, task="helmholtz")


@hookimpl
def register_tasks(register):
    for problem in ("helmholtz", "poisson"):
        register(_task(problem, {"problem": problem}, f"{problem}, random Gaussian sums, square, 15² to 35²"))
    register(_task("helmholtz/polygon", {"geometry": "polygon"}, "Helmholtz on random convex polygons"))
    register(_task("helmholtz/l-shape", {"geometry": "l-shape"}, "Helmholtz on an L-shaped domain"))


def _task(name, kwargs, text):
    return Task(
        name,
        env=ENV,
        expert="monge-ampere",
        metrics=METRICS,
        kwargs={"timings": True, **kwargs},
        variants=SIZES,
        demonstrations=200,
        validation=20,
        episodes=100,
        help=text,
    )
