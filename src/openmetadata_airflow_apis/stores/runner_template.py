"""The .py of a deployed DAG: rendered from a Jinja template, marked, and sealed so that changes by hand are noticed.

The template is the option dag_runner_template, or the one that the package ships.

An operator's own template may do anything else, but must render Python that gets the DAG from load_dag. Others are
refused before a file is written, since otherwise only the DAG processor would notice.
"""

from __future__ import annotations

import ast
import hashlib
import stat
from functools import lru_cache
from typing import TYPE_CHECKING

import jinja2

from openmetadata_airflow_apis.dagbuild.stored_document import MARKER
from openmetadata_airflow_apis.errors import ConfigurationError
from openmetadata_airflow_apis.resources import dag_runner_template_path
from openmetadata_airflow_apis.settings import SECTION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OPTION = f"[{SECTION}] dag_runner_template"
_EXAMPLE = "example_dag"
_PACKAGE, _MODULE, _FUNCTION = "openmetadata_airflow_apis", "dagbuild", "load_dag"
_PARAMETERS = ("dag_id", "workflow_config_file")

_ENVIRONMENT = jinja2.Environment(
    undefined=jinja2.StrictUndefined,
    autoescape=False,  # nosec B701 # noqa: S701 - it renders Python, and only literals made here
    keep_trailing_newline=True,
)


def check(template: Path, records: Path) -> None:
    """Raise ConfigurationError, with the cure, if a template cannot render DAG files for records in a folder."""
    _rendered_text(template, _EXAMPLE, records / f"{_EXAMPLE}.json")


def _rendered_text(template: Path, dag_id: str, record: Path) -> str:
    """Return the Python that a template renders for one DAG, whose definition is in the file `record`.

    Raises ConfigurationError, with the cure, if the template cannot be read, does not render to Python, or renders
    Python that does not get this DAG from load_dag.
    """
    path = str(record)
    try:
        if not stat.S_ISREG(template.stat().st_mode):
            raise OSError("it is not a file")  # opening a FIFO would wait for ever
        source = template.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise _refused(template, f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    origin = "is the older plugin's: it " if "WorkflowFactory" in source else ""
    try:
        text = _compiled(source).render(dag_id=ascii(dag_id), workflow_config_file=ascii(path))
        tree = ast.parse(text)
    except SyntaxError as error:
        place = f"line {error.lineno} of what it makes: " if error.lineno else ""
        raise _refused(template, f"{origin}does not render to Python: {place}{error.msg}") from None
    except Exception as error:  # noqa: BLE001 - a template may compute, and fail as any program
        raise _refused(template, f"{origin}does not render to Python: {error}") from None
    fault = _fault(tree, (dag_id, path))
    if fault is not None:
        raise _refused(template, f"{origin}{fault}")
    return text


@lru_cache(maxsize=4)
def _compiled(source: str) -> jinja2.Template:
    return _ENVIRONMENT.from_string(source)


def _refused(template: Path, reason: str) -> ConfigurationError:
    shipped = dag_runner_template_path()
    cure = "reinstall openmetadata-airflow-apis"
    if template != shipped:
        cure = f"leave the option out, which uses {shipped}, or start from a copy of that one"
    return ConfigurationError(f"{OPTION} {template} {reason}", cure=cure)


def _fault(tree: ast.Module, expected: tuple[str, str]) -> str | None:
    """Return why the Python does not get the DAG from load_dag, None if it does. expected: dag_id, record."""
    names = set(_names_of_load_dag(tree))
    dropped = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) in names]
    if not calls:
        return f"does not call {_FUNCTION} of {_PACKAGE}.{_MODULE}, which makes the DAG"
    texts = _texts_by_name(tree)
    for call in calls:
        if all(
            value in texts_in_argument for value, texts_in_argument in zip(expected, _texts_in_arguments(call, texts))
        ):
            if id(call) in dropped:
                return f"calls {_FUNCTION} and drops the DAG: write dag = {ast.unparse(call)}"
            return None
    return (
        f"calls {ast.unparse(calls[0])} in place of {_FUNCTION}({expected[0]!r}, {expected[1]!r}): write "
        f"{_FUNCTION}({{{{ dag_id }}}}, {{{{ workflow_config_file }}}}), without quotes, which the values have already"
    )


def _names_of_load_dag(tree: ast.Module) -> Iterator[str]:
    """Yield the expressions by which Python can call load_dag after its imports, such as `load_dag`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if (node.module, alias.name) == (f"{_PACKAGE}.{_MODULE}", _FUNCTION):
                    yield alias.asname or _FUNCTION
                elif (node.module, alias.name) == (_PACKAGE, _MODULE):
                    yield f"{alias.asname or _MODULE}.{_FUNCTION}"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name == f"{_PACKAGE}.{_MODULE}":
                    yield f"{alias.asname or alias.name}.{_FUNCTION}"


def _texts_by_name(tree: ast.Module) -> dict[str, str]:
    """Return the texts that are assigned to names, such as DAG_ID = "nightly"."""
    return {
        target.id: node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _texts_in_arguments(call: ast.Call, texts: dict[str, str]) -> list[set[str]]:
    """Return the texts in each of load_dag's two arguments, such as the path in str(Path("/x.json"))."""
    arguments = dict(zip(_PARAMETERS, call.args))
    arguments.update({keyword.arg: keyword.value for keyword in call.keywords if keyword.arg in _PARAMETERS})
    texts_of_arguments = []
    for parameter in _PARAMETERS:
        nodes = ast.walk(arguments[parameter]) if parameter in arguments else ()
        values = [texts.get(node.id) if isinstance(node, ast.Name) else getattr(node, "value", None) for node in nodes]
        texts_of_arguments.append({value for value in values if isinstance(value, str)})
    return texts_of_arguments


def rendered_module(template: Path, dag_id: str, record: Path) -> bytes:
    """Return the content of <dag_id>.py, which depends only on these three.

    Its first line is the marker of dagbuild.stored_document, its last one a seal: the sha256 of the lines before it.
    Raises ConfigurationError, with the cure, if an operator's template does not render a DAG file.
    """
    text = _rendered_text(template, dag_id, record)
    if not text.startswith(MARKER):
        text = f"{MARKER}\n{text}"
    if not text.endswith("\n"):
        text += "\n"
    return sealed(text.encode(), dag_id)


def sealed(above: bytes, dag_id: str) -> bytes:
    """Return the lines of a file with their seal as the last one."""
    return above + f"# {dag_id}: sha256 of the lines above {hashlib.sha256(above).hexdigest()}\n".encode()
