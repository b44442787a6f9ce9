"""Forms in GOV.UK's components: labels, hints and errors that say what is wrong and what to do.

It knows the design system, not the domain. Everything works without scripts.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.validators import EmailValidator
from django.forms.boundfield import BoundField
from django.utils.datastructures import MultiValueDict
from markupsafe import Markup

from section54.engine.reports.wording import MONTHS, day, listed
from section54.ui.govuk import component


DATE_PARTS = ("day", "month", "year")
ERROR_TITLE = "There is a problem"
DETERMINERS = {"a", "an", "the", "your", "this", "that", "these", "each", "any", "what", "who"}
WIDTHS = ((forms.DecimalField, "10"), (forms.FloatField, "10"), (forms.IntegerField, "5"))
Words = Mapping[str, str]


# --- the sentences ------------------------------------------------------------------------------


def _is_named(words: str) -> bool:
    """Say whether words stand in a sentence as they are: ``your name``, ``the date``."""
    return words.split(" ")[0].casefold() in DETERMINERS


def _lowered(words: str) -> str:
    """Return words as they stand inside a sentence; ``VAT number`` keeps its capitals."""
    first = words.split(" ")[0]
    return words if len(first) > 1 and not first[1:].islower() else words[0].lower() + words[1:]


def _bare(label: str) -> str:
    return label.strip().rstrip("?:").strip() or "answer"


def _noun(label: str) -> str:
    """Return a label as it stands inside a sentence: ``the amount``, ``your email address``."""
    words = _lowered(_bare(label))
    if label.strip().endswith("?"):
        return f"an answer to “{label.strip()}”"
    return words if _is_named(words) else f"the {words}"


def _subject(label: str, noun: str) -> str:
    """Return how a sentence about a field begins: ``Amount``, ``The reason``."""
    words = noun if noun or label.strip().endswith("?") else _bare(label)
    words = re.sub(r"^(a|an) ", "the ", words) or "the answer"
    return words[0].upper() + words[1:]


def sentences(field: forms.Field, label: str, noun: str = "") -> dict[str, str]:
    """Return the error sentences of a field by their code.

    Args:
        field: The field.
        label: Its label, for sentences that begin with it.
        noun: How it is called inside a sentence, with its article: ``a reason``.
    """
    if isinstance(field.widget, forms.PasswordInput) and _bare(label) == "Password":
        noun = noun or "your password"
    if isinstance(field, forms.EmailField) and _bare(label) == "Email":
        noun = noun or "your email address"
    what = noun or _noun(label)
    asked = _subject(label, noun)
    from_list = f"Select one of the choices shown for {what}"
    limited = asked.replace("%", "%%")  # these are filled in with the limit
    widget = field.widget
    is_choice = isinstance(widget, forms.Select | forms.RadioSelect | forms.CheckboxSelectMultiple)
    verb = "Select" if is_choice or isinstance(field, forms.FileField) else "Enter"
    found = {
        "required": f"{verb} {what}",
        "max_length": f"{limited} must be %(limit_value)d characters or fewer",
        "min_length": f"{limited} must be %(limit_value)d characters or more",
        "max_value": f"{limited} must be %(limit_value)s or less",
        "min_value": f"{limited} must be %(limit_value)s or more",
    }
    if isinstance(field, forms.FileField):
        found |= {
            "invalid": f"{asked} could not be received. Choose the file again and send it",
            "missing": f"{asked} could not be received. Choose the file again and send it",
            "empty": "The selected file is empty. Choose a file with something in it",
            "max_length": "The file’s name must be %(max)d characters or fewer. Give it a shorter "
            "name and choose it again",
        }
    elif isinstance(field, forms.EmailField):
        found["invalid"] = f"Enter {what} in the right format, such as name@example.com"
    elif isinstance(field, forms.IntegerField) and not isinstance(
        field, forms.DecimalField | forms.FloatField
    ):
        found["invalid"] = f"{asked} must be a whole number, such as 12"
    elif isinstance(field, forms.DecimalField | forms.FloatField):
        found |= {
            "invalid": f"{asked} must be a number, such as 1250.50",
            "max_decimal_places": f"{limited} must have %(max)s decimal places or fewer",
            "max_digits": f"{limited} must have %(max)s digits or fewer",
            "max_whole_digits": f"{limited} must have %(max)s digits or fewer before the point",
        }
    elif is_choice:
        found |= {
            "invalid_choice": from_list,
            "invalid_list": from_list,
            "invalid_pk_value": from_list,
        }
    elif isinstance(field, forms.BooleanField):
        found["required"] = f"Tick the box: {label or what}"
    return found


def _default_messages(field: forms.Field) -> dict[str, Any]:
    messages: dict[str, Any] = {}
    for kind in reversed(type(field).__mro__):
        messages.update(getattr(kind, "default_error_messages", {}))
    return messages


def give_sentences(form: forms.BaseForm) -> None:
    """Replace Django's own error messages of a form's fields; messages of its own are kept."""
    nouns: Mapping[str, str] = getattr(form, "nouns", {})
    for name, field in form.fields.items():
        if isinstance(field, DateField):
            field.noun = field.noun or nouns.get(name, "") or _noun(str(form[name].label))
            continue
        defaults = _default_messages(field)
        for code, sentence in sentences(field, str(form[name].label), nouns.get(name, "")).items():
            if field.error_messages.get(code) == defaults.get(code):
                field.error_messages[code] = sentence
        if isinstance(field, forms.EmailField):
            field.validators = [
                EmailValidator(message=field.error_messages["invalid"])
                if isinstance(validator, EmailValidator)
                else validator
                for validator in field.validators
            ]


# --- dates --------------------------------------------------------------------------------------


class DateParts(forms.Widget):
    """Three inputs for one date: day, month and year."""

    def value_from_datadict(
        self, data: Mapping[str, Any], files: MultiValueDict[str, Any], name: str
    ) -> list[str]:
        """Return what was typed, as three texts."""
        return [str(data.get(f"{name}-{part}") or "").strip() for part in DATE_PARTS]

    def value_omitted_from_data(
        self, data: Mapping[str, Any], files: MultiValueDict[str, Any], name: str
    ) -> bool:
        """Say whether the page that was sent did not ask for the date at all."""
        return all(f"{name}-{part}" not in data for part in DATE_PARTS)

    def id_for_label(self, id_: str | None, index: str | None = None) -> str:
        """Return the id of the first of the three inputs."""
        return f"{id_}-day" if id_ else ""


class DateField(forms.Field):
    """A date typed in three parts, which may lie between two days.

    Its errors name the part that is wrong in their code, so that the page can mark it.
    """

    widget = DateParts

    def __init__(
        self,
        *,
        earliest: date | Callable[[], date] | None = None,
        latest: date | Callable[[], date] | None = None,
        noun: str = "",
        **options: Any,
    ) -> None:
        """Make the field.

        Args:
            earliest: The first day allowed, or what returns it.
            latest: The last day allowed, or what returns it.
            noun: How the date is called in a sentence: ``the date of the meeting``.
            options: What every field takes.
        """
        super().__init__(**options)
        self.earliest = earliest
        self.latest = latest
        self.noun = noun

    def _called(self) -> str:
        return self.noun or _noun(str(self.label or "the date"))

    def _wrong(self, sentence: str, *parts: str) -> forms.ValidationError:
        return forms.ValidationError(sentence, code=",".join(parts) or "invalid")

    def to_python(self, value: Any) -> date | None:
        """Return the date, or None where nothing was typed."""
        if value is None or isinstance(value, date):
            return value
        typed = [str(part or "").strip() for part in value]
        if not any(typed):
            return None
        noun = self._called()
        asked = _subject("", noun)
        missing = [part for part, text in zip(DATE_PARTS, typed, strict=True) if not text]
        if missing:
            raise self._wrong(f"{asked} must include a {listed(missing)}", *missing)
        if not re.fullmatch(r"\d{4}", typed[2], re.ASCII):
            raise self._wrong(f"The year of {noun} must have 4 numbers, such as 2026", "year")
        month = month_number(typed[1])
        if not month:
            raise self._wrong(
                f"The month of {noun} must be a number from 1 to 12, such as 4", "month"
            )
        if not re.fullmatch(r"\d{1,2}", typed[0], re.ASCII) or not 1 <= int(typed[0]) <= 31:
            raise self._wrong(f"The day of {noun} must be a number from 1 to 31", "day")
        try:
            return date(int(typed[2]), month, int(typed[0]))
        except ValueError:
            if typed[2] == "0000":
                raise self._wrong(f"Enter a real year for {noun}, such as 2026", "year") from None
            raise self._wrong(
                f"Enter a real date for {noun}: {MONTHS[month - 1]} {typed[2]} has no day "
                f"{int(typed[0])}",
                "day",
            ) from None

    def validate(self, value: date | None) -> None:
        """Refuse no date where one is required, and a date outside the days allowed."""
        noun = self._called()
        asked = _subject("", noun)
        if value is None:
            if self.required:
                raise self._wrong(f"Enter {noun}", *DATE_PARTS)
            return
        first = self.earliest() if callable(self.earliest) else self.earliest
        last = self.latest() if callable(self.latest) else self.latest
        too_early, too_late = bool(first and value < first), bool(last and value > last)
        if first and last and (too_early or too_late):
            raise self._wrong(f"{asked} must be between {day(first)} and {day(last)}", *DATE_PARTS)
        if too_early:
            raise self._wrong(f"{asked} must be {day(first)} or later", *DATE_PARTS)
        if too_late:
            raise self._wrong(f"{asked} must be {day(last)} or earlier", *DATE_PARTS)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Say whether the date that was typed differs from the one shown at first."""
        try:
            return self.to_python(initial) != self.to_python(data)
        except forms.ValidationError:
            return True


