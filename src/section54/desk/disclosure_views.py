"""The page on which somebody asks for all that is held about a person or a supplier."""

import io
import zipfile
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from section54.desk.audit import SEE
from section54.desk.disclosure import about_person, about_supplier, why_refused
from section54.desk.disclosure_changes import note_disclosure
from section54.desk.disclosure_files import files_of
from section54.organisations.http import UserRequest, permission
from section54.organisations.models import Body, User
from section54.organisations.recent import recent_sign_in
from section54.ui.forms import GovukForm


# What somebody must be allowed to see, beside the record of changes, in the body.
NEEDED = {"person": "people.see", "supplier": "spend.see"}
LONGEST = 200


class DisclosureForm(GovukForm):
    """About whom, and in which body."""

    body = forms.ModelChoiceField(queryset=Body.objects.none(), label="Body", empty_label=None)
    kind = forms.ChoiceField(
        choices=[
            ("person", "A person, by their e-mail address"),
            ("supplier", "A supplier, by its name or a part of it"),
        ],
        widget=forms.RadioSelect,
        label="About whom is it?",
    )
    name = forms.CharField(
        max_length=LONGEST,
        label="E-mail address or name",
        help_text="Of a person the e-mail address; of a supplier at least 3 letters of the name.",
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        """Offer the bodies and the kinds that the person may see."""
        super().__init__(*args, **kwargs)
        self.user = user
        seen = user.body_ids(SEE)
        self.may = {kind: seen & user.body_ids(needed) for kind, needed in NEEDED.items()}
        every = frozenset[Any]().union(*self.may.values())
        offered: Any = self.fields["body"]
        offered.queryset = Body.objects.filter(pk__in=every).order_by("name")
        kinds: Any = self.fields["kind"]
        kinds.choices = [choice for choice in kinds.choices if self.may[choice[0]]]
        if len(kinds.choices) == 1:
            self.initial["kind"] = kinds.choices[0][0]

    def clean(self) -> dict[str, Any]:
        """Refuse what the person may not see in this body."""
        given = super().clean() or {}
        body, kind = given.get("body"), given.get("kind")
        if body is not None and kind and body.pk not in self.may[kind]:
            self.add_error("kind", "In this body you may not see this. Choose the other one")
        if kind == "person" and "@" not in given.get("name", "@"):
            self.add_error("name", "Enter an e-mail address, such as sam@example.org")
        elif kind and "name" in given and (why := why_refused(kind, given["name"])):
            self.add_error("name", why)
        return given


@require_http_methods(["GET", "HEAD", "POST"])
@permission(SEE)
@recent_sign_in()
def disclosure(request: UserRequest) -> HttpResponse:
    """Ask about whom; give all that is held away as one ZIP, which is a line of the record."""
    form = DisclosureForm(request.POST if request.method == "POST" else None, user=request.user)
    if form.is_valid():
        body, name, now = form.cleaned_data["body"], form.cleaned_data["name"], timezone.now()
        if form.cleaned_data["kind"] == "person":
            found = about_person(name, "", [body], now, form.may["person"])
        else:
            found = about_supplier(name, [body], now)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as files:
            for file, content in files_of(found).items():
                files.writestr(file, content)
        note_disclosure(found=found, bodies=[body], by=request.user, at=now)
        return HttpResponse(
            packed.getvalue(),
            content_type="application/zip",
            headers={
                "Content-Disposition": f'attachment; filename="disclosure-{now:%Y-%m-%d}.zip"'
            },
        )
    title = "All that is held about somebody"
    return render(request, "desk/disclosure.html", {"title": title, "form": form})
