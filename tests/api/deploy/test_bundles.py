"""apply_bundle: interrupted at any step it is applied again, and ends as one application does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from airflow import settings as airflow_settings
from airflow.models.dag import DagModel

from openmetadata_airflow_apis.conflict_errors import BundleConflict
from openmetadata_airflow_apis.deploy import AppliedBundle, Rights, apply_bundle, get_bundle, list_deployed
from openmetadata_airflow_apis.errors import StorageFull
from openmetadata_airflow_apis.stores import open_store, version_rows
from openmetadata_airflow_apis.stores.file_store import FileStore
from support.deployments import one_task
from support.stores import STORE, damage, files_of

from .conftest import files_below, killed_at

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from openmetadata_airflow_apis.settings import Settings


def anybody(_: str) -> None:
    """Everybody may."""


@pytest.fixture
def applying(settings: Settings, dags: Path) -> Callable[..., AppliedBundle]:
    """Applies the bundle `crew`, with prune, in a session of its own."""

    def apply(
        workflows: dict[str, str], *, store: Any = None, session: Any = None, name: str = "crew"
    ) -> AppliedBundle:
        return apply_bundle(
            name,
            [one_task(dag_id, description) for dag_id, description in workflows.items()],
            prune=True,
            rights=Rights(anybody, anybody, anybody),
            user="ada",
            settings=settings,
            session=session or airflow_settings.Session(),
            store=store,
        )

    return apply


def names(applied: AppliedBundle) -> dict[str, list[str]]:
    """The dag_ids of each of the lists of a plan."""
    kinds = ("created", "changed", "unchanged", "deleted")
    return {kind: [dag.dag_id for dag in getattr(applied, kind)] for kind in kinds}


def whole(workflows: dict[str, str], settings: Settings, tmp_path: Path) -> None:
    """Fail unless these, and nothing else, are deployed in the bundle: files, rows and versions."""
    session = airflow_settings.Session()
    page = list_deployed(settings=settings, session=session, limit=1000)
    assert (page.damaged, [dag.dag_id for dag in page.dags]) == ((), sorted(workflows))
    assert {(dag.state, dag.bundle_name) for dag in page.dags} <= {("parsed", "crew")}
    assert all(dag.version_number is not None for dag in page.dags)
    store = open_store(settings)
    assert {dag_id: store.read(dag_id).definition["dag"]["description"] for dag_id in workflows} == workflows
    known = session.query(DagModel.dag_id, DagModel.description).all()
    assert {row.dag_id: row.description for row in known} == workflows
    files = {path for path in files_below(tmp_path) if path != "dag_managed_operators/checks.py"}
    assert files == {path for dag_id in workflows for path in files_of(dag_id)}
    rows = session.execute(version_rows.TABLE.select().order_by("dag_id", "version_number")).all()
    numbers: dict[str, list[int]] = {}
    for row in rows:
        numbers.setdefault(row.dag_id, []).append(row.version_number)
    for found in numbers.values():  # the first ones may be pruned
        assert found == list(range(found[0], found[-1] + 1))
    last = {row.dag_id: row.deleted_at for row in rows}
    assert {dag_id for dag_id, deleted_at in last.items() if deleted_at is None} == set(workflows)
    airflow_settings.Session.remove()


@pytest.mark.file_store("every other changes the store and Airflow's rows of a DAG in one transaction")
def test_killed_in_each_part(applying, settings, tmp_path):
    """A bundle that creates, changes, leaves and deletes a DAG, killed at any point and applied again, is whole."""
    before = {"changed": "first", "left": "first", "gone": "first"}
    after = {"created": "first", "changed": "second", "left": "first"}
    step, kills = 0, 0
    applying(before)
    while killed_at(step, settings, lambda store, session: applying(after, store=store, session=session)):
        applying(after)
        whole(after, settings, tmp_path)
        assert names(applying(after))["unchanged"] == ["created", "changed", "left"]
        applying(before)
        whole(before, settings, tmp_path)
        kills += 1
        step += 3  # on disk and in the database, of which each DAG has several
    assert kills > 3
    whole(after, settings, tmp_path)


@pytest.mark.file_store("every other changes the store and Airflow's rows of a DAG in one transaction")
def test_a_bundle_of_fifty_killed_in_the_middle(applying, settings, tmp_path):
    """Killed at moments all over its course and applied again, it ends as one application does."""
    before = {f"dag_{number:02}": "first" for number in range(50)}
    after = {f"dag_{number:02}": "second" if number % 2 else "first" for number in range(10, 60)}
    applying(before)
    step, kills = 5, 0
    while killed_at(step, settings, lambda store, session: applying(after, store=store, session=session)):
        kills += 1
        step += 53
    assert kills >= 3
    whole(after, settings, tmp_path)
    killed_at(40, settings, lambda store, session: applying(before, store=store, session=session))
    applying(before)
    whole(before, settings, tmp_path)


@pytest.mark.file_store("no other writes files")
def test_a_disk_that_is_full_in_the_middle(applying, settings, tmp_path):
    """The error says how many changes are made; applied again it does the others."""
    rooms = iter([True] * 8)

    def step(name: str) -> None:
        if name == "rename to .json" and not next(rooms, False):
            raise StorageFull("There is no room left")

    workflows = {f"dag_{number:02}": "first" for number in range(10)}
    with pytest.raises(StorageFull) as error:
        applying(workflows, store=FileStore(settings, at_step=step))
    assert str(error.value) == (
        "There is no room left (8 of 10 changes to the bundle `crew` are made; apply it again for the others)"
    )
    assert names(applying(workflows)) == {
        "created": ["dag_08", "dag_09"],
        "changed": [],
        "unchanged": [f"dag_{number:02}" for number in range(8)],
        "deleted": [],
    }
    whole(workflows, settings, tmp_path)


def test_a_lost_database_is_made_good(applying, settings, tmp_path, session):
    """Applied again, what is stored and what the restored database of the night before lacks is there again."""
    workflows = {"kept": "first", "lost": "first"}
    applying(workflows)
    for table in (DagModel.__table__, version_rows.TABLE):
        session.execute(table.delete().where(table.c.dag_id == "lost"))
    session.commit()
    applied = applying(workflows)
    assert names(applied) == {"created": [], "changed": ["lost"], "unchanged": ["kept"], "deleted": []}
    assert [dag.changed for dag in applied.changed] == [False]
    whole(workflows, settings, tmp_path)


@pytest.mark.file_store("no other knows files of somebody else's")
def test_what_was_not_deployed_here_is_a_conflict(applying, settings, dags):
    """A file of somebody else's is left as it is, and nothing is deployed."""
    (dags / "foreign.py").write_text("print('mine')\n")
    with pytest.raises(BundleConflict) as error:
        applying({"first": "first", "foreign": "first"})
    assert [fault.pointer for fault in error.value.faults] == ["/workflows/1"]
    assert (dags / "foreign.py").read_text() == "print('mine')\n"
    assert FileStore(settings).read("first") is None


def test_a_damaged_file_of_a_bundle_is_no_member(applying, settings, session):
    """get_bundle leaves out what is damaged; a damaged DAG that would be pruned is a conflict."""
    applying({"sound": "first", "torn": "first"})
    if STORE == "files":
        path = settings.dag_generated_configs / "torn.json"
        path.write_text(path.read_text().replace('"first"', '"by hand"'))
    else:
        damage(settings, "torn")
    assert [dag.dag_id for dag in get_bundle("crew", settings=settings, session=session).dags] == ["sound"]
    with pytest.raises(BundleConflict, match="torn"):
        applying({"sound": "first"})