def month_number(text: str) -> int:
    """Return 1 to 12 for ``4``, ``04``, ``apr`` or ``April``; 0 for what is no month."""
    if re.fullmatch(r"\d{1,2}", text, re.ASCII):
        return int(text) if 1 <= int(text) <= 12 else 0
    wanted = text.casefold()
    if len(wanted) < 3:
        return 0
    return next((n for n, name in enumerate(MONTHS, 1) if name.casefold().startswith(wanted)), 0)


# --- money and files ----------------------------------------------------------------------------


class PoundsField(forms.DecimalField):
    """An amount in pounds, typed as people write it: ``£1,250.50``."""

    def __init__(self, **options: Any) -> None:
        """Make the field; pence are the smallest part unless said otherwise."""
        options.setdefault("max_digits", 14)
        options.setdefault("decimal_places", 2)
        super().__init__(**options)

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]
        """Return the amount without the pound sign, commas and spaces."""
        if isinstance(value, str):
            value = re.sub(r"[£,\s]", "", value)
        return super().to_python(value)


class FilesInput(forms.FileInput):
    """A file input that takes several files."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """One or more files; its clean value is a list, empty where none was chosen."""

    widget = FilesInput

    def __init__(self, *, at_most: int | None = None, **options: Any) -> None:
        """Make the field.

        Args:
            at_most: How many files may be sent at once.
            options: What every file field takes.
        """
        super().__init__(**options)
        self.at_most = at_most

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        """Return the files; every one is checked."""
        given = [one for one in (data if isinstance(data, list | tuple) else [data]) if one]
        if not given:
            found = super().clean(None, initial)
            return [found] if found else []
        if self.at_most and len(given) > self.at_most:
            raise forms.ValidationError(
                f"Select {self.at_most} files or fewer at once", code="too_many"
            )
        return [super(FilesField, self).clean(one, initial) for one in given]


# --- rendering ----------------------------------------------------------------------------------


def _errors(form: forms.BaseForm, name: str) -> list[str]:
    """Return a field's error sentences; Django's own words are replaced."""
    found = form.errors.as_data().get(name, [])
    field = form.fields.get(name)
    if field is None:
        return [text for error in found for text in error.messages]
    defaults = _default_messages(field)
    nouns: Mapping[str, str] = getattr(form, "nouns", {})
    own = sentences(field, str(form[name].label), nouns.get(name, ""))
    words: list[str] = []
    for error in found:
        code = error.code or ""
        if code in own and error.message == defaults.get(code):
            sentence = own[code]
            words.append(sentence % error.params if error.params else sentence)
        else:
            words.extend(error.messages)
    return words


def _date_parts_wrong(form: forms.BaseForm, name: str) -> set[str]:
    codes = [error.code or "" for error in form.errors.as_data().get(name, [])]
    wrong = {part for code in codes for part in code.split(",") if part in DATE_PARTS}
    return wrong or set(DATE_PARTS if codes else ())


def first_input(form: forms.BaseForm, name: str) -> str:
    """Return the id of the input that an error's link leads to: the first one that is wrong."""
    bound = form[name]
    if isinstance(bound.field.widget, DateParts):
        wrong = _date_parts_wrong(form, name)
        part = next((one for one in DATE_PARTS if one in wrong), "day")
        return f"{bound.auto_id}-{part}"
    return bound.auto_id


