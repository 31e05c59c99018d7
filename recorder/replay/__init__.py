"""Doing a workflow again and comparing what comes out."""
