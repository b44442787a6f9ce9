"""PostgreSQL's row-level security, made anew from the models after every migration.

A table is bound to a body by its own column (``body``, ``body_id``) or by the row that it belongs
to, and gets one policy a command: no table of ours is without, or the start-up check fails. What a
collaboration shares can be read, never changed, by the other bodies in it. Who sees what is told
by ``records/rows.py``; the tables of other libraries (sessions, second factors, the queue) belong
to no body.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import AppConfig, apps
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DEFAULT_DB_ALIAS, connections, models, transaction


OURS = "section54."
EVERYTHING = "(SELECT section54_everything())"
OWN = "{0} = ANY ((SELECT section54_bodies())::uuid[])"
TOGETHER = "{0} = ANY ((SELECT section54_collaborations())::uuid[])"
SHARED = "{0} = ANY ((SELECT section54_shared('{1}'))::uuid[])"
ANYBODY = "true"
NOBODY = "false"

# Tables that belong to no body, and why each body's people may reach all of their rows.
OF_NO_BODY = {
    "records.ChainHead": "a count and a hash, printed for the public; written with every line",
    "post.ScheduledRun": "which job ran on which day",
    "post.WorkerBeat": "which workers live",
}
# Tables in which a person sees what is their own, in whatever body it is; and its field.
PERSON = {"organisations.Grant": "user", "post.Message": "person"}
# What other bodies may read, too, though no policy here lets them: None is what is shared with
# them as such (organisations.Share), words are a condition. What hangs on it is read with it.
SHARES: dict[str, tuple[str | None, ...]] = {
    "risk.Review": (None,),
    # Pages ask for a review together with how it was made.
    "post.Job": (
        "id IN (SELECT job_id FROM risk_review WHERE " + SHARED.format("id", "risk.Review") + ")",  # noqa: S608
    ),
}
FAR = 100

FUNCTIONS = """
CREATE OR REPLACE FUNCTION section54_everything() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT coalesce(current_setting('section54.everything', true), '') = 'on' $$;

CREATE OR REPLACE FUNCTION section54_bodies() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT nullif(current_setting('section54.bodies', true), '')::uuid[] $$;

CREATE OR REPLACE FUNCTION section54_person() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT nullif(current_setting('section54.person', true), '')::uuid $$;
"""
# These look at the tables by which bodies find each other, so they see all rows of them.
FINDERS = {
    "section54_collaborations()": """
        SELECT collaboration_id AS id FROM organisations_membership
        WHERE body_id = ANY (section54_bodies())
        UNION SELECT id FROM organisations_collaboration
        WHERE lead_id = ANY (section54_bodies())""",
    "section54_known_bodies()": """
        SELECT unnest(section54_bodies()) AS id
        UNION SELECT body_id FROM organisations_membership
        WHERE collaboration_id = ANY (section54_collaborations())
        UNION SELECT lead_id FROM organisations_collaboration
        WHERE id = ANY (section54_collaborations())
        UNION SELECT body_id FROM organisations_bodyrelation
        WHERE other_id = ANY (section54_bodies())
        UNION SELECT other_id FROM organisations_bodyrelation
        WHERE body_id = ANY (section54_bodies())""",
    "section54_shared(label text)": """
        SELECT share.subject_id AS id
        FROM organisations_share AS share
        JOIN organisations_collaboration AS together ON together.id = share.collaboration_id
        JOIN organisations_membership AS own ON own.collaboration_id = together.id
        JOIN organisations_membership AS still ON still.collaboration_id = together.id
        WHERE share.kind = label
        AND own.body_id = ANY (section54_bodies()) AND still.body_id = share.body_id
        AND daterange(share.starts_on, share.ends_on, '[]') @> today
        AND daterange(together.starts_on, together.ends_on, '[]') @> today
        AND daterange(own.starts_on, own.ends_on, '[]') @> today
        AND daterange(still.starts_on, still.ends_on, '[]') @> today""",
}
FINDER = """
CREATE OR REPLACE FUNCTION {name} RETURNS uuid[] LANGUAGE plpgsql STABLE AS $$
DECLARE
    before text := coalesce(current_setting('section54.everything', true), '');
    today date := (now() AT TIME ZONE 'Europe/London')::date;
    ids uuid[];
BEGIN
    PERFORM set_config('section54.everything', 'on', true);
    ids := (SELECT array_agg(found.id) FROM ({query}) AS found);
    PERFORM set_config('section54.everything', before, true);
    RETURN ids;
