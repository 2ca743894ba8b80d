"""Consumer groups: members join, learn what to do, commit, and go."""

from typing import Any

import pytest
from aiokafka.protocol.admin import DescribeGroupsRequest_v0, ListGroupsRequest_v0
from aiokafka.protocol.commit import OffsetCommitRequest_v3, OffsetFetchRequest_v3
from aiokafka.protocol.coordination import FindCoordinatorRequest_v1
from aiokafka.protocol.group import (
    HeartbeatRequest_v1,
    JoinGroupRequest_v2,
    JoinGroupRequest_v5,
    LeaveGroupRequest_v1,
    SyncGroupRequest_v1,
)

from tests.conformance.engine import Connection, Engine

UNKNOWN_TOPIC, ILLEGAL_GENERATION, INCONSISTENT, INVALID_GROUP = 3, 22, 23, 24
UNKNOWN_MEMBER, INVALID_SESSION, REBALANCING, ID_REQUIRED = 25, 26, 27, 79
SESSION = 10_000


@pytest.fixture
def group(engine: Engine, name: str) -> str:
    engine.find_coordinator(name)
    return name


def joins(
    group: str,
    member: str = "",
    *,
    session: int = SESSION,
    kind: str = "consumer",
    protocols: tuple[tuple[str, bytes], ...] = (("range", b"me"),),
) -> JoinGroupRequest_v2:
    """Join in a version in which a new member is let in at once."""
    return JoinGroupRequest_v2(group, session, 30_000, member, kind, list(protocols))


def join(connection: Connection, group: str, member: str = "", **kwargs: Any) -> Any:
    return connection.ask(joins(group, member, **kwargs))


def sync(
    connection: Connection, group: str, generation: int, member: str, **work: bytes
) -> tuple[int, bytes]:
    answer = connection.ask(syncs(group, generation, member, **work))
    return answer.error_code, answer.member_assignment


def syncs(group: str, generation: int, member: str, **work: bytes) -> SyncGroupRequest_v1:
    return SyncGroupRequest_v1(group, generation, member, list(work.items()))


def heartbeat(engine: Engine, group: str, generation: int, member: str) -> int:
    return int(engine.ask(HeartbeatRequest_v1(group, generation, member)).error_code)


def leave(engine: Engine, group: str, member: str) -> int:
    return int(engine.ask(LeaveGroupRequest_v1(group, member)).error_code)


def commit(  # noqa: PLR0913, PLR0917 - as the request has them
    engine: Engine,
    group: str,
    generation: int,
    member: str,
    topic: str,
    offsets: dict[int, int],
    note: str | None = "",
) -> dict[int, int]:
    """Return each partition's error."""
    wanted = [(topic, [(index, offset, note) for index, offset in offsets.items()])]
    request = OffsetCommitRequest_v3(group, generation, member, -1, wanted)
    ((_, partitions),) = engine.ask(request).topics
    return dict(partitions)


def committed(engine: Engine, group: str, topics: Any) -> tuple[int, list[Any]]:
    answer = engine.ask(OffsetFetchRequest_v3(group, topics))
    return answer.error_code, sorted((topic, sorted(found)) for topic, found in answer.topics)


# -- coming together ----------------------------------------------------------------------


def test_one_member(engine: Engine, group: str) -> None:
    with engine.connect() as one:
        joined = join(one, group)
        me = joined.member_id
        assert (joined.error_code, joined.generation_id) == (0, 1)
        assert (joined.group_protocol, joined.leader_id) == ("range", me)
        assert joined.members == [(me, b"me")]
        assert me.startswith("conformance-"), "its id begins with its client's"
        assert heartbeat(engine, group, 1, me) == 0
        assert sync(one, group, 1, me, **{me: b"all of it"}) == (0, b"all of it")
        assert heartbeat(engine, group, 1, me) == 0
        assert sync(one, group, 1, me) == (0, b"all of it"), "who asks again is told again"
    assert leave(engine, group, me) == 0
    assert leave(engine, group, me) == UNKNOWN_MEMBER


def test_an_id_comes_first(engine: Engine, group: str) -> None:
    protocols = [("range", b"me")]
    with engine.connect() as one:
        first = one.ask(
            JoinGroupRequest_v5(group, SESSION, SESSION, "", None, "consumer", protocols)
        )
        assert (first.error_code, first.generation_id, first.members) == (ID_REQUIRED, -1, [])
        me = first.member_id
        assert me
        assert heartbeat(engine, group, -1, me) == UNKNOWN_MEMBER
        again = JoinGroupRequest_v5(group, SESSION, SESSION, me, None, "consumer", protocols)
        joined = one.ask(again)
        assert (joined.error_code, joined.member_id, joined.generation_id) == (0, me, 1)
        assert joined.members == [(me, None, b"me")]
    assert leave(engine, group, me) == 0


