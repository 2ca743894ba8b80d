"""All worker models, one module per server."""

from tests.workers.model import Model
from tests.workers.servers import apache, celery, children, gunicorn, uvicorn, uwsgi

MODELS: tuple[Model, ...] = (
    *gunicorn.MODELS,
    *uwsgi.MODELS,
    *apache.MODELS,
    *celery.MODELS,
    *uvicorn.MODELS,
    *children.MODELS,
)
