from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from serdsim.cli import main
from serve_cases import LIBRARY, page, write_run

if os.environ.get("CI") != "true":
    pytest.importorskip("fastapi")
    pytest.importorskip("uvicorn")
    pytest.importorskip("httpx2")

NEWER, OLDER, EVERY = "b" * 16, "a" * 16, "c" * 16
MUTANTS = page("MUT-01")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served") / "runs"
    write_run(folder, OLDER, "by-mutation", "2026-01-01T00:00:00+00:00", {"report.html": page()}, {"MUT-01": "supported"})
    verdicts = {"MUT-01": "inconclusive", "MUT-02": "inconclusive", "MOA-01": "supported"}
    write_run(folder, NEWER, "by-mutation", "2026-02-01T00:00:00+00:00", {"report.html": MUTANTS}, verdicts)
    write_run(folder, EVERY, "all", "2025-01-01T00:00:00+00:00", {"report.html": page("MOA-01"), "brain.html": page("BRA-01")})
    (folder / NEWER / "bad.html").write_text(page(policy="default-src 'none'; script-src 'unsafe-inline'"))
    (folder / NEWER / ".hidden").write_text("hidden")
    (folder / "unfinished").mkdir()
    (folder.parent / "secret.txt").write_text("kept away")
    (folder / NEWER / "out.txt").symlink_to(folder.parent / "secret.txt")
    (folder / "linked").symlink_to(folder.parent)
    return folder


@pytest.fixture(scope="module")
def client(root: Path) -> Iterator[Any]:
    from fastapi.testclient import TestClient

    from serdsim.app.server import build_app

    with TestClient(build_app(LIBRARY, root), base_url="http://127.0.0.1", follow_redirects=False) as client:
        yield client


def test_the_first_page_has_each_question_with_its_latest_run_or_its_command(client: Any) -> None:
    text = client.get("/").text
    assert f'<a href="/runs/{NEWER}/report.html">' in text and OLDER not in text
    assert "<b>2</b> inconclusive" in text
    assert f'<a href="/runs/{EVERY}/brain.html">' in text
    assert "<code>serdsim moa dose</code>" in text


def test_a_question_leads_to_the_page_as_it_was_written(client: Any, root: Path) -> None:
    to = client.get("/q/by-mutation").headers["location"]
    assert to == f"/runs/{NEWER}/report.html"
    assert client.get(to).content == (root / NEWER / "report.html").read_bytes()
    assert client.get("/q/moa").headers["location"] == f"/runs/{EVERY}/report.html"
    unanswered = client.get("/q/dose")
    assert (unanswered.status_code, "serdsim moa dose" in unanswered.text) == (404, True)


def test_what_is_found_leads_to_the_statement(client: Any) -> None:
    text = client.get("/search", params={"q": "Y573S"}).text
    assert "read as Y537S" in text
    assert f'href="/runs/{NEWER}/report.html#MUT-01"' in text
    assert 'href="/#dose"' in client.get("/search", params={"q": "DOS-01"}).text


def test_what_was_asked_is_shown_as_text(client: Any) -> None:
    text = client.get("/search", params={"q": '"><script>alert(1)</script>'}).text
    assert "<script>alert" not in text


def test_runs_are_listed_with_their_files(client: Any) -> None:
    text = client.get("/runs").text
    assert all(f'href="/runs/{run}/"' in text for run in (OLDER, NEWER, EVERY))
    assert 'href="/runs/unfinished/"' not in text and "run.json is missing" in text
    assert client.get(f"/runs/{NEWER}/").headers["location"] == f"/runs/{NEWER}/report.html"
    assert client.get(f"/runs/{NEWER}/run.json").headers["content-type"] == "application/json"
    assert client.get(f"/runs/{NEWER}/tables/statements.csv").text.startswith("id,")


@pytest.mark.parametrize(
    "address",
    [
        "/runs/../../etc/passwd",
        "/runs/%2e%2e/secret.txt",
        "/runs/..%2fsecret.txt",
        f"/runs/{NEWER}/%2e%2e/%2e%2e/secret.txt",
        f"/runs/{NEWER}/..%2f..%2fsecret.txt",
        f"/runs/{NEWER}/%2fetc/passwd",
        f"/runs/{NEWER}//etc/passwd",
        f"/runs/{NEWER}/out.txt",
        f"/runs/{NEWER}/.hidden",
        f"/runs/{NEWER}/%00",
        f"/runs/{NEWER}/" + "x" * 5000,
        "/runs/linked/secret.txt",
        f"/runs/{'d' * 16}/report.html",
        "/q/nothing",
        "/docs",
        "/openapi.json",
    ],
)
def test_nothing_outside_a_run_folder_is_given(client: Any, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 404
    assert "kept away" not in answer.text and "root:x:" not in answer.text
    assert "All questions" in answer.text


def test_every_answer_has_the_headers(client: Any) -> None:
    for address in ("/", "/search?q=Y537S", "/runs", "/nowhere", f"/runs/{NEWER}/report.html", f"/runs/{NEWER}/run.json"):
        headers = client.get(address).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'") and "unsafe" not in policy and "http" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"


def test_a_page_of_a_run_cannot_loosen_its_policy(client: Any) -> None:
    assert "script-src" not in client.get(f"/runs/{NEWER}/bad.html").headers["content-security-policy"]


def test_another_host_is_refused(client: Any) -> None:
    assert client.get("/", headers={"host": "evil.example"}).status_code == 400


def test_no_page_names_another_host(client: Any) -> None:
    for address in ("/", "/search?q=ESR1", "/runs"):
        assert not re.findall(r'(?:src|href|action)="(?!/|#|data:)[^"]*"', client.get(address).text)


def test_a_new_run_is_seen_at_once(tmp_path: Path) -> None:
    from fastapi.testclient import TestClient

    from serdsim.app.server import build_app

    client = TestClient(build_app(LIBRARY, tmp_path), base_url="http://127.0.0.1")
    assert "No runs yet" in client.get("/runs").text
    write_run(tmp_path, NEWER, "dose", "2026-02-01T00:00:00+00:00", {"report.html": page("DOS-01")})
    assert client.get("/q/dose").text == page("DOS-01")


def test_a_port_that_is_taken_is_named_with_a_free_one(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from serdsim.app.server import listen

    with listen(0) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", "--port", str(port), "--out", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert f"port {port} cannot be used" in said
    assert re.search(r"serdsim serve --port \d+", said)
