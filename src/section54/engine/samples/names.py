"""Names for invented firms and people: places of no map, surnames, and the words of a trade.

No name is taken from a register. The towns of the worked examples (Ely, Wisbech, March …) are
left out of the places, so that no other invented firm can be mistaken for one of those.
"""

from collections.abc import Iterable
from random import Random

from rapidfuzz import fuzz, process


# fmt: off
PLACES = (
    "Sallowmere", "Thornfen", "Reedwick", "Eelbourne", "Holmedyke", "Lodewater", "Priorsfen",
    "Staunchwick", "Cressdyke", "Turfham", "Swanlode", "Sedgeby", "Osierham", "Mereholt",
    "Willowdrove", "Bitternham", "Ploverfen", "Heronsey", "Teaselbank", "Droveham", "Sluiceford",
    "Marshwick", "Harrowfen", "Coldwash", "Adderdyke", "Pikeham", "Ashlode", "Tenfootbank",
    "Washland", "Wrydefen", "Lapwingham", "Gaultbridge", "Otterlode", "Curlewby", "Flagholme",
    "Tanglefen", "Withywick", "Moorcotham", "Eaudyke", "Newcutham",
)
SURNAMES = (
    "Pask", "Thurlow", "Gotobed", "Setchell", "Cutlack", "Feary", "Gathercole", "Harradine",
    "Kisby", "Murfitt", "Negus", "Peachey", "Rayner", "Sallis", "Tebbutt", "Vawser", "Wayman",
    "Yarrow", "Hurrell", "Dring", "Darnell", "Easey", "Fovargue", "Howlett", "Isaacson", "Kidger",
    "Lythell", "Norgate", "Plumb", "Rolfe", "Scarrow", "Upchurch", "Whybrow", "Aveling", "Barwick",
    "Chennery", "Elsom", "Fincham", "Hempsall", "Ibbott", "Joscelyne", "Lupson", "Malster", "Nunn",
    "Ogden", "Pilsworth", "Rickwood", "Stittle", "Thickpenny", "Wakelin", "Quincey", "Bellamore",
    "Crowsland", "Dexmoor", "Ellenby", "Fossgate",
)
# fmt: on
TITLES = ("Mr", "Mrs", "Ms", "Dr")
INITIALS = "ABCDEGHJKLMNPRSTW"

# Two cores this alike (0 to 100) would be taken for one payee by a person too.
TOO_ALIKE = 88
# One finance system cuts names here; two payees must not become one by it.
CUT_AT = 30


class Namer:
    """Makes up names of which no two can be confused."""

    def __init__(self, rng: Random, taken: Iterable[str]) -> None:
        self._rng = rng
        self._cores = [name.lower() for name in taken]
        self._cut = {core[:CUT_AT] for core in self._cores}

    def firm(self, trade: str, suffix: str) -> str:
        """Return a new firm's name in a trade, with its legal form.

        Raises:
            RuntimeError: the places and surnames are used up for this trade.
        """
        for _ in range(200):
            core = self._core(trade)
            if self._free(core):
                return f"{core} {suffix}".strip()
        raise RuntimeError(f"No free name is left for {trade}: add places or surnames.")

    def person(self) -> str:
        """Return an invented person's name, e.g. ``Ms T Pask``."""
        for _ in range(200):
            surname = self._rng.choice(SURNAMES)
            name = f"{self._rng.choice(TITLES)} {self._rng.choice(INITIALS)} {surname}"
            if name.lower() not in self._cut:
                self._cores.append(name.lower())
                self._cut.add(name.lower())
                return name
        raise RuntimeError("No free name is left for a person: add surnames.")

    def _core(self, trade: str) -> str:
        rng = self._rng
        pick = rng.random()
        if pick < 0.46:
            return f"{rng.choice(PLACES)} {trade}"
        first, second = rng.sample(SURNAMES, 2)
        if pick < 0.74:
            return f"{first} {trade}"
        if pick < 0.86:
            return f"{first} & {second} {trade}"
        if pick < 0.94:
            return f"{rng.choice(PLACES)} & Fens {trade}"
        return f"{first} & Sons {trade} ({rng.choice(PLACES)})"

    def _free(self, core: str) -> bool:
        low = core.lower()
        if low[:CUT_AT] in self._cut:
            return False
        if process.extractOne(low, self._cores, scorer=fuzz.ratio, score_cutoff=TOO_ALIKE):
            return False
        self._cores.append(low)
        self._cut.add(low[:CUT_AT])
        return True
