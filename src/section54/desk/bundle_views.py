"""The page on which an auditor takes a bundle of one body home."""

from datetime import date
from tempfile import TemporaryFile
from typing import Any

from django import forms
from django.conf import settings
from django.http import FileResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.http import require_http_methods

from section54.desk.audit import SEE
from section54.desk.bundle import MOST_LINES, PEOPLE, SPEND, make_bundle
from section54.organisations.http import Taken, UserRequest, noted, permission
from section54.organisations.models import Body, User
from section54.organisations.reading_changes import Line
from section54.organisations.recent import recent_sign_in
from section54.ui.forms import DateField, GovukForm


class BundleForm(GovukForm):
    """Of which body, and of which days."""

    body = forms.ModelChoiceField(queryset=Body.objects.none(), label="Body", empty_label=None)
    first = DateField(
        label="From",
        noun="the first day",
        required=False,
        help_text="Leave it empty to begin with the first line of the record.",
    )
    last = DateField(
        label="To, inclusive",
        noun="the last day",
        required=False,
        latest=timezone.localdate,
        help_text="Leave it empty for today. Access is as it was on this day.",
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        """Offer the bodies whose record the person may read."""
        super().__init__(*args, **kwargs)
        offered: Any = self.fields["body"]
        offered.queryset = Body.objects.filter(pk__in=user.body_ids(SEE)).order_by("name")

    def clean(self) -> dict[str, Any]:
        """Refuse a period that ends before it begins."""
        given = super().clean() or {}
        first, last = given.get("first"), given.get("last") or timezone.localdate()
        if first and first > last:
            self.add_error("first", "The first day must not be after the last")
        return given

    @property
    def period(self) -> tuple[date | None, date]:
        """The days asked for."""
        return self.cleaned_data["first"], self.cleaned_data["last"] or timezone.localdate()


@require_http_methods(["GET", "HEAD", "POST"])
@permission(SEE)
@recent_sign_in()
@noted
def audit_bundle(request: UserRequest) -> Taken:
    """Say what a bundle holds; give it away as one ZIP, which is a line of the record."""
    user = request.user
    form = BundleForm(request.POST if request.method == "POST" else None, user=user)
    if not form.is_valid():
        bodies = user.body_ids(SEE)
        context = {
            "title": "A bundle for an auditor",
            "form": form,
            "most": MOST_LINES,
            "sees_people": bool(bodies & user.body_ids(PEOPLE)),
            "sees_spend": bool(bodies & user.body_ids(SPEND)),
        }
        return Taken(render(request, "desk/audit_bundle.html", context), [])
    body, (first, last) = form.cleaned_data["body"], form.period
    file = TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR)  # noqa: SIM115 - the answer closes it
    try:
        made = make_bundle(file, body=body, first=first, last=last, by=user, at=timezone.now())
    except BaseException:
        file.close()
        raise
    detail = {
        "period": made.period,
        "lines": made.lines,
        "reviews": made.reviews,
        "sha256": made.sha256,
    }
    name = f"bundle-{slugify(body.name)[:60]}-{last.isoformat()}.zip"
    response = FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")
    return Taken(response, [Line("bundle_taken", body, body.pk, detail)])
