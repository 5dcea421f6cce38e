"""A headless Chromium, if one is on this machine, and pages in it that note what happens."""

import os
import shutil
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from playwright.async_api import Browser, ConsoleMessage, Page, Request, async_playwright

from benchmarks.peers.protocol import Unavailable

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_HINT: Final = "apt-get install chromium"

# It asks nobody for anything but the pages under test.
_ARGUMENTS: Final = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--no-sandbox",  # it refuses to run as root with one, and CI may be root
)

# Every violation of the content security policy, whatever is said on the console.
_NOTE_VIOLATIONS: Final = """
window.__violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
    window.__violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
});
"""

Look = Literal["light", "dark", "narrow"]
LOOKS: Final[Mapping[Look, Mapping[str, Any]]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 800}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 800}},
    "narrow": {"color_scheme": "light", "viewport": {"width": 390, "height": 844}},
}


_PROFILE: Final[Mapping[str, Any]] = {"timezone_id": "UTC", "reduced_motion": "reduce"}


def chromium_program() -> Path:
    """
    Return the program of a Chromium.

    Raises:
        Unavailable: There is none on this machine.
    """
    for name in _NAMES:
        if found := shutil.which(name, path=os.environ.get("PATH", os.defpath)):
            return Path(found)
    raise Unavailable("chromium is not on this machine", _HINT)


@asynccontextmanager
async def run_chromium() -> AsyncGenerator[Browser, None]:
    """
    Run a Chromium until the end of the block. It has an empty profile, which is removed.

    Raises:
        Unavailable: There is none on this machine.
    """
    program = chromium_program()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=[*_ARGUMENTS])
        try:
            yield browser
        finally:
            await browser.close()


@dataclass
class Watched:
    """
    A page, and what was noted of it.

    Attributes:
        page: The page.
        base: The address of the console.
        requests: The address of each request.
        errors: What is wrong: errors on the browser's console, and exceptions of scripts.
    """

    page: Page
    base: str
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    async def open(self, path: str = "/", *, status: int = 200) -> None:
        """Go to a page of the console, and check the status of the answer."""
        answer = await self.page.goto(self.base + path, wait_until="domcontentloaded")
        assert answer is not None
        assert answer.status == status, f"{answer.status} for {path}"
        if status >= 400:
            # The browser says so on its console, too.
            self.errors[:] = [each for each in self.errors if f"status of {status}" not in each]

    @property
    def elsewhere(self) -> list[str]:
        """The requests to any other host."""
        home = urlsplit(self.base).netloc
        return [
            each
            for each in self.requests
            if urlsplit(each).netloc != home and not each.startswith(("data:", "about:", "blob:"))
        ]

    async def violations(self) -> list[str]:
        """Return the violations of the content security policy by the page that is open."""
        found: list[str] = []
        for frame in self.page.frames:
            found += await frame.evaluate("window.__violations || []")
        return found

    async def check(self) -> None:
        """Check that nothing is wrong, and that nothing was asked of another host."""
        assert self.errors == []
        assert self.elsewhere == []
        assert await self.violations() == []

    async def settle(self) -> None:
        """Wait until the styles and the frames of the page are there; a live frame never ends."""
        await self.page.wait_for_load_state("domcontentloaded")
        for frame in self.page.frames:
            await frame.wait_for_selector("body *", state="attached")
            await frame.wait_for_function("document.styleSheets.length > 0")

    async def show(self, look: Look) -> None:
        """Show the page that is open on another kind of screen."""
        await self.page.emulate_media(color_scheme=LOOKS[look]["color_scheme"])
        await self.page.set_viewport_size(LOOKS[look]["viewport"])
        await self.settle()

    async def picture(self, path: Path, *, full_page: bool = True) -> None:
        """Keep a picture of the page."""
        # It would wait for fonts, which are there once a frame is: never, if the frame is live.
        os.environ["PW_TEST_SCREENSHOT_NO_FONTS_READY"] = "1"
        path.parent.mkdir(parents=True, exist_ok=True)
        await self.page.screenshot(path=path, full_page=full_page)


@asynccontextmanager
async def watched_page(
    browser: Browser, base: str, look: Look = "light", **options: Any
) -> AsyncGenerator[Watched, None]:
    """
    Open a page with a profile of its own.

    Args:
        browser: The browser.
        base: The address of the console.
        look: What it is shown on.
        options: More for the profile.
    """
    context = await browser.new_context(**{**LOOKS[look], **_PROFILE, **options})
    try:
        context.set_default_timeout(15_000)
        await context.add_init_script(_NOTE_VIOLATIONS)
        page = await context.new_page()
        watched = Watched(page, base)

        def note_request(request: Request) -> None:
            watched.requests.append(request.url)

        def note_message(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"}:
                watched.errors.append(message.text)

        page.on("request", note_request)
        page.on("console", note_message)
        page.on("pageerror", lambda error: watched.errors.append(str(error)))
        yield watched
    finally:
        await context.close()
