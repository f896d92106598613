"""The page of the service, as files: what a browser is sent. What it does with them is in tests/browser."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

PAGE = Path(__file__).parents[2] / "service" / "page"
FILES = sorted(path.relative_to(PAGE).as_posix() for path in PAGE.rglob("*") if path.is_file())
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}


@pytest.mark.parametrize("name", FILES)
def test_every_file_of_the_page_is_served_with_its_type(client, name):
    response = client.get(f"/page/{name}")
    assert (response.status_code, response.content) == (200, (PAGE / name).read_bytes())
    assert response.headers["content-type"] == TYPES[Path(name).suffix]


def test_the_page_takes_nothing_from_elsewhere_and_is_in_nobodys_frame(client):
    for path in ("/", "/page/app.js"):
        headers = client.get(path).headers
        policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
        assert policy == {
            "default-src": "'none'",
            "script-src": "'self'",
            "style-src": "'self'",
            "img-src": "'self' data: blob:",
            "connect-src": "'self'",
            "base-uri": "'none'",
            "form-action": "'none'",
            "frame-ancestors": "'none'",
        }


def test_a_browser_asks_whether_a_file_is_still_the_same_and_is_not_sent_it_again(client):
    first = client.get("/page/app.js")
    assert first.headers["cache-control"] == "no-cache"
    again = client.get("/page/app.js", headers={"if-none-match": f'"other", W/{first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert client.get("/page/app.js", headers={"if-none-match": '"other"'}).status_code == 200


def test_the_head_of_the_page_can_be_asked_for_alone(client):
    response = client.request("HEAD", "/")
    assert response.status_code == 200
    assert response.headers["content-length"] == client.get("/").headers["content-length"]


@pytest.mark.parametrize("name", ["none.js", "../app.py", "%2e%2e/app.py", "", "texts", "texts/../../app.py"])
def test_nothing_but_the_page_can_be_had_under_its_path(client, name):
    assert client.get(f"/page/{name}").status_code == 404


def test_the_page_and_the_documentation_point_to_each_other(client):
    assert 'href="docs"' in client.get("/").text
    assert "](./)" in client.get("/openapi.json").json()["info"]["description"]


def test_behind_a_proxys_path_the_page_is_found_with_and_without_its_last_slash(make_client):
    client = make_client(root_path="/ml")
    assert client.get("/ml/").content == (PAGE / "index.html").read_bytes()
    assert client.get("/ml/page/app.js").status_code == 200
    response = client.get("/ml")
    assert (response.status_code, response.headers["location"]) == (307, "http://testserver/ml/")


def test_no_address_in_the_page_leaves_its_folder():
    """So that it works under any path."""
    for name, address in addresses():
        assert not address.startswith(("/", "http:", "https:")), (name, address)


def test_every_module_that_is_imported_is_there():
    for name in [name for name in FILES if name.endswith(".js")]:
        for other in re.findall(r"from '(\.[^']+)'", (PAGE / name).read_text()):
            assert (PAGE / name).parent.joinpath(other).is_file(), (name, other)


def test_there_is_nothing_inline_that_the_policy_would_refuse():
    page = (PAGE / "index.html").read_text()
    assert not re.findall(r"<style|<script(?![^>]* src=)|\sstyle=|\son[a-z]+=", page)
    for name in FILES:
        if name.endswith(".js"):
            assert not re.findall(
                r"innerHTML|insertAdjacentHTML|\beval\(|new Function", (PAGE / name).read_text()
            ), name


def test_the_page_is_small(client):
    """All that a reader of one language is sent, as it is and as browsers ask for it."""
    for language in ("en", "ko"):
        names = [name for name in FILES if not name.startswith("texts/") or f".{language}." in name]
        assert sum((PAGE / name).stat().st_size for name in names) < 200_000
        sent = [client.get(f"/page/{name}", headers={"accept-encoding": "gzip"}) for name in names]
        assert sum(int(response.headers["content-length"]) for response in sent) < 100_000


def test_a_file_is_sent_compressed_to_who_takes_it(client):
    plain = client.get("/page/app.js", headers={"accept-encoding": "identity"})
    packed = client.get("/page/app.js", headers={"accept-encoding": "gzip, br"})
    assert "content-encoding" not in plain.headers and packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content and packed.headers["etag"] != plain.headers["etag"]
    assert packed.headers["vary"] == plain.headers["vary"] == "accept-encoding"
    again = client.get(
        "/page/app.js", headers={"accept-encoding": "gzip", "if-none-match": packed.headers["etag"]}
    )
    assert again.status_code == 304


@pytest.mark.parametrize(
    "part", sorted({Path(name).name.partition(".")[0] for name in FILES if name.startswith("texts/")})
)
def test_every_text_is_there_in_both_languages_with_the_same_places_to_fill(part):
    english, korean = (texts(part, language) for language in ("en", "ko"))
    assert list(english) == list(korean)
    for key, text in english.items():
        assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", korean[key])), key
        assert key.startswith(f"{part}."), key


def test_every_text_that_the_page_asks_for_is_there_and_every_text_is_asked_for():
    known = {
        key for name in FILES if name.startswith("texts/") for key in texts(*Path(name).name.split(".")[:2])
    }
    code = "".join(
        (PAGE / name).read_text()
        for name in FILES
        if name.endswith((".js", ".html")) and not name.startswith("texts/")
    )
    asked = set(re.findall(r"""\bt\(\s*'([a-z0-9.-]+)'""", code)) | set(re.findall(r'data-t="([^"]+)"', code))
    assert asked <= known
    # Some keys end in what is only known when the page runs.
    beginnings = tuple(re.findall(r"`([a-z.]+\.)\$\{", code))
    assert {
        key
        for key in known
        if f"'{key}'" not in code and f'"{key}"' not in code and not key.startswith(beginnings)
    } == set()


def test_the_samples_are_two_of_each_class_of_the_test_set_as_they_are():
    with np.load(PAGE.parents[1] / "tests" / "data" / "fashion-mnist-test-1000.npz") as data:
        images, labels = data["x"], data["y"].tolist()
    first = sorted(
        i for one in range(10) for i in [at for at, label in enumerate(labels) if label == one][:2]
    )
    with Image.open(PAGE / "samples" / "fashion_mnist.png") as strip:
        assert np.array_equal(np.asarray(strip).reshape(20, 28, 28), images[first])
    stated = re.search(r"CLASSES = (\[[^]]*\])", (PAGE / "try" / "samples.js").read_text())
    assert stated and json.loads(stated[1]) == [labels[i] for i in first]


def texts(part: str, language: str) -> dict[str, str]:
    """The texts of a part, read as the plain objects that they are."""
    source = (PAGE / "texts" / f"{part}.{language}.js").read_text()
    return dict(re.findall(r"^\s+'([^']+)':\s*['`\"](.*)['`\"],$", source, re.MULTILINE))


def addresses() -> Iterator[tuple[str, str]]:
    """Every address that a file of the page states."""
    for name in [name for name in FILES if not name.endswith(".png")]:
        text = (PAGE / name).read_text()
        for pattern in (
            r"""\b(?:href|src)=["']([^"'#]+)""",
            r"""from ["']([^"']+)["']""",
            r"url\(([^)]+)\)",
            r"""\bapi\.\w+\(\s*[`'"]([^`'"]*)""",
        ):
            for address in re.findall(pattern, text):
                yield name, address
