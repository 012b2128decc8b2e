"""The settings: what ``hamkor.toml`` may say, and an error that names file and key and what would do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from graph.model.errors import SettingError
from graph.model.settings import Settings, read_settings

GOOD = {
    "nothing": ("", Settings()),
    "a comment": ("# nothing yet\n", Settings()),
    "a base": ('base = "http://localhost:8000/kg/"', Settings(base="http://localhost:8000/kg/")),
    "a base with other letters": ('base = "https://пример.example/"', Settings(base="https://пример.example/")),
    "one language": ('languages = ["uz"]', Settings(languages=("uz",))),
}


def read(folder: Path, text: str | bytes) -> Settings:
    path = folder / "hamkor.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_settings(path)


@pytest.mark.parametrize(("text", "expected"), GOOD.values(), ids=GOOD.keys())
def test_reads(tmp_path: Path, text: str, expected: Settings) -> None:
    assert read(tmp_path, text) == expected


def test_a_file_that_is_not_there_means_the_defaults(tmp_path: Path) -> None:
    assert read_settings(tmp_path / "hamkor.toml") == Settings()


def test_reads_every_section(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        """
        [about.title]
        en = "Ours"
        [engine]
        memory_mb = 0
        [limits]
        query_seconds = 2.5
        literal_mb = 1
        [federation]
        services = ["https://query.wikidata.org/sparql"]
        [privacy]
        withhold_graphs = ["contacts"]
        """,
    )
    assert settings.about.title == {"en": "Ours"}
    assert settings.engine.memory_mb == 0
    assert (settings.limits.query_seconds, settings.limits.literal_mb) == (2.5, 1)
    assert settings.federation.services == ("https://query.wikidata.org/sparql",)
    assert settings.privacy.withhold_graphs == ("contacts",)


BAD = {
    "no TOML": ("base = \n", r"hamkor\.toml: .*line 1"),
    "no TOML further down": ('base = "http://e/"\n[limits\n', r"hamkor\.toml: .*line 2"),
    "two of a key": ('base = "http://e/"\nbase = "http://f/"\n\n', r"hamkor\.toml: .*line 2"),
    "no UTF-8": ("base = 'http://é/'".encode("latin-1"), r"hamkor\.toml: .*UTF-8"),
    "UTF-16": ('base = "http://e/"'.encode("utf-16"), r"hamkor\.toml: .*UTF-8"),
    "a NUL": (b'base = "http://e/\0"', r"hamkor\.toml: "),
    "an unknown key": ('bas = "http://e/"', r"unknown setting `bas`.*known are .*base.*languages"),
    "a key that is no more": ("[engine]\nlookup_mb = 5", r"`engine\.lookup_mb` is no setting any more.*store on disk"),
    "an unknown key in a section": ("[limits]\nseconds = 1", r"unknown setting `limits\.seconds`.*query_seconds"),
    "a section that is a value": ("limits = 3", r"`limits`.*`object`"),
    "a text for a number": ('[limits]\nquery_seconds = "30"', r"`limits\.query_seconds`.*Expected `float`, got `str`"),
    "a negative number": ("[limits]\nquery_seconds = -1", r"`limits\.query_seconds`.*> 0"),
    "nought": ("[limits]\nresult_mb = 0", r"`limits\.result_mb`.*>= 1"),
    "no workers": ("[engine]\nworkers = 0", r"`engine\.workers`.*>= 1"),
    "half a worker": ("[engine]\nworkers = 1.5", r"`engine\.workers`.*Expected `int`"),
    "a literal longer than the parser takes": ("[limits]\nliteral_mb = 17", r"`limits\.literal_mb`.*<= 16"),
    "no languages": ("languages = []", r"`languages`.*length >= 1"),
    "a language that is no tag": ('languages = ["en", "русский"]', r"languages.*'русский'.*tag such as"),
    "a language twice": ('languages = ["en", "en"]', r"languages.*'en' twice"),
    "languages in one text": ('languages = "en"', r"`languages`.*Expected `array`, got `str`"),
    "a title without language": ('[about]\ntitle = "Ours"', r"`about\.title`.*Expected `object`, got `str`"),
    "a base that is no text": ("base = 1", r"`base`.*Expected `str`, got `int`"),
    "an empty base": ('base = ""', "base must be an absolute http"),
    "a relative base": ('base = "/kg/"', "base must be an absolute http"),
    "a base without its slash": ('base = "https://e.org/kg"', "ends in '/'"),
    "a base of another scheme": ('base = "ftp://e.org/"', "base must be an absolute http"),
    "a base without host": ('base = "https:///kg/"', "base must be an absolute http"),
    "a base with a query": ('base = "https://e.org/?a=/"', "without query"),
    "a base with a fragment": ('base = "https://e.org/#/"', "without query, fragment"),
    "a base with a space": ('base = "https://e.org/a b/"', "space"),
    "a base with a bracket": ('base = "https://e.org/<a>/"', "bracket"),
    "a base that is no IRI": ('base = "https://[e/"', "base must be"),
    "a base with a line end": ('base = "https://e.org/\\n/"', "base must"),
    "a title in no language": ('[about.title]\nрусский = "Наше"', r"TOML|about\.title.*tag such as"),
    "a title in a quoted no language": ('[about.title]\n"по-русски" = "Наше"', r"about\.title.*tag such as"),
    "a licence that is no IRI": ('[about]\nlicense = "CC BY 4.0"', r"about\.license.*'CC BY 4\.0'.*IRI"),
    "a theme that there is not": ('[about]\nthemes = ["SPORT"]', r"about\.themes: 'SPORT' is no data theme.*SOCI"),
    "a publisher of no kind": (
        '[about]\npublisher_type = "NGO"',
        r"about\.publisher_type: 'NGO'.*NonProfitOrganisation",
    ),
    "a time without an end": ('[about]\ntemporal = "2014-11-01"', r"about\.temporal: '2014-11-01'.*2014-11-01/"),
    "a time that ends before it begins": ('[about]\ntemporal = "2015-01-01/2014-01-01"', r"about\.temporal: .*period"),
    "a month for a day": ('[about]\ntemporal = "2014-11/2014-12"', r"about\.temporal: .*period"),
    "a place that is no IRI": ('[about]\nspatial = ["Tashkent"]', r"about\.spatial.*'Tashkent'.*IRI"),
    "a contact that reaches nobody": ('[about]\ncontact = "the office"', r"about\.contact.*'the office'.*mailto"),
    "half an e-mail address": ('[about]\ncontact = "desk@"', r"about\.contact.*'desk@'.*mailto"),
    "a contact that is a name": ('[about]\ncontact = "urn:desk"', r"about\.contact.*'urn:desk'.*mailto"),
    "a contact without a host": ('[about]\ncontact = "https://"', r"about\.contact.*'https://'.*mailto"),
    "rights that there are not": ('[about]\naccess_rights = "open"', r"`about\.access_rights`.*'open'"),
    "keywords in no language": ('[about]\nkeywords = ["a"]', r"`about\.keywords`.*Expected `object`, got `array`"),
    "an engine of no kind": ('[engine]\nkind = "remote"', r"`engine\.kind`.*'remote'"),
    "an engine without an address": ('[engine]\nkind = "sparql"', r"engine\.url: '' is no http\(s\) address"),
    "an engine that nobody can write": (
        '[engine]\nkind = "sparql"\nurl = "http://e/q"',
        r"engine: set update_url or graph_store_url",
    ),
    "an address for the embedded engine": ('[engine]\nurl = "http://e/q"', r'engine\.url: .*kind = "sparql"'),
    "an engine of another scheme": (
        '[engine]\nkind = "sparql"\nurl = "file:///q"\nupdate_url = "http://e/u"',
        r"engine\.url: 'file:///q'",
    ),
    "an engine's address with a fragment": (
        '[engine]\nkind = "sparql"\nurl = "http://e/q#x"\nupdate_url = "http://e/u"',
        r"engine\.url: .*fragment",
    ),
    "a second dataset that is not asked": (
        '[engine]\nkind = "sparql"\nurl = "http://e/q"\nupdate_url = "http://e/u"\n[engine.second]\n'
        'update_url = "http://f/u"',
        r"engine\.second: set url",
    ),
    "two datasets that are one": (
        '[engine]\nkind = "sparql"\nurl = "http://e/q"\nupdate_url = "http://e/u"\n[engine.second]\n'
        'url = "http://e/q"\nupdate_url = "http://e/u"',
        r"engine\.second\.url: it is engine\.url",
    ),
    "an unknown key of the second dataset": (
        '[engine.second]\nuser = "x"',
        r"unknown setting `engine\.second\.user`.*update_url",
    ),
    "services of an engine of others": (
        '[engine]\nkind = "sparql"\nurl = "http://e/q"\nupdate_url = "http://e/u"\n[federation]\n'
        'services = ["http://f/"]',
        r"federation\.services: .*leave one of them out",
    ),
    "a service that is no IRI": ('[federation]\nservices = ["wikidata"]', r"federation\.services.*'wikidata'.*IRI"),
}


@pytest.mark.parametrize(("text", "words"), BAD.values(), ids=BAD.keys())
def test_refuses(tmp_path: Path, text: str | bytes, words: str) -> None:
    with pytest.raises(SettingError) as caught:
        read(tmp_path, text)
    assert str(caught.value).startswith("hamkor.toml: ")
    assert re.search(words, str(caught.value))
    assert "\n" not in str(caught.value)
    assert "$" not in str(caught.value)


def test_a_password_in_an_address_is_refused_and_not_told(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="HAMKOR_ENGINE_PASSWORD") as caught:
        read(tmp_path, '[engine]\nkind = "sparql"\nurl = "http://u:secret@e/q"\nupdate_url = "http://e/u"')
    assert "secret" not in str(caught.value)


def test_a_folder_in_place_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "hamkor.toml").mkdir()
    with pytest.raises(SettingError, match=r"hamkor\.toml: .*directory"):
        read_settings(tmp_path / "hamkor.toml")


@pytest.mark.parametrize(
    ("contact", "iri"),
    [
        ("desk@example.org", "mailto:desk@example.org"),
        ("mailto:desk@example.org", "mailto:desk@example.org"),
        ("tel:+998901234567", "tel:+998901234567"),
        ("https://example.org/contact", "https://example.org/contact"),
        ("", ""),
    ],
)
def test_a_contact_is_an_address_that_can_be_followed(tmp_path: Path, contact: str, iri: str) -> None:
    assert read(tmp_path, f'[about]\ncontact = "{contact}"').about.contact_iri == iri
