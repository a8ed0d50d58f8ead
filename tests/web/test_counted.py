"""States beside how many are in them."""

import pytest
from flask_babel import force_locale

from crmapp.web.counted import counted


@pytest.mark.parametrize(
    "state, none, one, several",
    [
        ("created", "Créé", "Créé", "Créés"),
        ("updated", "Mis à jour", "Mis à jour", "Mis à jour"),
        ("failed", "En échec", "En échec", "En échec"),
        ("loaded", "Chargée", "Chargée", "Chargées"),
        ("not_loaded", "Rejetée", "Rejetée", "Rejetées"),
        ("refused", "Refusé", "Refusé", "Refusés"),
    ],
)
def test_in_french_a_state_is_in_the_number_of_its_count(app, state, none, one, several):
    with app.test_request_context(), force_locale("fr"):
        assert [counted(state, count) for count in (0, 1, 2)] == [none, one, several]


def test_in_english_it_is_the_same_for_every_count(app):
    with app.test_request_context():
        assert {counted("created", count) for count in (0, 1, 2)} == {"Created"}
