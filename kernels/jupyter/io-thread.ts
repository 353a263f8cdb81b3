// The I/O thread: owns the five sockets, checks and signs messages, sends them in order, and carries out interrupts.
// Console output is gathered for a few milliseconds, so that 100,000 lines are some hundred messages.

import { randomUUID } from 'node:crypto';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { Publisher, Reply, Router } from 'zeromq';
import { type Answered, type Asked, QUESTIONS, type Question } from './compiler/messages';
import { address, type Connection } from './connection';
import { createInterrupter } from './interrupter';
import { kernelInfo } from './kernel-info';
import type { Launched } from './launched';
import { createLifeline } from './lifeline';
import { createNativeOutput } from './native-output';
import { type Content, decode, encode, type Message } from './protocol';
import { HIGH_WATER, type Request, Slot, type ToIo, type ToMain } from './threads';

const GATHER_MS = 20;
const GATHER_BYTES = 256 * 1024;
/** Requests whose headers are remembered: late output of an older cell goes without a parent. */
const REMEMBERED = 10_000;

const { connection, shared, questions, launched } = workerData as {
  connection: Connection;
  shared: Int32Array;
  questions: MessagePort;
  launched: Launched;
};
const port = parentPort!;
const tell = (message: ToMain) => port.postMessage(message);
const session = randomUUID();
const { key } = connection;

// ---- outgoing, one after the other: zeromq allows one send at a time per socket
const iopub = new Publisher({ linger: 1000, sendHighWaterMark: 250, noDrop: true, sendTimeout: 10_000 });
const routers = {
  shell: new Router({ linger: 1000, sendHighWaterMark: 0 }),
  control: new Router({ linger: 1000, sendHighWaterMark: 0 }),
  stdin: new Router({ linger: 1000, sendHighWaterMark: 0 }),
};
const beat = new Reply({ linger: 0 });
const queue: { socket: Publisher | Router; frames: (Buffer | string)[]; bytes: number }[] = [];
let sending = false;

async function pump() {
  if (sending) return;
  sending = true;
  for (let next = queue.shift(); next; next = queue.shift()) {
    try {
      await next.socket.send(next.frames);
    } catch (error) {
      // A subscriber that has read nothing for ten seconds: go on without waiting for it.
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN' && next.socket === iopub) iopub.noDrop = false;
    }
    if (next.bytes) {
      Atomics.sub(shared, Slot.QueuedBytes, next.bytes);
      Atomics.notify(shared, Slot.QueuedBytes);
      native.resume();
    }
  }
  sending = false;
  if (exiting) close();
}

function send(socket: Publisher | Router, frames: (Buffer | string)[], bytes = 0) {
  queue.push({ socket, frames, bytes });
  void pump();
}

/** Ends the thread. The process must not exit while zeromq's sockets are open in a worker: it would abort. */
function close() {
  native.close();
  for (const socket of [iopub, beat, ...Object.values(routers)]) socket.close();
  port.close();
}

const requests = new Map<number, { message: Message; channel: Request['channel'] }>();

function publish(type: string, content: Content, parent: number, metadata?: Content, bytes = 0) {
  const header = requests.get(parent)?.message.header;
  send(iopub, encode(type, content, { key, session, parent: header, identities: [type], metadata }), bytes);
}

function reply(type: string, content: Content, parent: number) {
  const request = requests.get(parent);
  if (!request) return;
  const { identities, header } = request.message;
  send(routers[request.channel], encode(type, content, { key, session, parent: header, identities }));
  if (type === 'execute_reply') lifeline.note({ op: 'replied', seq: parent });
}

// ---- console output
let gathered: { name: string; parent: number; texts: string[]; bytes: number } | undefined;
let timer: NodeJS.Timeout | undefined;

function release() {
  clearTimeout(timer);
  timer = undefined;
  if (!gathered) return;
  const { name, parent, texts, bytes } = gathered;
  gathered = undefined;
  publish('stream', { name, text: texts.join('') }, parent, undefined, bytes);
}

function gather(name: string, text: string, parent: number) {
  if (gathered && (gathered.name !== name || gathered.parent !== parent)) release();
  gathered ??= { name, parent, texts: [], bytes: 0 };
  gathered.texts.push(text);
  gathered.bytes += text.length;
  if (gathered.bytes > GATHER_BYTES) release();
  else timer ??= setTimeout(release, GATHER_MS);
}

// ---- what child processes and native code print
const lifeline = createLifeline(launched.lifeline);
/** The cell that ran last, or runs. */
let latest = 0;
const native = createNativeOutput(
  () => Atomics.load(shared, Slot.QueuedBytes) < HIGH_WATER,
  (name, text, parent) => {
    latest = Atomics.load(shared, Slot.Running) || latest;
    // The last words of a process that dies: the launcher may need them to say why.
    if (name === 'stderr' && parent === undefined) lifeline.note({ op: 'native', text: text.slice(-8192) });
    Atomics.add(shared, Slot.QueuedBytes, text.length);
    gather(name, text, parent ?? latest);
  },
);
for (const name of ['stdout', 'stderr'] as const) if (launched.pipes) native.add(launched.pipes[name], name);

