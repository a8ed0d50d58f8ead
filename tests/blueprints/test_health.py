from sqlalchemy import text

from crmapp.db import session, unit_of_work


def test_the_process_says_that_it_lives(client):
    response = client.get("/health")

    assert (response.status_code, response.json) == (200, {"status": "ok"})


def test_it_is_ready_when_database_and_schema_are(client):
    response = client.get("/ready")

    assert response.status_code == 200
    assert response.json == {"checks": {"database": True, "schema": True}}


def test_it_is_not_ready_on_the_schema_of_another_version(client):
    with unit_of_work():
        session.execute(text("UPDATE alembic_version SET version_num = 'another'"))

    response = client.get("/ready")

    assert response.status_code == 503
    assert response.json == {"checks": {"database": True, "schema": False}}


def test_it_is_not_ready_without_its_tables(client):
    with unit_of_work():
        session.execute(text("DROP TABLE alembic_version"))

    assert client.get("/ready").json == {"checks": {"database": True, "schema": False}}
