"""The null broker's own producer: what this machine allows at best."""

import json
import subprocess
from typing import Any

from benches.peers.client import Program
from benches.peers.job import Job
from benches.peers.meter import figures
from benches.peers.null_broker import PROGRAM


class Drive(Program):
    """The same batches again and again."""

    is_yardstick = True
    codecs = ()
    scenarios = ("send",)
    options: tuple[str, ...] = ()

    def run(self, job: Job) -> dict[str, Any]:
        told = {
            "bootstrap": job.bootstrap,
            "topic": job.topic,
            "partitions": job.partitions,
            "size": job.size,
            "n": job.messages,
            "batch-bytes": job.batch_size,
        }
        command = [str(PROGRAM), "drive", *self.options]
        for name, value in told.items():
            command += [f"--{name}", str(value)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        said = json.loads(done.stdout)
        measured = figures(said["n"], job.size, said["wall_s"], said["cpu_s"])
        return measured | {"errors": said["errors"]}


class DriveEncoding(Drive):
    """Each batch is made anew."""

    options = ("--encode",)
