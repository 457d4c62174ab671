"""Finds functions in callable files, by their syntax tree: the files are never imported here."""

from __future__ import annotations

import ast
import inspect
import os
from dataclasses import dataclass

from openmetadata_airflow_apis.dagbuild.callable_files import is_folder, read_document, read_source
from openmetadata_airflow_apis.dagbuild.callable_syntax import own_parameters, top_level
from openmetadata_airflow_apis.dagbuild.stand_ins import StandIns
from openmetadata_airflow_apis.definition import nearest
from openmetadata_airflow_apis.definition.fault_messages import nearest_or_all


@dataclass(frozen=True)
class Unfit:
    """Why a callable can't be used. about_file: the file is at fault, not the function's name."""

    reason: str
    about_file: bool = False


class ManagedFunctions:
    """Looks into the files of one folder, dag_managed_operators; each is read once."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = os.fspath(folder)
        self._stand_ins = StandIns(folder)
        self._files: dict[str, dict[str, ast.stmt] | Unfit] = {}
        self._signatures: dict[tuple[str, str], inspect.Signature] = {}

    def find(self, file: str, name: str) -> Unfit | None:
        """Return why the function `name` of `file` can't be used, or None if it can."""
        definitions = self._definitions(file)
        if isinstance(definitions, Unfit):
            return definitions
        if name not in definitions:
            functions = [known_name for known_name, node in definitions.items() if isinstance(node, _CALLABLE_NODES)]
            return Unfit(f"'{file}' in dag_managed_operators has no function '{name}'{nearest_or_all(name, functions)}")
        if isinstance(definitions[name], ast.Import):
            return Unfit(f"'{name}' in '{file}' is a module, not a function")
        return None

    def has(self, file: str, name: str) -> bool:
        """Tell whether a file has a function, or a class, of that name."""
        definitions = self._definitions(file)
        return isinstance(definitions, dict) and isinstance(definitions.get(name), _CALLABLE_NODES)

    def file_with(self, name: str) -> str | None:
        """Return a file that has a function of that name, None if none has."""
        return next((file for file in sorted(_python_files(self._folder)) if self.has(file, name)), None)

    def signature(self, file: str, name: str) -> inspect.Signature | None:
        """Return the parameters of a function that `find` has found, None if only running the file would show them."""
        definitions = self._definitions(file)
        if isinstance(definitions, Unfit) or own_parameters(definitions[name]) is None:
            return None
        if (file, name) not in self._signatures:
            self._signatures[file, name] = inspect.signature(self._stand_ins(file, name))
        return self._signatures[file, name]

    def has_folder(self, path: str) -> bool:
        """Tell whether there is such a folder below dag_managed_operators."""
        return is_folder(self._folder, path.split("/"))

    def document(self, path: str) -> str:
        """Return the text of a file that is no Python; raise ValueError, saying why, if it can't be read."""
        try:
            return read_document(self._folder, path)
        except FileNotFoundError:
            near = nearest(path, _files(self._folder))
            raise ValueError(f"there is no file '{path}' in dag_managed_operators{near}") from None
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise ValueError(
                f"the file '{path}' in dag_managed_operators can't be read: {reason} (links are not followed)"
            ) from None

    def _definitions(self, file: str) -> dict[str, ast.stmt] | Unfit:
        if file not in self._files:
            self._files[file] = self._read(file)
        return self._files[file]

    def _read(self, file: str) -> dict[str, ast.stmt] | Unfit:
        try:
            source = read_source(self._folder, file)
        except FileNotFoundError:
            near = nearest(file, _python_files(self._folder))
            return Unfit(f"there is no file '{file}' in dag_managed_operators{near}", about_file=True)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            return Unfit(
                f"the file '{file}' in dag_managed_operators can't be read: {reason} (links are not followed)",
                about_file=True,
            )
        folder = os.path.join(self._folder, file[: -len(".py")])  # noqa: PTH118 - as callable_files spells it
        if os.path.isdir(folder):  # noqa: PTH112
            return Unfit(f"'{file}' has a folder of the same name beside it; rename one of them", about_file=True)
        try:
            return top_level(source)
        except (SyntaxError, ValueError) as error:
            line = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
            text = error.msg if isinstance(error, SyntaxError) else str(error)
            return Unfit(f"the file '{file}' in dag_managed_operators is not Python{line}: {text}", about_file=True)


def _python_files(folder: str) -> list[str]:
    return [path for path in _files(folder) if path.endswith(".py")]


def _files(folder: str) -> list[str]:
    paths: list[str] = []
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".") and name != "__pycache__"]
        inner = os.path.relpath(parent, folder)
        paths += [name if inner == "." else f"{inner}/{name}" for name in files]
        if len(paths) > 1000:
            break
    return paths


_CALLABLE_NODES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
