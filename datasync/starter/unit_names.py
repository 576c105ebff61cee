"""What fields are called that say how many pieces a price is for, in eight languages."""

from __future__ import annotations

import re
from functools import cache

from datasync.starter.abbreviations import abbreviated
from datasync.starter.names import ranked, spellings
from datasync.starter.spelling import folded, plain

_NAMES = """
preiseinheit preis_einheit preiseinh preisdimension preismenge preisbasis preisfaktor preis_pro preis_je preis_per pe
preinh pr_einh peinh p_einh vkpe vk_pe preiseinheitsmenge preiseinheit_menge vk_preiseinheit verkaufspreiseinheit
preiseinheit_vk prs_einh prs_einheit
price_unit price_per pricing_unit price_quantity price_basis price_base unit_of_price price_factor price_base_quantity
unite_prix unite_de_prix unite_tarifaire quantite_prix quantite_de_prix base_prix base_de_prix prix_par prix_pour
unidad_precio unidad_de_precio cantidad_precio base_precio precio_por
unita_prezzo unita_di_prezzo quantita_prezzo base_prezzo prezzo_per
prijseenheid prijs_eenheid prijsfactor prijshoeveelheid prijsbasis prijs_per
unidade_preco unidade_de_preco quantidade_preco base_preco preco_por
jednostka_ceny jednostka_cenowa ilosc_ceny podstawa_ceny cena_za
"""
# What stands before these in the header of a price that is for so many pieces.
_PER = "je pro per par por za pour"


@cache
def _names() -> frozenset[str]:
    return frozenset(map(folded, _NAMES.split()))


def is_price_unit(header: str) -> bool:
    """Whether a field says how many pieces a price is for, by what it is called or is short for, as ``PrsEinh``."""
    if folded(plain(header)) in _names():
        return True
    has_parts = "_" in plain(re.sub("(?<=[a-z])(?=[A-Z])", "_", header))
    is_price = any(spelling in names for names in ranked("price") for spelling in spellings(header, "price"))
    return has_parts and not is_price and bool(abbreviated(header, _names(), ()))


def per_unit(header: str) -> str | None:
    """What is left of a header that says that a price is for a unit, as ``VK je PE`` does; None where it does not."""
    words = plain(header).split("_")
    for place in range(1, len(words) - 1):
        if words[place] in _PER.split() and is_price_unit("_".join(words[place + 1 :])):
            return "_".join(words[:place])
    return None
