"""dekaf in the comparison of producers: one adapter for each of its faces.

The comparison measures what clients do with the same messages, settings and broker; `base` is its
own, and says what each method is for.
"""

import asyncio
import time

from .base import Adapter, AsyncAdapter


def settings(o):
    return {
        "bootstrap_servers": o.bootstrap,
        "linger_ms": o.linger_ms,
        "batch_size": o.batch_bytes,
        "compression": o.compression or "none",
        "idempotence": o.idempotent,
        "buffer_memory": int(o.opt.get("buffer_memory", 1 << 30)),
    }


class DekafSync(Adapter):
    """`SyncProducer`: beside clients that block."""

    dists = ("dekaf",)
    import_code = "from dekaf import SyncProducer"
    create_code = "p=SyncProducer('{B}'); p.produce('imp-p1', b'x')"

    def open(self):
        from dekaf import SyncProducer

        self.p = SyncProducer(**settings(self.o))
        self.p.start()

    def close(self):
        self.p.close()

    def send(self, topic, values):
        send = self.p.send
        for v in values:
            send(topic, v)
        self.t_enq = time.perf_counter()
        self.p.flush()

    def _told(self, metadata, error):
        if error is None:
            self.delivered += 1
        else:
            self.errors += 1

    def send_cb(self, topic, values):
        send, told = self.p.send, self._told
        expected = self.delivered + self.errors
        for v in values:
            send(topic, v, on_delivery=told)
            expected += 1
        self.p.flush()
        while self.delivered + self.errors < expected:
            time.sleep(0.0005)

    def send_parts(self, topic, values, parts):
        send = self.p.send
        i = 0
        for v in values:
            send(topic, v, partition=i)
            i += 1
            if i == parts:
                i = 0
        self.p.flush()

    def one(self, topic, value):
        self.p.produce(topic, value)

    def batch(self, topic, values, parts):
        self.p.produce_all(topic, values)


class Dekaf(AsyncAdapter):
    """`Producer`: beside clients of asyncio."""

    dists = ("dekaf",)
    import_code = "from dekaf import Producer"
    create_code = """
import asyncio
async def _f():
    global p
    p = Producer('{B}'); await p.produce('imp-p1', b'x')
loop = asyncio.new_event_loop(); loop.run_until_complete(_f())"""

    async def open(self):
        from dekaf import Producer

        self.p = Producer(**settings(self.o))
        await self.p.start()

    async def close(self):
        await self.p.close()

    async def send(self, topic, values):
        send = self.p.send
        for v in values:
            send(topic, v)
        self.t_enq = time.perf_counter()
        await self.p.flush()

    def _told(self, metadata, error):
        if error is None:
            self.delivered += 1
        else:
            self.errors += 1

    async def send_cb(self, topic, values):
        send, told = self.p.send, self._told
        for v in values:
            send(topic, v, on_delivery=told)
        await self.p.flush()
        await asyncio.sleep(0)

    async def send_parts(self, topic, values, parts):
        send = self.p.send
        i = 0
        for v in values:
            send(topic, v, partition=i)
            i += 1
            if i == parts:
                i = 0
        await self.p.flush()

    async def one(self, topic, value):
        return await self.p.produce(topic, value)

    async def batch(self, topic, values, parts):
        await self.p.produce_all(topic, values)

    async def gather(self, topic, values):
        produce = self.p.produce
        for r in await asyncio.gather(*[produce(topic, v) for v in values], return_exceptions=True):
            if isinstance(r, BaseException):
                self.errors += 1
