"""
Archives: all events of a store exported into one file, and imported from it, bit for bit.

Both work on `EventStore.storage`, so on Cassandra only; both are commands of ``event-store``, too.

    lines                               the lines of an archive, as values and as JSON
    frame_reader frame_writer           the file: zstd frames of lines
    export_state export_file export     from a store into a file
    import_state import_writer import_  from a file into a store
"""

from .export import ExportReport, export_events
from .export_file import FRAMES, Frames
from .import_ import ImportReport, import_events

__all__ = [
    "FRAMES",
    "ExportReport",
    "Frames",
    "ImportReport",
    "export_events",
    "import_events",
]
