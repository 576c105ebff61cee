"""Which encoding `init` takes a file for: short texts of many languages, in every encoding that can write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from datasync.starter.encoding import encoding_of

TEXTS = {
    "German": 'Überwurfmutter groß;Maße 3" × 1½";Gießkanne, 5 m²;Schlüssel für Türen',
    "German with a currency": "Käse;12,50 €;Größe L;Öl",
    "French": "Clé à molette;cœur d'acier;Œillet n° 5;façade;11,90 €",
    "Spanish": "Niño español;¿nuevo?;Año 2º;camión",
    "Italian": "Qualità più alta;caffè;perché no;5°",
    "Portuguese": "Descrição;Pão de ação;maçã;botões",
    "Danish": "Blåbærsyltetøy;Ægte ål;rød grød",
    "Swedish": "Blåbär;Köttbullar;Ängel på hög",
    "Icelandic": "Þvottaefni;Góð æð;sjór við",
    "Polish": "Młotek żółty;Łyżka;Gwoździe i śruby;pięć sztuk;2 zł",
    "Polish prices": "1 zł;2 zł;30 zł",
    "German units": "5 m²;3 cm³;1,5 m³",
    "Czech": "Šroubovák žlutý;Kladivo těžké;řada č. 5",
    "Slovak": "Kľúč;Skrutkovač žltý;päť kusov;vŕtačka",
    "Hungarian": "Tükörfúrógép;őrült;Fűnyíró",
    "Romanian": "Ciocan pentru bătut;Maşină de găurit;Preţ mic",
    "Croatian": "Čekić;Žuti ključ;šuma;đak",
    "Turkish": "Işıklı çalışma masası;İstanbul;Güneş gözlüğü",
}
ENCODINGS = ("cp1252", "iso8859_15", "cp1250", "iso8859_2", "cp1254")


def can_write(text: str, encoding: str) -> bool:
    try:
        return bool(text.encode(encoding))
    except UnicodeEncodeError:
        return False


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("times", [1, 40])
def test_the_text_is_read_as_it_was_written(tmp_path: Path, language: str, times: int) -> None:
    text = "sku;name\n" + "".join(f"A{n};{TEXTS[language]}\n" for n in range(times))
    encodings = [encoding for encoding in ENCODINGS if can_write(text, encoding)]
    assert encodings
    for encoding in encodings:
        file = tmp_path / f"{encoding}.csv"
        file.write_bytes(text.encode(encoding))
        taken, words = encoding_of(str(file))
        assert taken and file.read_bytes().decode(taken) == text, (encoding, taken)
        assert words and all(word in text for word in words)


def test_words_with_letters_are_shown_before_signs(tmp_path: Path) -> None:
    file = tmp_path / "p.csv"
    file.write_bytes('sku;name\nA;Größe\nB;Rohr 1½"\nC;Maß\n'.encode("cp1252"))
    assert encoding_of(str(file)) == ("windows-1252", ["Größe", "Maß"])
