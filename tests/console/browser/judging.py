"""Judges a page that is open: for screen readers, keyboards, and small screens."""

from dataclasses import dataclass
from typing import Any, Final

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

_WIDTHS: Final = """() => {
    const wide = document.documentElement.clientWidth;
    // What scrolls in a box of its own may be wide.
    const scrolls = (element) => {
        for (let each = element.parentElement; each; each = each.parentElement) {
            if (["auto", "scroll", "hidden", "clip"].includes(getComputedStyle(each).overflowX)) {
                return true;
            }
        }
        return false;
    };
    const over = [...document.querySelectorAll("body *")].filter(
        (each) => each.getBoundingClientRect().right > wide + 1 && !scrolls(each)
    );
    return {
        page: document.documentElement.scrollWidth,
        wide,
        over: over.slice(0, 5).map((each) => each.outerHTML.slice(0, 120)),
    };
}"""

_FOCUSED: Final = """() => {
    const element = document.activeElement;
    if (!element || element === document.body) {
        return null;
    }
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    return {
        tag: element.tagName.toLowerCase(),
        text: (
            element.getAttribute("aria-label") || element.innerText || element.name || ""
        ).trim().slice(0, 60),
        href: element.getAttribute("href") || "",
        ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1
            || style.boxShadow !== "none",
        shown: box.width > 0 && box.height > 0
            && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    };
}"""


# Long lists and payloads are judged by their beginnings: the rest is alike, and takes minutes.
_ALIKE: Final = [
    ["tbody tr:nth-child(n+5)"],
    ["article.event ~ article.event ~ article.event ~ article.event"],
    ["pre:has(> span:nth-child(200))"],
]


@dataclass(frozen=True)
class Focused:
    """
    What has the keyboard.

    Attributes:
        tag: The tag of the element.
        text: What it says.
        href: Where it leads.
        ring: Whether it is seen that it has the keyboard.
        shown: Whether it is on the screen.
    """

    tag: str
    text: str
    href: str
    ring: bool
    shown: bool


async def wider_than_screen(page: Page) -> list[str]:
    """Return what makes a page scroll sideways."""
    found: dict[str, Any] = await page.evaluate(_WIDTHS)
    if found["page"] <= found["wide"]:
        return []
    return found["over"] or [f"the page is {found['page']} px wide"]


CONTRAST: Final = "color-contrast"
"""The rule for text that is hard to tell from its background."""


async def faults_for_readers(page: Page, rules: list[str] | None = None) -> list[str]:
    """
    Return what axe-core finds: contrast, roles, names, labels, landmarks, order of headings.

    Each fault names its rule and the first element.

    Args:
        page: The page that is open.
        rules: The rules; None for all.
    """
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if rules is not None:
        options["runOnly"] = rules
    there = [each for each in _ALIKE if await page.locator(each[0]).count()]
    context = {"exclude": there} if there else None
    results = await Axe().run(page, context, options)
    return [
        f"{each['id']}: {each['nodes'][0]['html'][:160]} ({len(each['nodes'])} elements): "
        f"{each['nodes'][0]['failureSummary'][:200]}"
        for each in results.response["violations"]
    ]


async def focused(page: Page) -> Focused | None:
    """Return what has the keyboard, if anything has."""
    found = await page.evaluate(_FOCUSED)
    return None if found is None else Focused(**found)


async def walk(page: Page, most: int = 300) -> list[Focused]:
    """Press Tab until nothing more is reached, and return what had the keyboard, in order."""
    reached: list[Focused] = []
    for _ in range(most):
        await page.keyboard.press("Tab")
        found = await focused(page)
        if found is None:
            break
        reached.append(found)
    return reached
