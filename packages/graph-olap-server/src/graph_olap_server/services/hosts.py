"""Use cases of machines that share a database: signs of life, what a lost one leaves, looks at one's own engines."""

from __future__ import annotations

from sqlalchemy import select, update

from graph_olap_server.services.context import Context
from graph_olap_server.services.exports import claim_holders, release_claims
from graph_olap_server.store.events import SYSTEM, record_event
from graph_olap_server.store.tables import HostRow, InstanceRow, JobRow
from graph_olap_server.store.transitions import change_status

__all__ = ["beat", "give_up_host", "request_reconciliation", "take_reconciliation"]

_LOST = (
    "The machine {name}, on which the instance ran, has given no sign of life for {seconds:.0f} s. "
    "Create a new instance; its snapshot is kept."
)


def beat(context: Context) -> dict[str, int]:
    """Give a sign of life of this machine; return the number of signs that each other one has given."""
    name = context.settings.resolved_node_name
    with context.database.write() as session:
        row = session.get(HostRow, name)
        if row is None:
            row = HostRow(name=name, beats=0)
            session.add(row)
        row.beats, row.seen_at = row.beats + 1, context.clock()
        return {host.name: host.beats for host in session.scalars(select(HostRow).where(HostRow.name != name))}


def give_up_host(context: Context, name: str, beats: int, seconds: float) -> list[int] | None:
    """Fail the instances of a machine that fell silent and give its work to others.

    Args:
        context: The platform's parts.
        name: The machine.
        beats: Its last sign of life; a newer one means that it lives.
        seconds: How long ago that was.

    Returns:
        The instances that failed; ``None`` when it lives, or another machine was faster.
    """
    now = context.clock()
    with context.database.write() as session:
        host = session.get(HostRow, name)
        if host is None or host.beats != beats:
            return None
        session.delete(host)
        failed = []
        alive = ("starting", "running", "resuming", "stopping")
        for row in session.scalars(select(InstanceRow).where(InstanceRow.host == name, InstanceRow.status.in_(alive))):
            if row.status == "stopping":
                record_event(session, "removed", "instance", row.id, now=now, actor=SYSTEM)
                session.delete(row)
                continue
            # Without the handle nobody waits for the machine: should it come back, it ends engines without a record.
            change_status(
                session,
                row,
                "failed",
                now=now,
                error_code="UNEXPECTED_TERMINATION",
                error_message=_LOST.format(name=name, seconds=seconds),
                instance_url=None,
                handle=None,
                lease_token=None,
                lease_expires_at=None,
                lease_holder=None,
            )
            failed.append(row.id)
        session.flush()
        release_claims(session, {holder for holder in claim_holders(session) if holder.startswith(f"{name}:")}, now)
        session.execute(
            update(JobRow)
            .where(JobRow.lease_holder.startswith(f"{name}:", autoescape=True))
            .values(lease_token=None, lease_holder=None, lease_expires_at=None)
        )
    signals = context.signals
    for signal in (signals.exports, signals.instances, signals.removals, signals.jobs):
        signal.set()
    return failed


def request_reconciliation(context: Context) -> None:
    """Ask all other machines to compare their engines with the records."""
    others = HostRow.name != context.settings.resolved_node_name
    with context.database.write() as session:
        session.execute(update(HostRow).where(others).values(reconcile_requested_at=context.clock()))


def take_reconciliation(context: Context) -> bool:
    """Tell whether this machine was asked to compare, and take the request."""
    name = context.settings.resolved_node_name
    with context.database.read() as session:
        row = session.get(HostRow, name)
        if row is None or row.reconcile_requested_at is None:
            return False
    with context.database.write() as session:
        row = session.get(HostRow, name)
        if row is None or row.reconcile_requested_at is None:
            return False
        row.reconcile_requested_at = None
        return True
