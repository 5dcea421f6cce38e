"""
The documentation site: docs/, and what is generated beside it, made into pages.

    links       a document's links, and where they lead in the site
    staging     the documents and the files that they link to, copied to where the site is built
    reference   a page for each public module, by its docstrings
    statements  a page of the CQL files
    built       the built site, looked at: nothing of another host's, no link that leads nowhere

``python -m tools.site build`` makes it in build/site; ``serve`` does, and shows it.
"""
