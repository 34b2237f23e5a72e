"""Mesh movement: the environment, its tasks, the classical movers, and the experts."""

from collections.abc import Mapping
from typing import Any

from simplatform import hookimpl
from simplatform.contracts import Metric, Task
from simplatform.hooks import AddCheck, Register
from simplatform.plugin_host.registry import resolve

ENV = "simplatform/MeshMovement-v0"
METRICS = (
    Metric("error_reduction", words="share of the error removed"),
    Metric("tangled", better="lower", words="inverted cells"),
    Metric("limited", kind="rate", better="lower", words="is held back by the step limiter"),
    Metric("tangled_unlimited", better="lower", words="inverted cells without the limiter"),
    Metric("move_seconds", better="lower", unit="s", words="time of a move"),
)
FORCES = tuple(
    Metric(f"{force}_error_{mesh}", better="lower") for force in ("drag", "lift") for mesh in ("original", "moved")
)
ARRIVAL = tuple(Metric(f"arrival_error_{mesh}", better="lower", unit="s") for mesh in ("original", "moved"))
SIZES = tuple({"n": n} for n in (15, 20, 25, 30, 35))
MOVERS = "simplatform.envs.mesh.movers.policy"
SOLUTION = "simplatform.envs.mesh.movers.by_solution"


@hookimpl
def register_envs(register: Register) -> None:
    register(
        ENV,
        "simplatform.envs.mesh.environment:MeshMovement",
        vector="simplatform.envs.mesh.vector:meshes",
        help="move a mesh, solve the PDE again",
    )


@hookimpl
def register_experts(register: Register) -> None:
    register("monge-ampere", f"{MOVERS}:monge_ampere_expert", help="Newton steps, PDE solved again in each")
    register("monge-ampere-published", f"{MOVERS}:monge_ampere_published_expert", help="relaxation as in UM2N")


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "monge-ampere", f"{MOVERS}:MongeAmperePolicy", config=f"{MOVERS}:MongeAmpereConfig", help="optimal transport"
    )
    register("laplacian", f"{MOVERS}:LaplacianPolicy", config=f"{MOVERS}:MoverConfig", help="weighted smoothing")
    register("spring", f"{MOVERS}:SpringPolicy", config=f"{MOVERS}:MoverConfig", help="lineal spring analogy")
    register(
        "anisotropic",
        f"{SOLUTION}:AnisotropicPolicy",
        config=f"{SOLUTION}:AnisotropicConfig",
        help="descent on the interpolation error of the recovered Hessian",
        words="descent on the interpolation error",
    )
    register(
        "ritz",
        f"{SOLUTION}:RitzPolicy",
        config=f"{SOLUTION}:RitzConfig",
        help="descent on the error of a recovered solution's projection",
        words="descent on a projection's error",
    )
    register(
        "mmg",
        f"{MOVERS}:MMGPolicy",
        config=f"{MOVERS}:MMGConfig",
        help="remeshing by MMG, from the coarse solution",
        words="remeshing by MMG",
    )


@hookimpl
def register_solvers(register: Register) -> None:
    register("mover", "simplatform.envs.mesh.arrays.mover:mover", kind="pde", help="movers on arrays: sp.mover")


@hookimpl
def register_commands(register: Register) -> None:
    register("move", "simplatform.envs.mesh.command:command", help="Move a mesh file by a monitor function.")


@hookimpl
def register_report_sections(register: Register) -> None:
    register("meshes", "simplatform.envs.mesh.report:mesh_section", help="meshes, fields, errors, quality, films")


@hookimpl
def doctor(check: AddCheck) -> None:
    check("mesh libraries", lambda: resolve("simplatform.envs.mesh.doctor:libraries")())
    check("gmsh", lambda: resolve("simplatform.envs.mesh.doctor:gmsh")())


@hookimpl
def register_recipes(register: Register) -> None:
    for name in ("anisotropic", "ritz", "monge-ampere", "laplacian", "spring"):
        register(name, policy=name, task="helmholtz")
    register("mmg", policy="mmg", task="helmholtz", settings={"env.action": "metric"})
    for then in ("anisotropic", "ritz"):
        register(f"mmg-{then}", policy="mmg", task="helmholtz", settings={"env.action": "metric", "env.then": then})


@hookimpl
def register_tasks(register: Register) -> None:
    for problem in ("helmholtz", "poisson", "helmholtz-ridge", "poisson-ridge", "nonlinear-poisson", "thermo-electric"):
        text = f"{problem}, random, unit square, 15² to 35² vertices"
        register(_task(problem, {"problem": problem}, text, opponents=("mmg",)))
    for problem in ("heat", "burgers", "swirl"):
        register(
            _task(problem, {"problem": problem}, f"{problem} in time, unit square", variants=({"n": 20},), episodes=5)
        )
    tsunami = {"problem": "tsunami", "geometry": "coastline"}
    register(_task("tsunami", tsunami, "tsunami in a basin", variants=({"n": 40},), episodes=5, more=ARRIVAL))
    flow = {"problem": "cylinder", "geometry": "uniform-cylinder"}
    register(
        _task("cylinder", flow, "flow past a cylinder, Re 10 to 30", variants=({"n": 12},), episodes=10, more=FORCES)
    )
    text = "a PDE of your own: --set env.file=mine.py, a bilinear and a linear form"
    register(_task("pde", {"problem": "pde"}, text, opponents=("mmg",), code=("file",)))
    for geometry in ("polygon", "l-shape", "disc", "hole", "coastline"):
        text = f"Helmholtz, geometry {geometry}"
        register(_task(f"helmholtz/{geometry}", {"geometry": geometry}, text, opponents=("mmg",)))


def _task(
    name: str,
    kwargs: Mapping[str, Any],
    text: str,
    variants: tuple[Mapping[str, Any], ...] = SIZES,
    episodes: int = 100,
    more: tuple[Metric, ...] = (),
    opponents: tuple[str, ...] = (),
    code: tuple[str, ...] = (),
) -> Task:
    return Task(
        name,
        env=ENV,
        expert="monge-ampere",
        metrics=(*METRICS, *more),
        kwargs={"timings": True, **kwargs},
        variants=variants,
        demonstrations=12 * episodes // 5,
        validation=episodes // 5,
        episodes=episodes,
        opponents=opponents,
        code=code,
        rivals=("spring", "monge-ampere"),
        help=text,
    )
