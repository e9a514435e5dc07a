"""Calls that leave the house reach public addresses only, by whatever way an address is written or hidden."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comments_service import outside
from comments_service.core.networks import address_of, reachable
from comments_service.outside import MOST_BYTES, NotReached, Outside, Refused
from tests.receivers import Receiver, certificate

HERE = (ip_network("127.0.0.0/8"), ip_network("::1/128"))

PRIVATE = """127.0.0.1 10.1.2.3 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 100.100.100.200
    192.0.0.192 198.18.0.1 192.0.2.1 203.0.113.9 224.0.0.1 239.1.1.1 240.0.0.1 0.0.0.0 255.255.255.255
    168.63.129.16 :: ::1 fe80::1 fe80::1%1 fec0::1 fd00:ec2::254 fc00::1 ff02::1 2001:db8::1 2001:0:1::1
    ::ffff:127.0.0.1 ::ffff:169.254.169.254 ::127.0.0.1 64:ff9b::7f00:1 64:ff9b:1::1 2002:7f00:1::1
    2002:808:808::1 100::1""".split()
PUBLIC = "8.8.8.8 93.184.215.14 2606:4700::1111 ::ffff:8.8.8.8 64:ff9b::808:808".split()


@pytest.mark.parametrize("text", PRIVATE)
def test_no_private_address_is_reachable(text: str) -> None:
    assert not reachable(address_of(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_are_reachable(text: str) -> None:
    assert reachable(address_of(text))


def test_a_named_network_is_reachable_and_its_neighbours_are_not() -> None:
    named = (ip_network("10.1.0.0/16"), ip_network("fd12::/64"))
    assert reachable(address_of("10.1.2.3"), named)
    assert reachable(address_of("::ffff:10.1.2.3"), named)
    assert reachable(address_of("fd12::7"), named)
    assert not reachable(address_of("10.2.0.1"), named)
    assert not reachable(address_of("127.0.0.1"), named)


@given(st.ip_addresses(v=4))
def test_an_address_is_judged_the_same_in_its_ipv6_dress(address: IPv4Address) -> None:
    assert reachable(ip_address(f"::ffff:{address}")) == reachable(address)


@given(st.ip_addresses(v=6))
def test_only_global_unicast_is_reachable(address: IPv6Address) -> None:
    if reachable(address) and not address.ipv4_mapped:
        assert address in ip_network("2000::/3") or address in ip_network("64:ff9b::/96")


# Each is a way to say "this machine" or "this network" to something or other.
HIDDEN = """http://127.0.0.1:{port}/ http://0177.0.0.1:{port}/ http://0x7f000001:{port}/ http://2130706433:{port}/
    http://127.1:{port}/ http://0:{port}/ http://localhost:{port}/ http://[::1]:{port}/
    http://[::ffff:127.0.0.1]:{port}/ http://[::ffff:7f00:1]:{port}/ http://user@127.0.0.1:{port}/
    http://169.254.169.254/latest/meta-data/ http://[fe80::1%25lo]:{port}/ http://LOCALHOST:{port}/
    http://127.0.0.1:25/ http://localhost.:{port}/""".split()


@pytest.mark.parametrize("pattern", HIDDEN)
async def test_no_spelling_of_this_machine_is_called(pattern: str) -> None:
    async with Receiver() as receiver:
        with pytest.raises(NotReached):
            await Outside().post(pattern.format(port=receiver.port), b"x", {})
        assert receiver.connections == 0


@pytest.mark.parametrize(
    "url",
    "ftp://example.org/ file:///etc/passwd gopher://x/ //example.org/ http:// unix:/x http://[::1 \x00".split(
        " "
    ),
)
async def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(Refused):
        await Outside(HERE).post(url, b"x", {})


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """What the resolver answers, one list after the other: the last one for good."""
    answers: dict[str, list[list[str]]] = {}

    class Loop:
        async def getaddrinfo(self, host: str, port: int, **_: Any) -> list[Any]:
            found = answers[host]
            addresses = found.pop(0) if len(found) > 1 else found[0]
            return [(0, 0, 0, "", (address, port)) for address in addresses]

    monkeypatch.setattr(outside.asyncio, "get_running_loop", Loop)
    return answers


