"""`python -m caminos`."""

from caminos.command.cli import main

main()
