"""Writing files: each whole or not at all, several as one set, and nothing but a regular file is ever replaced."""

from __future__ import annotations

import csv
import errno
import io
import os
import re
import secrets
import shutil
import time
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from platform import node

from caminos.i18n import _
from caminos.problems import ERROR, CaminosError, Problem

OLD = 86_400.0  # seconds after which a passing file is left over, whoever made it
_HOST = f"{zlib.crc32(node().encode()):08x}"
_PASSING = re.compile(r"\..*\.caminos-([0-9a-f]{8})-(\d{1,10})-[0-9a-f]{8}", re.DOTALL)


class FileError(CaminosError):
    """A path to which nothing is written."""


def inside(folder: Path, name: str) -> Path:
    """The path of `name` in `folder`; raises FileError if it would lie anywhere else, links followed."""
    parts = Path(name).parts
    plain = name.isprintable() and parts and not Path(name).is_absolute() and ".." not in parts
    path = folder / name if plain else folder
    if not plain or not path.resolve().is_relative_to(folder.resolve()) or path == folder:
        raise FileError(_("{name} does not lie in the folder {folder}.", name=repr(name), folder=folder))
    return path


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write a file whole or not at all: a reader sees the old content or the new, nothing between.

    Raises FileError for a path that is there and is no regular file, OSError if the disk refuses.
    """
    write_set(path.parent, {path.name: content})


def write_set(folder: Path, contents: Mapping[str, str | bytes]) -> list[Path]:
    """Write several files of a folder as one set: after any failure all are the new ones or all the old ones.

    All are written in full under passing names first, then renamed one after the other in the order given; if a
    rename fails, those done are undone. Only a crash of the whole process between two renames (microseconds) can
    leave some new files beside some old ones; each is whole even then, and running again mends it. Raises FileError
    for a name outside the folder or one that is there and is no regular file, OSError if the disk refuses.
    """
    for name in contents:
        refuse_special(folder / name)
    targets = {inside(folder, name): content for name, content in contents.items()}
    for parent in {target.parent: None for target in targets}:
        parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(parent)
    passing: dict[Path, Path] = {}
    kept: dict[Path, Path | None] = {}
    try:
        for target, content in targets.items():
            passing[target] = _passing_name(target)
            _write_through(passing[target], content)
        for target, temporary in passing.items():
            kept[target] = _keep(target)
            os.replace(temporary, target)
    except BaseException:
        for target, old in kept.items():
            _undo(target, old, passing[target])
        raise
    finally:
        for left in (*passing.values(), *kept.values()):
            if left is not None:
                left.unlink(missing_ok=True)
    return list(targets)


def write_folder(folder: Path, contents: Mapping[str, str | bytes]) -> None:
    """Make a new folder with all its files at once; raises FileExistsError if the name is there already.

    The files are written beside it under a passing name and the folder appears by one rename.
    """
    if os.path.lexists(folder):
        raise FileExistsError(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(folder.parent)
    temporary = _passing_name(folder)
    temporary.mkdir()
    try:
        write_set(temporary, contents)
        os.rename(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def refuse_special(path: Path) -> None:
    """Raise FileError unless `path` is a regular file or a new name.

    A link is refused even if it leads to a regular file: writing through it would write outside the folder that
    was named, and replacing it would take away what someone has set up.
    """
    if path.is_symlink():
        raise FileError(_("{file} is a link; nothing is written through it. Name the file itself.", file=path))
    if path.exists() and not path.is_file():
        raise FileError(_("{file} is not a file that can be replaced. Name a file, or a new one.", file=path))


def refuse_folder(folder: Path) -> None:
    """Raise OSError, before any work is done for it, where a folder is not there and cannot be made."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not there.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(there))
    if not os.access(there, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(there))


def unreadable(path: Path, largest: float) -> Problem | None:
    """What is no file (and might never end, as a pipe), or one larger than `largest` bytes; None if it may be read."""
    if path.exists() and not path.is_file():
        message = _("This is not a file: it is a folder or a device.")
        return Problem(ERROR, path.name, None, "", message, _("Put the file itself there."))
    if path.exists() and (size := path.stat().st_size) > largest:
        sizes = {"size": f"{size / 1e6:.0f}", "most": f"{largest / 1e6:.0f}"}
        message = _("The file has {size} MB; more than {most} MB are not read.", **sizes)
        return Problem(ERROR, path.name, None, "", message, _("Keep only what is of the city."))
    return None


def remove_leftovers(folder: Path) -> None:
    """Remove passing files and folders that killed runs left in `folder`; no other file is touched."""
    with suppress(OSError):  # another run may remove them at the same time
        for path in folder.iterdir():
            made = _PASSING.fullmatch(path.name)
            if made and (_gone(made[1], int(made[2])) or time.time() - path.lstat().st_mtime > OLD):
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)


def table_text(columns: Iterable[str], rows: Iterable[Mapping[str, object]]) -> str:
    """Rows as CSV text with `columns` in this order, newline-terminated, the same on every system."""
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def _passing_name(path: Path) -> Path:
    """A name beside `path` that tells whose it is: of this machine and process."""
    return path.with_name(f".{path.name[:40]}.caminos-{_HOST}-{os.getpid()}-{secrets.token_hex(4)}")


def _gone(host: str, process: int) -> bool:
    """Whether the process that made a passing file has ended; False where that cannot be known."""
    if host != _HOST or os.name != "posix":
        return False
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except OSError:
        return False
    return False


def _write_through(path: Path, content: str | bytes) -> None:
    with path.open("xb") as stream:
        stream.write(content.encode("utf-8") if isinstance(content, str) else content)
        stream.flush()
        os.fsync(stream.fileno())


def _keep(target: Path) -> Path | None:
    """The old file under a second, passing name, so that it can be put back; None if there is none."""
    if not target.exists():
        return None
    kept = _passing_name(target)
    try:
        os.link(target, kept)
    except OSError:  # a disk without hard links
        shutil.copy2(target, kept)
    return kept


def _undo(target: Path, old: Path | None, temporary: Path) -> None:
    """Put the old file back where the new one has taken its place."""
    if temporary.exists():
        return  # it was not renamed
    if old is None:
        target.unlink(missing_ok=True)
    else:
        os.rename(old, target)
