"""A headless Chromium that keeps what a page says in its console; tests skip where there is none."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}


@contextmanager
def chromium() -> Iterator[Any]:
    """Start Debian's Chromium through Playwright."""
    api = pytest.importorskip("playwright.sync_api", reason="pip install 'simplatform[dev]'")
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium here: apt-get install chromium")
    with api.sync_playwright() as play:
        running = play.chromium.launch(executable_path=program, args=["--no-sandbox", "--use-gl=swiftshader"])
        yield running
        running.close()


@contextmanager
def opened(running: Any, file: Path, viewport: dict[str, int] = DESK, scheme: str = "light") -> Iterator[Any]:
    """Open a file, without a network; afterwards no error may have been said and no request have failed."""
    context = running.new_context(viewport=viewport, color_scheme=scheme, offline=True)
    page, said = context.new_page(), []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("requestfailed", lambda request: said.append(f"failed: {request.url[:200]}"))
    page.goto(file.as_uri(), wait_until="load", timeout=120_000)  # a busy machine is slow, not wrong
    yield page
    page.wait_for_timeout(200)
    context.close()
    assert said == [], said


def unfit(page: Any) -> list[str]:
    """Return what axe-core finds on a page that keeps somebody from reading it: its serious and critical findings."""
    package = pytest.importorskip("axe_playwright_python", reason="pip install 'simplatform[dev]'")
    page.evaluate((Path(package.__file__).parent / "axe.min.js").read_text("utf-8"))
    found = page.evaluate("axe.run({resultTypes: ['violations'], preload: false}).then(found => found.violations)")
    grave = [one for one in found if one["impact"] in ("serious", "critical")]
    return [f"{one['id']}: {one['help']}, {one['nodes'][0]['html'][:120]}" for one in grave]


def sideways(page: Any) -> int:
    """Return by how many pixels the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


def background(page: Any) -> str:
    """Return the colour behind the page's text."""
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


def broken_images(page: Any) -> list[str]:
    """Return the images that did not load."""
    found: list[str] = page.evaluate(
        "Array.from(document.images).filter(i => !(i.complete && i.naturalWidth)).map(i => i.alt || i.src.slice(0, 80))"
    )
    return found
