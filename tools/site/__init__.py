"""
The documentation site, made of docs/ and generated pages.

    links       maps links between documents to links in the site
    staging     copies the documents, and the files that they link to, to the site's sources
    reference   generates a page for each public module from its docstrings
    statements  generates a page of the CQL files
    built       checks the built site for broken links and files from other hosts

``python -m tools.site build`` builds it in build/site; ``serve`` builds and serves it.
"""
