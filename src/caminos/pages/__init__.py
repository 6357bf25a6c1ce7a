"""Answers as pages: one file a question; terminal, report, browser and JSON are renderings of a page."""
