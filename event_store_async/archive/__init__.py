"""
Archives: all events of a store exported into one file, and imported from it, bit for bit.

Both use `EventStore.storage`, so they need Cassandra. Both are commands of ``event-store``, too.

    lines                               the lines of an archive, as values and as JSON
    frames                              the file: zstd frames of lines, written and read
    file_end                            whether the end of the file is there
    export_state export_file export     from a store into a file
    import_state import_writer import_  from a file into a store
"""

from .export import ExportReport, export_events
from .frames import FRAMES, Frames
from .import_ import EarlierImport, ImportReport, import_events

__all__ = [
    "FRAMES",
    "EarlierImport",
    "ExportReport",
    "Frames",
    "ImportReport",
    "export_events",
    "import_events",
]
