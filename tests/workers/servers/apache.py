"""mod_wsgi in embedded and daemon mode, with the system's Python.

Without WSGIApplicationGroup %{GLOBAL} an application runs in a subinterpreter, where dekaf
refuses to be imported.
"""

import os
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path

from tests.kafka.ports import HOST
from tests.workers import applications
from tests.workers.model import Model, Site, Stop

_MODULES = Path("/usr/lib/apache2/modules")
_REFUSAL = "dekaf works in the main interpreter alone"
_EMBEDDED = """\
MaxConnectionsPerChild {recycle}
WSGIPythonPath {path}
"""
# A request that reaches a daemon which is being replaced while Apache stops is never accepted.
# Apache's child waits for it until `socket-timeout`, which is a minute unless set.
_DAEMON = """\
WSGIDaemonProcess workers processes=2 threads=4 maximum-requests={recycle} python-path={path} \
home={directory} socket-timeout=10
WSGIProcessGroup workers
"""
_CONFIGURATION = """\
ServerRoot {directory}
ServerName localhost
Listen {host}:{port}
PidFile {directory}/pid
ErrorLog {directory}/log
LogLevel info
WSGISocketPrefix {directory}/socket
LoadModule mpm_prefork_module {modules}/mod_mpm_prefork.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule wsgi_module {modules}/mod_wsgi.so
{user}
StartServers 2
MinSpareServers 2
MaxSpareServers 4
{mode}{group}
WSGIScriptAlias / {script}
<Directory {scripts}>
    Require all granted
</Directory>
"""


def _missing(_: Path) -> str:
    if shutil.which("apache2") and (_MODULES / "mod_wsgi.so").exists():
        return ""
    return "apt install apache2 libapache2-mod-wsgi-py3"


def _prepare(site: Site, mode: str, group: str) -> None:
    scripts = Path(applications.__file__).parent
    user = ""
    if os.getuid() == 0:
        # Workers do not run as root, and must write here.
        user = "User www-data\nGroup www-data"
        site.directory.chmod(0o777)
        site.journal.chmod(0o666)
    text = _CONFIGURATION.format(
        directory=site.directory,
        host=HOST,
        port=site.port,
        modules=_MODULES,
        user=user,
        mode=mode.format(
            recycle=site.recycle, path=site.environment["PYTHONPATH"], directory=site.directory
        ),
        group=group,
        script=scripts / "wsgi.py",
        scripts=scripts,
    )
    (site.directory / "httpd.conf").write_text(text)


def _command(site: Site) -> Sequence[str]:
    return ["apache2", "-f", str(site.directory / "httpd.conf"), "-D", "FOREGROUND"]


def _model(
    name: str,
    mode: str,
    stops: Sequence[Stop],
    *,
    is_global: bool = True,
    stop_signal: signal.Signals = signal.SIGTERM,
) -> Model:
    group = "WSGIApplicationGroup %{GLOBAL}" if is_global else ""
    graceful = ", graceful-stop" if stop_signal == signal.SIGWINCH else ""
    return Model(
        server="mod_wsgi",
        options=f"{name}, {'%{GLOBAL}' if is_global else 'subinterpreter'}{graceful}",
        command=_command,
        stops=stops,
        prepare=lambda site: _prepare(site, mode, group),
        stop_signal=stop_signal,
        reload=signal.SIGUSR1,
        missing=_missing,
        refusal="" if is_global else _REFUSAL,
    )


MODELS = (
    # On SIGTERM an embedded process finalizes Python in the signal handler, even during a request.
    _model("embedded", _EMBEDDED, ("after", "reload")),
    _model("embedded", _EMBEDDED, ("after", "during"), stop_signal=signal.SIGWINCH),
    _model("daemon", _DAEMON, ("after", "during", "reload")),
    _model("daemon", _DAEMON, ("after", "during"), stop_signal=signal.SIGWINCH),
    _model("embedded", _EMBEDDED, ("after",), is_global=False),
    _model("daemon", _DAEMON, ("after",), is_global=False),
)
