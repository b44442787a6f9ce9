"""GOV.UK's components, called from Python as the pages call them from a template."""

from functools import cache
from typing import Any

from jinja2 import BaseLoader, ChainableUndefined, Environment, PackageLoader, PrefixLoader
from markupsafe import Markup


PACKAGE = "govuk_frontend_jinja"


def loader() -> BaseLoader:
    """Return where the components' templates are, under their package's name."""
    return PrefixLoader({PACKAGE: PackageLoader(PACKAGE)})


@cache
def _environment() -> Environment:
    return Environment(
        loader=loader(),
        undefined=ChainableUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def component(folder: str, params: dict[str, Any]) -> Markup:
    """Return a component's HTML.

    Args:
        folder: The component, as in ``date-input``.
        params: What its macro takes; None is as good as left out.
    """
    template = _environment().get_template(f"{PACKAGE}/components/{folder}/macro.html")
    name = "govuk" + "".join(word.capitalize() for word in folder.split("-"))
    macro = getattr(template.module, name)
    given = {key: value for key, value in params.items() if value is not None}
    return Markup(macro(given))  # noqa: S704 - the template has escaped every value
