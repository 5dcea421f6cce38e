"""
``python -m tests.console.browser.pictures`` takes the pictures of ``docs/console.md`` again.

They are of the shop that the tests look at. It needs Chromium, and Pillow.
"""

import asyncio
from pathlib import Path
from typing import Final

from PIL import Image

from event_store_async.console import console_app

from .chromium import Look, run_chromium, watched_page
from .pages import PAGES
from .sample import sample
from .serving import serving

FOLDER: Final = Path(__file__).parents[3] / "docs" / "console"

SHOWN: Final[tuple[tuple[str, Look, int], ...]] = (
    ("overview", "light", 860),
    ("stream", "light", 800),
    ("chain", "light", 860),
    ("feed", "dark", 800),
    ("subscription-holding", "light", 860),
    ("parked-stream", "dark", 800),
    ("subscriptions", "narrow", 844),
)
"""Each picture: the page, the look, and its height in pixels."""


async def take() -> list[Path]:
    """Take the pictures, and return where they are."""
    taken: list[Path] = []
    FOLDER.mkdir(parents=True, exist_ok=True)
    async with (
        sample() as shop,
        serving(console_app(shop.store, allow_changes=True, authorize=lambda _: "ann")) as base,
        run_chromium() as browser,
        watched_page(browser, base) as measuring,
    ):
        # Rates and plots begin with the first look: some seconds of them are shown.
        await measuring.open(PAGES["overview"](shop))
        for _ in range(20):
            await shop.place_order(len(shop.orders) + 1)
            await asyncio.sleep(1)
        for name, look, height in SHOWN:
            await measuring.open(PAGES[name](shop))
            await measuring.show(look)
            for _ in range(2):
                await asyncio.sleep(1.5)
                await shop.place_order(len(shop.orders) + 1)
            await asyncio.sleep(0.5)
            width = measuring.page.viewport_size["width"]  # type: ignore[index]
            await measuring.page.set_viewport_size({"width": width, "height": height})
            path = FOLDER / f"{name}.png"
            await measuring.picture(path, full_page=False)
            with Image.open(path) as picture:
                picture.convert("RGB").save(
                    path.with_suffix(".webp"), "WEBP", lossless=True, method=6
                )
            path.unlink()
            taken.append(path.with_suffix(".webp"))
    return taken


def main() -> None:
    """Take the pictures, and say how large they are."""
    for path in asyncio.run(take()):
        print(f"{path.relative_to(FOLDER.parents[1])}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
