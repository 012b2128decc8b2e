"""The words the made-up registry is written with: regions, name parts, concepts.

The regions and their chief cities are real (names, ISO 3166-2 codes, rounded points), so that places look as they do
in the graph. Every other name is put together from common parts and means nobody and no place.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Name(NamedTuple):
    """One name in the languages of the registry; ``uz`` is Latin script (tag ``uz-Latn``)."""

    en: str
    ru: str
    uz: str


class Region(NamedTuple):
    """A first-level unit, its chief city, and a point in degrees (WGS 84)."""

    slug: str
    iso: str
    name: Name
    capital: Name
    latitude: float
    longitude: float
    pilot: bool


REGIONS: Final = (
    Region(
        "khorezm",
        "UZ-XO",
        Name("Khorezm Region", "Хорезмская область", "Xorazm viloyati"),
        Name("Urgench", "Ургенч", "Urganch"),
        41.55,
        60.63,
        pilot=True,
    ),
    Region(
        "surkhandarya",
        "UZ-SU",
        Name("Surkhandarya Region", "Сурхандарьинская область", "Surxondaryo viloyati"),
        Name("Termez", "Термез", "Termiz"),
        37.22,
        67.28,
        pilot=True,
    ),
    Region(
        "namangan-region",
        "UZ-NG",
        Name("Namangan Region", "Наманганская область", "Namangan viloyati"),
        Name("Namangan", "Наманган", "Namangan"),
        41.00,
        71.67,
        pilot=True,
    ),
    Region(
        "samarkand-region",
        "UZ-SA",
        Name("Samarkand Region", "Самаркандская область", "Samarqand viloyati"),
        Name("Samarkand", "Самарканд", "Samarqand"),
        39.65,
        66.96,
        pilot=True,
    ),
    Region(
        "tashkent-city",
        "UZ-TK",
        Name("Tashkent (city)", "город Ташкент", "Toshkent shahri"),
        Name("Tashkent", "Ташкент", "Toshkent"),
        41.26,
        69.22,
        pilot=True,
    ),
    Region(
        "tashkent-region",
        "UZ-TO",
        Name("Tashkent Region", "Ташкентская область", "Toshkent viloyati"),
        Name("Nurafshon", "Нурафшон", "Nurafshon"),
        41.04,
        69.36,
        pilot=False,
    ),
    Region(
        "andijan-region",
        "UZ-AN",
        Name("Andijan Region", "Андижанская область", "Andijon viloyati"),
        Name("Andijan", "Андижан", "Andijon"),
        40.78,
        72.34,
        pilot=False,
    ),
    Region(
        "bukhara-region",
        "UZ-BU",
        Name("Bukhara Region", "Бухарская область", "Buxoro viloyati"),
        Name("Bukhara", "Бухара", "Buxoro"),
        39.77,
        64.43,
        pilot=False,
    ),
    Region(
        "fergana-region",
        "UZ-FA",
        Name("Fergana Region", "Ферганская область", "Fargʻona viloyati"),
        Name("Fergana", "Фергана", "Fargʻona"),
        40.38,
        71.78,
        pilot=False,
    ),
    Region(
        "jizzakh-region",
        "UZ-JI",
        Name("Jizzakh Region", "Джизакская область", "Jizzax viloyati"),
        Name("Jizzakh", "Джизак", "Jizzax"),
        40.12,
        67.84,
        pilot=False,
    ),
    Region(
        "kashkadarya",
        "UZ-QA",
        Name("Kashkadarya Region", "Кашкадарьинская область", "Qashqadaryo viloyati"),
        Name("Karshi", "Карши", "Qarshi"),
        38.86,
        65.79,
        pilot=False,
    ),
    Region(
        "navoiy-region",
        "UZ-NW",
        Name("Navoiy Region", "Навоийская область", "Navoiy viloyati"),
        Name("Navoiy", "Навои", "Navoiy"),
        40.08,
        65.38,
        pilot=False,
    ),
    Region(
        "karakalpakstan",
        "UZ-QR",
        Name("Karakalpakstan", "Каракалпакстан", "Qoraqalpogʻiston"),
        Name("Nukus", "Нукус", "Nukus"),
        42.46,
        59.60,
        pilot=False,
    ),
    Region(
        "syrdarya",
        "UZ-SI",
        Name("Syrdarya Region", "Сырдарьинская область", "Sirdaryo viloyati"),
        Name("Gulistan", "Гулистан", "Guliston"),
        40.49,
        68.78,
        pilot=False,
    ),
)

CITY_STEMS: Final = (
    Name("Yangi", "Янги", "Yangi"),
    Name("Oq", "Ак", "Oq"),
    Name("Kok", "Кук", "Koʻk"),
    Name("Gul", "Гуль", "Gul"),
    Name("Bog", "Баг", "Bogʻ"),
    Name("Nur", "Нур", "Nur"),
    Name("Chor", "Чар", "Chor"),
    Name("Qum", "Кум", "Qum"),
    Name("Besh", "Беш", "Besh"),
    Name("Mirza", "Мирза", "Mirzo"),
    Name("Olma", "Алма", "Olma"),
)
CITY_ENDINGS: Final = (
    Name("abad", "абад", "obod"),
    Name("kent", "кент", "kent"),
    Name("kurgan", "курган", "qoʻrgʻon"),
    Name("tepa", "тепа", "tepa"),
    Name("bulak", "булак", "buloq"),
    Name("say", "сай", "soy"),
    Name("arik", "арык", "ariq"),
)
CLUB_NAMES: Final = (
    Name("Umid", "Умид", "Umid"),
    Name("Mehr", "Мехр", "Mehr"),
    Name("Nihol", "Нихол", "Nihol"),
    Name("Baxt", "Бахт", "Baxt"),
    Name("Quyosh", "Куёш", "Quyosh"),
    Name("Yulduz", "Юлдуз", "Yulduz"),
    Name("Kamalak", "Камалак", "Kamalak"),
    Name("Bahor", "Бахор", "Bahor"),
    Name("Ishonch", "Ишонч", "Ishonch"),
    Name("Orzu", "Орзу", "Orzu"),
    Name("Hayot", "Хаёт", "Hayot"),
    Name("Tabassum", "Табассум", "Tabassum"),
    Name("Kelajak", "Келажак", "Kelajak"),
    Name("Lola", "Лола", "Lola"),
    Name("Dostlik", "Дустлик", "Doʻstlik"),
    Name("Saodat", "Саодат", "Saodat"),
)
BODY_NAMES: Final = (
    Name("Centre for social adaptation", "Центр социальной адаптации", "Ijtimoiy moslashuv markazi"),
    Name("Department of education", "Управление образования", "Taʼlim boshqarmasi"),
    Name("Department of health", "Управление здравоохранения", "Sogʻliqni saqlash boshqarmasi"),
    Name("Foundation for children", "Фонд поддержки детей", "Bolalarni qoʻllab-quvvatlash fondi"),
    Name("Trade union council", "Совет профсоюзов", "Kasaba uyushmalari kengashi"),
    Name("Youth movement", "Молодёжное движение", "Yoshlar harakati"),
    Name("City administration", "Городской хокимият", "Shahar hokimligi"),
    Name("Resource centre", "Ресурсный центр", "Resurs markazi"),
)
TOPIC_NAMES: Final = (
    Name("Social partnership", "Социальное партнёрство", "Ijtimoiy sheriklik"),
    Name("Social protection of children", "Социальная защита детей", "Bolalarni ijtimoiy himoya qilish"),
    Name("Inclusive education", "Инклюзивное образование", "Inklyuziv taʼlim"),
    Name("Rights of the child", "Права ребёнка", "Bola huquqlari"),
    Name("Child development", "Развитие ребёнка", "Bola rivojlanishi"),
    Name("Civil society", "Гражданское общество", "Fuqarolik jamiyati"),
    Name("Parent participation", "Участие родителей", "Ota-onalar ishtiroki"),
    Name("Exchange of experience", "Обмен опытом", "Tajriba almashish"),
)
GIVEN_NAMES: Final = (
    "Aziza", "Bahrom", "Dilnoza", "Farhod", "Gulnora", "Jasur", "Kamola", "Laziz", "Malika", "Nodir", "Oydin",
    "Rustam", "Sevara", "Timur", "Umida", "Zafar",
)  # fmt: skip
FAMILY_STEMS: Final = (
    "Alim", "Boboj", "Ergash", "Gafur", "Hakim", "Ismoil", "Jurab", "Komil", "Latip", "Mahmud", "Nazar", "Olim",
    "Qosim", "Rahim", "Sodiq", "Tursun", "Usmon", "Yusup", "Zokir",
)  # fmt: skip

TARGET_GROUPS: Final = (
    "socially-vulnerable-groups", "children-of-vulnerable-groups", "children-with-disabilities", "orphans",
    "children-without-parental-care", "children-at-social-and-legal-risk", "children-with-special-needs", "parents",
)  # fmt: skip
ROLES: Final = (
    "organiser", "dialogue-participant", "host", "main-beneficiary", "partner", "funder", "consortium-member",
    "contact-person", "chairman",
)  # fmt: skip
FORUM_ROLES: Final = ROLES[:7]
ORGANISATION_KINDS: Final = (
    "national-centre", "ministry", "ministry", "foundation", "trade-union-council", "youth-movement",
    "city-administration", "ngo", "parents-club",
)  # fmt: skip
UNITS: Final = ("parents", "families")
REGISTERS: Final = ("bodies", "projects", "forums", "clubs")
