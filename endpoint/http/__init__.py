"""How HTTP is answered, whatever is asked for: negotiation, validators, problems, threads, limits, proxies."""
