"""The command line: questions in, pages out."""
