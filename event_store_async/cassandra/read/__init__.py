"""
Private. Reading streams.

    rows          the row format, and what rows become
    gap_check     whether the rows read are a run of versions without a gap
    pages         pages fetched ahead, sized by bytes
    reader        events, heads, recent ids
"""
