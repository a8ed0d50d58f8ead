def test_the_process_says_that_it_lives(client):
    response = client.get("/health")

    assert (response.status_code, response.json) == (200, {"status": "ok"})


def test_it_is_ready_when_database_and_schema_are(client):
    response = client.get("/ready")

    assert response.status_code == 200
    assert response.json == {"checks": {"database": True, "schema": True}}


def test_it_is_not_ready_without_its_tables(client, monkeypatch):
    monkeypatch.setattr("crmapp.services.readiness.NEWEST_TABLE", "no_such_table")

    response = client.get("/ready")

    assert response.status_code == 503
    assert response.json == {"checks": {"database": True, "schema": False}}
