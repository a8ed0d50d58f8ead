from flask import session
from flask_wtf.csrf import generate_csrf, validate_csrf
from itsdangerous import URLSafeTimedSerializer

from crmapp.web.tokens import Serializer, csrf_token


def test_the_library_reads_what_is_written_long_or_short():
    ours, library = Serializer("a key"), URLSafeTimedSerializer("a key")

    for text in ("short", "long " * 500):
        assert library.loads(ours.dumps(text)) == text
    assert len(ours.dumps("long " * 500)) < 500


def test_a_token_of_a_session_passes_and_is_one_for_a_request(app):
    with app.test_request_context():
        first = csrf_token()
        known = dict(session)
    with app.test_request_context():
        session.update(known)
        token = csrf_token()

        validate_csrf(token)
        validate_csrf(first)
        assert generate_csrf() == token
