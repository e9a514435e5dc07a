"""Settings: from environment, file and flags; what is unknown or wrong stops the start with a hint."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest

from comments_service.settings import Settings, SettingsInvalid, load, secret_key


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in [name for name in os.environ if name.startswith("COMMENTS_")]:
        monkeypatch.delenv(name)


def test_the_defaults_are_those_of_the_contract() -> None:
    chosen = load()
    assert (chosen.moderation, chosen.page_size, chosen.rate_limits) == ("first-time", 10, "on")
    assert chosen.database == "sqlite:///data/comments.sqlite"
    assert chosen.public_url == "http://127.0.0.1:8000"
    assert chosen.trusted_proxies == ()


def test_flags_win_over_environment_and_environment_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "comments.toml"
    file.write_text('port = 1\npage_size = 2\nbase-url = "https://comments.example/"\n')
    monkeypatch.setenv("COMMENTS_PORT", "3")
    monkeypatch.setenv("COMMENTS_PAGE_SIZE", "4")
    chosen = load(file, page_size=5, host=None)
    assert (chosen.port, chosen.page_size, chosen.public_url) == (3, 5, "https://comments.example")


def test_proxies_are_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMMENTS_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8,fd00::/8")
    assert load().trusted_proxies == (
        ip_network("127.0.0.1"), ip_network("10.0.0.0/8"), ip_network("fd00::/8"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        (
            "COMMENTS_PAGESIZE",
            "5",
            "There is no setting COMMENTS_PAGESIZE. Did you mean PAGE_SIZE?",
        ),
        ("COMMENTS_PORT", "x", "COMMENTS_PORT: "),
        ("COMMENTS_PAGE_SIZE", "0", "COMMENTS_PAGE_SIZE: "),
        ("COMMENTS_MODERATION", "some", "COMMENTS_MODERATION: "),
        ("COMMENTS_DATABASE_URL", "mysql://x", "must begin with sqlite:/// or postgresql://"),
        ("COMMENTS_SMTP_URL", "mail.example", "must begin with smtp:// or smtps://"),
        ("COMMENTS_SMTP_URL", "smtp://mail.example?tls=maybe", "nothing behind the host"),
        ("COMMENTS_SMTP_URL", "smtp://mail.example", "Name both SMTP_URL and MAIL_FROM"),
        ("COMMENTS_MAIL_FROM", "nobody", "must be an address"),
        ("COMMENTS_OUTBOUND_NETWORKS", "here", "COMMENTS_OUTBOUND_NETWORKS: "),
        ("COMMENTS_NOTICE_DELAY", "-1", "COMMENTS_NOTICE_DELAY: "),
        ("COMMENTS_BASE_URL", "comments.example", "must begin with http:// or https://"),
        ("COMMENTS_TRUSTED_PROXIES", "proxy", "COMMENTS_TRUSTED_PROXIES: "),
        ("COMMENTS_SECRET_KEY_FILE", "/nowhere", "/nowhere: No such file"),
    ],
)
def test_a_wrong_setting_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsInvalid) as refusal:
        load()
    assert sentence in str(refusal.value)


def test_an_unknown_name_in_the_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "comments.toml"
    file.write_text("prot = 1\n")
    with pytest.raises(SettingsInvalid, match=r"no setting PROT. Did you mean PORT"):
        load(file)


def test_secrets_can_be_read_from_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "url").write_text("postgresql://host/name\n")
    monkeypatch.setenv("COMMENTS_DATABASE_URL_FILE", str(tmp_path / "url"))
    assert load().database == "postgresql://host/name"


@pytest.mark.parametrize(
    ("content", "sentence"), [(b"\n", "is empty"), (b"\xff\x00", "is no text")]
)
def test_a_file_without_a_secret_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, sentence: str
) -> None:
    (tmp_path / "key").write_bytes(content)
    monkeypatch.setenv("COMMENTS_SECRET_KEY_FILE", str(tmp_path / "key"))
    with pytest.raises(SettingsInvalid, match=sentence):
        load()


def test_the_secret_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    chosen = Settings(data_dir=tmp_path / "data")
    made = secret_key(chosen)
    assert len(made) >= 40 and secret_key(chosen) == made
    assert (tmp_path / "data" / "secret.key").stat().st_mode & 0o077 == 0
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["secret.key"]
    assert secret_key(Settings(data_dir=tmp_path, secret_key="given")) == "given"


def test_every_setting_says_what_it_is_and_is_in_the_docs() -> None:
    docs = (Path(__file__).parents[1] / "docs" / "operating.md").read_text("utf-8")
    for name, field in Settings.model_fields.items():
        assert field.description and field.description.endswith(".")
        assert f"`{name.upper()}`" in docs, f"{name.upper()} is missing from docs/operating.md"


def test_an_identity_provider_is_named_whole_and_by_https(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load().oidc_issuer == ""
    monkeypatch.setenv("COMMENTS_OIDC_ISSUER", "https://login.example/realm")
    with pytest.raises(SettingsInvalid, match=r"^Name all three: OIDC_ISSUER, OIDC_CLIENT_ID and"):
        load()
    chosen = load(oidc_client_id="comments", oidc_client_secret="s")
    assert chosen.oidc_issuer == "https://login.example/realm"
    for wrong in ("http://login.example", "login.example", "ftp://localhost", "https://"):
        with pytest.raises(SettingsInvalid, match="COMMENTS_OIDC_ISSUER"):
            load(oidc_issuer=wrong, oidc_client_id="c", oidc_client_secret="s")
