"""The server's door, for whoever brings a server: ``gunicorn wsgi:app``."""

from crmapp import create_app

app = create_app()
