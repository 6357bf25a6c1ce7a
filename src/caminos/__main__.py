"""`python -m caminos`."""

from caminos.cli import main

main()
