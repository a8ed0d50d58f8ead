from crmapp.web.assets import STATIC, static_url


def test_files_of_this_release_are_kept_for_ever(app, client):
    with app.test_request_context():
        url = static_url("icons.svg")

    response = client.get(url)

    assert response.cache_control.max_age == 31536000
    assert response.cache_control.immutable


def test_files_of_another_release_are_not(client):
    response = client.get("/static/0000000000/icons.svg")

    assert response.status_code == 200
    assert not response.cache_control.immutable


def test_all_style_sheets_come_as_one_and_name_files_that_exist(app, client):
    with app.test_request_context():
        response = client.get(static_url("app.css"))

    assert response.mimetype == "text/css"
    assert all(path.read_text() in response.text for path in (STATIC / "css").glob("*.css"))
    assert (STATIC / "fonts" / "inter-latin.woff2").exists()


def test_all_small_scripts_come_as_one_and_the_loader_first(app, client):
    with app.test_request_context():
        response = client.get(static_url("app.js"))

    assert response.text.startswith((STATIC / "js" / "boot.js").read_text())
    assert "X-CSRFToken" in response.text


def test_the_icon_of_the_tab_is_no_request_of_its_own(client):
    assert 'rel="icon" href="data:image/svg+xml,%3Csvg%20' in client.get("/login").text


def test_the_service_of_files_stays_in_its_folder(client):
    assert client.get("/static/x/%2e%2e/config.py").status_code == 404