let exiting = false;
port.on('message', (post: ToIo) => {
  // Order: what was in the pipes when this was posted was printed before it.
  native.read(post.op !== 'stream');
  take(post);
  Atomics.add(shared, Slot.Handled, 1);
  Atomics.notify(shared, Slot.Handled);
});

function take(post: ToIo) {
  if (post.op === 'stream') return gather(post.name, post.text, post.parent);
  if (post.op === 'fence') return;
  if (post.op === 'reader') return native.add(post.fd, post.name, post.parent || undefined);
  release();
  if (post.op === 'publish') {
    if (post.type === 'execute_input') {
      lifeline.note({ op: 'started', seq: post.parent, count: Number(post.content.execution_count) });
    }
    publish(post.type, post.content, post.parent, post.metadata);
  } else if (post.op === 'reply') reply(post.type, post.content, post.parent);
  else {
    exiting = true;
    if (!sending) close();
  }
}

// ---- incoming
const interrupter = createInterrupter(shared, tell, (text) =>
  gather('stderr', text, Atomics.load(shared, Slot.Running)),
);
let seq = 0;

/** After an answer given meanwhile: the cell that runs goes on. */
function stillBusy() {
  const running = Atomics.load(shared, Slot.Running);
  if (running) publish('status', { execution_state: 'busy' }, running);
}

// Answered by the compiler's thread, while user code may keep the main thread busy.
questions.on('message', ({ seq: asked, content }: Answered) => {
  const type = requests.get(asked)?.message.header.msg_type;
  if (!type) return;
  reply(type.replace(/_request$/, '_reply'), content, asked);
  publish('status', { execution_state: 'idle' }, asked);
  stillBusy();
});

function receive(channel: Request['channel'], frames: Buffer[]) {
  const message = decode(frames, key);
  if (!message) return; // malformed, or signed by someone else
  requests.set(++seq, { message, channel });
  if (requests.size > REMEMBERED) requests.delete(seq - REMEMBERED);
  lifeline.request(seq, channel, message);
  const { header, content } = message;
  if (channel === 'control' && header.msg_type === 'interrupt_request') {
    publish('status', { execution_state: 'busy' }, seq);
    interrupter.interrupt();
    reply('interrupt_reply', { status: 'ok' }, seq);
    publish('status', { execution_state: 'idle' }, seq);
    stillBusy();
  } else if (header.msg_type === 'kernel_info_request') {
    publish('status', { execution_state: 'busy' }, seq);
    reply('kernel_info_reply', kernelInfo(), seq);
    publish('status', { execution_state: 'idle' }, seq);
    stillBusy();
  } else if (QUESTIONS.includes(header.msg_type)) {
    publish('status', { execution_state: 'busy' }, seq);
    questions.postMessage({ seq, type: header.msg_type as Question, content } satisfies Asked);
  } else if (header.msg_type === 'shutdown_request') {
    const restart = content.restart === true;
    publish('status', { execution_state: 'busy' }, seq);
    reply('shutdown_reply', { status: 'ok', restart }, seq);
    publish('shutdown_reply', { status: 'ok', restart }, seq);
    publish('status', { execution_state: 'idle' }, seq);
    lifeline.note({ op: 'shutdown' });
    tell({ op: 'shutdown', restart });
    // The main thread may be in a loop that never ends.
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), 1500).unref();
  } else {
    Atomics.store(shared, Slot.Received, seq);
    tell({ op: 'request', request: { seq, channel, header, content } });
  }
}

async function listen(channel: Request['channel']) {
  for await (const frames of routers[channel]) receive(channel, frames);
}

async function heartbeat() {
  for await (const frames of beat) await beat.send(frames);
}

async function start() {
  await Promise.all([
    iopub.bind(address(connection, 'iopub_port')),
    routers.shell.bind(address(connection, 'shell_port')),
    routers.control.bind(address(connection, 'control_port')),
    routers.stdin.bind(address(connection, 'stdin_port')),
    beat.bind(address(connection, 'hb_port')),
  ]);
  publish('status', { execution_state: 'starting' }, 0);
  for (const loop of [listen('shell'), listen('control'), listen('stdin'), heartbeat()]) {
    loop.catch((error) => {
      throw error;
    });
  }
  lifeline.note({ op: 'ready' });
  tell({ op: 'bound' });
}

// A front end that died without saying so leaves no orphan behind.
if (process.env.JPY_PARENT_PID) {
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && process.kill(process.pid, 'SIGKILL'), 1000).unref();
}

void start();
