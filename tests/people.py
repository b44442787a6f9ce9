"""Alice, Bob and Charlie: who may, who may only look, and who belongs somewhere else."""

from datetime import UTC, date, datetime

from section54.organisations.models import Body, Grant, User


NOW = datetime(2026, 4, 20, 9, 0, tzinfo=UTC)
FIRST_DAY = date(2020, 1, 1)
PASSWORD = "correct-horse-battery"  # noqa: S105 - of people who do not exist


def a_body(name: str = "Fenland Constabulary") -> Body:
    return Body.objects.get_or_create(name=name, defaults={"kind": Body.Kind.FORCE})[0]


def a_user(name: str, role: str, body: Body | None = None) -> User:
    email = f"{name.lower().replace(' ', '.')}@example.org"
    user = User.objects.create_user(email, name, PASSWORD)
    if role:
        Grant.objects.create(user=user, role=role, body=body or a_body(), starts_on=FIRST_DAY)
    return user.on(NOW.date())


def alice() -> User:
    """Head of procurement of Fenland."""
    return a_user("Alice", "head_of_procurement")


def bob() -> User:
    """A board member of Fenland, who may look."""
    return a_user("Bob", "board_member")


def charlie() -> User:
    """Head of procurement of another body."""
    return a_user("Charlie", "head_of_procurement", a_body("Ely County Council"))
