"""Files of maps: read as what their ending says they are, whatever stands in them, and by no other name.

GDAL knows some two hundred forms and guesses by content: a file named .tif may be a list of addresses to fetch or of
other files to open. So the ending chooses the driver, the first bytes must be those of that form, the network is off,
and the size is asked before anything is read.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from caminos.files import inside, unreadable
from caminos.i18n import _, number
from caminos.problems import ERROR, Problem

LARGEST_FILE = 20e9  # bytes
LARGEST_UNPACKED = 4e9  # bytes of what is in a zip
MOST_MEMBERS = 10_000  # of a zip
HEAD = 4096  # bytes in which the form shows
PIPELINE = b"gdal_streamed_alg"  # JSON that makes GDAL open other files
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
SIDECARS = (".ovr", ".msk")  # GDAL opens them with the raster


@dataclass(frozen=True)
class Form:
    """A form of map file: GDAL's driver for it and how it may begin; an empty beginning fits any."""

    driver: str
    beginnings: tuple[bytes, ...] = (b"",)


RASTERS = {".tif": Form("GTiff", TIFF), ".tiff": Form("GTiff", TIFF)}
LAYERS = {
    ".gpkg": Form("GPKG", (b"SQLite format 3\0",)),
    ".geojson": Form("GeoJSON", (b"{",)),
    ".json": Form("GeoJSON", (b"{",)),
    ".shp": Form("ESRI Shapefile", (b"\0\0\x27\x0a",)),
    ".fgb": Form("FlatGeobuf", (b"fgb\x03",)),
}
ZIP = Form("", (b"PK",))
VECTORS = {**LAYERS, ".zip": ZIP}
EXTRACTS = {".pbf": Form("pbf"), ".osm": Form("osm", (b"<",))}
TABLES = {".csv": Form(""), ".txt": Form(""), ".tsv": Form("")}
FEEDS = {".zip": ZIP}

OFFLINE: Mapping[str, str] = {
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "{none}",
    "GDAL_HTTP_PROXY": "127.0.0.1:9",  # where nobody listens
    "GDAL_HTTP_MAX_RETRY": "0",
    "GDAL_HTTP_TIMEOUT": "1",
    "GDAL_PAM_ENABLED": "NO",  # .aux.xml may name other files
    "GDAL_VRT_ENABLE_PYTHON": "NO",
    "OGR_SQLITE_ALLOW_EXTERNAL_ACCESS": "NO",
}
"""Options under which GDAL fetches nothing and follows nothing."""


def found_in(folder: Path, name: str) -> Path | None:
    """The path of a file or folder `name` that lies in `folder`, links followed; None if there is none.

    Raises FileError for a name that leads out of the folder.
    """
    if not (folder / name).exists() and ".." not in Path(name).parts and not Path(name).is_absolute():
        return None
    path = inside(folder, name)
    beside = path.iterdir() if path.is_dir() else path.parent.iterdir()
    for part in beside:  # what belongs to a map: the files of a feed, the parts of a shapefile, overviews
        if path.is_dir() or part.name.startswith(f"{path.stem}."):
            inside(folder, str(part.relative_to(folder)))
    return path


def refused(path: Path, forms: Mapping[str, Form]) -> Problem | None:
    """Why a file is not opened as one of `forms` (by ending); None if it may be."""

    def error(message: str, fix: str) -> Problem:
        return Problem(ERROR, path.name, None, "", message, fix)

    if not path.is_file() or "/vsi" in str(path.absolute())[:5]:
        return error(_("There is no such file."), _("Check its name and folder."))
    form = forms.get(path.suffix.lower())
    if form is None:
        known = ", ".join(sorted(forms))
        return error(
            _("Files that end in {ending} are not read.", ending=repr(path.suffix)),
            _("Export it as one of: {known}.", known=known),
        )
    if problem := unreadable(path, LARGEST_FILE):
        return problem
    with path.open("rb") as stream:
        wrong = not fits(stream.read(HEAD), form)
    if wrong or any(not _is_tiff(path.with_name(path.name + ending)) for ending in SIDECARS if forms is RASTERS):
        message = _("The file is not what its ending {ending} says.", ending=path.suffix)
        return error(message, _("Export it again; it may be cut off, or another form under a new name."))
    return _unpacked(path) if form is ZIP else None


def fits(head: bytes, form: Form) -> bool:
    """Whether a file that begins with `head` may be of a form."""
    plain = head.removeprefix(b"\xef\xbb\xbf").lstrip() if form.beginnings in ((b"{",), (b"<",)) else head
    return plain.startswith(form.beginnings) and PIPELINE not in head


def _is_tiff(path: Path) -> bool:
    if not path.is_file():
        return True
    with path.open("rb") as stream:
        return stream.read(4) in TIFF


def _unpacked(path: Path) -> Problem | None:
    """A zip that is broken or holds more than can be meant."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as failure:
        message = _("The zip file cannot be read: {error}", error=failure)
        return Problem(ERROR, path.name, None, "", message, _("Copy it again; it may be cut off."))
    return too_much(path.name, len(members), sum(member.file_size for member in members))


def too_much(name: str, count: int, size: int) -> Problem | None:
    """A zip or a folder of more files or bytes than a city's map or timetable has; None if it is bearable."""
    if count <= MOST_MEMBERS and size <= LARGEST_UNPACKED:
        return None
    message = _(
        "Unpacked it has {count} files of {size} GB; more than {most} files or {largest} GB are not read.",
        count=count,
        size=number(size / 1e9),
        most=MOST_MEMBERS,
        largest=number(LARGEST_UNPACKED / 1e9),
    )
    return Problem(ERROR, name, None, "", message, _("Pack only the files of the layer or feed."))
