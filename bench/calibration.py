"""What this machine can: beside absolute figures, so that they can be read on any other."""

import asyncio
import time
from typing import Final

import psycopg
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

WRITERS: Final = 16
_SIGNED: Final = b"x" * 500


async def commits_for(seconds: float, dsn: str) -> float:
    """Commits a second of one small row, by `WRITERS` at once; synchronous, as the server's own."""
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        await connection.execute("create table if not exists bench_row (a int, b int)")
        setting = await (await connection.execute("show synchronous_commit")).fetchone()
        assert setting == ("on",), setting
    ends = time.perf_counter() + seconds

    async def write(number: int) -> int:
        done = 0
        async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
            while time.perf_counter() < ends:
                await connection.execute("insert into bench_row values (%s, %s)", (number, done))
                done += 1
        return done

    return sum(await asyncio.gather(*(write(number) for number in range(WRITERS)))) / seconds


def loop_seconds(additions: int = 10_000_000) -> float:
    """Seconds of the processor for so many additions in a loop: how fast Python itself is here."""
    total, began = 0, time.process_time()
    for number in range(additions):
        total += number
    return time.process_time() - began


def es256_for(seconds: float) -> float:
    """ES256 signatures for each second of one core's time."""
    key, algorithm = ec.generate_private_key(ec.SECP256R1()), ec.ECDSA(hashes.SHA256())
    done, began = 0, time.process_time()
    while time.process_time() - began < seconds:
        key.sign(_SIGNED, algorithm)
        done += 1
    return done / (time.process_time() - began)


def rs256_for(seconds: float, bits: int = 2048) -> float:
    """RS256 signatures for each second of one core's time."""
    key = rsa.generate_private_key(65537, bits)
    done, began = 0, time.process_time()
    while time.process_time() - began < seconds:
        key.sign(_SIGNED, padding.PKCS1v15(), hashes.SHA256())
        done += 1
    return done / (time.process_time() - began)