def test_two_members(engine: Engine, group: str) -> None:
    """The second one's coming starts a round; both are told what to do, by the first."""
    with engine.connect() as one, engine.connect() as two:
        me = join(one, group).member_id
        assert sync(one, group, 1, me, **{me: b"all of it"}) == (0, b"all of it")
        two.send(joins(group, protocols=(("sticky", b"x"), ("range", b"you"))))
        until_rebalancing(engine, group, 1, me)
        mine = join(one, group, me, protocols=(("range", b"me"),))
        yours = two.receive()
        you = yours.member_id
        assert (mine.error_code, yours.error_code) == (0, 0)
        assert (mine.generation_id, yours.generation_id) == (2, 2)
        assert mine.leader_id == yours.leader_id == me
        assert (mine.group_protocol, yours.group_protocol) == ("range", "range")
        assert sorted(mine.members) == sorted([(me, b"me"), (you, b"you")])
        assert yours.members == []
        two.send(syncs(group, 2, you))
        assert sync(one, group, 2, me, **{me: b"mine", you: b"yours"}) == (0, b"mine")
        answer = two.receive()
        assert (answer.error_code, answer.member_assignment) == (0, b"yours")
        # The other one goes.
        assert leave(engine, group, me) == 0
        assert heartbeat(engine, group, 2, you) == REBALANCING
        assert sync(two, group, 2, you)[0] == REBALANCING
        alone = join(two, group, you)
        assert (alone.generation_id, alone.leader_id) == (3, you)
    assert leave(engine, group, you) == 0


def until_rebalancing(engine: Engine, group: str, generation: int, member: str) -> None:
    for _ in range(1_000):
        error = heartbeat(engine, group, generation, member)
        if error == REBALANCING:
            return
        assert error == 0, f"a heartbeat was answered with error {error}"
    raise AssertionError("no heartbeat says that there is another round")


def test_who_joins_again_unchanged_is_told_the_same(engine: Engine, group: str) -> None:
    """But for the leader, whose joining starts a round."""
    with engine.connect() as one:
        me = join(one, group).member_id
        assert join(one, group, me).generation_id == 1, "nobody has been told what to do yet"
        assert sync(one, group, 1, me, **{me: b"x"}) == (0, b"x")
        assert join(one, group, me).generation_id == 2
    assert leave(engine, group, me) == 0


# -- who is not let in --------------------------------------------------------------------


def test_who_is_not_let_in(engine: Engine, group: str) -> None:
    with engine.connect() as one:
        assert join(one, group, "stranger").error_code == UNKNOWN_MEMBER
        assert join(one, "").error_code == INVALID_GROUP
        assert join(one, group, session=5_999).error_code == INVALID_SESSION
        assert join(one, group, session=1_800_001).error_code == INVALID_SESSION
        assert join(one, group, protocols=()).error_code == INCONSISTENT
        assert join(one, group, kind="").error_code == INCONSISTENT
        me = join(one, group).member_id
        assert join(one, group, kind="connect").error_code == INCONSISTENT
        assert join(one, group, protocols=(("other", b""),)).error_code == INCONSISTENT
        assert join(one, group, "stranger").error_code == UNKNOWN_MEMBER
    assert leave(engine, group, me) == 0


def test_who_is_unknown(engine: Engine, group: str) -> None:
    """Nobody is in the group, and then somebody else is."""

    def nobody_knows_the_stranger() -> None:
        assert heartbeat(engine, group, 1, "stranger") == UNKNOWN_MEMBER
        assert leave(engine, group, "stranger") == UNKNOWN_MEMBER
        with engine.connect() as stranger:
            assert sync(stranger, group, 1, "stranger") == (UNKNOWN_MEMBER, b"")

    nobody_knows_the_stranger()
    with engine.connect() as one:
        me = join(one, group).member_id
    nobody_knows_the_stranger()
    assert leave(engine, group, me) == 0


