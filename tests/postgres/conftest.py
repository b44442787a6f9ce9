"""The tests inside run only on PostgreSQL, where ``test_on_postgresql.py`` starts them."""

import os


collect_ignore_glob = [] if os.environ.get("SECTION54_DATABASE") else ["inside/*"]
