"""What a field of yes and no says of a product, by its header: that it is locked, discontinued, or shown in the shop.

A header is taken word by word. A word for a lock, a deletion or "not active" turns the meaning round: yes is disabled.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from datasync.starter.spelling import folded, parted, plain

# Words for what is not sold or not seen, by how they begin: English first, then French, Spanish, Italian, Dutch,
# Portuguese, Polish and German.
_LOCKS = """
block lock blocag disabl deactiv inactiv delet hidden suspend archiv removed withdrawn unavail unlist unpublish
bloqu verrouill desactiv inactif supprim masqu efface archiv retire invisibl
bloquead desactivad inactiv eliminad borrad ocult suspendid
bloccat blocco bloccat disattiv inattiv eliminat cancellat nascost sospes
geblokkeerd blokke gedeactiveerd inactief verwijderd verborgen gewist
bloquei desativad inativ excluid apagad oculto escondid
zablokowan blokad nieaktywn usuniet skasowan ukryt wylaczon wstrzyman
losch gelosch inaktiv deaktiv stillgel ausgeblendet versteckt verborgen archiviert unsichtbar
"""
# German ones stand within other words too, as in "Verkaufssperre"; what is before and behind them has to be neutral.
_LOCKS_WITHIN = (
    "gesperrt sperrung sperren sperre sperr gesp geloscht loschung loschen losch inaktiv deaktiviert stillgelegt"
)
_NO_LOCKS = "sperrgut sperrig sperriges sperrholz sperrmull blockware lockstoff blocksatz"
_UNLOCKED = "entsperrt entsperr ungesperrt unlocked unblocked undeleted debloque desbloqueado sbloccato odblokowany"
_NEGATIONS = "nicht kein keine not non no never pas niet geen nao nie sin senza ohne"
_ACTIVE = """
aktiv aktive active actif active activo activa attivo attiva actief ativo ativa aktywny aktywna aktywne enabled
freigegeben freigabe
verkauf verkaufen verkauflich sale saleable sell sold vendable vendible vendibile verkoopbaar sprzedaz sprzedazy
"""
_SEEN = """
sichtbar visible visibile visivel widoczny widoczne zichtbaar shown show anzeigen anzeige listed published publie
publicado pubblicato gepubliceerd opublikowany veroffentlicht
"""
_SHOPS = """
shop webshop web onlineshop online internet eshop ecommerce commerce store webstore website site
boutique ligne tienda linea negozio sito webwinkel winkel loja sklep sklepie sklepu internetowy internetowym
"""
_DISCONTINUED = """
auslauf ausgelauf abgekundigt discontinu obsolet end_of_life eol phase_out phasing phased
fin_de_vie fin_de_serie arret obsolete descatalog obsolet fin_de_vida fuori_produzione fuori_catalogo fine_serie
dismess uitlop uitloop wycofan descontinuad fim_de_linha fora_de_linha koncowka
"""
# Words that say nothing beside a lock: the product, its sale, the mark itself, articles and verbs.
_NEUTRAL = """
artikel artikels art produkt prod item article articolo articulo artigo artykul product produit producto prodotto
produto sku material ware waren teil towar
kz kennz kennzeichen kennung flag vermerk status stat schalter marker merkmal indicator indicateur indicador indicatore
mark bit code ind
vk verkauf verkaufs vertrieb vertriebs sales sale sell selling vente venta vendita verkoop venda sprzedaz sprzedazy
j n ja nein y yes o oui non s si sim tak nie nee t f x
ist is est es e jest wird zum fur for for_sale pour para per voor do dla von of the der die das de d la le l il da
from in im zentral global flg
"""
_MARKS = re.compile(
    r"_?(kz|kennz|kennzeichen|kennung|flag|indicator)$|_(j_n|ja_nein|y_n|yes_no|o_n|oui_non|s_n|si_no|t_n)$"
)
# Words that are short for these, as in headers like "GspKz" and "Ausl.-Kz": whole words, because they begin others.
_SHORT_LOCKS = """
gsp gespr lsch losch blk blck bloq blocc geblok geblokk zablok inakt deakt inact deact desact disatt disab susp
suppr
"""
_SHORT_DISCONTINUED = "ausl auslf ausgel discont obsol descontin wycof baja"
# What stands beside a lock that holds the day since which it is one.
_DAYS = """
seit ab am vom zum datum dat zeitpunkt since from on at date day time le du depuis desde fecha el en data dal sinds op
vanaf od dnia em
"""
_MARKED = re.compile(r"(\w{3,}?)(kz|kennz|kennzeichen|flag)")
_ENDING = "t|e|en|et|ung|iert|er|es|s"


@dataclass(frozen=True, slots=True)
class Meaning:
    """Which column a field of yes and no speaks of, and whether a yes in it is a no of the column.

    ``is_clear``: the header says nothing else, so that it can be mapped; else a person decides.
    """

    column: Literal["status", "visible_in"]
    kind: Literal["locked", "discontinued", "shown", "active"]
    is_opposite: bool
    is_clear: bool


@cache
def meaning(header: str) -> Meaning | None:
    """What a header says; None where it has none of these words."""
    words = [folded(word) for word in plain(header).split("_")]
    if not any(_beside_lock(word) is not None for word in words):
        words = [*_split_words(header, words)]
    if _holds(words, _DISCONTINUED) or {*words} & _set(_SHORT_DISCONTINUED):
        return Meaning("status", "discontinued", is_opposite=True, is_clear=False)
    locks = [rest for word in words if (rest := _beside_lock(word)) is not None]
    column: Literal["status", "visible_in"] = "visible_in" if _is_of_shop(words, locks) else "status"
    negations = len({*words} & _set(_NEGATIONS))
    if locks:
        is_clear = _is_neutral([part for word in words for part in _parts(word)])
        return Meaning(column, "locked", is_opposite=negations % 2 == 0, is_clear=is_clear)
    return _positive(words, column, is_negated=bool(negations))


def _positive(words: list[str], column: Literal["status", "visible_in"], *, is_negated: bool) -> Meaning | None:
    """The meaning of a header without a word for a lock: "not active", "unlocked", or a word for the shop."""
    positives = _set(_ACTIVE) | _set(_SEEN) | _set(_SHOPS)
    if is_negated and {*words[-1:]} <= positives:
        is_seen = column == "visible_in" or bool({*words} & _set(_SEEN))
        is_clear = _is_neutral([word for word in words if word not in positives])
        return Meaning("visible_in" if is_seen else "status", "locked", is_opposite=True, is_clear=is_clear)
    if {*words} & _set(_UNLOCKED):
        return Meaning(column, "active", is_opposite=False, is_clear=True)
    return Meaning("visible_in", "shown", is_opposite=False, is_clear=False) if column == "visible_in" else None


def _split_words(header: str, words: list[str]) -> Iterator[str]:
    """The words of a header, and if some of them is short for a lock or for what is discontinued, without their marks.

    Such a word stands in ``GspKz`` and ``AUSLKZ``, which is parted where a capital letter or a mark begins.
    """
    humps = [folded(word) for word in parted(header).split("_")]
    for variant in (words, humps):
        parts = [part for word in variant for part in _without_marks(word)]
        if {*parts} & (_set(_SHORT_LOCKS) | _set(_SHORT_DISCONTINUED)):
            yield from parts
            return
    yield from words


def _without_marks(word: str) -> list[str]:
    marked = _MARKED.fullmatch(word)
    return [marked[1], marked[2]] if marked else [word]


def without_mark(spelling: str) -> str:
    """A header without what says that it is a mark: ``Shop-Kz.`` and ``Shop J/N`` are ``shop``."""
    return _MARKS.sub("", spelling)


@cache
def _set(words: str) -> frozenset[str]:
    return frozenset(map(folded, words.split()))


def _holds(words: list[str], stems: str) -> bool:
    """Whether some of the words begin as one of the stems, which may be several words."""
    line = f"_{'_'.join(words)}"
    return any(f"_{stem}" in line for stem in _set(stems))


def _beside_lock(word: str) -> str | None:
    """What a word has besides a word for a lock in it, its parts joined by blanks; None where it has none."""
    if word in _set(_SHORT_LOCKS):
        return ""
    if word in _set(_NO_LOCKS) | _set(_UNLOCKED):
        return None
    for lock in sorted(_set(_LOCKS_WITHIN), key=len, reverse=True):
        before, sign, behind = word.partition(lock)
        if sign and not (lock in ("losch", "gesp") and before):
            return f"{before} {re.sub(f'^({_ENDING})$', '', behind)}"
    return "" if any(word.startswith(lock) for lock in _set(_LOCKS)) else None


def _parts(word: str) -> list[str]:
    rest = _beside_lock(word)
    return [word] if rest is None else rest.split()


def _is_neutral(words: list[str]) -> bool:
    return {*words} <= _set(_NEUTRAL) | _set(_SHOPS) | _set(_NEGATIONS) | _set(_DAYS)


def _is_of_shop(words: list[str], locks: list[str]) -> bool:
    """Whether a word is one for the shop, or one beside a lock in the same word: ``Shopsperre``."""
    within = {part for rest in locks for part in rest.split()}
    return bool(({*words} | within) & _set(_SHOPS)) or any(_begins_with_shop(word) for word in words)


def _begins_with_shop(word: str) -> bool:
    return word.startswith(("webshop", "wshop", "shop", "internet", "online", "eshop")) and not word.startswith(
        "shopware"
    )
