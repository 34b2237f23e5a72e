"""The documentation: every hook documented and tested, every command and error on its page, no warning in the build."""

import ast
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser import DESK, PHONE, broken_images, chromium, opened, sideways, unfit

ROOT = Path(__file__).parents[1]
ENTRIES = (
    "index", "tutorials/my-recordings", "tutorials/my-mesh", "tutorials/my-csv", "tutorials/your-own-plugin",
    "tutorials/your-own-fields",
)  # fmt: skip
"""The first page, and where each reader begins."""
spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
generate = importlib.util.module_from_spec(spec)
spec.loader.exec_module(generate)


def implemented(sources):
    """Return the names of all functions decorated with ``hookimpl`` in some files."""
    found = set()
    for text in sources:
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and any(ast.unparse(d) == "hookimpl" for d in node.decorator_list):
                found.add(node.name)
    return found


def test_every_hook_is_documented_with_its_signature():
    page = generate.hooks_page()
    assert list(generate.hooks()) == list(generate.HOW)
    for name, function in generate.hooks().items():
        assert f"## `{generate.signature(name)}`" in page
        assert function.__doc__


def test_every_hook_is_tested():
    """Each is implemented by a plugin of the test suite, or by a template whose generated tests run."""
    toys = [path.read_text() for path in (ROOT / "tests" / "site").glob("*/plugin.py")]
    templates = (ROOT / "core" / "scaffold" / "templates").glob("*plugin.py.j2")
    made = [re.sub(r"\{\{.*?\}\}", "name", path.read_text()) for path in templates]
    assert set(generate.hooks()) <= implemented([*toys, *made])


def test_every_command_setting_and_error_is_on_its_page():
    from simplatform import errors
    from simplatform.cli.app import VERBS
    from simplatform.recipes.config import TrainConfig

    commands, settings, named = generate.commands_page(), generate.settings_page(), generate.errors_page()
    assert all(f"## simplatform {verb}\n" in commands for verb, _ in VERBS)
    assert all(f"`train.{field.alias or key}`" in settings for key, field in TrainConfig.model_fields.items())
    assert f"`{errors.StorageError.__name__}` | 1 |" in named
    assert f"`{errors.PluginError.__name__}` | 3 |" in named


def test_every_committed_picture_is_in_the_gallery():
    kinds, page = ("*.png", "*.webp", "*.gif", "*.svg"), (ROOT / "docs" / "gallery.md").read_text()
    pictures = [path.relative_to(ROOT) for kind in kinds for path in (ROOT / "benchmarks").rglob(kind)]
    assert len(pictures) > 8
    missing = [str(path) for path in pictures if f"](../{path})" not in page]
    assert missing == []
    named = re.findall(r"\]\(([^)]+)\)", page)
    assert all((ROOT / "docs" / name).exists() for name in named)


def test_every_film_is_made_by_the_command_beneath_it():
    page = (ROOT / "docs" / "gallery.md").read_text()
    shown = re.findall(r"\(images/(\w+)\.webp\)\n\n`python docs/films\.py (\w+) RUN`", page)
    made = re.findall(r"^def (\w+)\(run: RunView\) -> list\[Array\]:", (ROOT / "docs" / "films.py").read_text(), re.M)
    assert all(picture == command for picture, command in shown)
    assert sorted(command for _, command in shown) == sorted(made)


def test_every_built_in_method_has_a_page():
    """Each policy that a built-in plugin registers is explained by name on a page of docs/explanation."""
    from simplatform.plugin_host.host import get_host

    pages = " ".join(path.read_text() for path in (ROOT / "docs" / "explanation").glob("*.md"))
    own = [entry.name for entry in get_host().registry("policy") if entry.distribution == "simplatform"]
    assert len(own) > 30
    assert [name for name in own if f"`{name}`" not in pages] == []


def test_every_page_is_in_the_table_of_contents():
    index = (ROOT / "docs" / "index.md").read_text()
    pages = [path.relative_to(ROOT / "docs").with_suffix("") for path in (ROOT / "docs").rglob("*.md")]
    listed = [str(page) for page in pages if page.parts[0] in ("tutorials", "howto", "explanation", "reference")]
    assert [page for page in listed if f"\n{page}\n" not in index] == []


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Build the documentation; any warning is an error."""
    pytest.importorskip("furo", reason="pip install 'simplatform[docs]'")
    folder = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "docs", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_build_has_no_warnings(built):
    assert (built / "index.html").exists()


def test_pages_open_in_a_browser_on_desk_and_phone(built):
    with chromium() as running:
        for name in (*ENTRIES, "explanation/mixer", "reference/generated/commands"):
            for viewport, scheme in ((DESK, "light"), (PHONE, "dark")):
                with opened(running, built / f"{name}.html", viewport, scheme) as page:
                    assert sideways(page) <= 0, name
                    assert broken_images(page) == [], name
                    assert unfit(page) == [], name
