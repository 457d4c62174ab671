"""The files of dag_managed_operators: read without ever leaving the folder, executed for the functions that DAGs name.

Each file becomes a module of the private package `_dag_managed_operators`: checks.py is
`_dag_managed_operators.checks`. It is not on sys.path, so it can shadow no real module and a file may be called
`json.py`. Files reach each other by relative imports (`from .helpers import clean`, or `from ..helpers` in a
subfolder); a plain `import helpers` looks for an installed module. They are executed by DAG processors and workers
only (ManagedCallables).
"""

from __future__ import annotations

import importlib.util
import marshal
import os
import stat
import sys
from functools import lru_cache
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import ModuleType
from typing import TYPE_CHECKING, Any, Callable

from openmetadata_airflow_apis.errors import DagNotBuilt

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import CodeType

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC


def path_parts(relative: str) -> list[str]:
    """Return the parts of a callable file's path, such as ["growth", "cohorts.py"].

    Raises ValueError with the reason if a part is not a plain Python name, or the file is no .py file.
    """
    if not relative.endswith(".py"):
        raise ValueError(f"'{relative}' is not the name of a .py file")
    parts = relative.split("/")
    for part in (*parts[:-1], parts[-1][:-3]):
        if not (part.isascii() and part.isidentifier()):
            raise ValueError(
                f"'{relative}' is not a path below dag_managed_operators of plain Python names, "
                "such as checks.py or growth/cohorts.py"
            )
    return parts


def read_source(folder: str, relative: str) -> bytes:
    """Return the bytes of a callable file, opened part by part without following symbolic links.

    `folder` itself may be a link: the operator set it. Raises ValueError as path_parts does, FileNotFoundError,
    and OSError if a part is a link or not a folder, or the file is not a regular one.
    """
    return _read_regular(folder, path_parts(relative), relative)


def read_document(folder: str, relative: str) -> str:
    """Return the text of any file below the folder; raise ValueError and OSError as read_source does."""
    parts = relative.split("/")
    if not {"", ".", ".."}.isdisjoint(parts) or "\0" in relative:
        raise ValueError(f"'{relative}' is not a path below dag_managed_operators, such as docs/catalogue.md")
    return _read_regular(folder, parts, relative).decode()


def read_module(folder: str, names: list[str]) -> tuple[bytes | None, bool]:
    """Return the source of a module below the folder, and whether it is a package: ["growth"] is growth.py or growth/.

    As in Python, a folder takes precedence over a file of its name; its source is that of its __init__.py, None if it
    has none. Raises ValueError and OSError as read_source does.
    """
    *folders, name = names
    path_parts("/".join(names) + ".py")
    descriptor = _open_folder(folder, folders)
    try:
        try:
            package = os.open(name, _READ | os.O_DIRECTORY, dir_fd=descriptor)
        except OSError:
            return _read_in(descriptor, f"{name}.py", name), False
        try:
            return _read_in(package, "__init__.py", name), True
        except FileNotFoundError:
            return None, True
        finally:
            os.close(package)
    finally:
        os.close(descriptor)


def _read_regular(folder: str, parts: list[str], relative: str) -> bytes:
    *folders, name = parts
    descriptor = _open_folder(folder, folders)
    try:
        return _read_in(descriptor, name, relative)
    finally:
        os.close(descriptor)


def _read_in(folder: int, name: str, relative: str) -> bytes:
    """Return the bytes of a regular file in an open folder; relative: what an error calls it."""
    descriptor = os.open(name, _READ | os.O_NONBLOCK, dir_fd=folder)  # a blocking open of a FIFO waits for ever
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"'{relative}' is not a regular file")
        return read_whole(descriptor, status.st_size)
    finally:
        os.close(descriptor)


def read_whole(descriptor: int, size: int) -> bytes:
    """Return the bytes of an open file that had this size a moment ago; Python's own file objects would ask again."""
    pieces = []
    while piece := os.read(descriptor, size + 1):
        pieces.append(piece)
    return b"".join(pieces)


def is_folder(folder: str, names: list[str]) -> bool:
    """Tell whether folder/names[0]/names[1]/… is a folder that is reached without following symbolic links."""
    try:
        os.close(_open_folder(folder, names))
    except OSError:
        return False
    return True


def _open_folder(folder: str, names: list[str]) -> int:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    for name in names:
        above = descriptor
        try:
            descriptor = os.open(name, _READ | os.O_DIRECTORY, dir_fd=above)
        finally:
            os.close(above)
    return descriptor


PACKAGE = "_dag_managed_operators"
# The flags in the header of a compiled file: valid while its hash is that of the source (PEP 552).
_CHECKED_HASH = (0b11).to_bytes(4, "little")


