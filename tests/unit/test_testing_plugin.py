"""The pytest plugin: fixtures that are there without any import, and cost nothing until asked."""

import pytest

pytest_plugins = ["pytester"]

STRICT = ("-W", "error", "-p", "no:cacheprovider")
LOOPS = ("-o", "asyncio_default_fixture_loop_scope=function")  # without, its plugin warns


def passes(pytester: pytest.Pytester, *arguments: str, passed: int) -> None:
    """Run what was written in a process of its own, which says nothing on stderr."""
    result = pytester.runpytest_subprocess(*STRICT, *arguments or LOOPS, timeout=60)
    result.assert_outcomes(passed=passed)
    assert result.stderr.str() == ""


def test_tests_without_a_loop(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import asyncio
        import pytest

        def test_broker(dekaf_broker):
            assert dekaf_broker.topics == {}
            assert dekaf_broker.bootstrap_servers.startswith("127.0.0.1:")

        def test_producer(dekaf_broker, dekaf_producer):
            async def main():
                await dekaf_producer.produce("orders", b"v", key="k")

            asyncio.run(main())
            dekaf_broker.assert_published("orders", value=b"v", key="k", times=1)

        @pytest.mark.parametrize("turn", range(3))
        def test_others_left_nothing(dekaf_broker, dekaf_producer, turn):
            async def main():
                return await dekaf_producer.produce("orders", b"v")

            assert dekaf_broker.topics == {}
            assert asyncio.run(main()).offset == 0
            dekaf_broker.faults.fail("produce", "INVALID_RECORD", times=None)
    """)
    passes(pytester, passed=5)


def test_tests_with_a_loop(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import asyncio
        import pytest

        @pytest.mark.asyncio
        async def test_producer(dekaf_broker, dekaf_producer):
            await dekaf_producer.produce("orders", b"v")
            dekaf_broker.assert_published("orders", value=b"v")

        @pytest.mark.asyncio
        async def test_what_is_on_its_way_at_the_end(dekaf_producer):
            dekaf_producer.produce("orders", b"v")

        @pytest.mark.asyncio
        async def test_closed_by_the_test(dekaf_producer):
            async with dekaf_producer:
                await dekaf_producer.produce("orders", b"v")

        def test_a_loop_afterwards():
            asyncio.run(asyncio.sleep(0))
    """)
    passes(pytester, passed=4)


def test_harm_that_was_done_ends_with_the_test(pytester: pytest.Pytester) -> None:
    """The fixtures do not wait for what can no longer be delivered."""
    pytester.makepyfile("""
        import asyncio
        import pytest

        HARM = [
            lambda broker: broker.close(),
            lambda broker: broker.faults.pause(),
            lambda broker: broker.faults.drop_requests(times=None),
        ]

        @pytest.mark.parametrize("harm", HARM)
        def test_harm(dekaf_broker, dekaf_producer, harm):
            async def main():
                await dekaf_producer.produce("orders", b"v")
                harm(dekaf_broker)
                dekaf_producer.produce("orders", b"lost")

            asyncio.run(main())
    """)
    result = pytester.runpytest_subprocess(*STRICT, *LOOPS, timeout=60)
    # What is lost is told all the same.
    result.assert_outcomes(passed=3, errors=3)


def test_a_test_that_fails_is_told_what_was_there(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        def test_fails(dekaf_broker):
            dekaf_broker.assert_published("orders", value=b"v", timeout=0)
    """)
    result = pytester.runpytest_subprocess(*STRICT, *LOOPS, timeout=60)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["E *AssertionError: no record with value=b'v' was published to 'orders': it has no rec*"]
    )


def test_fixtures_say_what_they_are_for(pytester: pytest.Pytester) -> None:
    listed = pytester.runpytest_subprocess("--fixtures").stdout
    listed.fnmatch_lines(["dekaf_broker*", "*broker in the box*", "dekaf_producer*"])


def test_nothing_is_imported_until_it_is_asked_for(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("""
        import sys

        BEFORE = {name for name in sys.modules if name.split(".")[0] in {"dekaf", "asyncio"}}

        def pytest_collection_finish():
            assert not BEFORE, BEFORE
            assert "dekaf" not in sys.modules
    """)
    pytester.makepyfile("""
        import sys
        import threading

        def test_unused():
            assert "dekaf" not in sys.modules
            assert threading.active_count() == 1

        def test_used(dekaf_broker):
            assert "dekaf" in sys.modules
    """)
    # Other plugins import asyncio themselves.
    names = ("anyio", "asyncio", "hypothesispytest", "timeout")
    others = [part for name in names for part in ("-p", f"no:{name}")]
    passes(pytester, *others, passed=2)


def test_the_fixtures_may_be_replaced(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("""
        import pytest
        from dekaf.testing import Broker

        @pytest.fixture
        def dekaf_broker():
            with Broker(brokers=3, partitions=2) as broker:
                yield broker
    """)
    pytester.makepyfile("""
        import asyncio

        def test_mine(dekaf_broker, dekaf_producer):
            async def main():
                await dekaf_producer.produce("orders", b"v")

            asyncio.run(main())
            assert dekaf_broker.topics == {"orders": 2}
    """)
    passes(pytester, passed=1)


def test_a_marker_gives_the_arguments(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import pytest
        from dekaf import Security

        pytestmark = pytest.mark.dekaf_broker(brokers=2)

        def test_of_the_module(dekaf_broker):
            assert len(dekaf_broker.bootstrap_servers.split(",")) == 2
            assert dekaf_broker.security is None
            assert dekaf_broker.ca is None
            assert dekaf_broker.client_certificate is None

        @pytest.mark.dekaf_broker(security=Security.tls(), client_certificates=True)
        def test_the_closest(dekaf_broker):
            assert "," not in dekaf_broker.bootstrap_servers
            assert dekaf_broker.ca.startswith("-----BEGIN CERTIFICATE-----")
            assert isinstance(dekaf_broker.security, Security)
            certificate, key = dekaf_broker.client_certificate
            assert "BEGIN CERTIFICATE" in certificate
            assert "BEGIN PRIVATE KEY" in key
    """)
    passes(pytester, *LOOPS, "--strict-markers", passed=2)


def test_a_test_that_is_not_told_of_a_failure_fails(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import asyncio

        def test_sent(dekaf_broker, dekaf_producer):
            async def main():
                await dekaf_producer.produce("orders", b"first")
                dekaf_broker.faults.fail("produce", "INVALID_RECORD", times=None)
                dekaf_producer.send("orders", b"v")

            asyncio.run(main())
    """)
    result = pytester.runpytest_subprocess(*STRICT, *LOOPS, timeout=60)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*UnclaimedFailures: 1 message failed that nobody waited for*"])
