"""Where students find what is published, and the links that follow from it."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from autograde.publishing.address import Address, AddressError, of_option, of_remote

LABS = Address("https://github.com/uni/cnn-labs", "spring")


@pytest.mark.parametrize(
    ("remote", "repository"),
    [
        ("https://github.com/uni/cnn-labs", "https://github.com/uni/cnn-labs"),
        ("https://github.com/uni/cnn-labs.git/", "https://github.com/uni/cnn-labs"),
        ("git@github.com:uni/cnn-labs.git", "https://github.com/uni/cnn-labs"),
        ("ssh://git@git.uni.example:2222/a/b/c.git", "https://git.uni.example/a/b/c"),
        ("https://anna:token@github.com/uni/cnn-labs", "https://github.com/uni/cnn-labs"),
    ],
)
def test_a_remote_becomes_what_students_open(remote: str, repository: str) -> None:
    assert of_remote(remote, "main") == Address(repository, "main")


@pytest.mark.parametrize("remote", ["file:///srv/labs.git", "/srv/labs.git", "../labs", ""])
def test_a_place_on_this_machine_is_no_address(remote: str) -> None:
    assert of_remote(remote, "main") is None


@pytest.mark.parametrize("url", ["github.com", "labs", "https://github.com/uni", 'https://a.b/"/c'])
def test_an_address_that_nobody_can_open_is_told(url: str) -> None:
    with pytest.raises(AddressError, match="expected the address that students open"):
        of_option(url, "main")


def test_a_branch_is_a_name_and_no_code() -> None:
    with pytest.raises(AddressError, match="no branch can be called"):
        Address(LABS.repository, 'main"; import os')


def test_links_name_repository_and_branch() -> None:
    path = "uni/cnn-labs/blob/spring/labs/lab00_setup/lab00_setup.ipynb"
    assert LABS.colab("lab00_setup") == f"https://colab.research.google.com/github/{path}"
    assert LABS.package == f"{LABS.repository}/archive/refs/heads/spring.zip"


def test_where_colab_can_not_open_a_lab_there_is_no_badge() -> None:
    elsewhere = Address("https://gitlab.com/uni/cnn-labs")
    assert elsewhere.colab("lab00_setup") == ""
    assert elsewhere.package == "git+https://gitlab.com/uni/cnn-labs@main"


def test_nbgitpuller_gets_repository_branch_and_notebook() -> None:
    link = urlsplit(LABS.nbgitpuller("https://hub.example.org/", "lab00_setup"))
    assert (link.netloc, link.path) == ("hub.example.org", "/hub/user-redirect/git-pull")
    assert parse_qs(link.query) == {
        "repo": ["https://github.com/uni/cnn-labs"],
        "branch": ["spring"],
        "urlpath": ["lab/tree/cnn-labs/labs/lab00_setup/lab00_setup.ipynb"],
    }
