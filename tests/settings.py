"""The site's own settings, with a data folder of the tests: nobody's data is touched."""

import atexit
import os
import shutil
import tempfile


os.environ["SECTION54_PROFILE"] = "test"
os.environ["SECTION54_DATA"] = tempfile.mkdtemp(prefix="section54-tests-")
atexit.register(shutil.rmtree, os.environ["SECTION54_DATA"], ignore_errors=True)

from section54.desk.settings import *  # noqa: E402 - the folder must be named first
