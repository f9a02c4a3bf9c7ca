"""python -m quantal"""

from quantal.cli import main

main()
