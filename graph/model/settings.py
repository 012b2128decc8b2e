"""The settings of a publication: what ``hamkor.toml`` may say, with defaults.

It is the one place that reads settings. It does not act on any of them.
"""

from __future__ import annotations

import ipaddress
import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, get_args
from urllib.parse import urlsplit

import msgspec
import pyoxigraph as ox

from graph.model.errors import NO_WORDS, Quotation, Said, Sentence, SettingError
from graph.model.rdf_terms import COMPUTED_GRAPHS, graph_iri, unfit_name

THEMES = (
    "AGRI", "ECON", "EDUC", "ENER", "ENVI", "GOVE", "HEAL", "INTR", "JUST", "OP_DATPRO", "REGI", "SOCI", "TECH", "TRAN",
)  # fmt: skip
"""The codes of the EU's data themes."""
PUBLISHER_TYPES = (
    "Academia-ScientificOrganisation", "Company", "IndustryConsortium", "LocalAuthority", "NationalAuthority",
    "NonGovernmentalOrganisation", "NonProfitOrganisation", "PrivateIndividual(s)", "RegionalAuthority",
    "StandardisationBody", "SupraNationalAuthority",
)  # fmt: skip
"""The codes of ADMS for types of publisher."""
TEXTS = ("title", "description", "publisher", "keywords")
"""The settings of ``[about]`` that are tables from language to text."""
TITLE = {
    "en": "The dataset <{base}>", "ru": "Набор данных <{base}>", "uz": "Maʼlumotlar toʻplami <{base}>",
}  # fmt: skip
DESCRIPTION = {
    "en": "Linked data with its vocabulary, published in versions that can be cited, queried and downloaded.",
    "ru": "Связанные данные и их словарь; версии можно цитировать, запрашивать и скачивать.",
    "uz": "Bogʻlangan maʼlumotlar va lugʻati; versiyalaridan iqtibos keltirish, soʻrov berish va yuklab olish mumkin.",
}
"""What a dataset is called and described as where its settings do not say; English is there always."""
CONTACT = re.compile(r"(mailto:)?[^@\s:/]+@[^@\s/]+\.[^@\s/.]+|tel:\+?[\d().-]{3,}|https?://[^/\s?#]+\S*")
"""An address that a person can write to, call or open."""
GONE: Mapping[str, Sentence] = {
    "engine.lookup_mb": Sentence(
        "`engine.lookup_mb` is no setting any more: lookups are answered from the store on disk, at any size; "
        "remove the line"
    ),
    "engine.columns_from": Sentence(
        "`engine.columns_from` is no setting any more: every release has an index, from which heavy queries are "
        "answered; remove the line"
    ),
}
"""What earlier versions knew, and what has come in its place."""
EVERY = re.compile(r"([1-9]\d{0,3}) (minute|hour|day|week)s?")
"""How often something is done, such as "6 hours"."""
UNITS = {"minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}
SECRET = re.compile(r"(?:[?&;]|^)(?:[\w.-]*(?:token|secret|passw\w*|signature)|api[_-]?key|key|sig|auth)=", re.I)
"""A parameter of an address whose value nobody else is to know."""
ENGINE_URL = re.compile(r"https?://[^/?#@\s]+(?:/[^#\s]*)?")
"""An address without a password in it."""
Positive = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One table of the file: immutable, and a key it does not know is an error."""


class EngineDataset(Section, frozen=True):
    """``[engine.second]``: one dataset of an engine that there is: where it is asked, and where it is written."""

    url: str = ""
    update_url: str = ""
    graph_store_url: str = ""


class EngineSettings(Section, frozen=True):
    """``[engine]``: where queries run."""

    memory_mb: Annotated[int, msgspec.Meta(ge=0)] = 2048
    workers: Count = 2
    cache_mb: Annotated[int, msgspec.Meta(ge=0)] = 64
    kind: Literal["embedded", "sparql"] = "embedded"
    url: str = ""
    update_url: str = ""
    graph_store_url: str = ""
    second: EngineDataset = EngineDataset()

    @property
    def datasets(self) -> tuple[EngineDataset, ...]:
        """The datasets of an engine of others, one or two; none where queries run here."""
        if self.kind == "embedded":
            return ()
        first = EngineDataset(self.url, self.update_url, self.graph_store_url)
        return (first, self.second) if self.second.url else (first,)


class LimitSettings(Section, frozen=True):
    """``[limits]``: what one request may cost (seconds, MiB)."""

    query_seconds: Positive = 30.0
    query_memory_mb: Count = 1024
    query_mb: Positive = 1.0
    result_mb: Count = 256
    upload_mb: Count = 64
    upload_seconds: Positive = 120.0
    upload_memory_mb: Count = 2048
    writes_per_minute: Count = 60
    require_if_match: bool = False
    queue_seconds: Positive = 5.0
    send_seconds: Positive = 20.0
    pages_mb: Annotated[int, msgspec.Meta(ge=0)] = 64
    downloads_mb: Count = 2048
    kept_queries_mb: Count = 64
    kept_queries_per_minute: Count = 30
    literal_mb: Annotated[int, msgspec.Meta(ge=1, le=16)] = 16
    unpacked_mb: Count = 8192
    document_statements: Count = 50_000
    query_tokens: Count = 500_000
    query_nesting: Annotated[int, msgspec.Meta(ge=1, le=400)] = 400


class FederationSettings(Section, frozen=True):
    """``[federation]``: which SPARQL services a query may call, and what one call may cost (seconds, MiB)."""

    services: tuple[str, ...] = ()
    seconds: Positive = 10.0
    result_mb: Count = 16
    allow_private: bool = False


class PrivacySettings(Section, frozen=True):
    """``[privacy]``: what is withheld from every output, and which graphs hold personal data, and why."""

    withhold_graphs: tuple[str, ...] = ()
    withhold: tuple[str, ...] = ()
    personal_graphs: tuple[str, ...] = ()
    purpose: dict[str, str] = {}


class ProxySettings(Section, frozen=True):
    """``[proxy]``: which reverse proxies are believed: addresses, or networks such as 10.0.0.0/8."""

    addresses: tuple[str, ...] = ("127.0.0.1", "::1")


class HarvestSettings(Section, frozen=True):
    """``[[harvest]]``: a document or a SPARQL endpoint of others, and the graph that it fills.

    ``query`` is a CONSTRUCT, or the name of a file of the publication, ending in .rq or .sparql, that holds one;
    ``format`` is for documents whose server does not say it.
    """

    graph: str
    url: str = ""
    sparql: str = ""
    query: str = ""
    every: str = "1 day"
    format: Literal["", "turtle", "ntriples", "nquads", "trig", "jsonld", "rdfxml"] = ""
    allow_private: bool = False

    @property
    def address(self) -> str:
        """Where it comes from; it is published, as the source of the graph."""
        return self.url or self.sparql

    @property
    def seconds(self) -> int:
        """How long to wait from one time to the next."""
        found = EVERY.fullmatch(self.every)
        return int(found[1]) * UNITS[found[2]] if found else 0


class LogSettings(Section, frozen=True):
    """``[log]``: what is written to standard error while serving."""

    access: bool = False
    slow_seconds: Positive = 1.0


class ReplicationSettings(Section, frozen=True):
    """``[replication]``: where releases are sent to, and how a copy follows."""

    to: str = ""
    publisher: str = ""
    forward: bool = False
    serve: bool = False
    seconds: Annotated[float, msgspec.Meta(ge=0.1)] = 1.0
    keep: Count = 5
    stale_hours: Positive = 24.0


class AboutSettings(Section, frozen=True):
    """``[about]``: what the catalogue says of the dataset; texts are tables from language to text."""

    title: dict[str, str] = {}
    description: dict[str, str] = {}
    publisher: dict[str, str] = {}
    publisher_type: str = ""
    contact: str = ""
    keywords: dict[str, tuple[str, ...]] = {}
    themes: tuple[str, ...] = ()
    spatial: tuple[str, ...] = ()
    temporal: str = ""
    access_rights: Literal["PUBLIC", "RESTRICTED", "NON_PUBLIC"] = "PUBLIC"
    license: str = "https://creativecommons.org/licenses/by/4.0/"
    code_license: str = "https://www.apache.org/licenses/LICENSE-2.0"

    @property
    def contact_iri(self) -> str:
        """The contact as an IRI, an e-mail address as ``mailto:``; empty where there is none."""
        return f"mailto:{self.contact}" if "@" in self.contact and ":" not in self.contact else self.contact


class ProposalSettings(Section, frozen=True):
    """``[proposals]``: what people may propose, how often and how much, and how long it is kept."""

    by: Literal["everybody", "contributors", "nobody"] = "everybody"
    per_minute: Count = 6
    per_minute_in_all: Count = 60
    most_waiting: Count = 5000
    size_kb: Annotated[int, msgspec.Meta(ge=1, le=1024)] = 128
    links: Annotated[int, msgspec.Meta(ge=0)] = 5
    seconds: Annotated[float, msgspec.Meta(ge=0)] = 4.0
    keep_days: Positive = 180.0


class Settings(Section, frozen=True):
    """Everything that ``hamkor.toml`` may say."""

    base: str = "https://w3id.org/hamkor/"
    languages: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] = ("en", "ru", "uz")
    about: AboutSettings = AboutSettings()
    engine: EngineSettings = EngineSettings()
    limits: LimitSettings = LimitSettings()
    federation: FederationSettings = FederationSettings()
    privacy: PrivacySettings = PrivacySettings()
    proxy: ProxySettings = ProxySettings()
    log: LogSettings = LogSettings()
    proposals: ProposalSettings = ProposalSettings()
    replication: ReplicationSettings = ReplicationSettings()
    harvest: tuple[HarvestSettings, ...] = ()

    @property
    def title(self) -> dict[str, str]:
        """The title of the dataset, by language; where the file names none, one made of its base."""
        return self.about.title or written_in(TITLE, self.languages, base=self.base)

    @property
    def description(self) -> dict[str, str]:
        """The description of the dataset, by language; where the file has none, one that fits every dataset."""
        return self.about.description or written_in(DESCRIPTION, self.languages)


def written_in(texts: Mapping[str, str], languages: Iterable[str], **values: str) -> dict[str, str]:
    """Return a text in those of the languages that it is written in, or in English.

    Args:
        texts: templates of ``str.format``, by language.
        languages: the publication's; ``uz-Latn`` is Uzbek.
        values: what stands in the text.
    """
    own = {tag.partition("-")[0].lower() for tag in languages if tag.lower() != "uz-cyrl"}
    return {each: texts[each].format(**values) for each in texts if each in own} or {"en": texts["en"].format(**values)}


class PublishedSettings(Section, frozen=True):
    """The settings that answers depend on, and that a copy of the publication takes over; the rest is its own affair.

    What is withheld is not among them.
    """

    base: str = ""
    languages: tuple[str, ...] = ()
    about: AboutSettings = AboutSettings()
    personal_graphs: tuple[str, ...] = ()
    purpose: dict[str, str] = {}

    @classmethod
    def of(cls, settings: Settings) -> PublishedSettings:
        """Return those of a publication."""
        privacy = settings.privacy
        return cls(settings.base, settings.languages, settings.about, privacy.personal_graphs, privacy.purpose)

    def over(self, settings: Settings) -> Settings:
        """Return a machine's own settings, with these in their place."""
        privacy = PrivacySettings(personal_graphs=self.personal_graphs, purpose=self.purpose)
        return msgspec.structs.replace(
            settings, base=self.base, languages=self.languages, about=self.about, privacy=privacy
        )


def read_settings(path: Path) -> Settings:
    """Return the settings of the file ``path``; defaults where it is absent.

    Raises:
        SettingError: the file is no TOML, has a key that is not known, or a value of the wrong type or range.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig") if path.exists() else ""
    except UnicodeDecodeError as problem:
        raise SettingError(path.name, Sentence("the file is not UTF-8; save it as UTF-8")) from problem
    except OSError as problem:
        raise SettingError(path.name, Quotation(problem.strerror or str(problem))) from problem
    return settings_of(text, path.name) if text else Settings()


def settings_of(text: str, name: str) -> Settings:
    """Return the settings that a text says; messages call it ``name``.

    Raises:
        SettingError: as ``read_settings``.
    """
    try:
        settings = msgspec.convert(tomllib.loads(text), Settings)
    except tomllib.TOMLDecodeError as problem:
        raise SettingError(name, Sentence("no TOML: %(words)s", words=problem)) from problem
    except msgspec.ValidationError as problem:
        raise SettingError(name, _explained(str(problem))) from problem
    _check_base(name, settings.base)
    _check_languages(name, settings)
    _check_iris(name, settings)
    _check_about(name, settings.about)
    _check_contact(name, settings.about.contact)
    _check_proxies(name, settings.proxy)
    _check_replication(name, settings.replication)
    _check_harvests(name, settings)
    _check_engine(name, settings)
    return settings


def _explained(problem: str) -> Said:
    """Return a message of msgspec with the setting's name first, as it stands in the file."""
    text, _, place = problem.partition(" - at `$.")
    place = place.rstrip("`")
    if unknown := re.search(r"unknown field `(.*)`", text):
        section: type[msgspec.Struct] = Settings
        for part in filter(None, place.split(".")):
            kind = next(each.type for each in msgspec.structs.fields(section) if each.name == part.partition("[")[0])
            section = get_args(kind)[0] if "[" in part else kind
        name = f"{place}.{unknown[1]}" if place else unknown[1]
        if name in GONE:
            return GONE[name]
        return Sentence(
            "unknown setting `%(name)s`; known are %(names)s", name=name, names=", ".join(section.__struct_fields__)
        )
    return Sentence("`%(place)s`: %(words)s", place=place, words=Quotation(text))


def _check_base(path: str, base: str) -> None:
    if not re.match(r"https?://[^/]", base) or not base.endswith("/"):
        raise SettingError(
            path, Sentence("base must be an absolute http(s) IRI that ends in '/', not %(base)s", base=repr(base))
        )
    if "?" in base or "#" in base or not _is_iri(base):
        raise SettingError(
            path,
            Sentence("base must be an IRI without query, fragment, space or bracket, not %(base)s", base=repr(base)),
        )


def _check_languages(path: str, settings: Settings) -> None:
    about = settings.about
    for key, tags in (
        ("languages", settings.languages),
        *((f"about.{name}", tuple(getattr(about, name))) for name in TEXTS),
        ("privacy.purpose", tuple(settings.privacy.purpose)),
    ):
        for tag in tags:
            if not _is_language(tag):
                raise SettingError(
                    path,
                    Sentence(
                        "%(key)s: %(tag)s is no language; write a tag such as en, ru, uz-Latn", key=key, tag=repr(tag)
                    ),
                )
            if tags.count(tag) > 1:
                raise SettingError(
                    path, Sentence("%(key)s: %(tag)s twice; name each language once", key=key, tag=repr(tag))
                )


def _check_iris(path: str, settings: Settings) -> None:
    for key, iris in (
        ("about.license", (settings.about.license,)),
        ("about.code_license", (settings.about.code_license,)),
        ("about.spatial", settings.about.spatial),
        ("federation.services", settings.federation.services),
        ("privacy.withhold", settings.privacy.withhold),
    ):
        for iri in iris:
            if not _is_iri(iri):
                raise SettingError(path, Sentence("%(key)s: %(iri)s is no absolute IRI", key=key, iri=repr(iri)))


def _check_about(path: str, about: AboutSettings) -> None:
    for each in about.themes:
        if each not in THEMES:
            raise SettingError(
                path,
                Sentence(
                    "about.themes: %(text)s is no data theme; there are %(names)s",
                    text=repr(each),
                    names=", ".join(THEMES),
                ),
            )
    if about.publisher_type and about.publisher_type not in PUBLISHER_TYPES:
        known = ", ".join(PUBLISHER_TYPES)
        raise SettingError(
            path,
            Sentence(
                "about.publisher_type: %(text)s is none; there are %(names)s",
                text=repr(about.publisher_type),
                names=known,
            ),
        )
    if about.temporal and not _is_period(about.temporal):
        raise SettingError(
            path,
            Sentence("about.temporal: %(text)s is no period; write 2014-11-01/2014-11-30", text=repr(about.temporal)),
        )


def _check_contact(path: str, contact: str) -> None:
    """Refuse what nobody can follow: the page on privacy and ``security.txt`` send people there."""
    if contact and not (CONTACT.fullmatch(contact) and _is_iri(AboutSettings(contact=contact).contact_iri)):
        remedy = Sentence("write an e-mail address, or mailto:…, tel:+… or https://…")
        raise SettingError(
            path, Sentence("about.contact: %(text)s leads nowhere; %(remedy)s", text=repr(contact), remedy=remedy)
        )


def _check_proxies(path: str, proxy: ProxySettings) -> None:
    for each in proxy.addresses:
        try:
            ipaddress.ip_network(each, strict=False)
        except ValueError:
            problem = Sentence(
                "proxy.addresses: %(text)s is no address and no network; write 127.0.0.1 or 10.0.0.0/8", text=repr(each)
            )
            raise SettingError(path, problem) from None


def _check_replication(path: str, replication: ReplicationSettings) -> None:
    if replication.publisher and not re.fullmatch(r"https?://[^/\s?#@]+(?:/[^\s?#]*)?", replication.publisher):
        raise SettingError(
            path,
            Sentence(
                "replication.publisher: %(text)s is no address of a service; write https://host/",
                text=repr(replication.publisher),
            ),
        )
    if replication.forward and not replication.publisher:
        problem = Sentence(
            "replication.forward: tokens are sent on to replication.publisher of this file, and to nobody whom the "
            "storage names; write that, too"
        )
        raise SettingError(path, problem)
    if replication.forward and not _is_private(replication.publisher):
        problem = Sentence(
            "replication.forward: tokens would go to %(text)s without TLS; write https://, or http:// for this machine",
            text=repr(replication.publisher),
        )
        raise SettingError(path, problem)


def _is_private(url: str) -> bool:
    """Whether nobody on a network reads what goes to an address: it is of this machine, or has TLS."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        is_here = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_here = False
    return parts.scheme == "https" or is_here


def _check_engine(path: str, settings: Settings) -> None:
    """Refuse an engine that cannot be asked, or not be written, or of whose datasets two are one."""
    engine = settings.engine
    places = (("engine", EngineDataset(engine.url, engine.update_url, engine.graph_store_url)),
              ("engine.second", engine.second))  # fmt: skip
    given = {f"{key}.{name}": getattr(each, name) for key, each in places for name in EngineDataset.__struct_fields__}
    if engine.kind == "embedded":
        for key in (key for key, url in given.items() if url):
            raise SettingError(path, Sentence('%(key)s: it is for engine.kind = "sparql" alone', key=key))
        return
    for key, url in given.items():
        if (url or key == "engine.url") and not ENGINE_URL.fullmatch(url):
            raise SettingError(path, _no_address(key, url))
    for key, each in places:
        _check_dataset(path, key, each, is_needed=key == "engine")
    if engine.second.url == engine.url:
        raise SettingError(path, Sentence("engine.second.url: it is engine.url; two datasets have two addresses"))
    if settings.federation.services:
        problem = Sentence(
            'federation.services: with engine.kind = "sparql" the engine would call them itself, without our limits; '
            "leave one of them out"
        )
        raise SettingError(path, problem)


def _check_dataset(path: str, key: str, dataset: EngineDataset, *, is_needed: bool) -> None:
    is_written = bool(dataset.update_url or dataset.graph_store_url)
    if (dataset.url or is_needed) and not is_written:
        problem = Sentence(
            "%(key)s: set update_url or graph_store_url, by which a release gets into the engine", key=key
        )
        raise SettingError(path, problem)
    if is_written and not dataset.url:
        raise SettingError(path, Sentence("%(key)s: set url, where queries are asked", key=key))


def _no_address(key: str, url: str) -> Sentence:
    shown = re.sub(r"//[^/]*@", "//…@", url)  # what stands before @ may be a password
    return Sentence(
        "%(key)s: %(text)s is no http(s) address without user and fragment; user and password stand in the "
        "environment (HAMKOR_ENGINE_USER, HAMKOR_ENGINE_PASSWORD)",
        key=key,
        text=repr(shown),
    )


def _is_period(text: str) -> bool:
    start, _, end = text.partition("/")
    try:
        return date.fromisoformat(start) <= date.fromisoformat(end) and len(start) == len(end) == len("2014-11-01")
    except ValueError:
        return False


def _is_iri(text: str) -> bool:
    try:
        ox.NamedNode(text)
    except ValueError:
        return False
    return True


def _is_language(tag: str) -> bool:
    try:
        ox.Literal("", language=tag)
    except ValueError:
        return False
    return True


def _check_harvests(path: str, settings: Settings) -> None:
    """Refuse what cannot be harvested; no message repeats an address in which a secret may stand."""
    seen = set[str]()
    for each in settings.harvest:
        iri = harvested_graph(settings.base, each)
        if problem := _harvest_problem(settings.base, iri, each):
            raise SettingError(
                path, Sentence("harvest of %(graph)s: %(problem)s", graph=repr(each.graph), problem=problem)
            )
        if iri in seen:
            problem = Sentence("two sources for one graph; give each a graph of its own")
            raise SettingError(
                path, Sentence("harvest of %(graph)s: %(problem)s", graph=repr(each.graph), problem=problem)
            )
        seen.add(iri)


def harvested_graph(base: str, harvest: HarvestSettings) -> str:
    """Return the IRI of the graph that a harvest fills, which is called by its name or its IRI."""
    return harvest.graph if ":" in harvest.graph else graph_iri(base, harvest.graph)


def _harvest_problem(base: str, graph: str, harvest: HarvestSettings) -> Said:
    if problem := unfit_name(graph, base) if harvest.graph else Sentence("it names no graph"):
        return problem
    if graph in {graph_iri(base, each) for each in COMPUTED_GRAPHS}:
        return Sentence("Hamkor computes that graph itself")
    if bool(harvest.url) == bool(harvest.sparql):
        return Sentence("write either url or sparql")
    if bool(harvest.sparql) != bool(harvest.query):
        return Sentence("sparql and query go together")
    if not harvest.seconds:
        remedy = Sentence("write 30 minutes, 6 hours, 1 day or 2 weeks")
        return Sentence("every: %(text)s is no time; %(remedy)s", text=repr(harvest.every), remedy=remedy)
    return _address_problem(harvest.address)


def _address_problem(address: str) -> Said:
    """Return why an address of others cannot be asked, without repeating it, or an empty string."""
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and _is_iri(address) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        return Sentence("its address is no http or https address")
    if "@" in parts.netloc or SECRET.search(parts.query):
        return Sentence("its address holds a name, a password or a key, and addresses of sources are published")
    if parts.fragment:
        return Sentence("its address holds a fragment (#), which no server sees")
    return NO_WORDS
