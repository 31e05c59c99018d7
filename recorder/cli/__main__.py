"""``python -m recorder.cli``."""

from recorder.cli import main

if __name__ == "__main__":
    main()