def error_summary(*given: forms.BaseForm | None) -> Markup:
    """Return the summary of what is wrong in one or more forms; nothing where nothing is.

    Each sentence is a link to the first input of its field, in the order of the page.
    """
    items: list[dict[str, str]] = []
    for form in given:
        if form is None or not form.errors:
            continue
        names = [*form.fields, *(name for name in form.errors if name not in form.fields)]
        for name in names:
            for text in _errors(form, name):
                if name in form.fields and not form[name].is_hidden:
                    items.append({"text": text, "href": f"#{first_input(form, name)}"})
                else:
                    items.append({"text": text})
    if not items:
        return Markup("")
    return component("error-summary", {"titleText": ERROR_TITLE, "errorList": items})


def _choices(bound: BoundField) -> list[tuple[str, str]]:
    """Return a field's choices as texts, groups flattened."""
    found: list[tuple[str, str]] = []
    for value, text in bound.field.choices:  # type: ignore[attr-defined]
        if isinstance(text, list | tuple):
            found.extend((str(v), str(t)) for v, t in text)
        else:
            found.append(("" if value is None else str(value), str(text)))
    return found


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _values(value: Any) -> list[str]:
    if value is None:
        return []
    many = isinstance(value, Iterable) and not isinstance(value, str)
    return [str(getattr(one, "pk", one)) for one in (value if many else [value])]


