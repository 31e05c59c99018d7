"""Edges that face the page: injected script, collector, journal, browser, proxy, ASGI."""
