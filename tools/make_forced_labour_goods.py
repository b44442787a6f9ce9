"""Make the table of goods made by forced or child labour from the US Department of Labor's XML.

    .venv/bin/python tools/make_forced_labour_goods.py GOODS.xml

The XML comes from the Department's Sweat & Toil data (public domain). Run it again on a new
edition, then change ``version`` and ``retrieved`` in the TOML beside the table.
"""

import csv
import sys
import xml.etree.ElementTree as ET
from pathlib import Path


TABLE = Path(__file__).parents[1] / "src/section54/engine/reference/forced_labour_goods.csv"


def main(source: str) -> None:
    """Write one row a good and country, flags as yes or no, sorted."""
    rows = []
    for good in ET.parse(source).getroot():  # noqa: S314
        for country in good.findall("Countries/Country"):
            flags = [
                (country.findtext(tag) or "No").strip().lower()
                for tag in (
                    "Child_Labor",
                    "Forced_Labor",
                    "Forced_Child_Labor",
                    "Derived_Labor_Exploitation",
                )
            ]
            name = (good.findtext("Good_Name") or "").strip()
            sector = (good.findtext("Good_Sector") or "").strip()
            rows.append([name, sector, (country.findtext("Country_Name") or "").strip(), *flags])
    with TABLE.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["good", "sector", "country", "child", "forced", "forced_child", "derived"])
        writer.writerows(sorted(rows))
    print(f"{TABLE.name}: {len(rows)} rows")


if __name__ == "__main__":
    main(sys.argv[1])