def _label(bound: BoundField, options: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return the label or legend: its size s, m, l or xl, and whether it is the page's heading."""
    size = options.pop("size", "")
    label: dict[str, Any] = {
        "text": str(options.pop("label", "") or bound.label),
        "classes": f"govuk-{kind}--{size}" if size else "",
    }
    if options.pop("page_heading", False):
        label["isPageHeading"] = True
    if options.pop("hidden_label", False):
        label["classes"] = f"{label['classes']} govuk-visually-hidden".strip()
    if (
        not bound.field.required
        and options.pop("optional", True)
        and "(optional)" not in (label["text"])
    ):
        label["text"] += " (optional)"
    options.pop("optional", None)
    return label


def _items(
    bound: BoundField, options: dict[str, Any], chosen: list[str], key: str
) -> list[dict[str, Any]]:
    hints: Words = options.pop("hints", {})
    inside: Mapping[str, Any] = options.pop("conditional", {})
    items: list[dict[str, Any]] = []
    for value, text in _choices(bound):
        if value == "" and key == "checked":
            continue
        item: dict[str, Any] = {"value": value, "text": text, key: value in chosen}
        if hints.get(value):
            item["hint"] = {"text": hints[value]}
        if inside.get(value):
            item["conditional"] = {"html": inside[value]}
        items.append(item)
    return items


def _text_params(bound: BoundField, options: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the component and parameters of a text input, by the kind of its field."""
    widget, field = bound.field.widget, bound.field
    params: dict[str, Any] = {"value": _text(bound.value()), "type": "text"}
    if isinstance(widget, forms.PasswordInput):
        params |= {"value": None, "autocomplete": "current-password"}
        return "password-input", params
    if isinstance(field, forms.EmailField) or isinstance(widget, forms.EmailInput):
        params |= {"type": "email", "autocomplete": "email", "spellcheck": False}
    elif isinstance(field, forms.DecimalField | forms.FloatField):
        params |= {"inputmode": "decimal", "spellcheck": False}
    elif isinstance(field, forms.IntegerField):
        params |= {"inputmode": "numeric", "spellcheck": False}
    elif isinstance(widget, forms.DateInput):
        params["type"] = "date"
    if isinstance(field, PoundsField):
        options.setdefault("prefix", "£")
    for key in ("prefix", "suffix"):
        if options.get(key):
            params[key] = {"text": options.pop(key)}
    return "input", params


def _date_params(form: forms.BaseForm, name: str, bound: BoundField) -> dict[str, Any]:
    value = bound.value()
    if isinstance(value, date):
        value = [str(value.day), str(value.month), str(value.year)]
    typed = [_text(part) for part in (value or ["", "", ""])]
    wrong = _date_parts_wrong(form, name)
    return {
        "id": bound.auto_id,
        "items": [
            {
                "name": f"{bound.html_name}-{part}",
                "id": f"{bound.auto_id}-{part}",
                "label": part.capitalize(),
                "value": typed[place],
                "classes": f"govuk-input--width-{4 if part == 'year' else 2}"
                + (" govuk-input--error" if part in wrong else ""),
            }
            for place, part in enumerate(DATE_PARTS)
        ],
    }


def _component(
    form: forms.BaseForm, name: str, bound: BoundField, options: dict[str, Any]
) -> tuple[str, dict[str, Any]]:
    """Return the component that shows this field and its own parameters."""
    widget = bound.field.widget
    if isinstance(widget, DateParts):
        params = _date_params(form, name, bound)
        params["fieldset"] = {"legend": _label(bound, options, "fieldset__legend")}
        return "date-input", params
    if isinstance(widget, forms.CheckboxInput):
        text = str(options.pop("label", "") or bound.label)
        options.pop("optional", None)
        item = {"value": "on", "text": text, "checked": bool(bound.value())}
        return "checkboxes", {"idPrefix": bound.auto_id, "items": [item]}
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        several = isinstance(widget, forms.CheckboxSelectMultiple)
        params = {
            "idPrefix": bound.auto_id,
            "items": _items(bound, options, _values(bound.value()), "checked"),
            "fieldset": {"legend": _label(bound, options, "fieldset__legend")},
        }
        base = "checkboxes" if several else "radios"
        classes = [f"govuk-{base}--{kind}" for kind in ("inline", "small") if options.pop(kind, "")]
        if classes:
            params["classes"] = " ".join(classes)
        return base, params
    label = {"label": _label(bound, options, "label"), "id": bound.auto_id}
    if isinstance(widget, forms.Select):
        items = _items(bound, options, _values(bound.value()), "selected")
        return "select", label | {"items": items}
    if isinstance(widget, forms.FileInput):
        several = getattr(widget, "allow_multiple_selected", False)
        return "file-upload", label | {"multiple": several or None, "javascript": True}
    if isinstance(widget, forms.Textarea):
        params = label | {"value": _text(bound.value()), "rows": options.pop("rows", 5)}
        limit = getattr(bound.field, "max_length", None)
        if options.pop("count", False) and limit:
            return "character-count", params | {"maxlength": limit}
        return "textarea", params
    base, params = _text_params(bound, options)
    return base, label | params


def render_field(form: forms.BaseForm, name: str, **options: Any) -> Markup:
    """Return a field in its GOV.UK component, with its label, hint and error.

    Args:
        form: The form, bound or not; any Django form.
        name: The field's name in it.
        options: ``label`` and ``hint`` instead of the field's own (``hint=False``: none);
            ``size`` of the label or legend (s, m, l, xl); ``page_heading`` where the label is
            the page's h1; ``hidden_label``; ``optional=False`` to leave out "(optional)";
            ``width`` (2, 3, 4, 5, 10, 20 characters); ``prefix``, ``suffix``; ``rows`` and ``count`` of a textarea;
            ``inline``, ``small``, ``hints`` and ``conditional`` (by value) of choices; and any
            parameter of the component's macro, such as ``autocomplete`` or ``attributes``.
    """
    bound = form[name]
    if bound.is_hidden:
        return Markup(str(bound))  # noqa: S704 - Django has escaped it
    options = {key: value for key, value in options.items() if value is not None}
    hint = options.pop("hint", bound.help_text)  # hint=False leaves out the field's own
    width = options.pop("width", "")
    folder, params = _component(form, name, bound, options)
    params["name"] = bound.html_name
    if not width and folder == "input":
        width = next((wide for kind, wide in WIDTHS if isinstance(bound.field, kind)), "")
    if hint:
        params["hint"] = hint if isinstance(hint, dict) else {"text": str(hint)}
    errors = _errors(form, name) if form.is_bound else []
    if errors:
        params["errorMessage"] = (
            {"text": errors[0]}
            if len(errors) == 1
            else {"html": Markup("<br>").join(Markup.escape(error) for error in errors)}
        )
    if width:
        params["classes"] = f"{params.get('classes', '')} govuk-input--width-{width}".strip()
    extra = options.pop("classes", "")
    if extra:
        params["classes"] = f"{params.get('classes', '')} {extra}".strip()
    if bound.field.disabled:
        params["disabled"] = True
    if folder == "date-input":
        params.pop("name")
    return component(folder, params | options)


class GovukMixin:
    """What makes a Django form speak GOV.UK: put it before the form's own class.

    Attributes:
        nouns: How fields are called inside error sentences: ``{"reason": "a reason"}``.
    """

    nouns: dict[str, str] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        give_sentences(self._as_form())

    def _as_form(self) -> forms.BaseForm:
        if not isinstance(self, forms.BaseForm):
            raise TypeError("GovukMixin goes before a form's class.")
        return self

    def render_field(self, name: str, **options: Any) -> Markup:
        """Return one field; see ``render_field`` of this module."""
        return render_field(self._as_form(), name, **options)

    def render_hidden(self) -> Markup:
        """Return every hidden field."""
        return Markup("").join(
            Markup(str(bound))  # noqa: S704 - Django has escaped it
            for bound in self._as_form().hidden_fields()
        )

    def error_summary(self) -> Markup:
        """Return the summary of what is wrong; nothing where nothing is."""
        return error_summary(self._as_form())


class GovukForm(GovukMixin, forms.Form):
    """A form in GOV.UK's components."""


class GovukModelForm(GovukMixin, forms.ModelForm):  # type: ignore[type-arg]
    """A form of a model in GOV.UK's components."""
