"""How a publication is found out about: home, dataset, downloads, search, what programs look for."""
