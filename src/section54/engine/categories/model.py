"""What the category step takes and gives."""

from dataclasses import dataclass

from section54.engine.identity.model import PayeeKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """The words of one distinct kind of purchase; empty text where the ledger says nothing.

    Attributes:
        supplier: The payee's tidy name (or the spelling as written).
        kind: What sort of payee.
        redacted: The publisher withheld the payee's name.
        description: Free narrative of what was bought.
        expense_type: The ledger account, e.g. "Contract cleaning".
        category: The publisher's own procurement category, ProClass, CPV or SIC text or code.
        department: Directorate, service or cost centre; weak evidence.
    """

    supplier: str
    kind: PayeeKind
    redacted: bool = False
    description: str = ""
    expense_type: str = ""
    category: str = ""
    department: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryDecision:
    """The category we give a purchase, how sure, and the words that decided it.

    Attributes:
        code: One of the codes of the ``categories`` table.
        variant: A row of ``category_variants`` that moves the usual tier, or "".
        confidence: 0 to 1; measured on the labelled pairs, not a probability of harm.
        because: One sentence naming the deciding words and where they stood.
    """

    code: str
    variant: str
    confidence: float
    because: str