class ManagedCallables:
    """Returns functions by file and name; one object serves one parse, in which each file is executed once.

    folder: where the files are; by default the option dag_managed_operators, read when the first function is needed.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        self._folder = folder
        self._modules: dict[str, ModuleType] | None = None
        self._sums: dict[str, str] = {}

    @property
    def folder(self) -> str:
        """The folder of the files."""
        if self._folder is None:
            from openmetadata_airflow_apis.settings import Settings

            self._folder = str(Settings.load_option("dag_managed_operators"))
        return os.fspath(self._folder)

    def __call__(self, file: str, name: str) -> Callable[..., Any]:
        """Return the function `name` of `file`; raise DagNotBuilt with the reason if that can't be done."""
        if self._modules is None:
            self._modules = {}
            _FINDER.start_parse(self.folder)
        module = self._modules.get(file)
        if module is None:
            module = self._modules[file] = self._load(file)
        function = getattr(module, name, None)
        if not callable(function):
            raise DagNotBuilt((), f"the file '{file}' in {_FINDER.folder} has no function '{name}'")
        return function

    def sha256(self, file: str) -> str | None:
        """Return the sha256 of a file that was executed, None for one that was not."""
        module = (self._modules or {}).get(file)
        if module is None:
            return None
        if file not in self._sums:
            from hashlib import sha256

            spec = module.__spec__
            self._sums[file] = sha256((spec.loader_state if spec is not None else None) or b"").hexdigest()
        return self._sums[file]

    def are_current(self) -> bool:
        """Tell whether the files that were executed, and those that these import, are still as they were then."""
        return self._modules is None or _FINDER.sources_are_current()

    def _load(self, file: str) -> ModuleType:
        try:
            parts = path_parts(file)
        except ValueError as error:
            raise _unreadable(file, error) from None
        name = ".".join([PACKAGE, *parts])[: -len(".py")]
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is not None and f"{name}.".startswith(f"{error.name}."):  # not what the file itself imports
                try:
                    read_source(_FINDER.folder, file)
                except OSError as reason:
                    raise _unreadable(file, reason) from None
            raise
        if getattr(module.__spec__, "origin", None) != os.path.join(_FINDER.folder, *parts):  # noqa: PTH118 - for speed
            raise DagNotBuilt((), f"'{file}' has a folder of the same name beside it; rename one of them")
        return module


def managed_name(path: str) -> str | None:
    """Return the name by which definitions know a file of the folder, such as growth/cohorts.py; None for others."""
    folder = os.path.join(_FINDER.folder, "")  # noqa: PTH118 - as the loader spells it
    return path[len(folder) :] if _FINDER.folder and path.startswith(folder) else None


def _unreadable(file: str, reason: Exception) -> DagNotBuilt:
    return DagNotBuilt((), f"the file '{file}' in {_FINDER.folder} can't be read: {reason}")


class _ManagedFinder(MetaPathFinder, Loader):
    """Finds and executes the modules below PACKAGE, and no others."""

    folder = ""

    def __init__(self) -> None:
        self._loaded: list[str] = []

    def start_parse(self, folder: str) -> None:
        """Forget what an earlier parse loaded, so that every parse sees the files as they are now."""
        for name in self._loaded:
            sys.modules.pop(name, None)
        self._loaded.clear()
        self.folder = folder
        if PACKAGE not in sys.modules:
            package = ModuleType(PACKAGE, "The private package of the files in dag_managed_operators.")
            package.__path__ = []  # not a namespace of Python's own: only this finder looks below it
            sys.modules[PACKAGE] = package
            sys.meta_path.insert(0, self)  # the others look through folders for each of these modules, in vain

    def sources_are_current(self) -> bool:
        """Tell whether every file that this parse has executed is as it was; what failed is executed again anyway."""
        for name in self._loaded:
            spec = getattr(sys.modules.get(name), "__spec__", None)
            if spec is None or spec.origin is None:
                continue
            try:
                source = read_source(self.folder, os.path.relpath(spec.origin, self.folder))
            except (OSError, ValueError):
                source = None
            if source != spec.loader_state:
                return False
        return True

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,  # noqa: ARG002 - the import system's signature
        target: ModuleType | None = None,  # noqa: ARG002 - the import system's signature
    ) -> ModuleSpec | None:
        if not fullname.startswith(PACKAGE + "."):
            return None
        names = fullname.split(".")[1:]
        try:
            source, is_package = read_module(self.folder, names)
        except (OSError, ValueError):
            return None
        file = (*names, "__init__.py") if is_package else (*names[:-1], f"{names[-1]}.py")
        origin = os.path.join(self.folder, *file)  # noqa: PTH118 - for speed
        spec = ModuleSpec(fullname, self, origin=origin, is_package=is_package, loader_state=source)
        spec.has_location = source is not None
        return spec

    def exec_module(self, module: ModuleType) -> None:
        self._loaded.append(module.__name__)
        spec = module.__spec__
        if spec is not None and spec.loader_state is not None:
            exec(_code_of(spec.loader_state, spec.origin or ""), module.__dict__)  # nosec B102 # noqa: S102 - importing is executing


@lru_cache(maxsize=256)
def _code_of(source: bytes, path: str) -> CodeType:
    """Return the compiled code of a source, from __pycache__ if an earlier process has left it there.

    The DAG processor parses each DAG file in a process of its own, so that code that is kept only in memory would be
    compiled at every parse. The compiled file is of the kind that Python checks by the source's hash (PEP 552).
    """
    source_hash = importlib.util.source_hash(source)
    header = importlib.util.MAGIC_NUMBER + _CHECKED_HASH + source_hash
    compiled_path = importlib.util.cache_from_source(path)
    try:
        with open(compiled_path, "rb", buffering=0) as file:  # noqa: PTH123 - without pathlib, for speed
            data = file.read()
        if data.startswith(header):
            return marshal.loads(data[len(header) :])  # nosec B302 # noqa: S302 - whoever could write it could write the source
    except (OSError, EOFError, ValueError, TypeError):
        pass  # not there, or torn
    code = compile(source, path, "exec", dont_inherit=True)
    if not sys.dont_write_bytecode:
        # Atomic, and silent if the folder may not be written.
        SourceFileLoader("", path).set_data(compiled_path, header + marshal.dumps(code))
    return code


_FINDER = _ManagedFinder()
