"""An engine of others: queries are asked of a SPARQL service that an organisation has already, over HTTP.

``[engine] kind = "sparql"`` chooses it. A publisher brings a dataset of that engine to each release
(``dataset_loading``), after it has found out what the engine does (``capabilities``); workers ask it
(``external_engine``) and give nothing on that is not whole (``whole_answers``). Releases, the gate, pages, files and
lookups stay with the release's own store, and so do the few queries that such an engine cannot answer exactly.
"""
