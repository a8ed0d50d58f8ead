from crmapp.web.serving import Serving


def test_the_file_is_touched_while_people_are_served(app, tmp_path):
    with app.test_request_context("/login"):
        Serving(tmp_path / "serving")()

    assert (tmp_path / "serving").exists()


def test_every_request_is_noticed(app):
    before = app.before_request_funcs[None]

    assert any(isinstance(function, Serving) for function in before)


def test_it_is_touched_at_most_once_a_second(app, tmp_path):
    file = tmp_path / "serving"
    serving = Serving(file)
    with app.test_request_context("/login"):
        serving()
        file.unlink()
        serving()

    assert not file.exists()


def test_files_and_health_checks_are_no_people(app, tmp_path):
    with app.test_request_context("/health"):
        Serving(tmp_path / "serving")()

    assert not (tmp_path / "serving").exists()


def test_a_disk_that_is_full_keeps_nobody_from_reading(app, tmp_path):
    with app.test_request_context("/login"):
        Serving(tmp_path / "missing" / "serving")()

    assert not (tmp_path / "missing").exists()
