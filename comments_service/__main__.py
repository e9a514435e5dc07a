"""Lets `python -m comments_service` be the command."""

from comments_service.cli import main

main()
