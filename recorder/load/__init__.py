"""A workflow as load: many users on Locust, in one process or in several, here or on other hosts."""
