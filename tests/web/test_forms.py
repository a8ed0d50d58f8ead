import pytest
from werkzeug.datastructures import MultiDict
from wtforms import SelectMultipleField, StringField
from wtforms.validators import DataRequired

from crmapp.errors import Invalid
from crmapp.i18n import Text
from crmapp.web.forms import Form, VersionedForm, choices


class NameForm(Form):
    name = StringField("Name", validators=[DataRequired()])
    tags = SelectMultipleField("Tags", choices=choices([("a", "A"), ("b", "B")]))


class ChangeForm(VersionedForm):
    name = StringField("Name")


@pytest.fixture(autouse=True)
def in_a_request(app):
    with app.test_request_context(method="POST"):
        yield


def sent(form, **values):
    return form(MultiDict(values))


def test_what_was_typed_comes_without_the_bookkeeping():
    form = sent(NameForm, name="Ana", tags="a", idempotency_key="k")

    assert form.validate()
    assert form.values == {"name": "Ana", "tags": ["a"]}
    assert form.idempotency_key.data == "k"


def test_every_form_is_given_a_key_of_its_own():
    assert NameForm(None).idempotency_key.data != NameForm(None).idempotency_key.data


@pytest.mark.parametrize("values", [{"name": "A\x00na"}, {"name": "Ana", "tags": "a\x00"}])
def test_a_nul_is_refused_at_its_field(values):
    form = sent(NameForm, **values)

    assert not form.validate()
    assert "Remove the invisible character (NUL) from this text." in str(form.errors)


def test_what_the_library_says_of_a_forged_choice_is_said_in_our_words(app):
    assert not (form := sent(NameForm, name="Ana", tags="c")).validate()

    assert form.errors["tags"] == ["Choose one from the list."]


def test_a_number_that_is_none_is_refused_in_our_words():
    form = sent(ChangeForm, name="Ana", version="x")
    form.validate()

    assert form.errors["version"][0] == "Enter a whole number."


def test_what_a_service_refuses_stands_at_the_field():
    form = sent(NameForm, name="Ana")
    form.validate()

    form.refuse(Invalid({"name": Text("Another account has the number %(n)s.", {"n": 7})}))

    assert form.errors["name"] == ["Another account has the number 7."]


def test_what_belongs_to_no_field_stands_above_the_form():
    form = sent(NameForm, name="Ana")
    form.validate()

    form.refuse(Invalid({"": "Not today."}))

    assert form.form_errors == ["Not today."]


def test_a_change_without_the_version_it_was_based_on_is_refused():
    assert not sent(ChangeForm, name="Ana").validate()
    assert sent(ChangeForm, name="Ana", version="3").validate()


@pytest.mark.parametrize("version", ["", "abc", "-1", "0", "2147483648", "9" * 40])
def test_a_version_that_no_record_can_have_is_refused(version):
    assert not sent(ChangeForm, name="Ana", version=version).validate()
