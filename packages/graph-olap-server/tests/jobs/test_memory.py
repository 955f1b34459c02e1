from __future__ import annotations

import threading

import pytest
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.domain.roles import Identity, Role
from graph_olap_server.jobs.resource_monitor import ResourceMonitor
from graph_olap_server.services.instances import create_instance, get_instance, terminate_instance
from graph_olap_server.services.ops_requests import ResizeMemory
from graph_olap_server.services.requests import CreateInstance
from graph_olap_server.services.resizing import list_instance_events, resize_memory
from graph_olap_server.services.suspension import resume_instance, suspend_instance
from graph_olap_server.store.tables import InstanceRow

ADA = Identity("ada", Role.ANALYST)
GB = 1024**3


@pytest.fixture
def context(context, launcher):
    context.settings.memory_limits = False
    object.__setattr__(context, "launcher", launcher)
    return context


@pytest.fixture
def monitor(context, launcher):
    monitor = ResourceMonitor(context, launcher)
    yield monitor
    monitor.close()


@pytest.fixture
def running(context, launcher, make_instance, status_server):
    """Make running instances of a size."""
    launcher.url = status_server.url

    def make(memory_gb=None):
        number = make_instance(starting=True)
        with context.database.write() as session:
            row = session.get_one(InstanceRow, number)
            row.status, row.memory_gb = "running", memory_gb
            row.handle = launcher.engines[number] = {"instance_id": number, "number": 0}
        return number

    return make


@pytest.fixture
def uses(status_server):
    """Say what the instances answer of their memory."""

    def tell(used_gb, limit_gb):
        status_server.status = {
            "memory_usage_bytes": round(used_gb * GB),
            "memory_limit_bytes": None if limit_gb is None else round(limit_gb * GB),
        }

    return tell


def events_of(context, number):
    return [event.event_type for event in list_instance_events(context, number, 0, 100).items]


def counted(context, name):
    return context.metrics.registry.get_sample_value(f"resource_monitor_{name}_total")


def test_an_instance_under_pressure_gets_twice_its_memory(context, launcher, monitor, running, uses):
    number = running(4)
    uses(3.1, 4)
    assert monitor.run() == context.settings.resource_monitor_interval
    assert (launcher.resized, events_of(context, number)) == ([], [])
    assert get_instance(context, number).memory_usage_bytes == round(3.1 * GB)
    uses(3.3, 4)
    monitor.run()
    assert launcher.resized == [(number, 8)]
    assert get_instance(context, number).memory_gb == 8
    (event,) = list_instance_events(context, number, 0, 10).items
    assert (event.event_type, event.details["reason"]) == ("memory_upgraded", "proactive")
    assert (event.details["from"], event.details["to"]) == (4, 8)
    assert (counted(context, "proactive_resizes"), counted(context, "urgent_resizes")) == (1, 0)


def test_not_too_soon_and_not_too_often(context, launcher, monitor, running, uses, clock):
    number = running(2)
    limit = 2
    for expected in (4, 8, 16):
        uses(0.95 * limit, limit)
        monitor.run()
        assert launcher.resized[-1] == (number, expected)
        limit = expected
        uses(0.95 * limit, limit)
        clock.pass_by(seconds=299)
        monitor.run()
        assert launcher.resized[-1] == (number, expected)
        clock.pass_by(seconds=2)
    clock.pass_by(hours=1)
    monitor.run()
    assert len(launcher.resized) == 3
    assert counted(context, "urgent_resizes") == 3
    assert get_instance(context, number).memory_gb == 16


def test_the_clock_that_was_set_back_does_not_stop_it(context, launcher, monitor, running, uses, clock):
    number = running(2)
    uses(1.9, 2)
    monitor.run()
    clock.pass_by(hours=-2)
    uses(3.9, 4)
    monitor.run()
    assert launcher.resized == [(number, 4), (number, 8)]


@pytest.mark.parametrize(("largest", "limit", "expected"), [(None, 20, 32), (6, 4, 6), (4, 4, None), (None, 32, None)])
def test_never_more_than_there_is(context, launcher, monitor, running, uses, largest, limit, expected):
    number = running(limit)
    launcher.largest_gb = largest
    uses(limit * 0.95, limit)
    monitor.run()
    assert launcher.resized == ([] if expected is None else [(number, expected)])
    # Having all there is is no failure.
    assert events_of(context, number) == ([] if expected is None else ["memory_upgraded"])


def test_a_size_of_the_machine_becomes_a_size_of_its_own(context, monitor, running, uses):
    number = running(None)
    uses(6.7, 7.5)
    monitor.run()
    assert get_instance(context, number).memory_gb == 15


def test_a_refused_resize_is_recorded_once_and_goes_back(context, launcher, monitor, running, uses, clock):
    number = running(4)
    launcher.resize_error = "This machine has 3 GB."
    uses(3.9, 4)
    monitor.run()
    monitor.run()
    (event,) = list_instance_events(context, number, 0, 10).items
    assert (event.event_type, event.details["reason"]) == ("resize_failed", "This machine has 3 GB.")
    assert get_instance(context, number).memory_gb == 4
    assert counted(context, "failures") == 1
    launcher.resize_error = None
    clock.pass_by(seconds=301)
    monitor.run()
    assert get_instance(context, number).memory_gb == 8


