"""What real clients send as Accept, under their names; where several send the same, each says so."""

from __future__ import annotations

CHROME = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
    "application/signed-exchange;v=b3;q=0.7"
)
FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
SAFARI = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
OLD_INTERNET_EXPLORER = "image/gif, image/jpeg, image/pjpeg, application/x-ms-application, */*"
GOOGLEBOT = "text/html,application/xhtml+xml,application/signed-exchange;v=b3,application/xml;q=0.9,*/*;q=0.8"
RDFLIB = (
    "application/rdf+xml;q=0.9, text/turtle, application/n-triples;q=0.8, application/ld+json;q=0.7, "
    "text/html;q=0.3, */*;q=0.1"
)
OLD_RDFLIB = "application/rdf+xml,text/rdf+n3;q=0.9,application/xhtml+xml;q=0.5, */*;q=0.1"
RDFLIB_N3 = "text/n3,text/rdf+n3;q=0.9,*/*;q=0.1"
JENA = (
    "text/turtle,application/n-triples;q=0.9,application/ld+json;q=0.8,application/rdf+xml;q=0.7,"
    "application/trig,application/n-quads;q=0.9,text/x-nquads;q=0.8,*/*;q=0.3"
)
JENA_RESULTS = (
    "application/sparql-results+json, application/sparql-results+xml;q=0.9, text/tab-separated-values;q=0.7, "
    "text/csv;q=0.5, application/json;q=0.2, application/xml;q=0.2, */*;q=0.1"
)
RAPPER = (
    "application/rdf+xml, text/rdf;q=0.6, text/turtle, application/x-turtle, application/turtle, text/n3;q=0.3, "
    "text/rdf+n3;q=0.3, application/rdf+n3;q=0.3, application/x-trig, application/rss;q=0.8, text/html;q=0.2, */*;q=0.1"
)
OPEN_REFINE = "application/sparql-results+xml, */*;q=0.5"
SPARQLWRAPPER_JSON = (
    "application/x-sparqlstar-results+json,application/sparql-results+json,application/json,text/javascript,"
    "application/javascript"
)
SPARQLWRAPPER_XML = "application/sparql-results+xml"
SPARQLWRAPPER_RDFXML = "application/rdf+xml"
SPARQLWRAPPER_TURTLE = "application/turtle,text/turtle"
SPARQLWRAPPER_N3 = "text/rdf+n3,application/n-triples,application/turtle,application/n3,text/n3"
SPARQLWRAPPER_CSV = "text/csv"
RDFLIB_STORE = "application/sparql-results+xml, application/rdf+xml"
R_SPARQL = "application/sparql-results+xml"
YASGUI = "application/sparql-results+json,*/*;q=0.9"
YASGUI_GRAPH = "application/n-triples,*/*;q=0.9"
COMUNICA = (
    "application/n-quads,application/trig;q=0.95,application/ld+json;q=0.9,application/n-triples;q=0.8,"
    "text/turtle;q=0.6,application/rdf+xml;q=0.5,text/n3;q=0.35,application/xml;q=0.3,image/svg+xml;q=0.3,"
    "text/html;q=0.2,application/xhtml+xml;q=0.18"
)
COMUNICA_RESULTS = "application/sparql-results+json;q=1.0,application/sparql-results+xml;q=0.7"
OXIGRAPH_SERVICE = "application/sparql-results+json, application/sparql-results+xml"
RDF4J = (
    "application/x-binary-rdf-results-table;q=0.8, application/sparql-results+json;q=0.8, application/json;q=0.8, "
    "application/sparql-results+xml;q=0.8, application/xml;q=0.8, text/csv;q=0.8, text/tab-separated-values;q=0.8"
)
F_UJI = "text/html, */*"
F_UJI_RDF = "text/n3;q=0.9, text/ttl, application/rdf+xml"
JAVA = "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"
PROTEGE = "application/rdf+xml; q=1.0, text/turtle; q=0.9, application/owl+xml; q=0.8, */*; q=0.1"
JSON_LD_JAVA = 'application/ld+json;profile="http://www.w3.org/ns/json-ld#compacted", application/ld+json;q=0.9'
JSON_LD_EXPANDED = 'application/ld+json;profile="http://www.w3.org/ns/json-ld#expanded"'
CURL = WGET = PYTHON_REQUESTS = PANDAS = "*/*"
EDGE = CHROME
LYNX = "text/html, text/plain, text/sgml, text/css, application/xhtml+xml, */*;q=0.01"
W3M = "text/html, text/*;q=0.5, image/*, application/*, */*;q=0.1"
BINGBOT = "*/*"
YANDEXBOT = "*/*"
APPLEBOT = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
FACEBOOK = "*/*"
TWITTERBOT = "text/html, */*;q=0.1"
TELEGRAM = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
SLACKBOT = "*/*"
JAVA_URL = "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"
R_HTTR = "application/json, text/xml, application/xml, */*"
R_JSON = "application/json"
GO = None
NODE_FETCH = "*/*"
AXIOS = "application/json, text/plain, */*"
JQUERY_JSON = "application/json, text/javascript, */*; q=0.01"
EXCEL_POWER_QUERY = "*/*"
TABLEAU_CSV = "text/csv, */*;q=0.1"
FEED_READER = "application/atom+xml, application/rss+xml, application/rdf+xml;q=0.8, application/xml;q=0.6, */*;q=0.4"
ANY23 = "application/rdf+xml;q=0.9, text/turtle, text/rdf+n3, text/n3, application/ld+json;q=0.8, text/html;q=0.5"
LDSPIDER = "application/rdf+xml, application/xml"
HYDRA_CONSOLE = "application/ld+json, application/json;q=0.9"
VIRTUOSO_SPONGER = (
    "text/turtle, application/rdf+xml; q=0.9, application/json; q=0.8, text/html; q=0.5, application/xhtml+xml; q=0.5, "
    "*/*; q=0.1"
)
GEPHI = "image/png, */*;q=0.1"
IMAGE_ONLY = "image/avif,image/webp,image/png"
