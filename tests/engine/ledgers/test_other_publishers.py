# ruff: noqa: E501 - ledgers are as wide as they are
"""Ledgers in the manner of many other publishers: every payee, number and pound is made up.

Each is written as a few lines with ``|`` between cells, so that amounts may hold commas.
"""

from dataclasses import dataclass
from decimal import Decimal

import pytest

from section54.engine.ledgers.columns import heading_words
from section54.engine.ledgers.sheet import Grid, SheetOutcome, read_sheet


@dataclass(frozen=True, kw_only=True)
class Published:
    """A small ledger, the 0-based columns of its roles, its pounds and what else stands in it."""

    text: str
    columns: dict[str, int]
    total: str
    lines: int
    headings: int = 1
    rejected: tuple[int, ...] = ()
    basis: str = "unknown"
    first_day: str = "2025-04-01"
    dates_missing: int = 0


LEDGERS = {
    "police force, with merchant category": Published(
        text="""
        Body Name|Service Area|Expense type|Date|Beneficiary|Merchant Category|Amount excl. VAT
        Fenland Constabulary|Custody|Catering|01/04/2025|Ouse Catering Ltd|Food services|1,250.00
        Fenland Constabulary|Fleet|Vehicle repair|03/04/2025|Denny Body Shop|Garages|780.50
        Fenland Constabulary|Estates|Cleaning|09/04/2025|Nene Cleaning Limited|Cleaning|12,000.00
        Fenland Constabulary|Fleet|Fuel|15/04/2025|March Fuels plc|Fuel|5,600.10
        """,
        columns={"supplier": 4, "amount_net": 6, "date": 3, "expense_type": 2, "category": 5},
        total="19630.60",
        lines=4,
        basis="net",
    ),
    "commissioner, payee and pounds": Published(
        text="""
        Office of the Police and Crime Commissioner for Fenland
        Payments over £500 made in April 2025

        Payee|Cheque No|£
        Ouse Victim Services CIC|200101|15,000.00
        Isle Software plc|200102|640.00
        Ely Printing|200103|512.25
        """,
        columns={"supplier": 0, "reference": 1, "amount": 2},
        total="16152.25",
        lines=3,
        headings=3,
        first_day="",
        dates_missing=3,
    ),
    "fire service, creditor and three sums": Published(
        text="""
        Creditor|Date of Payment|Net|VAT|Gross|Detail
        Nene Fire Engineering Ltd|01.04.2025|1000.00|200.00|1200.00|Hose
        March Uniforms Limited|02.04.2025|600.00|120.00|720.00|Tunics
        Wisbech Growers|16.04.2025|55.10|0.00|55.10|Catering
        """,
        columns={
            "supplier": 0,
            "date": 1,
            "amount_net": 2,
            "vat": 3,
            "amount_gross": 4,
            "description": 5,
        },
        total="1655.10",
        lines=3,
        basis="net",
    ),
    "county council, spaces and trailing minus": Published(
        text="""
        Service Label|Supplier Name|Supplier ID|Payment Date|Amount (£)|Expenditure Category
        Adult Care|Soham Homecare Ltd|300145|01/04/2025| £ 1,234.50 |Home care
        Adult Care|Soham Homecare Ltd|300145|08/04/2025| £ 1,234.50-|Home care
        Highways|Ouse Surfacing plc|300200|22/04/2025| £ 48,000.00 |Roads
        Highways|Nene Signs|300201|22/04/2025|  -   |Roads
        """,
        columns={"supplier": 1, "supplier_number": 2, "date": 3, "amount": 4, "expense_type": 5},
        total="48000.00",
        lines=3,
        rejected=(5,),
    ),
    "borough, dotted short dates": Published(
        text="""
        Vendor Name|Vendor No|Doc. Date|Amount in LC|Cost Centre
        Littleport Print|1000233|1.4.25|515.00|Elections
        Isle Waste Ltd|1000234|2.4.25|20,415.75|Refuse
        Chatteris Hire|1000235|30.4.25|900.00|Parks
        """,
        columns={"supplier": 0, "supplier_number": 1, "date": 2, "amount": 3, "department": 4},
        total="21830.75",
        lines=3,
    ),
    "district, month instead of a day": Published(
        text="""
        Supplier|Amount|Month Paid|Service
        Ouse Ltd|1,000.00|Apr-25|Leisure
        Nene Ltd|2,000.00|Apr-25|Housing
        March Ltd|3,000.00|May-25|Housing
        """,
        columns={"supplier": 0, "amount": 1, "date": 2},
        total="6000.00",
        lines=3,
    ),
    "dates without any separator": Published(
        text="""
        Supplier|Payment Date|Invoice Ref|Value
        Ouse Ltd|20250401|INV-1|1000.00
        Nene Ltd|20250402|INV-2|2000.00
        March Ltd|20250415|INV-3|3000.00
        """,
        columns={"supplier": 0, "date": 1, "reference": 2, "amount": 3},
        total="6000.00",
        lines=3,
    ),
    "day, month and year run together": Published(
        text="""
        Supplier|Payment Date|Value
        Ouse Ltd|01042025|1000.00
        Nene Ltd|02042025|2000.00
        March Ltd|15042025|3000.00
        """,
        columns={"supplier": 0, "date": 1, "amount": 2},
        total="6000.00",
        lines=3,
    ),
    "dates with an empty time": Published(
        text="""
        SupplierName|PaymentDate|NetAmount
        Ouse Ltd|2025/04/01 00:00:00|1000.00
        Nene Ltd|2025/04/02 00:00:00|2000.00
        March Ltd|2025/04/03 00:00:00|3000.00
        """,
        columns={"supplier": 0, "date": 1, "amount_net": 2},
        total="6000.00",
        lines=3,
        basis="net",
    ),
    "invoice date and payment date": Published(
        text="""
        Invoice Date|Payment Date|Supplier|Invoice Number|Amount
        15/03/2025|01/04/2025|Ouse Ltd|A1|1000.00
        16/03/2025|02/04/2025|Nene Ltd|A2|2000.00
        17/03/2025|03/04/2025|March Ltd|A3|3000.00
        """,
        columns={"supplier": 2, "date": 1, "reference": 3, "amount": 4},
        total="6000.00",
        lines=3,
    ),
    "line amount beside the invoice's total": Published(
        text="""
        Supplier|Date|Invoice Number|Invoice Total|Line Amount|Line Description
        Ouse Ltd|01/04/2025|A1|300.00|100.00|Mops
        Ouse Ltd|01/04/2025|A1|300.00|200.00|Buckets
        Nene Ltd|02/04/2025|A2|50.00|50.00|Locks
        """,
        columns={"supplier": 0, "date": 1, "reference": 2, "amount": 4, "description": 5},
        total="350.00",
        lines=3,
    ),
    "supplier and the name it trades under": Published(
        text="""
        Supplier|Trading as|Paid|Amount
        A B Example Ltd|Ouse Cafe|01/04/2025|610.00
        C D Example Ltd|Nene Cafe|02/04/2025|620.00
        E F Example Ltd||03/04/2025|630.00
        """,
        columns={"supplier": 0, "date": 2, "amount": 3},
        total="1860.00",
        lines=3,
    ),
    "vendor number before the vendor's name": Published(
        text="""
        Vendor No|Vendor|Posting Date|Doc No|Gross
        0000100045|Ouse Recruitment Ltd|01/04/2025|5100000001|7,200.00
        0000100046|Nene Agency Staff|02/04/2025|5100000002|3,600.00
        0000100047|March Consulting|03/04/2025|5100000003|1,200.00
        """,
        columns={"supplier": 1, "supplier_number": 0, "date": 2, "amount_gross": 4},
        total="12000.00",
        lines=3,
        basis="gross",
    ),
    "a row of groups above the headings": Published(
        text="""
        Invoice details|||Payment details||
        Supplier|Invoice No|Description|Date Paid|Net|VAT
        Ouse Ltd|A1|Mops|01/04/2025|100.00|20.00
        Nene Ltd|A2|Locks|02/04/2025|200.00|40.00
        March Ltd|A3|Shirts|03/04/2025|300.00|60.00
        """,
        columns={
            "supplier": 0,
            "reference": 1,
            "description": 2,
            "date": 3,
            "amount_net": 4,
            "vat": 5,
        },
        total="600.00",
        lines=3,
        headings=2,
        basis="net",
    ),
    "a row of units beneath the headings": Published(
        text="""
        Supplier|Date|Amount|Purpose
        ||(£)|
        Ouse Ltd|01/04/2025|100.00|Mops
        Nene Ltd|02/04/2025|200.00|Locks
        March Ltd|03/04/2025|300.00|Shirts
        """,
        columns={"supplier": 0, "date": 1, "amount": 2, "description": 3},
        total="600.00",
        lines=3,
        rejected=(2,),
    ),
    "footers below the last payment": Published(
        text="""
        Supplier|Date|Amount
        Ouse Ltd|01/04/2025|100.00
        Nene Ltd|02/04/2025|200.00
        March Ltd|03/04/2025|300.00
        Total||600.00

        Source: Fenland finance system
        Page 1 of 3
        """,
        columns={"supplier": 0, "date": 1, "amount": 2},
        total="600.00",
        lines=3,
        rejected=(5, 7, 8),
    ),
    "a leading column of row numbers": Published(
        text="""
        |Supplier|Date|Amount
        1|Ouse Ltd|01/04/2025|100.00
        2|Nene Ltd|02/04/2025|200.00
        3|March Ltd|03/04/2025|300.00
        """,
        columns={"supplier": 1, "date": 2, "amount": 3},
        total="600.00",
        lines=3,
    ),
    "names of a database's columns": Published(
        text="""
        SUPPNO|SUPPNAME|PAYDATE|INVNO|AMT_NET|AMT_VAT|CCDESC
        100045|Ouse Ltd|01-APR-25|A1|100.00|20.00|Parks
        100046|Nene Ltd|02-APR-25|A2|200.00|40.00|Parks
        100047|March Ltd|03-APR-25|A3|300.00|60.00|Depot
        """,
        columns={"supplier": 1, "supplier_number": 0, "date": 2, "amount_net": 4, "vat": 5},
        total="600.00",
        lines=3,
        basis="net",
    ),
    "Welsh and English headings": Published(
        text="""
        Cyflenwr / Supplier|Dyddiad / Date|Disgrifiad / Description|Swm / Amount
        Ouse Cyf|01/04/2025|Glanhau / Cleaning|100.00
        Nene Cyf|02/04/2025|Bwyd / Food|200.00
        March Cyf|03/04/2025|Dillad / Clothes|300.00
        """,
        columns={"supplier": 0, "date": 1, "description": 2, "amount": 3},
        total="600.00",
        lines=3,
    ),
    "Welsh headings alone": Published(
        text="""
        Enw'r Cyflenwr|Dyddiad Talu|Swm Net|TAW
        Ouse Cyf|01/04/2025|100.00|20.00
        Nene Cyf|02/04/2025|200.00|40.00
        March Cyf|03/04/2025|300.00|60.00
        Cyfanswm||600.00|120.00
        """,
        columns={"supplier": 0, "date": 1, "amount_net": 2, "vat": 3},
        total="600.00",
        lines=3,
        basis="net",
        rejected=(5,),
    ),
    "NHS trust, over £25,000": Published(
        text="""
        Department Family|Entity|Date|Expense Type|Expense Area|Supplier|Transaction Number|AP Amount (£)|VAT Registration Number
        Department of Health|Fenland NHS Trust|01/04/2025|Agency Nursing|Ward 1|Ouse Nursing Ltd|900001|26,000.00|GB123
        Department of Health|Fenland NHS Trust|02/04/2025|Drugs|Pharmacy|Nene Pharma plc|900002|98,000.00|GB124
        Department of Health|Fenland NHS Trust|03/04/2025|Laundry|Estates|March Linen Ltd|900003|31,000.00|GB125
        """,
        columns={"supplier": 5, "date": 2, "amount": 7, "expense_type": 3, "reference": 6},
        total="155000.00",
        lines=3,
    ),
    "government department, with postcode and purpose": Published(
        text="""
        Departmental Family,|Entity|Payment Date|Expense Type|Expense Area|Supplier Name|Transaction No.|Amount £|Item Text|Supplier Postcode|Supplier Type
        Dept of Fens|Fens HQ|01-Apr-2025|IT|Digital|Isle Software plc|70001|45,000.00|Licences|PE15 8XX|SME
        Dept of Fens|Fens HQ|02-Apr-2025|Estates|Estates|Ouse FM Ltd|70002|35,000.00|Cleaning|CB7 4XX|Large
        Dept of Fens|Fens HQ|03-Apr-2025|Staff|HR|Soham Recruitment Ltd|70003|28,000.00|Temps|CB7 5XX|SME
        """,
        columns={
            "supplier": 5,
            "date": 2,
            "amount": 7,
            "description": 8,
            "postcode": 9,
            "reference": 6,
        },
        total="108000.00",
        lines=3,
    ),
    "university, purchase ledger": Published(
        text="""
        Supp Name|Inv Date|Inv Ref|Account Desc|Ex VAT Amount|Proc Category
        Ouse Labs Ltd|01/04/2025|L1|Reagents|750.00|Laboratory
        Nene Books|02/04/2025|L2|Books|125.00|Library
        March Catering|03/04/2025|L3|Hospitality|610.00|Catering
        """,
        columns={"supplier": 0, "date": 1, "amount_net": 4},
        total="1485.00",
        lines=3,
        basis="net",
    ),
    "academy trust, credits with CR": Published(
        text="""
        Transaction Date|Payee Name|Nominal Code Description|Debit/Credit
        01/04/2025|Ouse Minibuses Ltd|Transport|1,500.00 DR
        02/04/2025|Ouse Minibuses Ltd|Transport|500.00 CR
        03/04/2025|Nene Sports|Equipment|250.00 DR
        """,
        columns={"supplier": 1, "date": 0, "amount": 3, "expense_type": 2},
        total="1250.00",
        lines=3,
    ),
    "separate debit and credit would need a person, gross is enough": Published(
        text="""
        Name of Supplier|Date Payment Made|Gross Amount Paid (inc VAT)|Reason for Payment
        Ouse Ltd|1 April 2025|£120.00|Mops
        Nene Ltd|2 April 2025|£240.00|Locks
        March Ltd|3 April 2025|(£60.00)|Refund
        """,
        columns={"supplier": 0, "date": 1, "amount_gross": 2, "description": 3},
        total="300.00",
        lines=3,
        basis="gross",
    ),
    "transport body, capital headings over several lines": Published(
        text="""
        PAYMENT CLEARED DATE|VENDOR  NAME|COST CENTRE DESCRIPTION|ACCOUNT DESCRIPTION|AMOUNT (£)
        01 Apr 2025|OUSE BUSES LTD|BUSES|CONTRACT PAYMENTS|1,000,000.00
        02 Apr 2025|NENE TRAMS LTD|TRAMS|CONTRACT PAYMENTS|2,000,000.00
        03 Apr 2025|MARCH SIGNALS|RAIL|MAINTENANCE|3,000.00
        """,
        columns={"supplier": 1, "date": 0, "amount": 4, "expense_type": 3, "department": 2},
        total="3003000.00",
        lines=3,
    ),
    "parish council, receipts of few words": Published(
        text="""
        Date|Paid to|For|Chq|Total
        01/04/2025|Ouse Mowing|Grass|101|£60.00
        02/04/2025|Nene Electric plc|Lights|102|£75.20
        03/04/2025|March Hall|Rent|103|£30.00
        """,
        columns={"supplier": 1, "date": 0, "amount": 4},
        total="165.20",
        lines=3,
    ),
    "purchase cards": Published(
        text="""
        Transaction Date|Merchant Name|Billing Amount|MCC Description|Cardholder Team
        01/04/2025|OUSE HOTEL|95.00|Hotels|Training
        02/04/2025|NENE TRAINS|44.10|Railways|Training
        03/04/2025|MARCH STORES|12.99|Groceries|Youth
        """,
        columns={"supplier": 1, "date": 0, "amount": 2, "category": 3},
        total="152.09",
        lines=3,
    ),
    "combined authority, company numbers and procurement class": Published(
        text="""
        Organisation Name|Effective Date|Directorate|Purpose of expenditure|Supplier (Beneficiary) Name|Company Number|Transaction Reference|Irrecoverable VAT|Net Amount|ProClass Description
        Fens CA|01/04/2025|Skills|Courses|Ouse College|01234567|R1|0.00|9,000.00|Education
        Fens CA|02/04/2025|Transport|Buses|Nene Buses Ltd|07654321|R2|0.00|80,000.00|Transport
        Fens CA|03/04/2025|Transport|Studies|March Surveys LLP|OC301234|R3|0.00|4,000.00|Consultancy
        """,
        columns={
            "supplier": 4,
            "date": 1,
            "amount_net": 8,
            "company_number": 5,
            "category": 9,
            "vat": 7,
        },
        total="93000.00",
        lines=3,
        basis="net",
    ),
    "redacted payees and a lost pound sign": Published(
        text="""
        Supplier|Payment Date|Amount Paid
        REDACTED PERSONAL DATA|01/04/2025|\ufffd1,000.00
        Ouse Fostering Ltd|02/04/2025|\ufffd2,000.00
        REDACTED PERSONAL DATA|03/04/2025|\ufffd500.00
        """,
        columns={"supplier": 0, "date": 1, "amount": 2},
        total="3500.00",
        lines=3,
    ),
    "American order, proven by the column": Published(
        text="""
        Supplier|Payment Date|Amount
        Ouse Ltd|4/1/2025|100.00
        Nene Ltd|4/15/2025|200.00
        March Ltd|4/30/2025|300.00
        """,
        columns={"supplier": 0, "date": 1, "amount": 2},
        total="600.00",
        lines=3,
    ),
    "several directorates, each under a heading row of its own": Published(
        text="""
        Adult Care
        Supplier|Date|Amount
        Ouse Ltd|01/04/2025|100.00
        Total Adult Care||100.00

        Highways
        Supplier|Date|Amount
        Nene Ltd|02/04/2025|200.00
        March Ltd|03/04/2025|300.00
        Highways Total||500.00
        """,
        columns={"supplier": 0, "date": 1, "amount": 2},
        total="600.00",
        lines=3,
        headings=3,
        rejected=(4, 6, 10),
    ),
    "no headings, only payments": Published(
        text="""
        01/04/2025|Ouse Cleaning Ltd|200001|1,000.00
        02/04/2025|Nene Guarding Limited|200002|2,000.50
        03/04/2025|March Uniforms plc|200003|3,000.00
        """,
        columns={"supplier": 1, "date": 0, "amount": 3},
        total="6000.50",
        lines=3,
        headings=0,
    ),
    "Excel serial dates": Published(
        text="""
        Supplier|Pay Date|Amount
        Ouse Ltd|45748|100.00
        Nene Ltd|45749|200.00
        March Ltd|45750|300.00
        """,
        columns={"supplier": 0, "date": 1, "amount": 2},
        total="600.00",
        lines=3,
    ),
    "payee last, after a long description": Published(
        text="""
        Ref|Directorate|Description of goods and services supplied|Value £ (net)|Date of invoice|Organisation paid
        1|Place|Supply and fitting of street lights in several villages of the district|1,000.00|01/04/2025|Ouse Lighting Ltd
        2|People|Meals|2,000.00|02/04/2025|Nene Catering
        3|People|Transport to school for the spring term|3,000.00|03/04/2025|March Taxis
        """,
        columns={"supplier": 5, "date": 4, "amount_net": 3, "description": 2},
        total="6000.00",
        lines=3,
        basis="net",
    ),
    "housing association, contractor and job": Published(
        text="""
        Contractor Name|Job Ref|Works Description|Completed|Invoice Value (ex VAT)|Date Settled
        Ouse Roofing Ltd|J1|Roof repair|12/03/2025|1,450.00|01/04/2025
        Nene Plumbing|J2|Boiler|15/03/2025|310.00|02/04/2025
        March Glazing Ltd|J3|Windows|20/03/2025|95.00|03/04/2025
        """,
        columns={"supplier": 0, "amount_net": 4, "date": 5},
        total="1855.00",
        lines=3,
        basis="net",
    ),
    "police, supplier alias": Published(
        text="""
        Force|Supplier Known As|Spend Ex-VAT|Payment Made On|Category of Spend
        Fenland|Ouse Vehicles|1,000.00|01/04/25|Fleet
        Fenland|Nene Optics Ltd|2,000.00|02/04/25|Equipment
        Fenland|March Kennels|300.00|03/04/25|Dogs
        """,
        columns={"supplier": 1, "amount_net": 2, "date": 3},
        total="3300.00",
        lines=3,
        basis="net",
    ),
    "town council minutes": Published(
        text="""
        Payment Schedule - April 2025
        Voucher|Code|Date|Minute|Bank|Cheque No|Description|Supplier|VAT Type|Net|VAT|Total
        1|Grass|01/04/2025||Main|BACS|Mowing|Ouse Mowing|S|50.00|10.00|60.00
        2|Light|02/04/2025||Main|BACS|Lights|Nene Electric|S|62.67|12.53|75.20
        3|Rent|03/04/2025||Main|BACS|Hall|March Hall|X|30.00|0.00|30.00
        Total|||||||||142.67|22.53|165.20
        """,
        columns={"supplier": 7, "amount_net": 9, "vat": 10, "date": 2},
        total="142.67",
        lines=3,
        basis="net",
        headings=2,
        rejected=(6,),
    ),
    "fire authority, paid in period": Published(
        text="""
        CreditorName|CreditorRef|TransDate|NetAmount|Narrative|SubjectiveDescription
        Ouse Hydrants|C100|2025-04-01|512.00|Hydrant covers|Equipment
        Nene Boots Ltd|C101|2025-04-02|999.99|Boots|Uniform
        March Fuels plc|C102|2025-04-03|4,200.00|Diesel|Fuel
        """,
        columns={"supplier": 0, "supplier_number": 1, "date": 2, "amount_net": 3},
        total="5711.99",
        lines=3,
        basis="net",
    ),
    "county, redaction flag": Published(
        text="""
        Record ID|Body Name|Directorate|Payee Name (Redacted where personal)|Payee ID|Paid Date|Amount (£ Sterling)|Capital/Revenue|Purpose
        1|Fens CC|People|Ouse Care Ltd|77|01/04/2025|800.00|Revenue|Care
        2|Fens CC|People|REDACTED|78|02/04/2025|700.00|Revenue|Care
        3|Fens CC|Place|Nene Roads plc|79|03/04/2025|600.00|Capital|Roads
        """,
        columns={"supplier": 3, "supplier_number": 4, "date": 5, "amount": 6, "description": 8},
        total="2100.00",
        lines=3,
    ),
    "museum, short words": Published(
        text="""
        Who|When|What|How much
        Ouse Frames Ltd|01/04/2025|Frames|510.00
        Nene Lighting Ltd|02/04/2025|Lamps|520.50
        March Crates Ltd|03/04/2025|Crates|530.25
        """,
        columns={"supplier": 0, "date": 1, "amount": 3},
        total="1560.75",
        lines=3,
    ),
    "Scottish board": Published(
        text="""
        Supplier Name|Doc Type|Doc Date|Date Processed|Payment Amount|Function
        Ouse Medical Ltd|INV|15/03/2025|01/04/2025|26,000.00|Acute
        Nene Pharma Ltd|INV|16/03/2025|02/04/2025|28,000.00|Acute
        March Oxygen|CRN|17/03/2025|03/04/2025|-1,000.00|Acute
        """,
        columns={"supplier": 0, "amount": 4, "date": 3},
        total="53000.00",
        lines=3,
    ),
    "department of Northern Ireland": Published(
        text="""
        Dept|Business Area|Payee/Supplier|Paid (£)|Paid Date|Goods/Service
        DfX|Roads|Ouse Asphalt Ltd|100,000.00|01/04/2025|Asphalt
        DfX|Roads|Nene Signs Ltd|30,000.00|02/04/2025|Signs
        DfX|Rail|March Rails plc|55,000.00|03/04/2025|Rails
        """,
        columns={"supplier": 2, "amount": 3, "date": 4, "description": 5},
        total="185000.00",
        lines=3,
    ),
    "regulator, invoices over 25k": Published(
        text="""
        Family|Organisation|Date|Type of expense|Area|Third party supplier|Ref|Amount in £|VAT number|Post-code
        DX|Fens Regulator|01/04/2025|IT|Digital|Isle Software plc|1|45,000.00|GB1|PE15 8XX
        DX|Fens Regulator|02/04/2025|Rent|Estates|Ouse Offices Ltd|2|35,000.00|GB2|CB7 4XX
        DX|Fens Regulator|03/04/2025|Temps|HR|Soham Recruitment Ltd|3|28,000.00|GB3|CB7 5XX
        """,
        columns={"supplier": 5, "amount": 7, "date": 2, "postcode": 9},
        total="108000.00",
        lines=3,
    ),
    "district, sum without pennies": Published(
        text="""
        Supplier|Sum Paid|Date of Pymt|Svc Area
        Ouse Ltd|1000|01/04/2025|Parks
        Nene Ltd|2000|02/04/2025|Parks
        March Ltd|3000|03/04/2025|Homes
        """,
        columns={"supplier": 0, "amount": 1, "date": 2},
        total="6000.00",
        lines=3,
    ),
    "unitary, supplier as site": Published(
        text="""
        Vendor Site|Vendor|Invoice Distribution Line Amount|Invoice GL Date|Account Segment Desc
        HQ|Ouse Ltd|1000.00|01-APR-25|Parks
        DEPOT|Nene Ltd|2000.00|02-APR-25|Parks
        HQ|March Ltd|3000.00|03-APR-25|Homes
        """,
        columns={"supplier": 1, "amount": 2, "date": 3},
        total="6000.00",
        lines=3,
    ),
}


def read(text: str) -> SheetOutcome:
    rows = [
        [cell.strip() for cell in line.strip().split("|")] if line.strip() else []
        for line in text.strip().split("\n")
    ]
    return read_sheet(Grid(rows), source="s", sheet="", words=heading_words())


@pytest.mark.parametrize("published", LEDGERS.values(), ids=LEDGERS.keys())
def test_a_ledger_in_another_publishers_manner_needs_no_correction(published: Published) -> None:
    outcome = read(published.text)
    layout = outcome.layouts[0]
    found = {column.role: column.index for column in layout.columns}
    assert {role: found.get(role) for role in published.columns} == published.columns
    assert outcome.amount == Decimal(published.total)
    assert outcome.read == published.lines
    assert tuple(row for row, _, _ in outcome.rejected) == published.rejected
    assert outcome.headings == published.headings
    assert layout.amount is not None
    assert layout.amount[1] == published.basis
    day = outcome.lines["date"].to_pylist()[0]
    assert (day.isoformat() if day else "") == published.first_day
    assert outcome.dates_missing == published.dates_missing
