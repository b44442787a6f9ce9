"""Forms given good and bad input: what comes out, what is said, where the links lead."""

import re
from datetime import date
from decimal import Decimal

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.datastructures import MultiValueDict
from tests.ui.shapes import Everything

from section54.ui.forms import DateField, GovukForm, error_summary, month_number, render_field


def day_form(**options):
    class Form(GovukForm):
        when = DateField(label="Date of the meeting", **options)

    return Form


def date_sent(day="", month="", year=""):
    return {"when-day": day, "when-month": month, "when-year": year}


def files(**given):
    return MultiValueDict({name: list(value) for name, value in given.items()})


GOOD = {
    "name": "Ada",
    "reason": "They own their factory",
    "email": "ada@example.com",
    "payments": "12",
    "amount": "£1,250.50",
    "password": "secret",
    "tier": "high",
    "decision": "yes",
    "kinds": ["a", "b"],
    "agree": "on",
    "when-day": "1",
    "when-month": "4",
    "when-year": "2026",
}


def a_file(name="ledger.csv", content=b"Supplier,Amount"):
    return SimpleUploadedFile(name, content)


def filled(**changes):
    data = MultiValueDict()
    for name, value in {**GOOD, **changes}.items():
        data.setlist(name, value if isinstance(value, list) else [value])
    return Everything(data, files(ledger=[a_file()], ledgers=[a_file("a.csv"), a_file("b.csv")]))


def test_good_input_comes_out_as_values():
    form = filled()
    assert form.errors == {}
    assert form.cleaned_data["amount"] == Decimal("1250.50")
    assert form.cleaned_data["when"] == date(2026, 4, 1)
    assert [file.name for file in form.cleaned_data["ledgers"]] == ["a.csv", "b.csv"]
    assert form.cleaned_data["note"] == ""
    assert form.error_summary() == ""


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("name", "", "Enter the name"),
        ("name", "x" * 11, "Name must be 10 characters or fewer"),
        ("reason", "", "Enter a reason"),
        ("reason", "x" * 41, "The reason must be 40 characters or fewer"),
        ("email", "", "Enter the email address"),
        ("email", "ada", "Enter the email address in the right format, such as name@example.com"),
        ("payments", "two", "Number of payments must be a whole number, such as 12"),
        ("payments", "0", "Number of payments must be 1 or more"),
        ("payments", "100", "Number of payments must be 99 or less"),
        ("amount", "a lot", "Amount must be a number, such as 1250.50"),
        ("amount", "1.234", "Amount must have 2 decimal places or fewer"),
        ("amount", "-1", "Amount must be 0 or more"),
        ("tier", "", "Select the risk"),
        ("tier", "extreme", "Select one of the choices shown for the risk"),
        ("decision", "", "Select the decision"),
        ("kinds", [], "Select the kinds of work"),
        ("kinds", ["z"], "Select one of the choices shown for the kinds of work"),
        ("agree", [], "Tick the box: I have read the findings"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(field, typed, sentence):
    form = filled(**{field: typed})
    assert form.errors == {field: [sentence]}
    summary = str(form.error_summary())
    assert re.search(rf'<a href="#id_{field}">{re.escape(sentence)}</a>', summary)
    shown = str(form.render_field(field))
    assert sentence in shown
    assert shown.count(f'id="id_{field}"') == 1
    assert f'id="id_{field}-error"' in shown
    assert re.search(rf'aria-describedby="[^"]*id_{field}-error', shown)


@pytest.mark.parametrize(
    ("typed", "sentence", "first"),
    [
        (("", "", ""), "Enter {it}", "day"),
        (("", "4", "2026"), "The date of the meeting must include a day", "day"),
        (("1", "", ""), "The date of the meeting must include a month and year", "month"),
        (("1", "4", "26"), "The year of {it} must have 4 numbers, such as 2026", "year"),
        (
            ("1", "13", "2026"),
            "The month of {it} must be a number from 1 to 12, such as 4",
            "month",
        ),
        (("32", "1", "2026"), "The day of {it} must be a number from 1 to 31", "day"),
        (("x", "1", "2026"), "The day of {it} must be a number from 1 to 31", "day"),
        (("29", "2", "2026"), "Enter a real date for {it}: February 2026 has no day 29", "day"),
        (("1", "4", "0000"), "Enter a real year for {it}, such as 2026", "year"),
        # Digits of another script are no digits to our readers.
        (
            ("1", "4", "\uff12\uff10\uff12\uff16"),
            "The year of {it} must have 4 numbers, such as 2026",
            "year",
        ),
    ],
)
def test_a_date_that_is_none_is_said_and_its_part_is_marked(typed, sentence, first):
    form = day_form()(date_sent(*typed))
    assert form.errors == {"when": [sentence.format(it="the date of the meeting")]}
    assert f'<a href="#id_when-{first}">' in form.error_summary()
    marked = re.findall(r'<input class="([^"]*)" id="id_when-(\w+)"', form.render_field("when"))
    assert next(part for classes, part in marked if "input--error" in classes) == first


@pytest.mark.parametrize("month", ["4", "04", "apr", "April", "APRIL"])
def test_a_month_may_be_a_number_or_a_name(month):
    form = day_form()(date_sent("1", month, "2026"))
    assert form.is_valid()
    assert form.cleaned_data["when"] == date(2026, 4, 1)


def test_what_is_no_month_has_no_number():
    assert [month_number(text) for text in ("0", "13", "ap", "Foo", "")] == [0] * 5


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        (
            {"earliest": date(2025, 4, 1), "latest": date(2026, 3, 31)},
            "The date of the meeting must be between 1 April 2025 and 31 March 2026",
        ),
        (
            {"latest": lambda: date(2026, 3, 31)},
            "The date of the meeting must be 31 March 2026 or earlier",
        ),
        ({"earliest": date(2026, 4, 2)}, "The date of the meeting must be 2 April 2026 or later"),
    ],
)
def test_a_date_outside_its_range_names_the_range(limits, sentence):
    assert day_form(**limits)(date_sent("1", "4", "2026")).errors == {"when": [sentence]}


