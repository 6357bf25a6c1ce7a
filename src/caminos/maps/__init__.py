"""From maps to facts: files of rasters, layers, streets and timetables, read, checked and made figures by zone.

Needs `pip install 'caminos[geo]'`; see docs/maps.md. The arithmetic stands in `caminos.spatial`.
"""
