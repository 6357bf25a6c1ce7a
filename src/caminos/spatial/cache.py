"""Results kept by content: the same files and settings give the kept arrays at once, anything else is computed."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caminos.files import write_atomic
from caminos.i18n import _

Arrays = dict[str, NDArray[Any]]

HASH_BYTES = 20


def kept(
    folder: Path | None,
    name: str,
    files: Sequence[Path],
    parameters: Mapping[str, Any],
    version: str,
    compute: Callable[[], Mapping[str, NDArray[Any]]],
) -> Arrays:
    """The arrays that `compute` gives, read from `folder` if they were computed before from the same.

    "The same" is the content of `files` (their names and dates do not matter), `parameters` (numbers, text, arrays,
    lists, mappings, None), and `version`, which whoever changes the function behind `compute` changes too. `name`
    begins the file's name, so that people see what it is. With folder None nothing is kept. An entry that is
    broken is computed again. Arrays of objects cannot be kept: ValueError.
    """
    if folder is None:
        return {key: np.asarray(value) for key, value in compute().items()}
    path = Path(folder) / f"{name}-{content_key(files, parameters, version)}.npz"
    found = _read(path)
    if found is not None:
        return found
    arrays = {key: np.asarray(value) for key, value in compute().items()}
    _write(path, arrays)
    return arrays


def content_key(files: Sequence[Path], parameters: Mapping[str, Any], version: str) -> str:
    """The hash of files' contents, parameters and version. Raises OSError for a file that cannot be read."""
    whole = hashlib.blake2b(digest_size=HASH_BYTES)
    for path in files:
        with Path(path).open("rb") as stream:
            whole.update(hashlib.file_digest(stream, "blake2b").digest())
    whole.update(json.dumps([_plain(parameters), version], sort_keys=True).encode())
    return whole.hexdigest()


def _plain(value: Any) -> Any:
    """A value in a form that is written in one way only; types that look alike stay apart."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, np.ndarray) and value.dtype.kind != "O":
        content = hashlib.blake2b(np.ascontiguousarray(value).tobytes(), digest_size=HASH_BYTES).hexdigest()
        return {"array": [content, value.dtype.str, list(value.shape)]}
    if isinstance(value, Mapping):
        return {"mapping": sorted([str(key), _plain(each)] for key, each in value.items())}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(each) for each in value]
    if isinstance(value, Path):
        raise TypeError(_("parameters: {path} is a path; hand it over in files, whose content counts.", path=value))
    if hasattr(value, "wkb"):
        return {"geometry": hashlib.blake2b(value.wkb, digest_size=HASH_BYTES).hexdigest()}
    if hasattr(value, "__dataclass_fields__"):
        return {type(value).__name__: _plain({key: getattr(value, key) for key in value.__dataclass_fields__})}
    raise TypeError(_("parameters: {kind} has no content that can be compared.", kind=type(value).__name__))


def _read(path: Path) -> Arrays | None:
    """Kept arrays; None if there are none or the file is broken (its checksums are compared)."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {key: archive[key] for key in archive.files}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _write(path: Path, arrays: Arrays) -> None:
    """Whole or not at all: written beside and moved into place."""
    if unfit := [key for key, value in arrays.items() if value.dtype.kind == "O"]:
        raise ValueError(_("{name}: an array of objects cannot be kept; give numbers or text.", name=unfit[0]))
    content = io.BytesIO()
    np.savez(content, **arrays)  # type: ignore[arg-type]
    write_atomic(path, content.getvalue())