@pytest.mark.parametrize("day", [date(2025, 4, 1), date(2026, 3, 31)])
def test_the_first_and_last_day_are_allowed(day):
    form = day_form(earliest=date(2025, 4, 1), latest=date(2026, 3, 31))
    assert form(date_sent(str(day.day), str(day.month), str(day.year))).is_valid()


def test_an_optional_date_may_be_left_out():
    form = day_form(required=False)(date_sent())
    assert form.is_valid()
    assert form.cleaned_data["when"] is None


def test_a_date_is_shown_in_its_three_parts():
    shown = str(day_form()(initial={"when": date(2026, 4, 1)}).render_field("when"))
    assert re.findall(r'name="when-(\w+)"[^>]*value="(\d+)"', shown) == [
        ("day", "1"),
        ("month", "4"),
        ("year", "2026"),
    ]
    assert "<legend" in shown


def test_a_date_has_changed_only_when_it_is_another_day():
    field = DateField()
    assert not field.has_changed(date(2026, 4, 1), ["1", "4", "2026"])
    assert field.has_changed(date(2026, 4, 1), ["2", "4", "2026"])
    assert field.has_changed(None, ["x", "", ""])


def test_no_file_an_empty_file_and_too_many_files_are_said():
    data = MultiValueDict({name: [value] for name, value in GOOD.items() if name != "kinds"})
    form = Everything(data, files(ledger=[a_file(content=b"")]))
    assert form.errors["ledger"] == [
        "The selected file is empty. Choose a file with something in it"
    ]
    assert form.errors["ledgers"] == ["Select the ledgers"]
    form = Everything(data, files(ledgers=[a_file(f"{n}.csv") for n in range(3)]))
    assert form.errors["ledgers"] == ["Select 2 files or fewer at once"]
    assert form.errors["ledger"] == ["Select the ledger"]


def test_one_empty_file_of_several_is_found():
    form = Everything(GOOD, files(ledgers=[a_file(), a_file("b.csv", b"")]))
    assert "empty" in form.errors["ledgers"][0]


def test_every_error_of_a_page_is_in_the_summary_in_the_order_of_the_page():
    form = Everything({}, MultiValueDict())
    links = re.findall(r'href="#(id_\w+?)(?:-day)?"', form.error_summary())
    assert links == [f"id_{name}" for name in Everything.base_fields if name != "note"]


