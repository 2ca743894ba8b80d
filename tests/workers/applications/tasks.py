"""A Celery application with a filesystem broker: each task sends its number."""

import os

from celery import Celery

from tests.workers.applications import blocking

_FOLDER = os.environ["WORKERS_QUEUE"]

app = Celery("tasks", broker="filesystem://")
app.conf.broker_transport_options = {
    "data_folder_in": _FOLDER,
    "data_folder_out": _FOLDER,
    "control_folder": f"{_FOLDER}-control",
}
app.conf.task_ignore_result = True


@app.task  # type: ignore[untyped-decorator]
def publish(number: int) -> None:
    """Send one message."""
    blocking.publish(number)