END $$;
"""
FUNCTIONS += "".join(FINDER.format(name=name, query=query) for name, query in FINDERS.items())


@dataclass(frozen=True, slots=True)
class Policy:
    """Who may do what with a table's rows, as conditions of SQL.

    ``hold`` is for a row that is locked while something beside it changes; ``change`` is what a
    row must be after it was changed.
    """

    read: str
    add: str
    hold: str
    change: str
    remove: str

    @classmethod
    def of(cls, read: str, write: str) -> "Policy":
        """Return the policy of a table that is written as one."""
        return cls(read, write, write, write, write)

    def statements(self, table: str) -> list[str]:
        """Return the statements that set it, whatever was there before."""
        commands = {
            "SELECT": {"USING": self.read},
            "INSERT": {"WITH CHECK": self.add},
            "UPDATE": {"USING": self.hold, "WITH CHECK": self.change},
            "DELETE": {"USING": self.remove},
        }
        made = [
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        ]
        for command, clauses in commands.items():
            name = f"section54_{command.lower()}"
            told = " ".join(f"{clause} ({_or_all(words)})" for clause, words in clauses.items())
            made.append(f"DROP POLICY IF EXISTS {name} ON {table}")
            made.append(f"CREATE POLICY {name} ON {table} FOR {command} {told}")
        return made


def _or_all(condition: str) -> str:
    return condition if condition == ANYBODY else f"{EVERYTHING} OR {condition}"


# Tables of which no body's column tells the whole.
# Whom a row that one sees names is known: whose grant it is, who gave it, who shared a record.
_COLLEAGUES = " OR ".join(
    f"id IN (SELECT {column} FROM {table})"  # noqa: S608 - our own names
    for table, column in (
        ("organisations_grant", "user_id"),
        ("organisations_grant", "given_by_id"),
        ("organisations_grant", "ended_by_id"),
        ("organisations_share", "shared_by_id"),
    )
)
_SIGNING_IN = "(SELECT section54_bodies()) IS NULL"
_PERSON = "{} = (SELECT section54_person())"
_USER = f"{_SIGNING_IN} OR {_PERSON.format('id')} OR {_COLLEAGUES}"
_KNOWN = "id = ANY ((SELECT section54_known_bodies())::uuid[])"
_TOGETHER = f"{OWN.format('lead_id')} OR {TOGETHER.format('id')}"
SPECIAL = {
    # Bodies of the same collaboration, and those that oversee or succeed, know each other's names.
    "organisations.Body": Policy(_KNOWN, OWN.format("id"), _KNOWN, OWN.format("id"), NOBODY),
    "organisations.BodyRelation": Policy.of(
        f"{OWN.format('body_id')} OR {OWN.format('other_id')}", OWN.format("body_id")
    ),
    "organisations.Collaboration": Policy(
        _TOGETHER, OWN.format("lead_id"), _TOGETHER, OWN.format("lead_id"), NOBODY
    ),
    # Accounts: whoever signs in is not known yet; then a person sees whom a grant of theirs shows.
    "organisations.User": Policy(_USER, ANYBODY, _USER, _USER, NOBODY),
    # A line is added by every change, to each chain that it concerns; only one's own are read.
    "records.Event": Policy(OWN.format("body_id"), ANYBODY, NOBODY, NOBODY, NOBODY),
}


class NoBodyError(LookupError):
    """No way leads from a model to a body."""


def our_models() -> list[type[models.Model]]:
    """Return every model of ours that has a table, those between two others too."""
    return [
        model
        for config in apps.get_app_configs()
        if config.name.startswith(OURS)
        for model in config.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
    ]


def policy_of(model: type[models.Model]) -> Policy | None:
    """Return a table's policy; None if it is listed as belonging to no body.

    Raises:
        NoBodyError: no way leads from it to a body, and it is not listed.
    """
    label = model._meta.label
    if label in OF_NO_BODY:
        return None
    if label in SPECIAL:
        return SPECIAL[label]
    write = _condition(model, write=True)
    ways = [_condition(model, write=False)]
    if label in PERSON:
        ways.append(_PERSON.format(_column(model, PERSON[label])))
    ways += [
        SHARED.format(model._meta.pk.column, label) if way is None else way
        for way in SHARES.get(label, ())
    ]
    return Policy.of(" OR ".join(ways), write)


def _column(model: type[models.Model], name: str) -> str | None:
    """Return the column of a field, by its name with or without ``_id``."""
    for field in model._meta.concrete_fields:
        if name in (field.name, field.attname):
            return str(field.column)
    return None


def _condition(model: type[models.Model], *, write: bool) -> str:
    if special := SPECIAL.get(model._meta.label):
        return special.change if write else special.read
    if body := _column(model, "body_id"):
        together = _column(model, "collaboration_id")
        return OWN.format(body) + (f" OR {TOGETHER.format(together)}" if together else "")
    field = _owner(model)
    owner = field.related_model
    # What may be read of the owner's table, its own policy says.
    which = f" WHERE {_condition(owner, write=True)}" if write else ""
    table, key = owner._meta.db_table, owner._meta.pk.column
    return f"{field.column} IN (SELECT {key} FROM {table}{which})"  # noqa: S608 - our own names


def _owner(model: type[models.Model]) -> Any:
    """Return the field that names the row to which a model's rows belong: the nearest a body."""
    found = [(_distance(field.related_model), field) for field in _links(model)]
    near = min((distance for distance, _ in found), default=FAR)
    if near >= FAR:
        raise NoBodyError(model._meta.label)
    return next(field for distance, field in found if distance == near)