def test_an_error_of_the_whole_form_has_no_link():
    class Form(GovukForm):
        def clean(self):
            raise forms.ValidationError("The two periods overlap")

    summary = str(Form({}).error_summary())
    assert "The two periods overlap" in summary
    assert "<a " not in summary


def test_several_forms_share_one_summary():
    class Form(GovukForm):
        name = forms.CharField(label="Name")

    summary = error_summary(Form({}, prefix="a"), Form({}, prefix="b"), Form(), None)
    assert re.findall(r'href="#([^"]+)"', summary) == ["id_a-name", "id_b-name"]


def test_what_was_typed_is_shown_again_and_never_markup_or_a_password():
    secret = "hunter2"  # noqa: S105
    form = filled(name="<b>&", password=secret, reason="</textarea><script>")
    assert 'value="&lt;b&gt;&amp;"' in form.render_field("name")
    assert secret not in form.render_field("password")
    assert "<script>" not in form.render_field("reason")


def test_what_was_chosen_stays_chosen():
    form = filled()
    assert re.search(r'value="high" selected', form.render_field("tier"))
    assert form.render_field("kinds").count(" checked") == 2
    assert form.render_field("decision").count(" checked") == 1
    assert form.render_field("agree").count(" checked") == 1


def test_a_radio_has_no_choice_for_nothing():
    class Form(GovukForm):
        tier = forms.ChoiceField(choices=[("", "---"), ("a", "A")], widget=forms.RadioSelect)

    assert "---" not in Form().render_field("tier")


def test_options_reach_the_component():
    form = Everything(initial={"amount": Decimal(5)})
    assert 'autocomplete="username"' in form.render_field("name", autocomplete="username")
    assert "govuk-input--width-20" in form.render_field("name", width=20)
    assert "<h1" in form.render_field("name", page_heading=True, size="l")
    assert "Another label" in form.render_field("name", label="Another label")
    assert 'aria-hidden="true">£</div>' in form.render_field("amount")
    assert "govuk-radios--inline" in form.render_field("decision", inline=True)
    assert "Say more" in form.render_field("decision", conditional={"yes": "<p>Say more</p>"})
    assert 'data-maxlength="40"' in form.render_field("reason", count=True)
    assert " multiple" in form.render_field("ledgers")
    assert "(optional)" in form.render_field("note")
    assert "(optional)" not in form.render_field("note", optional=False)


def test_a_hidden_field_is_only_its_input():
    class Form(GovukForm):
        then = forms.CharField(widget=forms.HiddenInput, initial="a")

    assert str(Form().render_field("then")).startswith('<input type="hidden"')
    assert Form().render_hidden() == Form().render_field("then")


def test_a_form_of_another_house_is_shown_with_our_sentences():
    class Login(forms.Form):
        login = forms.CharField(label="Your username")

    form = Login({})
    assert "Enter your username" in render_field(form, "login")
    assert "Enter your username" in error_summary(form)


def test_a_message_of_ones_own_is_kept():
    class Form(GovukForm):
        name = forms.CharField(error_messages={"required": "Say who decided"})

    assert Form({}).errors == {"name": ["Say who decided"]}


def test_a_per_cent_sign_in_a_label_does_no_harm():
    class Form(GovukForm):
        share = forms.IntegerField(label="Share in %", max_value=100)

    assert Form({"share": "101"}).errors == {"share": ["Share in % must be 100 or less"]}
    assert Form({}).errors == {"share": ["Enter the share in %"]}
    assert Form({"share": "x"}).errors == {
        "share": ["Share in % must be a whole number, such as 12"]
    }


def test_a_question_is_answered():
    class Form(GovukForm):
        agree = forms.ChoiceField(label="Do you agree?", choices=[("y", "Yes")])

    assert Form({}).errors == {"agree": ["Select an answer to “Do you agree?”"]}


def test_the_mixin_stands_before_a_form():
    class Wrong(GovukForm.__bases__[0]):
        pass

    with pytest.raises(TypeError, match="before a form"):
        Wrong()


def test_a_hint_may_be_changed_or_left_out():
    form = Everything()
    assert "As it is on the invoice" in form.render_field("name")
    assert "Another hint" in form.render_field("name", hint="Another hint")
    assert "hint" not in form.render_field("name", hint=False)
