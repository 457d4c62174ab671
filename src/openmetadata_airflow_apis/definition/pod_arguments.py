"""Operators that run a pod: plain maps in their arguments are the Kubernetes models that are wanted there.

Spellings that the provider has given up mean today's arguments, as dag-factory 0.x and Airflow 1.10 wrote them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.definition.fault_messages import kind_of
from openmetadata_airflow_apis.definition.reading_context import ABSENT

if TYPE_CHECKING:
    from openmetadata_airflow_apis.definition.reading_context import Context
    from openmetadata_airflow_apis.definition.workflow import Path

SECRET = "airflow.providers.cncf.kubernetes.secret.Secret"  # nosec B105 # noqa: S105 - the path of a class
_MODELS = "kubernetes.client.models."

# What ends like this runs a pod and takes KubernetesPodOperator's arguments. The definition is read without Airflow,
# so that a class is known by its name alone.
_OPERATORS = ("PodOperator", "KubernetesJobOperator", "GKEStartJobOperator")
_DECORATORS = (".kubernetes", ".kubernetes_cmd")

# argument → the class of each map in the list
_LISTS = {
    "env_from": _MODELS + "V1EnvFromSource",
    "env_vars": _MODELS + "V1EnvVar",
    "host_aliases": _MODELS + "V1HostAlias",
    "image_pull_secrets": _MODELS + "V1LocalObjectReference",
    "init_containers": _MODELS + "V1Container",
    "pod_runtime_info_envs": _MODELS + "V1EnvVar",
    "ports": _MODELS + "V1ContainerPort",
    "secrets": SECRET,
    "tolerations": _MODELS + "V1Toleration",
    "volume_mounts": _MODELS + "V1VolumeMount",
    "volumes": _MODELS + "V1Volume",
}
# argument → the class of the map
_MAPS = {
    "affinity": _MODELS + "V1Affinity",
    "container_resources": _MODELS + "V1ResourceRequirements",
    "container_security_context": _MODELS + "V1SecurityContext",
    "dns_config": _MODELS + "V1PodDNSConfig",
    "full_pod_spec": _MODELS + "V1Pod",
    "security_context": _MODELS + "V1PodSecurityContext",
    "xcom_sidecar_container_security_context": _MODELS + "V1SecurityContext",
}
# Airflow 1.10's `resources` of a pod → where each of them is in V1ResourceRequirements
_RESOURCES = {
    f"{word}_{ours}": (f"{word}s", kubernetes)
    for word in ("request", "limit")
    for ours, kubernetes in (
        ("cpu", "cpu"), ("memory", "memory"), ("ephemeral_storage", "ephemeral-storage"), ("gpu", "nvidia.com/gpu"),
    )
}  # fmt: skip


def runs_a_pod(task: dict[str, Any]) -> bool:
    """Say whether a task's operator or decorator takes the arguments of KubernetesPodOperator."""
    return str(task.get("operator", "")).endswith(_OPERATORS) or str(task.get("decorator", "")).endswith(_DECORATORS)


def make_pod_arguments(context: Context, arguments: dict[str, Any], canonical: Path, path: Path) -> None:
    """Make objects of the plain maps among a pod's arguments; what is a `__type__` object already stays.

    canonical, path: where the arguments are in the canonical definition, and in the plain one.
    """
    _rename(context, arguments, canonical, path)
    for argument in list(arguments):
        made = _argument(context, argument, arguments[argument], (*canonical, argument), (*path, argument))
        if made is ABSENT:
            del arguments[argument]
        else:
            arguments[argument] = made


def _rename(context: Context, arguments: dict[str, Any], canonical: Path, path: Path) -> None:
    for old, new, value in (
        ("node_selectors", "node_selector", arguments.get("node_selectors")),
        ("resources", "container_resources", _container_resources(arguments.get("resources"))),
        ("is_delete_operator_pod", "on_finish_action", _finish(arguments.get("is_delete_operator_pod"))),
    ):
        if value is None:
            continue
        del arguments[old]
        if new in arguments:
            context.fault((*path, old), f"means the same as '{new}', which is there as well; give one of them")
            continue
        arguments[new] = value
        context.place((*canonical, new), context.places.pop((*canonical, old), (*path, old)))


def _container_resources(value: Any) -> Any:
    """Return `resources` as what is now `container_resources`; None where it is every operator's `resources`."""
    if not isinstance(value, dict) or not value:
        return None
    if "$call" in value or set(value) <= {"claims", "limits", "requests"}:
        return value
    if not set(value) <= set(_RESOURCES):
        return None
    made: dict[str, dict[str, Any]] = {}
    for key, amount in value.items():
        if amount is not None:
            kind, name = _RESOURCES[key]
            made.setdefault(kind, {})[name] = amount
    return made


def _finish(value: Any) -> str | None:
    # Today's provider takes is_delete_operator_pod and does nothing with it.
    return {True: "delete_pod", False: "keep_pod"}.get(value) if isinstance(value, bool) else None


def _argument(context: Context, name: str, value: Any, canonical: Path, path: Path) -> Any:
    if value is None or _is_tagged(value):
        return value
    if name in _MAPS:
        return _made(context, _MAPS[name], value, path)
    if name == "env_vars" and isinstance(value, dict):
        return _environment(context, value, path)
    if name not in _LISTS or (name == "image_pull_secrets" and isinstance(value, str)):
        return value  # the operator itself splits image_pull_secrets at its commas
    if not isinstance(value, list):
        return context.fault(path, f"{kind_of(value)}; give a list")
    items = [
        _made(context, _LISTS[name], _item(context, name, item, (*canonical, index), (*path, index)), (*path, index))
        for index, item in enumerate(value)
    ]
    return ABSENT if ABSENT in items else items


def _item(context: Context, name: str, item: Any, canonical: Path, path: Path) -> Any:
    """Return one of a list in today's spelling."""
    if name == "volumes":
        return _volume(context, item, canonical, path)
    if name == "pod_runtime_info_envs":
        return _runtime_variable(item)
    return {"name": item} if name == "image_pull_secrets" and isinstance(item, str) else item


def _made(context: Context, class_path: str, value: Any, path: Path) -> Any:
    if _is_tagged(value):
        return value
    if not isinstance(value, dict):
        return context.fault(path, f"{kind_of(value)}; give a map, the keys of a {class_path.rpartition('.')[2]}")
    return {"$call": {"path": class_path, "args": [], "kwargs": value}}


def _is_tagged(value: Any) -> bool:
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)).startswith("$")


def _environment(context: Context, value: dict[str, Any], path: Path) -> Any:
    good = True
    for key, item in value.items():
        if isinstance(item, (bool, int, float)):
            context.fault((*path, key), f"{kind_of(item)}; give a text, in quotes: an environment has nothing else")
            good = False
    return value if good else ABSENT


def _volume(context: Context, value: Any, canonical: Path, path: Path) -> Any:
    """Return a volume without dag-factory 0.x's map of `configs`: what is in it belongs to the volume."""
    if not isinstance(value, dict) or not isinstance(value.get("configs"), dict) or _is_tagged(value["configs"]):
        return value
    for key in value["configs"]:
        context.place((*canonical, key), (*path, "configs", key))
    return {**{key: item for key, item in value.items() if key != "configs"}, **value["configs"]}


def _runtime_variable(value: Any) -> Any:
    # Airflow 1.10's environment variables of the pod's own fields are V1EnvVars today.
    if not isinstance(value, dict) or set(value) != {"name", "field_path"}:
        return value
    return {"name": value["name"], "value_from": {"field_ref": {"field_path": value["field_path"]}}}