async def test_a_name_with_a_public_and_a_private_answer_is_refused(
    names: dict[str, list[list[str]]],
) -> None:
    names["two.example"] = [["93.184.215.14", "127.0.0.1"]]
    backend = outside._Guarded(())
    with pytest.raises(Refused, match=r"127\.0\.0\.1"):
        await backend.connect_tcp("two.example", 80)


async def test_the_address_that_was_checked_is_the_one_connected_to(
    names: dict[str, list[list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that answers otherwise at the second look-up (DNS rebinding) is never asked a second time."""
    names["rebind.example"] = [["93.184.215.14"], ["127.0.0.1"]]
    backend, called = outside._Guarded(()), []

    async def connect(host: str, port: int, _: float | None) -> str:
        called.append((host, port))
        return "stream"

    monkeypatch.setattr(backend._real, "connect_tcp", connect)
    await backend.connect_tcp("rebind.example", 80)
    assert called == [("93.184.215.14", 80)]
    with pytest.raises(Refused):  # and the next connection is checked anew
        await backend.connect_tcp("rebind.example", 80)
    assert len(called) == 1


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    async with Receiver() as inner, Receiver() as receiver:
        receiver.answers = [(302, {"Location": inner.url}, b"")]
        found = await Outside(HERE).post(receiver.url, b"x", {})
        assert (found.status, found.headers["location"]) == (302, inner.url)
        assert inner.connections == 0


async def test_every_call_makes_and_checks_a_connection_of_its_own() -> None:
    async with Receiver() as receiver:
        client = Outside(HERE)
        for _ in range(3):
            assert (await client.post(receiver.url, b"x", {})).status == 200
        assert receiver.connections == 3


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Receiver() as proxy, Receiver() as receiver:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        await Outside(HERE).post(receiver.url, b"x", {})
        assert proxy.connections == 0
        assert receiver.connections == 1


async def test_an_endless_answer_is_cut_off() -> None:
    async with Receiver() as receiver:
        receiver.answers = [(200, {}, b"x" * (20 * MOST_BYTES))]
        assert len((await Outside(HERE).post(receiver.url, b"x", {})).body) == MOST_BYTES


@asynccontextmanager
async def slow(says: bytes) -> AsyncIterator[str]:
    """A server that says something and then a letter now and then, so that no single wait is long."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(says)
        while not writer.is_closing():
            writer.write(b"x")
            await asyncio.sleep(0.01)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()


@pytest.mark.parametrize(
    "says", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n"]
)
async def test_a_slow_answer_is_given_up_in_time(says: bytes) -> None:
    async with slow(says) as url:
        with pytest.raises(NotReached, match=r"within 0\.2 seconds"):
            await Outside(HERE).post(url, b"x", {}, seconds=0.2)


async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    key, cert = certificate(tmp_path, "localhost")
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(cert, key)
    async with Receiver(context=served) as receiver:
        url = f"https://localhost:{receiver.port}/"
        with pytest.raises(NotReached, match="certificate"):
            await Outside(HERE).post(url, b"x", {})
        trusting = ssl.create_default_context(cafile=str(cert))
        assert (await Outside(HERE, trusting).post(url, b"x", {})).status == 200
        by_number = f"https://127.0.0.1:{receiver.port}/"  # the certificate is for a name
        with pytest.raises(NotReached, match="certificate"):
            await Outside(HERE, trusting).post(by_number, b"x", {})


async def test_what_does_not_answer_is_said_in_words() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}/"
        with pytest.raises(NotReached, match=r"refused|failed"):
            await Outside(HERE).post(url, b"x", {})
    with pytest.raises(NotReached, match="not found"):
        await Outside(HERE).post("http://nowhere.invalid/", b"x", {})
