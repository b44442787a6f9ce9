"""Who may do what: one table, strings only (the conventions' table of roles).

An area is what a permission is about; ``see``, ``change`` and ``approve`` are what it allows. A
room that comes later adds its areas here and nowhere else.
"""

SEE, CHANGE, APPROVE = "see", "change", "approve"

# area: what it covers, as an administrator reads it
AREAS = {
    "spend": "Ledgers, suppliers and risk reviews",
    "audit": "The record of who changed what",
}

# role: (name, {area: what it allows})
ROLES: dict[str, tuple[str, dict[str, tuple[str, ...]]]] = {
    "buyer": ("Buyer", {"spend": (SEE, CHANGE)}),
    "head_of_procurement": ("Head of procurement", {"spend": (SEE, CHANGE), "audit": (SEE,)}),
    "contract_manager": ("Contract manager", {"spend": (SEE,)}),
    "service_director": ("Service director", {"spend": (SEE,)}),
    "policy_owner": ("Policy owner", {"spend": (SEE,)}),
    "training_lead": ("Training lead", {"spend": (SEE,)}),
    "senior_manager_for_concerns": ("Senior manager for concerns", {"spend": (SEE,)}),
    "director_of_hr": ("Director of HR", {"spend": (SEE,)}),
    "board_member": ("Board member", {"spend": (SEE,)}),
    "approver": ("Approver", {"spend": (SEE,)}),
    "section_owner": ("Section owner", {"spend": (SEE,)}),
    "governance_lead": ("Governance lead", {"spend": (SEE,), "audit": (SEE,)}),
    "auditor": ("Auditor", {"spend": (SEE,), "audit": (SEE,)}),
    "administrator": ("Administrator", {}),
}

# Views that anybody may open, by the name of their address. Every other view names a permission.
PUBLIC = frozenset({"sign-in", "sign-out", "account_login", "account_logout", "account_inactive"})

# A permission that everybody who is signed in has: their own pages, and the way in.
SIGNED_IN = "signed_in"

PERMISSIONS = frozenset(
    {f"{area}.{what}" for area in AREAS for what in (SEE, CHANGE, APPROVE)} | {SIGNED_IN}
)


def allowed(role: str) -> frozenset[str]:
    """Return the permissions of a role.

    >>> sorted(allowed("buyer"))
    ['spend.change', 'spend.see']
    """
    return frozenset(f"{area}.{what}" for area, whats in ROLES[role][1].items() for what in whats)
