"""The status page of a real primary: who may see it, what its buttons do, and that it lives."""

import re
from collections.abc import Callable, Iterator

import httpx
import pytest
from playwright.sync_api import Page
from support.browser import Visits, serious_faults
from support.real_daemons import TOKEN, Api, RealDaemons

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A primary with two workers; one is dead, and its job is in limbo for long."""
    daemons = RealDaemons(tmp_path_factory.mktemp("daemons"))
    api = daemons.primary(dead_job_timeout=600)[1]
    for name in ("w1", "w2"):
        worker = daemons.worker(name, api, dead_job_timeout=600)
        api.server_in("online", name)
    api.event("lost", "sleep 60", target="w2")
    api.job_in("running", api.run("lost")["id"])
    api.event("here", "sleep 60", target="w1", max_children=0)
    api.event(HOSTILE, "true", target="w1")
    worker.process.kill()
    api.server_in("suspect", "w2")
    yield api
    daemons.close()


@pytest.fixture
def url(api: Api) -> str:
    return f"http://127.0.0.1:{api.http.base_url.port}/status/"


@pytest.fixture
def person(url: str) -> Iterator[httpx.Client]:
    """A browser without script that has shown the token."""
    with httpx.Client(base_url=url, trust_env=False, timeout=20) as client:
        assert client.post("login", data={"token": TOKEN}).status_code == 303
        yield client


@pytest.fixture
def watch(visits: Visits, url: str) -> Callable[..., Page]:
    """Opens the page as a person does, who types the token."""

    def opened(**how: object) -> Page:
        page = visits.open(url, **how)
        page.get_by_label("The token of this primary").fill(TOKEN)
        page.get_by_role("button", name="Show the status").click()
        page.get_by_role("heading", name="Jobs", exact=True).wait_for()
        return page

    return opened


# ------------------------------------------------------------------ who may see it
def test_whoever_shows_no_token_sees_nothing_of_the_records(url: str) -> None:
    page = httpx.get(url.removesuffix("status/"), follow_redirects=True, trust_env=False)
    assert page.status_code == 200
    assert "The token of this primary" in page.text
    assert "lost" not in page.text
    assert httpx.get(f"{url}live", trust_env=False).status_code == 401


def test_a_wrong_token_opens_nothing(url: str) -> None:
    answer = httpx.post(f"{url}login", data={"token": "wrong"}, trust_env=False)
    assert (answer.status_code, "set-cookie" in answer.headers) == (401, False)
    assert "The token is wrong." in answer.text


def test_a_cookie_that_was_made_without_the_token_opens_nothing(url: str, api: Api) -> None:
    cookie = {"Cookie": f"runall-{api.http.base_url.port}={'0' * 64}"}
    assert "lost" not in httpx.get(url, headers=cookie, trust_env=False).text


def test_the_cookie_is_hidden_from_scripts_and_from_other_sites(url: str) -> None:
    answer = httpx.post(f"{url}login", data={"token": TOKEN}, trust_env=False)
    cookie = answer.headers["set-cookie"].lower()
    assert all(word in cookie for word in ("httponly", "samesite=strict", "path=/status"))
    assert TOKEN.lower() not in cookie


@pytest.mark.parametrize("path", ["", "style.css", "live.js", "login"])
def test_each_answer_forbids_whatever_the_page_does_not_need(
    person: httpx.Client, path: str
) -> None:
    answer = person.get(path) if path != "login" else person.post("login", data={"token": "wrong"})
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_after_the_logout_the_page_is_closed(person: httpx.Client) -> None:
    person.post("logout")
    assert "The token of this primary" in person.get("").text


# ------------------------------------------------------------------ what it does
def test_a_run_and_an_abort_are_ordered_without_any_script(person: httpx.Client, api: Api) -> None:
    assert person.post("act", data={"do": "run", "name": "here"}).status_code == 303
    jobs = [job for job in api.get("/v1/jobs?event=here") if job["source"] == "status page"]
    job = api.job_in("running", jobs[-1]["id"])
    assert f"abort {job['id']}" in person.get("").text
    person.post("act", data={"do": "abort", "name": job["id"]})
    api.job_in("aborted", job["id"])


def test_an_event_is_disabled_and_enabled(person: httpx.Client, api: Api) -> None:
    for verb, enabled in (("disable", False), ("enable", True)):
        person.post("act", data={"do": verb, "name": "here"})
        assert api.get("/v1/events/here")["enabled"] is enabled


def test_what_is_refused_is_said_on_the_page(person: httpx.Client) -> None:
    answer = person.post("act", data={"do": "abort", "name": "j999"})
    assert answer.status_code == 409
    assert "abort j999: there is no job" in answer.text.replace("&#x27;", "'")
    assert person.post("act", data={"do": "erase", "name": "x"}).status_code == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_form_of_another_site_does_nothing(
    person: httpx.Client, api: Api, headers: dict[str, str]
) -> None:
    before = len(api.get("/v1/jobs"))
    answer = person.post("act", data={"do": "run", "name": "here"}, headers=headers)
    assert answer.status_code == 403
    assert len(api.get("/v1/jobs")) == before


def test_a_button_pressed_without_the_token_does_nothing(url: str, api: Api) -> None:
    answer = httpx.post(f"{url}act", data={"do": "disable", "name": "here"}, trust_env=False)
    assert answer.status_code == 401
    assert api.get("/v1/events/here")["enabled"]


# ------------------------------------------------------------------ in a browser
def test_without_script_it_reads_and_its_buttons_work(watch: Callable[..., Page], api: Api) -> None:
    page = watch(java_script_enabled=False)
    assert "in limbo: given up in" in page.inner_text("main")
    page.get_by_role("button", name="disable here").click()
    page.get_by_role("button", name="enable here").click()
    assert api.get("/v1/events/here")["enabled"]


def test_with_script_it_changes_by_itself_and_keeps_the_focus(
    watch: Callable[..., Page], api: Api
) -> None:
    page = watch()
    page.get_by_text("Live: this page changes by itself.").wait_for()
    page.get_by_role("button", name="disable here").focus()
    job = api.run("here")["id"]
    page.get_by_role("button", name=f"abort {job}").wait_for()
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "disable here"
    api.http.post(f"/v1/jobs/{job}/abort").raise_for_status()
    page.get_by_role("button", name=f"abort {job}").wait_for(state="detached")


def test_the_countdown_of_a_job_in_limbo_goes_on(watch: Callable[..., Page]) -> None:
    page = watch()
    left = page.get_by_text("in limbo: given up in")
    first = left.inner_text()
    page.wait_for_function("first => !document.body.innerText.includes(first)", arg=first)
    assert seconds(left.inner_text()) < seconds(first)


def seconds(text: str) -> int:
    found = re.search(r"in (\d+) s", text)
    assert found
    return int(found[1])


def test_the_name_of_an_event_is_text_and_never_markup(watch: Callable[..., Page]) -> None:
    page = watch()
    assert page.get_by_role("cell", name=HOSTILE, exact=True).count() >= 1
    assert page.locator("main img").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_it(
    watch: Callable[..., Page], visits: Visits, url: str, scheme: str
) -> None:
    assert serious_faults(watch(color_scheme=scheme)) == []
    assert serious_faults(visits.open(url, color_scheme=scheme)) == []


def test_on_a_phone_nothing_is_wider_than_the_screen(watch: Callable[..., Page]) -> None:
    page = watch(viewport={"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
