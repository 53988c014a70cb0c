"""Takes the pictures of the documentation: starts `reconciler demo` and photographs its pages, light and dark."""

import asyncio
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Literal

from playwright.async_api import ViewportSize, async_playwright

FOLDER = Path("docs") / "pictures"
PAGES = {"overview": "/", "gate": "/domains/address", "run": "/runs/4"}
SIZE: ViewportSize = {"width": 1280, "height": 1000}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
QUIETLY = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync")
NO_BACKGROUND = ("--disable-background-networking", "--disable-component-update")


def address_of(demo: "subprocess.Popen[str]") -> str:
    """Where the demo says that its dashboard is."""
    for line in demo.stdout or ():
        if line.startswith("Dashboard: "):
            return line.removeprefix("Dashboard: ").strip().rstrip("/")
    raise SystemExit("the demo ended before it served a page; run `reconciler demo` to see why")


async def photograph(chromium: str, address: str) -> None:
    """Every page, light and dark."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=[*QUIETLY, *NO_BACKGROUND])
        for scheme in SCHEMES:
            page = await browser.new_page(viewport=SIZE, color_scheme=scheme)
            for name, path in PAGES.items():
                await page.goto(address + path)
                await page.screenshot(path=FOLDER / f"{name}-{scheme}.png")
        await browser.close()


def main() -> None:
    """From a demo to pictures."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise SystemExit("no chromium on the PATH; `make browser` installs it")
    command = [str(Path(sys.executable).with_name("reconciler")), "demo", "--port", "0"]
    demo = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        asyncio.run(photograph(chromium, address_of(demo)))
    finally:
        demo.send_signal(signal.SIGINT)
        demo.wait(30)


main()
