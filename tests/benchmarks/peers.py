"""Where what we are held against is installed: `python3 e2e/provision.py peers`."""

from __future__ import annotations

from pathlib import Path

PEERS = Path(__file__).parents[2] / ".venvs" / "peers"
