"""How gunicorn serves the workbench behind a proxy; `docs/deploy.md` says more.

The socket comes from systemd (section54-web.socket), or from ``--bind`` elsewhere.
"""

import os


wsgi_app = "section54.desk.wsgi:application"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 4
timeout = 300  # a large ledger takes a while to arrive
graceful_timeout = 30
worker_tmp_dir = "/dev/shm"  # noqa: S108 - a file without content: the workers' sign of life
control_socket_disable = True
loglevel = "warning"
