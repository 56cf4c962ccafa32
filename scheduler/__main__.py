"""`python -m scheduler` is `amplify-release`."""

from .cli import main

main()
