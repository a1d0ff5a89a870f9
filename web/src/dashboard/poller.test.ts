import assert from "node:assert/strict";
import { test } from "node:test";
import { type Clock, Poller, wait } from "./poller.ts";

/** A clock whose time the test moves. */
class TestClock implements Clock {
  time = 0;
  #due: { at: number; callback: () => void }[] = [];

  now(): number {
    return this.time;
  }

  after(ms: number, callback: () => void): () => void {
    const entry = { at: this.time + ms, callback };
    this.#due.push(entry);
    return () => {
      this.#due = this.#due.filter((e) => e !== entry);
    };
  }

  get waiting(): number {
    return this.#due.length;
  }

  async advance(ms: number): Promise<void> {
    this.time += ms;
    const due = this.#due.filter((e) => e.at <= this.time);
    this.#due = this.#due.filter((e) => e.at > this.time);
    for (const e of due) e.callback();
    await settle();
  }
}

const settle = () => new Promise((resolve) => setImmediate(resolve));
const pace = { interval: 2000, maxInterval: 15000 };

test("waits grow to a bound while no answer comes", () => {
  const waits = [0, 1, 2, 3, 4, 5, 6, 1000].map((n) => wait(pace, n));
  assert.equal(waits[0], 2000);
  for (const [i, ms] of waits.entries()) {
    assert.ok(ms <= 15000 && (i === 0 || ms >= (waits[i - 1] ?? 0)), `${i}: ${ms}`);
  }
  assert.equal(waits.at(-1), 15000);
});

test("questions follow each other at the pace, one at a time", async () => {
  const clock = new TestClock();
  let asked = 0;
  let answer: (value: boolean) => void = () => {};
  const poller = new Poller(
    () => {
      asked++;
      return new Promise((resolve) => {
        answer = resolve;
      });
    },
    pace,
    clock,
  );
  poller.start();
  assert.equal(asked, 1);
  await clock.advance(60_000);
  assert.equal(asked, 1, "a slow answer is waited for");
  answer(true);
  await settle();
  await clock.advance(1999);
  assert.equal(asked, 1);
  await clock.advance(1);
  assert.equal(asked, 2);
  poller.stop();
});

test("after failures the next try is announced, and an answer restores the pace", async () => {
  const clock = new TestClock();
  const answers = [false, false, true];
  const tries: number[] = [];
  const poller = new Poller(
    () => Promise.resolve(answers.shift() ?? true),
    pace,
    clock,
    (retryAt) => tries.push(retryAt - clock.now()),
  );
  poller.start();
  await settle();
  await clock.advance(3200);
  await clock.advance(5120);
  assert.deepEqual(tries, [3200, 5120]);
  assert.equal(answers.length, 0);
  await clock.advance(2000);
  poller.stop();
});

test("stopping drops the question under way, and nothing follows", async () => {
  const clock = new TestClock();
  const signals: AbortSignal[] = [];
  const poller = new Poller(
    (signal) => {
      signals.push(signal);
      return new Promise((resolve) => signal.addEventListener("abort", () => resolve(false)));
    },
    pace,
    clock,
    () => assert.fail("a stopped poller announces nothing"),
  );
  poller.start();
  poller.stop();
  await settle();
  assert.ok(signals[0]?.aborted);
  assert.equal(clock.waiting, 0);
  poller.start();
  poller.start();
  assert.equal(signals.length, 2, "starting twice asks once");
  poller.stop();
  await settle();
});
