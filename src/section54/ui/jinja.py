"""The one Jinja environment of the pages: GOV.UK's macros, our parts, our formats, addresses."""

from collections.abc import Iterable
from typing import Any

from django.contrib.messages import get_messages
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from jinja2 import (
    BaseLoader,
    ChainableUndefined,
    ChoiceLoader,
    Environment,
    Undefined,
)

from section54.engine.reports import wording
from section54.engine.risk.model import TIER_ORDER, Tier
from section54.ui import formats, forms, govuk


def url(name: str, /, *args: Any, **kwargs: Any) -> str:
    """Return the address of a page by its name."""
    return reverse(name, args=args or None, kwargs=kwargs or None)


def messages_of(request: HttpRequest | Undefined | None) -> list[Any]:
    """Return what the last change has to say; nothing where the page has no request."""
    return list(get_messages(request)) if isinstance(request, HttpRequest) else []


def query(request: HttpRequest, **changes: Any) -> str:
    """Return the page's own query string with keys changed; None or "" takes a key out.

    A list gives a key several values. ``?`` alone is the page without any query.
    """
    params = request.GET.copy()
    for key, value in changes.items():
        values = value if isinstance(value, list | tuple) else [value]
        kept = [str(one) for one in values if one not in (None, "")]
        if kept:
            params.setlist(key, kept)
        else:
            params.pop(key, None)
    return f"?{params.urlencode()}"


def next_sort(request: HttpRequest, key: str, *, descending: bool, default: str = "") -> str:
    """Return what ``sort`` becomes when this column's heading is pressed."""
    now = request.GET.get("sort") or default
    if now in {key, f"-{key}"}:
        return key if now.startswith("-") else f"-{key}"
    return f"-{key}" if descending else key


def sorted_now(request: HttpRequest, key: str, default: str = "") -> str:
    """Return ``ascending``, ``descending``, or nothing where another column is sorted by."""
    now = request.GET.get("sort") or default
    return {key: "ascending", f"-{key}": "descending"}.get(now, "")


def kept_fields(request: HttpRequest, names: Iterable[str]) -> list[tuple[str, str]]:
    """Return the query's values that a filter form carries along without showing them."""
    return [(name, value) for name in names for value in request.GET.getlist(name) if value]


FILTERS: dict[str, Any] = {
    "pounds": formats.pounds,
    "pounds_exact": formats.pounds_exact,
    "pounds_short": formats.pounds_short,
    "difference": formats.difference,
    "percent": formats.percent,
    "percents": wording.percents,
    "share_of": wording.share_of,
    "number": formats.number,
    "count": wording.count,
    "listed": wording.listed,
    "plain": wording.plain,
    "day": formats.day,
    "period": wording.period,
    "month": formats.month,
    "clock": formats.clock,
    "when": formats.when,
    "file_size": formats.file_size,
    "tier": formats.tier_of,
    "letter": formats.letter,
    "slug": formats.slug,
    "label": formats.label,
    "numeric": lambda text: {"label": text, "numeric": True},
    "risk_work": lambda tier: wording.RISK_WORK[Tier(tier)],
}
GLOBALS: dict[str, Any] = {
    "url": url,
    "static": static,
    "messages_of": messages_of,
    "query": query,
    "next_sort": next_sort,
    "sorted_now": sorted_now,
    "kept_fields": kept_fields,
    "render_field": forms.render_field,
    "error_summary": forms.error_summary,
    "sum_words": formats.sum_words,
    "share_of": wording.share_of,
    "length": formats.length,
    "segments": formats.segments,
    "Tier": Tier,
    "TIER_ORDER": TIER_ORDER,
}


def environment(**options: Any) -> Environment:
    """Build the environment that Django renders every page with."""
    own: BaseLoader | None = options.get("loader")
    options["loader"] = ChoiceLoader([own, govuk.loader()] if own else [govuk.loader()])
    options["undefined"] = ChainableUndefined  # the GOV.UK macros rely on it
    options["autoescape"] = True
    options.setdefault("trim_blocks", True)
    options.setdefault("lstrip_blocks", True)
    env = Environment(**options)  # noqa: S701 - escaping is set three lines above
    env.globals.update(GLOBALS)
    env.filters.update(FILTERS)
    return env
