// The queue of outgoing messages: order, failures, and subscribers that read too slowly.

import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Router, XPublisher } from 'zeromq';
import { SendQueue } from '../../../../kernels/jupyter/io/send-queue';
import { SEND_TIMEOUT_MS } from '../../../../kernels/jupyter/io/sockets';
import { Slot, sharedSlots } from '../../../../kernels/jupyter/protocol/thread-messages';

const again = () => Object.assign(new Error('Operation was not possible or timed out'), { code: 'EAGAIN' });

/** A socket that fails as `send` says, and keeps what it has sent. */
function fakeSocket(send: (call: number) => Promise<void> = async () => {}) {
  const sent: string[] = [];
  let calls = 0;
  const socket = {
    noDrop: true,
    async send([text]: string[]) {
      await send(calls++);
      sent.push(text);
    },
  };
  return { socket: socket as unknown as XPublisher & Router, sent };
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

it('sends in order, one message at a time, and counts what has left', async () => {
  const shared = sharedSlots();
  Atomics.store(shared, Slot.QueuedBytes, 30);
  const onSent = vi.fn();
  const { socket, sent } = fakeSocket();
  const queue = new SendQueue(socket, shared, onSent);
  for (const text of ['a', 'b', 'c']) queue.send(socket, [text], 10);
  const drained = vi.fn();
  queue.whenDrained(drained);
  expect(drained).not.toHaveBeenCalled();
  await vi.waitFor(() => expect(drained).toHaveBeenCalledOnce());
  expect(sent).toEqual(['a', 'b', 'c']);
  expect(onSent).toHaveBeenCalledTimes(3);
  expect(Atomics.load(shared, Slot.QueuedBytes)).toBe(0);
});

it('sends what goes next before the messages that wait', async () => {
  const { socket, sent } = fakeSocket();
  const queue = new SendQueue(socket, sharedSlots(), () => {});
  for (const text of ['a', 'b', 'c']) queue.send(socket, [text]);
  queue.sendNext(socket, ['next']);
  await vi.waitFor(() => expect(sent).toEqual(['a', 'next', 'b', 'c']));
});

it('sends again, in a later turn of the event loop, what zeromq gives up too early', async () => {
  let turns = 0;
  setImmediate(() => turns++);
  const { socket, sent } = fakeSocket(async (call) => {
    expect(turns).toBe(call);
    if (call < 1) throw again();
  });
  const queue = new SendQueue(socket, sharedSlots(), () => {});
  queue.send(socket, ['late']);
  await vi.waitFor(() => expect(sent).toEqual(['late']));
  expect(socket.noDrop).toBe(true);
});

it('stops waiting for a subscriber that reads nothing for ten seconds', async () => {
  const { socket, sent } = fakeSocket(async (call) => {
    if (call > 0) return;
    vi.advanceTimersByTime(SEND_TIMEOUT_MS);
    throw again();
  });
  const queue = new SendQueue(socket, sharedSlots(), () => {});
  queue.send(socket, ['lost']);
  queue.send(socket, ['next']);
  await vi.waitFor(() => expect(sent).toEqual(['next']));
  expect(socket.noDrop).toBe(false);
});

it('reports a message that cannot be delivered', async () => {
  const { socket: iopub } = fakeSocket();
  const { socket: stdin } = fakeSocket(async () => {
    throw Object.assign(new Error('No route to host'), { code: 'EHOSTUNREACH' });
  });
  const onFailure = vi.fn();
  new SendQueue(iopub, sharedSlots(), () => {}).send(stdin, ['question'], 0, onFailure);
  await vi.waitFor(() => expect(onFailure).toHaveBeenCalledOnce());
  expect(iopub.noDrop).toBe(true);
});
