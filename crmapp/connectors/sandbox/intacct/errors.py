"""Why Intacct refuses something, in its own words, for both of its interfaces to say.

BL34000061, BL01001973, DL02000001, GW-0011, XL03000003, XL03000006 and XL03000009 are numbers that
real answers had with these texts; the other numbers are of the same families.
"""

from __future__ import annotations

from dataclasses import dataclass

NOT_PERMITTED = "PL03000006"


@dataclass(frozen=True)
class Problem:
    """One ``error`` of an answer; ``field`` is the field's id if one is to blame."""

    number: str
    text: str
    correction: str = ""
    field: str = ""
    description: str = ""


class Refused(Exception):
    """A function, or a request of REST, that is not done."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__(problems[0].text if problems else "")


def duplicate(label: str, value: str, field: str) -> Problem:
    text = f"Another {label} with the given value(s) {value}  already exists"
    return Problem("BL34000061", text, "Use a unique value instead.", field)


def missing(field: str) -> Problem:
    text = f"Required field {field} is missing"
    return Problem("BL03000018", text, f"Provide a value for the {field} field.", field)


def too_long(field: str, length: int) -> Problem:
    text = f"The value of the field {field} is too long. It has at most {length} characters."
    return Problem("BL03000050", text, "Provide a shorter value.", field)


def invalid(field: str, value: str, kind: str) -> Problem:
    text = f"The value '{value}' of the field {field} is not a valid {kind}."
    return Problem("BL03000042", text, "Provide a valid value.", field)


def unknown_reference(label: str, value: str, field: str) -> Problem:
    text = f"The {label} '{value}' is invalid."
    correction = f"Specify an existing {label} in the field {field}."
    return Problem("BL03002155", text, correction, field)


def not_found(label: str, key: str) -> Problem:
    text = f"Cannot find {label} with key '{key}'."
    return Problem("BL04000006", text, "Check the key for accuracy and try again.")


def in_use(label: str, key: str) -> Problem:
    text = f"The {label} '{key}' is in use and cannot be deleted."
    return Problem("BL03000088", text, "Make it inactive instead.")


def failed(verb: str, label: str) -> Problem:
    """Return the summary that follows the causes."""
    return Problem("BL01001973", f"Could not {verb} {label} record!")


def not_permitted(operation: str, name: str) -> Problem:
    text = f"You do not have permission for API operation {operation} on objects of type {name}"
    return Problem(NOT_PERMITTED, text)


def no_object(name: str) -> Problem:
    return Problem("Query Failed", f"Object definition {name} not found")


def no_fields(name: str, ids: list[str]) -> Problem:
    text = "There was an error processing the request. Invalid field(s) in query for object(s):"
    listed = f"{text}\n\t{name}: [{', '.join(ids)}]"
    return Problem("DL02000001", listed, "Remove the field(s), or check how they are spelled.")


def bad_query(text: str) -> Problem:
    return Problem("DL02000001", f"There was an error processing the request. {text}")


LOCKED = Problem(
    "DL02000001",
    "There was an error processing the request. The record is locked by another transaction.",
    "Try again.",
)
