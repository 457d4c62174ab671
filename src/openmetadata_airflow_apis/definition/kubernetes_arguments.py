"""Arguments of operators that run a pod: plain maps among them become the Kubernetes models that are wanted there.

Spellings of dag-factory 0.x and Airflow 1.10 that the provider has given up are read as today's arguments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmetadata_airflow_apis.definition.canonical import tag_of
from openmetadata_airflow_apis.definition.fault_messages import kind_of
from openmetadata_airflow_apis.definition.places import CanonicalPlace
from openmetadata_airflow_apis.definition.reading_context import ABSENT

if TYPE_CHECKING:
    from openmetadata_airflow_apis.definition.canonical import Arguments, OperatorKey, Value
    from openmetadata_airflow_apis.definition.places import PlainPath
    from openmetadata_airflow_apis.definition.reading_context import Context, Read

SECRET = "airflow.providers.cncf.kubernetes.secret.Secret"  # nosec B105 # noqa: S105 - the path of a class
_MODELS = "kubernetes.client.models."

# An operator whose name ends like this runs a pod and takes KubernetesPodOperator's arguments. The definition is read
# without Airflow, so that a class is known by its name alone.
_OPERATORS = ("PodOperator", "KubernetesJobOperator", "GKEStartJobOperator")
_DECORATORS = (".kubernetes", ".kubernetes_cmd", ".kubernetes_task", ".kubernetes_cmd_task")

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


def runs_a_pod(operator: OperatorKey) -> bool:
    """Tell whether a task's operator or decorator takes the arguments of KubernetesPodOperator."""
    return operator.get("operator", "").endswith(_OPERATORS) or operator.get("decorator", "").endswith(_DECORATORS)


def read_pod_arguments(
    context: Context, arguments: Arguments, path: PlainPath
) -> tuple[Arguments, dict[CanonicalPlace, PlainPath]]:
    """Return a pod's arguments with the plain maps among them as objects; `__type__` objects stay as they are.

    path: where the arguments stand. The second value: the places in them that had other names as sent → where they
    come from.
    """
    arguments, paths = _in_todays_names(context, arguments, path)
    objects: Arguments = {}
    for name, value in arguments.items():
        value_read = _read_argument(context, name, value, path / name)
        if value_read is not ABSENT:
            objects[name] = value_read
        if name == "volumes" and isinstance(value, list):
            paths.update(_places_of_configs(value, path / name))
    return objects, paths


def _in_todays_names(
    context: Context, arguments: Arguments, path: PlainPath
) -> tuple[Arguments, dict[CanonicalPlace, PlainPath]]:
    todays_arguments = dict(arguments)
    paths: dict[CanonicalPlace, PlainPath] = {}
    for old, new, value in (
        ("node_selectors", "node_selector", arguments.get("node_selectors")),
        ("resources", "container_resources", _container_resources(arguments.get("resources"))),
        ("is_delete_operator_pod", "on_finish_action", _on_finish(arguments.get("is_delete_operator_pod"))),
    ):
        if value is None:
            continue
        del todays_arguments[old]
        if new in todays_arguments:
            context.fault(path / old, f"means the same as '{new}', which is there as well; give one of them")
            continue
        todays_arguments[new] = value
        paths[CanonicalPlace((new,))] = path / old
    return todays_arguments, paths


def _container_resources(value: Value) -> Value:
    """Return `resources` as what is now `container_resources`; None if it is the `resources` of any operator."""
    if not isinstance(value, dict) or not value:
        return None
    if "$call" in value or set(value) <= {"claims", "limits", "requests"}:
        return value
    if not set(value) <= set(_RESOURCES):
        return None
    resources: dict[str, dict[str, Value]] = {}
    for key, amount in value.items():
        if amount is not None:
            kind, name = _RESOURCES[key]
            resources.setdefault(kind, {})[name] = amount
    return resources


def _on_finish(is_deleted: Value) -> str | None:
    # Today's provider takes is_delete_operator_pod and does nothing with it.
    return {True: "delete_pod", False: "keep_pod"}.get(is_deleted) if isinstance(is_deleted, bool) else None


def _read_argument(context: Context, name: str, value: Value, path: PlainPath) -> Read:
    if value is None or tag_of(value):
        return value
    if name in _MAPS:
        return _object_of(context, _MAPS[name], value, path)
    if name == "env_vars" and isinstance(value, dict):
        return _check_environment(context, value, path)
    if name not in _LISTS or (name == "image_pull_secrets" and isinstance(value, str)):
        return value  # the operator itself splits image_pull_secrets at its commas
    if not isinstance(value, list):
        return context.fault(path, f"{kind_of(value)}; give a list")
    items = [
        _object_of(context, _LISTS[name], _in_todays_spelling(name, item), path / index)
        for index, item in enumerate(value)
    ]
    return ABSENT if ABSENT in items else items


def _object_of(context: Context, class_path: str, value: Value, path: PlainPath) -> Read:
    if tag_of(value):
        return value
    if not isinstance(value, dict):
        return context.fault(path, f"{kind_of(value)}; give a map, the keys of a {class_path.rpartition('.')[2]}")
    return {"$call": {"path": class_path, "args": [], "kwargs": value}}


def _check_environment(context: Context, value: dict[str, Value], path: PlainPath) -> Read:
    is_valid = True
    for key, item in value.items():
        if isinstance(item, (bool, int, float)):
            context.fault(path / key, f"{kind_of(item)}; give a text, in quotes: an environment has nothing else")
            is_valid = False
    return value if is_valid else ABSENT


def _in_todays_spelling(name: str, item: Value) -> Value:
    """Return one of the items of a list as today's provider wants it."""
    if name == "volumes" and _has_configs(item):
        return {**{key: value for key, value in item.items() if key != "configs"}, **item["configs"]}
    if name == "pod_runtime_info_envs" and isinstance(item, dict) and set(item) == {"name", "field_path"}:
        # Airflow 1.10's environment variables of the pod's own fields are V1EnvVars today.
        return {"name": item["name"], "value_from": {"field_ref": {"field_path": item["field_path"]}}}
    return {"name": item} if name == "image_pull_secrets" and isinstance(item, str) else item


def _has_configs(volume: Value) -> bool:
    """Tell whether a volume has dag-factory 0.x's map of `configs`: what is in it belongs to the volume."""
    return isinstance(volume, dict) and isinstance(volume.get("configs"), dict) and not tag_of(volume["configs"])


def _places_of_configs(volumes: list[Value], path: PlainPath) -> dict[CanonicalPlace, PlainPath]:
    return {
        CanonicalPlace(("volumes", index, key)): path / index / "configs" / key
        for index, volume in enumerate(volumes)
        if _has_configs(volume)
        for key in volume["configs"]
    }