def test_the_monitor_keeps_the_limits(context, monitor, running, uses):
    number = running(4)
    context.settings.memory_limits, context.settings.user_memory_limit_gb = True, 7
    uses(3.9, 4)
    monitor.run()
    (event,) = list_instance_events(context, number, 0, 10).items
    assert event.event_type == "resize_failed"
    assert "7 GB" in event.details["reason"]
    assert get_instance(context, number).memory_gb == 4


def test_a_process_that_lags_behind_its_record_catches_up(context, launcher, monitor, running, uses):
    # The server died between the two.
    number = running(8)
    uses(1, 4)
    monitor.run()
    assert launcher.resized == [(number, 8)]
    assert events_of(context, number) == []


def test_one_instance_never_stops_the_pass_over_others(context, launcher, monitor, running, uses):
    first, second = running(4), running(4)
    elsewhere = running(4)
    launcher.elsewhere.add(elsewhere)
    uses(3.9, 4)

    def resize(handle, *, cpu_cores, memory_gb):
        if handle["instance_id"] == first:
            raise ZeroDivisionError
        launcher.resized.append((handle["instance_id"], memory_gb))
        return []

    launcher.resize = resize
    monitor.run()
    assert launcher.resized == [(second, 8)]
    assert counted(context, "failures") == 1


@pytest.mark.parametrize("answer", [{}, {"memory_usage_bytes": None, "memory_limit_bytes": 4 * GB}, []])
def test_an_answer_without_numbers_is_no_sample(context, launcher, monitor, running, status_server, answer):
    number = running(4)
    status_server.status = answer
    monitor.run()
    assert launcher.resized == []
    assert get_instance(context, number).memory_usage_bytes is None


def limited(context, **limits):
    context.settings.memory_limits = True
    context.settings.instance_memory_gb = 4
    for name, value in limits.items():
        setattr(context.settings, f"{name}_memory_limit_gb", value)


def refused_by(action):
    with pytest.raises(PlatformError) as refused:
        action()
    assert (refused.value.code, refused.value.status) == ("CONCURRENCY_LIMIT_EXCEEDED", 409)
    details = refused.value.details
    return details["limit_type"], details["current_count"], details["max_allowed"]


def test_limits_of_allocated_memory_at_create_and_resize(context, make_mapping, running):
    limited(context, instance=6, user=10, cluster=13)
    mapping = make_mapping()

    def create(who="ada"):
        return create_instance(context, Identity(who, Role.ADMIN), CreateInstance(name="i", mapping_id=mapping))

    first = running(4)
    create()
    assert refused_by(create) == ("user_memory", 8, 10)
    create("bob")
    assert refused_by(lambda: create("cyd")) == ("cluster_memory", 12, 13)
    ask = lambda gb: resize_memory(context, ADA, first, ResizeMemory(memory_gb=gb))  # noqa: E731
    assert refused_by(lambda: ask(7)) == ("instance_memory", 7, 6)
    assert refused_by(lambda: ask(6)) == ("cluster_memory", 8, 13)
    assert ask(5).instance.memory_gb == 5
    terminate_instance(context, ADA, first)
    assert create().memory_gb == 4
    context.settings.instance_memory_gb = 8
    assert refused_by(create) == ("instance_memory", 8, 6)


def test_limits_hold_at_resume(context, running):
    number = running(6)
    suspend_instance(context, ADA, number)
    other = running(6)
    limited(context, user=10)
    assert refused_by(lambda: resume_instance(context, ADA, number)) == ("user_memory", 6, 10)
    terminate_instance(context, ADA, other)
    assert resume_instance(context, ADA, number).status == "resuming"


def test_without_limits_nothing_is_counted(context, running):
    number = running(4)
    context.settings.user_memory_limit_gb = 1
    assert resize_memory(context, ADA, number, ResizeMemory(memory_gb=32)).instance.memory_gb == 32


def test_two_at_the_same_time_get_no_more_than_one_after_the_other(context, running):
    limited(context, user=12)
    numbers = [running(4), running(4)]
    outcomes = []

    def grow(number):
        try:
            outcomes.append(resize_memory(context, ADA, number, ResizeMemory(memory_gb=8)).instance.memory_gb)
        except PlatformError as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=grow, args=(number,)) for number in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, outcomes)) == ["8", "CONCURRENCY_LIMIT_EXCEEDED"]


def test_a_resize_that_the_machine_refuses_leaves_the_record(context, launcher, running):
    number = running(4)
    launcher.resize_error = "There is no more."
    with pytest.raises(PlatformError, match="There is no more") as refused:
        resize_memory(context, ADA, number, ResizeMemory(memory_gb=8))
    assert refused.value.status == 503
    assert get_instance(context, number).memory_gb == 4
    assert events_of(context, number) == ["resize_failed"]
