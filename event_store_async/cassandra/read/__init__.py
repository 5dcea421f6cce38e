"""
Private. Reading streams.

    rows          the format of rows, and their conversion to and from events
    slices        which rows each request of a read asks for
    gap_check     whether the rows of a read have consecutive versions
    excerpts      consecutive events, of several streams in one request
    pages         the pages of a read: fetched ahead, sized by bytes
    reader        reads events, versions and recent ids
"""
