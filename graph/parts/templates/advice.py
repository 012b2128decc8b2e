"""Advice on a result of validation: why the shape asks for it, how to mend it, and a statement of the data that passes.

In English, Russian and Uzbek, as the shapes' own messages are. What it says comes from the shape, its parameters and
the release; personal graphs give no examples.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from types import MappingProxyType

import pyoxigraph as ox

from graph.model.rdf_terms import ENTAILED_GRAPH, RDFS_LABEL, SH, graph_iri
from graph.parts.templates.fields import LANGUAGES, TemplateShapes
from graph.parts.templates.template_files import term_in_turtle

MOST_OPTIONS, SOUGHT = 12, 200
PARAMETERS = MappingProxyType({
    "MinCount": "minCount", "MaxCount": "maxCount", "Datatype": "datatype", "Class": "class", "NodeKind": "nodeKind",
    "Pattern": "pattern", "In": "in", "LanguageIn": "languageIn", "MinInclusive": "minInclusive",
    "MaxInclusive": "maxInclusive", "QualifiedMinCount": "qualifiedMinCount", "QualifiedMaxCount": "qualifiedMaxCount",
})  # fmt: skip
GENERIC = (
    "Compare it with the example and change it, or take it out.",
    "Сравните с примером и измените или уберите.",
    "Namuna bilan solishtiring va oʻzgartiring yoki olib tashlang.",
)
PLAIN = (
    "Mend it as the message says, or take it out.",
    "Исправьте, как сказано в сообщении, или уберите.",
    "Xabarda aytilganidek tuzating yoki olib tashlang.",
)
QUALIFIED = (
    "Add a value such as the example’s; there must be at least {0}.",
    "Добавьте значение, как в примере; нужно не меньше {0}.",
    "Namunadagi kabi qiymat qoʻshing; kamida {0} ta kerak.",
)
PLAIN_QUALIFIED = (
    "Add such a value; there must be at least {0}.",
    "Добавьте такое значение; нужно не меньше {0}.",
    "Shunday qiymat qoʻshing; kamida {0} ta kerak.",
)
WITHOUT_EXAMPLE = MappingProxyType({GENERIC: PLAIN, QUALIFIED: PLAIN_QUALIFIED})
"""What is said instead where there is no example to compare with."""
REMEDIES = MappingProxyType({
    "MinCount": ("Add the property; there must be at least {0}.", "Добавьте это свойство; нужно не меньше {0}.",
                 "Bu xossani qoʻshing; kamida {0} ta kerak."),
    "QualifiedMinCount": QUALIFIED,
    "MaxCount": ("Take values out until at most {0} is left.", "Уберите лишние значения: не более {0}.",
                 "Ortiqcha qiymatlarni olib tashlang: koʻpi bilan {0} ta qolsin."),
    "QualifiedMaxCount": ("Take links out until at most {0} is left.", "Уберите лишние ссылки: не более {0}.",
                          "Ortiqcha havolalarni olib tashlang: koʻpi bilan {0} ta qolsin."),
    "Datatype": ("Write the value with the datatype {0}, in its form.", "Запишите значение с типом данных {0}.",
                 "Qiymatni {0} turi bilan, uning shaklida yozing."),
    "Class": ("Link to a thing of the class {0}: search for it here, or describe it in the same document.",
              "Сошлитесь на объект класса {0}: найдите его здесь или опишите в том же документе.",
              "{0} sinfidagi obyektga havola bering: uni shu yerdan toping yoki oʻsha hujjatda tavsiflang."),
    "NodeKind": ("Write it as {0}: an IRI stands between < and >, a text between quotation marks.",
                 "Запишите как {0}: IRI стоит между < и >, текст — в кавычках.",
                 "Uni {0} sifatida yozing: IRI < va > orasida, matn qoʻshtirnoqda turadi."),
    "Pattern": ("Write it so that it fits {0}.", "Запишите так, чтобы подходило под {0}.",
                "Uni {0} ga mos qilib yozing."),
    "In": ("Take one of: {0}.", "Возьмите одно из: {0}.", "Bulardan birini oling: {0}."),
    "LanguageIn": ("Give the text one of these language tags: {0}.", "Укажите у текста один из языков: {0}.",
                   "Matnga shu til belgilaridan birini qoʻying: {0}."),
    "UniqueLang": ("Leave one text a language.", "Оставьте по одному тексту на язык.",
                   "Har bir tilda bittadan matn qoldiring."),
    "MinInclusive": ("Write at least {0}.", "Запишите не меньше {0}.", "Kamida {0} yozing."),
    "MaxInclusive": ("Write at most {0}.", "Запишите не больше {0}.", "Koʻpi bilan {0} yozing."),
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Advice:
    """What helps with a result: texts by language tag, and a statement in Turtle, or an empty string."""

    why: dict[str, str]
    remedy: dict[str, str]
    example: str


@dataclass
class Adviser:
    """Gives advice from one release."""

    shapes: TemplateShapes
    prefixes: Mapping[str, str]
    personal: frozenset[str] = frozenset()
    _known: dict[tuple[str, str], Advice] = field(default_factory=dict)

    def advice(self, shape: str, component: str) -> Advice:
        """Return what helps with results of a shape and a constraint component, both IRIs."""
        key = shape, component
        if key not in self._known:
            self._known[key] = self._advice(shape, component.removeprefix(SH).removesuffix("ConstraintComponent"))
        return self._known[key]

    def _advice(self, shape: str, component: str) -> Advice:
        try:
            ox.NamedNode(shape)
        except ValueError:
            return Advice({}, dict(zip(LANGUAGES, PLAIN, strict=True)), "")
        why = self.shapes.texts(shape, SH + "description")
        if not why and self.shapes.paths(shape)[0]:  # what a shape of nodes is called is no reason
            why = self.shapes.texts(shape, RDFS_LABEL)
        texts, example = REMEDIES.get(component, GENERIC), self._example(shape)
        texts = texts if example else WITHOUT_EXAMPLE.get(texts, texts)
        shown = self._parameter(shape, component)
        remedy = {tag: text.format(shown) for tag, text in zip(LANGUAGES, texts, strict=True)}
        return Advice(why, remedy, example)

    def _parameter(self, shape: str, component: str) -> str:
        name = PARAMETERS.get(component)
        if name is None:
            return ""
        values = self.shapes.values(shape, SH + name)
        if name in ("in", "languageIn"):
            values = self.shapes.items(values[0].value) if values else []
        first = values[:MOST_OPTIONS]
        shown = [each.value if isinstance(each, ox.Literal) else term_in_turtle(each, self.prefixes) for each in first]
        return ", ".join(shown) + (" …" if len(values) > MOST_OPTIONS else "")

    def _example(self, shape: str) -> str:
        """Return a statement of the release that passes: what was released conforms."""
        paths, is_inverse = self.shapes.paths(shape)
        skipped = {*self.personal, graph_iri(self.shapes.base, ENTAILED_GRAPH)}
        of_shape = {each for classes in self._targets(shape) for each in classes}
        for path in paths:
            quads = self.shapes.store.quads_for_pattern(None, ox.NamedNode(path), None, None)
            for quad in islice(quads, SOUGHT):
                subject, value, graph = quad.subject, quad.object, quad.graph_name
                if not isinstance(subject, ox.NamedNode) or not isinstance(value, ox.NamedNode | ox.Literal):
                    continue
                if not isinstance(graph, ox.NamedNode) or graph.value in skipped:
                    continue
                thing = value if is_inverse else subject
                if of_shape and not (isinstance(thing, ox.NamedNode) and self._classes(thing) & of_shape):
                    continue
                terms = (subject, ox.NamedNode(path), value)
                return " ".join(term_in_turtle(each, self.prefixes) for each in terms) + " ."
        return ""

    def _targets(self, shape: str) -> list[list[str]]:
        graph = ox.NamedNode(graph_iri(self.shapes.base, "shapes"))
        users = self.shapes.store.quads_for_pattern(None, ox.NamedNode(SH + "property"), ox.NamedNode(shape), graph)
        return [
            self.shapes.iris(quad.subject.value, SH + "targetClass")
            for quad in users
            if isinstance(quad.subject, ox.NamedNode)
        ]

    def _classes(self, thing: ox.NamedNode) -> set[str]:
        a = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
        quads = self.shapes.store.quads_for_pattern(thing, a, None, ox.DefaultGraph())
        return {quad.object.value for quad in quads if isinstance(quad.object, ox.NamedNode)}
