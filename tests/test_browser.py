"""The report in a real browser: opens from disk without a network, logs nothing, fits a phone and a desk."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import pytest

from caminos.city.package import read_city
from caminos.planning.city_model import CityModel
from caminos.planning.portfolio import plan
from caminos.reports.report import write_report

BROWSER = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)
PACKAGE = Path(__file__).resolve().parent.parent / "cities" / "porto-alegre"
SETTINGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-extensions",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND", "--proxy-server=127.0.0.1:9", "--enable-logging=stderr", "--v=0",
)  # fmt: skip

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no chromium on this machine")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    model = CityModel(read_city(PACKAGE))
    return write_report(model, plan(model, 50e6, 2026, sensitivity=False), tmp_path_factory.mktemp("report"), draws=16)


def browse(target: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the browser once, with a profile of its own."""
    assert BROWSER
    command = [BROWSER, *SETTINGS, f"--user-data-dir={folder / 'profile'}", *arguments, target]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)


def picture(path: Path) -> tuple[int, int, set[bytes]]:
    """Width, height and the colours of a PNG of 8 bits a channel without interlacing (sampled by row)."""
    data, at, packed = path.read_bytes(), 8, b""
    width, height, _depth, kind = struct.unpack(">IIBB", data[16:26])
    while at < len(data):
        (size,) = struct.unpack(">I", data[at : at + 4])
        if data[at + 4 : at + 8] == b"IDAT":
            packed += data[at + 8 : at + 8 + size]
        at += 12 + size
    rows = zlib.decompress(packed)
    step = 1 + width * {2: 3, 6: 4}[kind]
    return width, height, {rows[start : start + step] for start in range(0, len(rows), step)}


def framed(report: Path, width: int, folder: Path) -> str:
    """A page that shows the report at a width below the least that a browser window takes."""
    page = folder / f"frame-{width}.html"
    page.write_text(
        f'<body style="margin:0"><iframe id="f" src="{report.as_uri()}" style="border:0;width:{width}px;height:3000px"></iframe>',
        encoding="utf-8",
    )
    return page.as_uri()


@pytest.mark.parametrize("width", [360, 1280])
def test_a_picture_of_the_report_is_not_empty(report: Path, tmp_path: Path, width: int) -> None:
    target = framed(report, width, tmp_path)
    done = browse(target, tmp_path, f"--screenshot={tmp_path / 'shot.png'}", "--window-size=1280,3000")
    shown, high, rows = picture(tmp_path / "shot.png")
    assert (shown, high) == (1280, 3000)
    assert len(rows) > 300
    assert "CONSOLE" not in done.stderr


def test_the_policy_of_the_page_is_kept(report: Path, tmp_path: Path) -> None:
    """The page breaks no rule of its own, and a script put into it afterwards is refused."""
    done = browse(report.as_uri(), tmp_path, "--dump-dom", "--virtual-time-budget=2000")
    assert "Content Security Policy" not in done.stderr
    spoiled = tmp_path / "spoiled.html"
    text = report.read_text(encoding="utf-8")
    spoiled.write_text(text.replace("</body>", "<script>document.title = 'moved'</script></body>"), encoding="utf-8")
    done = browse(spoiled.as_uri(), tmp_path, "--dump-dom", "--virtual-time-budget=2000")
    assert "Content Security Policy" in done.stderr
    assert "<title>moved" not in done.stdout


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_the_page_is_not_wider_than_the_screen(report: Path, tmp_path: Path, width: int) -> None:
    """A script of the test (the report has none) measures what sticks out of the page, scrolling parts aside."""
    text = report.read_text(encoding="utf-8")
    measure = """<script>addEventListener("load", () => {
      const wide = document.documentElement.scrollWidth, room = document.documentElement.clientWidth;
      const out = [...document.querySelectorAll("main *, header *")].filter(e => !e.closest(".scroll, .hidden, svg"))
        .filter(e => e.getBoundingClientRect().right > room + 1).slice(0, 5).map(e => e.tagName + "." + e.className);
      parent.postMessage(JSON.stringify({wide, room, out}), "*"); });</script>"""
    page = tmp_path / "measured.html"
    open_text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    page.write_text(open_text.replace("</head>", measure + "</head>"), encoding="utf-8")
    outer = tmp_path / "outer.html"
    outer.write_text(
        '<script>addEventListener("message", e => { document.title = "measured"; '
        "document.body.append(e.data); });</script>"
        f'<body><iframe src="{page.as_uri()}" style="border:0;width:{width}px;height:900px"></iframe></body>',
        encoding="utf-8",
    )
    done = browse(outer.as_uri(), tmp_path, "--dump-dom", "--virtual-time-budget=4000")
    assert f'"room":{width}' in done.stdout
    assert f'"wide":{width},' in done.stdout
    assert '"out":[]' in done.stdout


def test_it_prints_with_all_tables_open(report: Path, tmp_path: Path) -> None:
    browse(report.as_uri(), tmp_path, f"--print-to-pdf={tmp_path / 'report.pdf'}", "--no-pdf-header-footer")
    pages = (tmp_path / "report.pdf").read_bytes().count(b"/Type /Page\n")
    assert pages == 0 or pages > 10  # closed tables would leave about eight pages
    assert (tmp_path / "report.pdf").stat().st_size > 100_000