def test_another_generation(engine: Engine, group: str) -> None:
    with engine.connect() as one:
        me = join(one, group).member_id
        for generation in (0, 2, -1):
            assert heartbeat(engine, group, generation, me) == ILLEGAL_GENERATION
            assert sync(one, group, generation, me) == (ILLEGAL_GENERATION, b"")
    assert leave(engine, group, me) == 0


# -- offsets ------------------------------------------------------------------------------


def test_of_an_unknown_group_nothing_is_known(engine: Engine, group: str) -> None:
    engine.create_topic(group)
    assert committed(engine, group, [(group, [0, 7])]) == (
        0,
        [(group, [(0, -1, "", 0), (7, -1, "", 0)])],
    )
    assert committed(engine, group, None) == (0, [])


def test_offsets_without_members(engine: Engine, group: str) -> None:
    engine.create_topic(group, partitions=2)
    assert commit(engine, group, -1, "", group, {0: 5, 1: 7}, "a note") == {0: 0, 1: 0}
    assert commit(engine, group, -1, "", group, {1: 8}, None) == {1: 0}
    expected = [(group, [(0, 5, "a note", 0), (1, 8, "", 0)])]
    assert committed(engine, group, [(group, [0, 1])]) == (0, expected)
    assert committed(engine, group, None) == (0, expected)


def test_offsets_of_unknown_partitions(engine: Engine, group: str) -> None:
    engine.create_topic(group)
    assert commit(engine, group, -1, "", f"no-{group}", {0: 5}) == {0: UNKNOWN_TOPIC}
    assert commit(engine, group, -1, "", group, {0: 5, 1: 5}) == {0: 0, 1: UNKNOWN_TOPIC}
    assert committed(engine, group, None) == (0, [(group, [(0, 5, "", 0)])])


def test_a_long_note(engine: Engine, group: str) -> None:
    engine.create_topic(group)
    assert commit(engine, group, -1, "", group, {0: 5}, "x" * 4_096) == {0: 0}
    assert commit(engine, group, -1, "", group, {0: 6}, "x" * 4_097) == {0: 12}
    assert committed(engine, group, None)[1] == [(group, [(0, 5, "x" * 4_096, 0)])]


def test_offsets_of_members(engine: Engine, group: str) -> None:
    """Only members may commit while there are some, and only in their generation."""
    engine.create_topic(group)
    assert commit(engine, group, 1, "stranger", group, {0: 1}) == {0: ILLEGAL_GENERATION}
    with engine.connect() as one:
        me = join(one, group).member_id
        assert commit(engine, group, 1, me, group, {0: 2}) == {0: REBALANCING}
        assert sync(one, group, 1, me, **{me: b"x"}) == (0, b"x")
        assert commit(engine, group, 1, me, group, {0: 3}) == {0: 0}
        assert commit(engine, group, 2, me, group, {0: 4}) == {0: ILLEGAL_GENERATION}
        assert commit(engine, group, -1, me, group, {0: 4}) == {0: ILLEGAL_GENERATION}
        assert commit(engine, group, 1, "stranger", group, {0: 5}) == {0: UNKNOWN_MEMBER}
        assert commit(engine, group, -1, "", group, {0: 6}) == {0: UNKNOWN_MEMBER}
    assert committed(engine, group, None)[1] == [(group, [(0, 3, "", 0)])]
    assert leave(engine, group, me) == 0
    assert commit(engine, group, -1, "", group, {0: 7}) == {0: 0}
    assert commit(engine, group, 1, me, group, {0: 8}) == {0: UNKNOWN_MEMBER}


# -- what others see ----------------------------------------------------------------------


def test_groups_are_described(engine: Engine, group: str) -> None:
    def described() -> Any:
        (found,) = engine.ask(DescribeGroupsRequest_v0([group])).groups
        return found

    assert described() == (0, group, "Dead", "", "", [])
    with engine.connect() as one:
        me = join(one, group).member_id
        assert described()[2] == "CompletingRebalance"
        sync(one, group, 1, me, **{me: b"work"})
        member = (me, "conformance", "/127.0.0.1", b"me", b"work")
        assert described() == (0, group, "Stable", "consumer", "range", [member])
    listed = dict(engine.ask(ListGroupsRequest_v0()).groups)
    assert listed[group] == "consumer"
    assert leave(engine, group, me) == 0
    assert described()[2] in {"Empty", "Dead"}


def test_coordinators(engine: Engine, group: str) -> None:
    found = engine.ask(FindCoordinatorRequest_v1(group, 0))
    assert (found.error_code, f"{found.host}:{found.port}") == (0, engine.servers)
