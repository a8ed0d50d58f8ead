import pytest

from crmapp.domain.browsers import Browser, named

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
ANDROID = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko)"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15"


@pytest.mark.parametrize(
    "agent, name, system",
    [
        (f"{WINDOWS} Chrome/142.0.0.0 Safari/537.36", "Chrome", "Windows"),
        (f"{WINDOWS} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0", "Edge", "Windows"),
        (f"{WINDOWS} Chrome/142.0.0.0 Safari/537.36 OPR/120.0.0.0", "Opera", "Windows"),
        (f"{MAC} AppleWebKit/605.1.15 (KHTML) Version/26.0 Safari/605.1.15", "Safari", "macOS"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/1 Firefox/145.0", "Firefox", "Linux"),
        (f"{ANDROID} Chrome/142.0.0.0 Mobile Safari/537.36", "Chrome", "Android"),
        (
            f"{ANDROID} SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36",
            "Samsung Internet",
            "Android",
        ),
        (f"{IPHONE} (KHTML) CriOS/142.0 Mobile/15E148 Safari/604.1", "Chrome", "iPhone"),
        (f"{IPHONE} (KHTML) Version/18.5 Mobile/15E148 Safari/604.1", "Safari", "iPhone"),
        ("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) Chrome/142.0 Safari/1", "Chrome", "ChromeOS"),
        ("curl/8.5.0", None, None),
        ("", None, None),
    ],
)
def test_a_browser_is_called_by_its_name(agent, name, system):
    assert named(agent) == Browser(name, system)
