"""Makes the pictures of the README, SVG files for a light and a dark page.

`PYTHONPATH=tests python -m support.pictures [NAME ...]` does it. They stand in tests/readme, where a test makes them
again and compares what is said in them.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from support import ROOT

PLACE = ROOT / "tests" / "readme"
README = ROOT / "README.md"
CHROMIUM = "/usr/bin/chromium"
SCHEMES = ("light", "dark")


def program(heading: str) -> str:
    """The first Python block of the README below a heading."""
    section = README.read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2]
    return re.search(r"```python\n(.*?)```", section, re.DOTALL)[1]


@contextlib.contextmanager
def script(heading: str, name: str) -> Iterator[Path]:
    """The program below a heading as a file in a folder of its own, which is the current folder meanwhile."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_text(program(heading), encoding="utf-8")
        os.chdir(folder)
        try:
            yield path
        finally:
            os.chdir(before)


def command(*arguments: str) -> str:
    """What the command prints."""
    run = [sys.executable, "-m", "tinygrad_mlp", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(run, capture_output=True, text=True, check=True, env=environment).stdout


# -- pictures of the tape ------------------------------------------------------------------------------


def in_scheme(svg: str, scheme: str) -> str:
    """A picture that follows the reader's system, in one scheme only: a page may have another than the system."""
    start = svg.index("@media (prefers-color-scheme: dark) {")
    end = svg.index("\n}\n", start) + 3
    dark = svg[start:end].partition("{")[2].rpartition("}")[0]
    return svg[:start] + (dark.strip() + "\n" if scheme == "dark" else "") + svg[end:]


def tape_picture() -> dict[str, str]:
    with script(LEARNER, "five_lines.py") as path:
        command("tape", "--svg", "tape.svg", path.name)
        svg = Path("tape.svg").read_text(encoding="utf-8")
    return {scheme: in_scheme(svg, scheme) for scheme in SCHEMES}


# -- pictures of a terminal ----------------------------------------------------------------------------

# rich's frame around the text, without the fonts that it would fetch from the network.
_TERMINAL = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace;
  font-size: {char_height}px; line-height: {line_height}px; }}
{styles}
</style>
<defs>{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})">{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g>
</svg>
"""


def terminal_picture(show: Callable[[Any], None], width: int = 104) -> dict[str, str]:
    """What a function prints on a console of rich."""
    from rich.console import Console
    from rich.terminal_theme import DEFAULT_TERMINAL_THEME, SVG_EXPORT_THEME

    themes = {"light": DEFAULT_TERMINAL_THEME, "dark": SVG_EXPORT_THEME}
    console = Console(record=True, width=width, file=io.StringIO(), force_terminal=True)
    show(console)
    return {
        scheme: console.export_svg(
            title="", theme=themes[scheme], clear=False, code_format=_TERMINAL, unique_id="terminal"
        )
        for scheme in SCHEMES
    }


def walk_picture() -> dict[str, str]:
    """`--walk` at its second event, as a terminal shows it."""
    with script(LEARNER, "five_lines.py") as path:
        printed = command("tape", "--walk", path.name)  # all events, because the output is no terminal
    starts = [match.start() for match in re.finditer(r"^(%\d+ \w+ runs|sum of|\w+\.grad: )", printed, re.MULTILINE)]
    shown = printed[starts[1] : starts[2]].rstrip()
    from rich.text import Text

    from tinygrad_mlp.viz.walk import HELP

    def show(console: Any) -> None:
        console.print(f"$ tinygrad-mlp tape --walk {path.name}\n", markup=False, highlight=False)
        console.print(Text(f"event 2   {HELP}\n", style="dim"))
        console.print(Text(shown))

    return terminal_picture(show)


# -- pictures of pages ---------------------------------------------------------------------------------

# Turns the page in the browser into an SVG with the page in it: canvases become images, the rules of the style sheets
# that do not hold at this size and in this scheme are left out, and what speaks of the root speaks of an element.
_CLONE = """() => {
  const width = window.innerWidth, height = window.innerHeight;
  const canvases = [...document.querySelectorAll("canvas")];
  const copy = document.body.cloneNode(true);
  [...copy.querySelectorAll("canvas")].forEach((canvas, i) => {
    const image = document.createElement("img");
    image.src = canvases[i].toDataURL();
    image.setAttribute("style", canvas.getAttribute("style") + "; display: block; image-rendering: pixelated");
    image.alt = "";
    canvas.replaceWith(image);
  });
  copy.querySelectorAll("script, [hidden], .hidden").forEach((element) => element.remove());
  for (const element of copy.querySelectorAll("input")) element.setAttribute("value", element.value);
  const rules = [];
  const add = (list) => {
    for (const rule of list) {
      if (rule instanceof CSSMediaRule) { if (matchMedia(rule.conditionText).matches) add(rule.cssRules); }
      else rules.push(rule.cssText);
    }
  };
  for (const sheet of document.styleSheets) add(sheet.cssRules);
  const css = rules.join("\\n").replaceAll(/:root(:not\\([^)]*\\))?/g, ".page-root")
    .replaceAll(/^html\\b/gm, ".page-root")
    .replaceAll(/^body\\b/gm, ".page-body").replaceAll("100vh", "100%")
    + "\\n.page-root * { scrollbar-width: none; }";
  const inside = new XMLSerializer().serializeToString(copy)
    .replace(/^<body/, '<div class="page-body"').replace(/<\\/body>$/, "</div>");
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<foreignObject width="${width}" height="${height}"><div xmlns="http://www.w3.org/1999/xhtml" class="page-root"
style="width: ${width}px; height: ${height}px; overflow: hidden"
><style>${css.replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</style>${inside}</div></foreignObject></svg>\\n`;
}"""


def page_picture(path: Path, link: str, width: int, height: int, click: str | None = None) -> dict[str, str]:
    """A page as it stands in the browser, after a click on a text if there is one to click on."""
    from playwright.sync_api import sync_playwright

    found = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for scheme in SCHEMES:
            page = browser.new_page(
                viewport={"width": width, "height": height}, color_scheme=scheme, device_scale_factor=2
            )
            page.goto(f"file://{path}{link}")
            if click is not None:
                page.get_by_text(click).first.click()
            found[scheme] = page.evaluate(_CLONE)
        browser.close()
    return found


def tape_page() -> dict[str, str]:
    with script(LEARNER, "five_lines.py") as path:
        command("tape", "--html", "tape.html", path.name)
        return page_picture(Path("tape.html").resolve(), "#step=2&pass=backward", 1280, 880)


def run_page() -> dict[str, str]:
    """The page of a training, without what is another in each run and on each machine."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            command("train", "--html", "run.html")
            page = Path("run.html").read_text(encoding="utf-8")
            page = re.sub(r'\["Time to train",\s*"[^"]*"\]', '["Time to train", "a moment"]', page)
            page = re.sub(r" \(Python [^)]*\)", "", page)
            Path("run.html").write_text(page, encoding="utf-8")
            return page_picture(Path("run.html").resolve(), "", 1280, 1600)
        finally:
            os.chdir(before)


def compiled_page() -> dict[str, str]:
    """The page of the step of the README's section on compile, with a line of its program chosen."""
    setup = program("A program").partition("for step in")[0]
    step = program("A step as a NumPy program").partition("\nfor number in")[0]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "program.py")
        path.write_text(f'{setup}\n{step}\nstep()\nstep()\nstep.to_html("step.html")\n', encoding="utf-8")
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        subprocess.run([sys.executable, path.name], check=True, env=environment, cwd=folder)
        return page_picture(Path(folder, "step.html"), "", 1280, 1000, click="np.dot(sum_, w2.T")


LEARNER = "Ten minutes for the learner"
PICTURES: dict[str, Callable[[], dict[str, str]]] = {
    "picture": tape_picture,
    "walk": walk_picture,
    "page": tape_page,
    "run": run_page,
    "compiled": compiled_page,
}

if __name__ == "__main__":
    for name in sys.argv[1:] or PICTURES:
        for scheme, svg in PICTURES[name]().items():
            (PLACE / f"{name}-{scheme}.svg").write_text(svg, encoding="utf-8")
