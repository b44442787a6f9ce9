"""How long the workbench's pages take at the server over a large review.

    .venv/bin/python tools/bench_pages.py [LINES]

Makes a fictional ledger, takes it in and reviews it in a data folder of its own, asks for each page
six times and prints the best and the worst of the last five, in milliseconds.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


ROOT = Path(__file__).parents[1]
TIMES = 5


def main(lines: str = "1000000") -> None:
    """Measure, and print a table."""
    with tempfile.TemporaryDirectory(prefix="section54-pages-") as folder:
        made = Path(folder) / "ledger"
        maker = [sys.executable, ROOT / "tools" / "make_ledger.py", lines, made]
        subprocess.run(maker, check=True, capture_output=True)  # noqa: S603 - our own tool
        os.environ |= {
            "SECTION54_PROFILE": "test",
            "SECTION54_DATA": str(Path(folder) / "data"),
            "DJANGO_SETTINGS_MODULE": "section54.desk.settings",
        }
        _measure(sorted(made.glob("*.csv")), lines)


def _measure(ledgers: list[Path], lines: str) -> None:
    import django  # noqa: PLC0415 - its settings read the environment set above

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415
    from django.urls import reverse  # noqa: PLC0415

    from section54.desk import first_run  # noqa: PLC0415
    from section54.organisations.models import Body  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    user = first_run.first_sign_ins("Fictional Force", Body.Kind.FORCE)[0].user
    started = time.monotonic()
    brought = first_run.bring_in(Body.objects.get(), ledgers, user)
    review = first_run.review_of(brought, None, user, lambda words: None)
    print(f"{lines} lines taken in and reviewed in {time.monotonic() - started:.0f} s")
    print(f"{review.findings.count():,} payees")
    payee = review.findings.filter(hidden=False).order_by("-lines").first()
    suppliers = reverse("review-suppliers", args=[review.pk])
    payments = reverse("finding-payments", args=[review.pk, payee.pk])
    pages = {
        "home, the overview": "/",
        "payees": suppliers,
        "payees, searched": f"{suppliers}?q=building",
        "payees of a category, by pounds": f"{suppliers}?category=cleaning&sort=-amount",
        "payees, last page": f"{suppliers}?page=999999",
        "categories": reverse("review-categories", args=[review.pk]),
        "a category": reverse("review-category", args=[review.pk, "cleaning"]),
        "a payee": reverse("finding", args=[review.pk, payee.pk]),
        f"its {payee.lines:,} payments": payments,
        "its payments, last page": f"{payments}?page=999999",
        "what it rests on": reverse("review-method", args=[review.pk]),
        "ledgers": "/ledgers/",
        "an import": reverse("import", args=[brought.pk]),
        "a ledger": reverse("ledger", args=[brought.pk, brought.ledgers.get().pk]),
    }
    client = Client()
    client.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    for name, address in pages.items():
        client.get(address)
        taken = []
        for _ in range(TIMES):
            started = time.perf_counter()
            answer = client.get(address)
            taken.append((time.perf_counter() - started) * 1000)
        print(f"{name:34} {answer.status_code} {min(taken):6.0f} ms {max(taken):6.0f} ms")


if __name__ == "__main__":
    main(*sys.argv[1:2])