def _links(model: type[models.Model]) -> list[Any]:
    return [
        field
        for field in model._meta.concrete_fields
        if field.is_relation and not field.null and field.related_model is not model
    ]


def _distance(model: type[models.Model]) -> int:
    """Return how many rows lie between a model's row and its body; a person's own is far."""
    label = model._meta.label
    if label == "organisations.User":
        return FAR // 2
    if label in SPECIAL or _column(model, "body_id"):
        return 0
    if label in OF_NO_BODY or model._meta.app_config.name.startswith(OURS) is False:
        return FAR
    return min((1 + _distance(field.related_model) for field in _links(model)), default=FAR)


def tables_without(using: str = DEFAULT_DB_ALIAS) -> list[str]:
    """Return our tables in a database on which row-level security is not as it must be."""
    there = set(connections[using].introspection.table_names())
    standing = _standing(using)
    return [
        table
        for table, made in _wanted().items()
        if there.issuperset({table, *re.findall(r" FROM (\w+)", " ".join(made))})
        and standing.get(table) != _hash(made)
    ]


def keep_policies(*, using: str = DEFAULT_DB_ALIAS, **_: Any) -> None:
    """Give every table its policies, where they are not as they must be; after each migration."""
    connection = connections[using]
    if connection.vendor != "postgresql":
        return
    wanted = _wanted()
    with transaction.atomic(using=using), connection.cursor() as cursor:
        cursor.execute(
            "SELECT obj_description(oid) FROM pg_proc WHERE proname = 'section54_everything'"
        )
        if cursor.fetchone() != (_hash([FUNCTIONS]),):
            cursor.execute(FUNCTIONS)
            cursor.execute(f"COMMENT ON FUNCTION section54_everything() IS '{_hash([FUNCTIONS])}'")
        for table in tables_without(using):
            for statement in wanted[table]:
                cursor.execute(statement)
            cursor.execute(
                f"COMMENT ON POLICY section54_select ON {table} IS '{_hash(wanted[table])}'"
            )


def _wanted() -> dict[str, list[str]]:
    """Return the statements that bind each table of ours, by the table's name."""
    found = {}
    for model in our_models():
        policy = policy_of(model)
        if policy is not None:
            found[model._meta.db_table] = policy.statements(model._meta.db_table)
    return found


def _standing(using: str) -> dict[str, str]:
    """Return the hash of each table's policies, of those that have all four, forced."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            """SELECT t.relname, max(obj_description(p.oid, 'pg_policy'))
            FROM pg_policy AS p JOIN pg_class AS t ON t.oid = p.polrelid
            WHERE t.relnamespace = 'public'::regnamespace AND p.polname LIKE 'section54%'
            AND t.relrowsecurity AND t.relforcerowsecurity
            GROUP BY t.relname HAVING count(*) = 4"""
        )
        return dict(cursor.fetchall())


def _hash(statements: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(statements).encode()).hexdigest()[:16]


@register()
def every_table_is_of_a_body(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Return an error for each model from which no way leads to a body, and that is not listed."""
    errors: list[CheckMessage] = []
    for model in our_models():
        try:
            policy_of(model)
        except NoBodyError:
            errors.append(
                Error(
                    f"{model._meta.label} belongs to no body, so no row of it can be kept from "
                    "other bodies.",
                    hint="Give it a body, or a link to what has one; or list it in OF_NO_BODY of "
                    "records/policies.py and say why everybody may reach its rows.",
                    id="records.E001",
                )
            )
    return errors


@register(Tags.database)
def every_table_is_guarded(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Return an error for each table in PostgreSQL that is not as its policy says."""
    return [
        Error(
            f"The table {table} shows rows of other bodies: its row-level security is not as it "
            "must be.",
            hint="Run the migrations: they set it again.",
            id="records.E002",
        )
        for alias in databases or ()
        if connections[alias].vendor == "postgresql"
        for table in tables_without(alias)
    ]
