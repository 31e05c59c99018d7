"""Web apps that are not Gradio's, each a real server with a front end of its own, for the tests of recording them.

Each is started anew with other secrets and other ids, and writes down the calls that it was made, with what is new in each
run named by what it is rather than by its value: two logs are equal where the same was done.
"""
