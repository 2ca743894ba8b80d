"""The class data archive of a broker.

Made once for a release, a java and a class path, it lets every later start skip most of
class loading: brokers are ready after 1 s instead of 3 s, and need half the processor time.
"""

from pathlib import Path

from tests.kafka.cache import made_once
from tests.kafka.cluster import Cluster
from tests.kafka.jvm import CLASS_DATA_IN_SILENCE, JVM_FLAGS, class_data
from tests.kafka.plan import Plan
from tests.kafka.release import DEFAULT_VERSION, Release

_WRITING_IT = 60.0  # seconds, at the broker's end


def make_class_data(version: str = DEFAULT_VERSION) -> Path:
    return made_once(class_data(Release(version)), lambda part: _record(version, part))


def _record(version: str, target: Path) -> None:
    flags = (*JVM_FLAGS, f"-XX:ArchiveClassesAtExit={target}", *CLASS_DATA_IN_SILENCE)
    with Cluster(Plan(version=version, jvm_flags=flags, use_class_data=False)) as cluster:
        cluster.new_topic()
        cluster.nodes[1].stop(_WRITING_IT)
        if not target.exists():
            raise RuntimeError(
                f"Java wrote no class data archive:\n{cluster.nodes[1].log()[-2000:]}"
            )
