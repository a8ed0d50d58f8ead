import pytest

from crmapp.web.redirects import is_our_own, safe_next


@pytest.mark.parametrize(
    "url", ["/", "/accounts?q=a%20b&next=//x", "/a#top", "/a//b", "/a?u=http://b"]
)
def test_our_own_pages_are_followed(url):
    assert safe_next(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "accounts",
        "http://evil.example/",
        "https:evil.example",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        " //evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "/a\x00b",
        "/a\r\nSet-Cookie: x=1",
        "//evil.example@localhost/",
        "http://localhost@evil.example/",
    ],
)
def test_all_others_are_not(url):
    assert not is_our_own(url)
    assert safe_next(url, "/home") == "/home"
