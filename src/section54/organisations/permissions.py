"""Who may do what: one table, strings only (the conventions' table of roles).

An area is what a permission is about, a verb what it allows there; ``area.verb`` is the name of
the permission. Areas whose rooms are not built yet stand here too, so that a grant means the same
before and after. A verb with more words allows less: ``change_own`` only what is one's own.
"""

from collections.abc import Collection, Iterable


SEE, CHANGE, APPROVE = "see", "change", "approve"
SEE_OWN, CHANGE_OWN = "see_own", "change_own"
SEE_PEOPLE = "see_people"  # of the record of changes: lines about accounts and grants, no others

# area: what it covers, as an administrator reads it
AREAS = {
    "spend": "Ledgers, suppliers and risk reviews",
    "tenders": "Tenders and the prices in them",
    "contracts": "Contracts and breaches of them",
    "checks": "Questionnaires, checks and actions",
    "register": "The risk register",
    "policies": "Policies, promises, training and measures",
    "boards": "Boards and the annual statement",
    "concerns": "What is in the concerns that people raise",
    "people": "People and what they were granted",
    "audit": "The record of who changed what",
}

Cells = dict[str, tuple[str, ...]]  # area: what it allows; an area that is not named: nothing

# What most people may who work for a body: look at what is neither a price nor about a person.
_LOOK: Cells = dict.fromkeys(
    ("spend", "contracts", "checks", "register", "policies", "boards"), (SEE,)
)

# role: (name, {area: what it allows})
ROLES: dict[str, tuple[str, Cells]] = {
    "buyer": (
        "Buyer",
        {
            **_LOOK,
            "spend": (SEE, CHANGE),
            "tenders": (SEE_OWN, CHANGE_OWN),
            "checks": (SEE, CHANGE),
        },
    ),
    "head_of_procurement": (
        "Head of procurement",
        {
            **_LOOK,
            "spend": (SEE, CHANGE),
            "tenders": (SEE, CHANGE, "approve_challenges"),
            "contracts": (SEE, CHANGE, "approve_remedies"),
            "checks": (SEE, CHANGE, "approve_overrides"),
            "audit": (SEE,),
        },
    ),
    "contract_manager": (
        "Contract manager",
        {**_LOOK, "contracts": (SEE, CHANGE_OWN), "checks": (SEE, CHANGE_OWN)},
    ),
    "service_director": (
        "Service director",
        {**_LOOK, "register": (SEE, CHANGE, "approve_own_area")},
    ),
    "policy_owner": ("Policy owner", {**_LOOK, "policies": (SEE, CHANGE_OWN)}),
    "training_lead": ("Training lead", {**_LOOK, "policies": (SEE, CHANGE_OWN)}),
    "senior_manager_for_concerns": (
        "Senior manager for concerns",
        {**_LOOK, "concerns": ("see_if_recipient", "change_if_recipient")},
    ),
    "director_of_hr": (
        "Director of HR",
        {
            **_LOOK,
            "register": (SEE, "review_own_workforce"),
            "concerns": ("see_if_recipient", "change_if_recipient"),
        },
    ),
    "board_member": ("Board member", {**_LOOK}),
    "approver": ("Approver", {**_LOOK, "boards": (SEE, APPROVE)}),
    "section_owner": ("Section owner", {**_LOOK, "boards": (SEE, "change_own_section")}),
    "governance_lead": (
        "Governance lead",
        {
            **_LOOK,
            "policies": (SEE, CHANGE),
            "boards": (SEE, CHANGE, "publish_when_approved"),
            "people": (SEE,),
            "audit": (SEE,),
        },
    ),
    "auditor": ("Auditor", {**_LOOK, "tenders": (SEE,), "people": (SEE,), "audit": (SEE,)}),
    "administrator": (
        "Administrator",
        {"people": (SEE, "change_of_others"), "audit": (SEE_PEOPLE,)},
    ),
}

# Who comes in without a grant: no account of a body can be given one of these.
WITHOUT_GRANTS: dict[str, tuple[str, Cells]] = {
    "supplier_contact": (
        "Supplier contact",
        {
            "spend": ("see_own_record",),
            "contracts": (SEE_OWN,),
            "checks": (SEE_OWN, "change_own_answers"),
            "boards": ("see_published",),
            "people": ("see_own_colleagues",),
        },
    ),
    "public": (
        "The public",
        {"boards": ("see_published",), "concerns": ("send", "see_own_by_receipt")},
    ),
}

# A permission that holds a smaller one, where a page opens for either.
INCLUDES: dict[str, tuple[str, ...]] = {f"audit.{SEE}": (f"audit.{SEE_PEOPLE}",)}

# Views that anybody may open, by the name of their address. Every other view names a permission.
PUBLIC = frozenset(
    {"sign-in", "sign-out", "account_login", "account_logout", "account_inactive"}
    | {"mfa_authenticate", "passkey-sign-in", "entra-sign-in", "entra-callback"}
    | {"invitation"}  # whoever has its secret link
    | {"record-head", "record-note"}  # how long each body's record is, and its last hash
    | {"health-alive", "health-ready", "messages-stop", "api", "api-openapi"}
)

# Addresses that give away in one go what is about people, money or prices, by name: why. Each
# answer is a line of the record (``http.noted``). What a page shows of a ledger that is published
# anyway, and reading the record itself, is no line.
NOTED = {
    "people-export": "people with their addresses and roles",
    "people-access-export": "who had which access, for many people at once",
    "audit-export": "who did what, for many lines at once",
    "audit-bundle": "the record of a body, who had access, and its concluded reviews",
    "messages-export": "people's names and addresses, and what is written to them",
    "import-rejected": "rows as the ledger has them, before names of people were withheld",
    "review-file": "a whole review",
    "review-suppliers-export": "what was found of every payee, and what people decided on it",
    "finding-payments-export": "every payment to a payee",
}

# A permission that everybody who is signed in has: their own pages, and the way in.
SIGNED_IN = "signed_in"


def named(cells: Cells) -> frozenset[str]:
    """Return the permissions of some cells by name, with the smaller ones that they hold.

    >>> sorted(named({"audit": ("see",)}))
    ['audit.see', 'audit.see_people']
    """
    given = {f"{area}.{verb}" for area, verbs in cells.items() for verb in verbs}
    return frozenset(given.union(*(INCLUDES.get(one, ()) for one in given)))


def within(permissions: Iterable[str], areas: Collection[str]) -> frozenset[str]:
    """Return the permissions that are about some areas.

    >>> sorted(within({"spend.see", "boards.see"}, ["spend"]))
    ['spend.see']
    """
    return frozenset(one for one in permissions if one.split(".")[0] in areas)


PERMISSIONS = frozenset({SIGNED_IN}).union(
    *(named(cells) for _, cells in (*ROLES.values(), *WITHOUT_GRANTS.values()))
)


def allowed(role: str) -> frozenset[str]:
    """Return the permissions of a role.

    >>> sorted(one for one in allowed("buyer") if one.startswith(("spend.", "tenders.")))
    ['spend.change', 'spend.see', 'tenders.change_own', 'tenders.see_own']
    """
    return named(ROLES[role][1])
