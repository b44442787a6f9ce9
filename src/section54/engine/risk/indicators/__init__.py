"""The indicators of inherent risk, in the order in which the sum is read aloud."""

from section54.engine.risk.indicators import (
    chain_not_known,
    commodity,
    industry,
    location,
    low_price,
    state_imposed,
    supply_chain_model,
    upheld,
    workforce,
)
from section54.engine.risk.indicators.base import Indicator


INDICATORS: tuple[Indicator, ...] = (
    industry.INDICATOR,
    workforce.INDICATOR,
    location.INDICATOR,
    state_imposed.INDICATOR,
    commodity.INDICATOR,
    supply_chain_model.INDICATOR,
    chain_not_known.INDICATOR,
    low_price.INDICATOR,
    upheld.INDICATOR,
)
