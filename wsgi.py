"""The server's door, for whoever brings a server: ``gunicorn wsgi:app``."""

from crmapp import create_app
from crmapp.config import settings

settings().refuse_half_restored()
app = create_app()
