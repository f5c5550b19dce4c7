project = "x"
extensions = ["sphinx.ext.autodoc", "myst_parser"]
