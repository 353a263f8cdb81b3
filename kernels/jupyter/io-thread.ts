// The I/O thread: owns the five sockets, checks and signs messages, sends them in order, and carries out interrupts.
// Console output is gathered for a few milliseconds, so that 100,000 lines are some hundred messages.

import { randomUUID } from 'node:crypto';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { Reply, Router, XPublisher } from 'zeromq';
import { type Answered, type Asked, QUESTIONS, type Question } from './compiler/messages';
import { createInterrupter } from './io/interrupter';
import { createNativeOutput } from './io/native-output';
import type { LaunchArguments } from './launch/launch-arguments';
import { openLauncherChannel } from './launch/launcher-channel';
import { address, type Connection } from './protocol/connection';
import { kernelInfo } from './protocol/kernel-info';
import { createReplayGuard } from './protocol/replay-guard';
import { HIGH_WATER, type Request, Slot, type ToIo, type ToMain } from './protocol/thread-messages';
import { type Content, decode, encode } from './protocol/wire-message';

const GATHER_MS = 20;
const GATHER_BYTES = 256 * 1024;
/** Requests whose headers are remembered: late output of an older cell goes without a parent. */
const REMEMBERED = 10_000;
/** A peer that sends a larger frame is disconnected. */
const MOST_BYTES = 256 * 1024 * 1024;
const LONGEST_TOPIC = 1024;
/** What a request that asked for silence does not show. */
const SHOWN = /^(?:stream|display_data|update_display_data|execute_input|execute_result|error|clear_output)$/;

const { connection, shared, questions, launched } = workerData as {
  connection: Connection;
  shared: Int32Array;
  questions: MessagePort;
  launched: LaunchArguments;
};
const port = parentPort!;
const tell = (message: ToMain) => port.postMessage(message);
const session = randomUUID();
const { key } = connection;

// ---- outgoing, one after the other: zeromq allows one send at a time per socket
const iopub = new XPublisher({
  linger: 1000,
  sendHighWaterMark: 250,
  noDrop: true,
  sendTimeout: 10_000,
  maxMessageSize: LONGEST_TOPIC,
  verbosity: 'allSubs', // every front end is welcomed, not only the first with its topic
});
const router = { linger: 1000, sendHighWaterMark: 0, maxMessageSize: MOST_BYTES };
const routers = {
  shell: new Router(router),
  control: new Router(router),
  stdin: new Router({ ...router, mandatory: true }), // an input_request nobody hears must fail, not vanish
};
const beat = new Reply({ linger: 0, maxMessageSize: MOST_BYTES });
interface Outgoing {
  socket: XPublisher | Router;
  frames: (Buffer | string)[];
  bytes: number;
  failed?: () => void;
}
const queue: Outgoing[] = [];
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
      next.failed?.();
    }
    release(next.bytes);
  }
  sending = false;
  if (exiting) close();
}

/** Bytes that have left no longer hold back the program that made them. */
function release(bytes: number) {
  if (!bytes) return;
  Atomics.sub(shared, Slot.QueuedBytes, bytes);
  Atomics.notify(shared, Slot.QueuedBytes);
  native.resume();
}

function send(socket: XPublisher | Router, frames: (Buffer | string)[], bytes = 0, failed?: () => void) {
  queue.push({ socket, frames, bytes, failed });
  void pump();
}

/** Ends the thread. The process must not exit while zeromq's sockets are open in a worker: it would abort. */
function close() {
  native.close();
  for (const socket of [iopub, beat, ...Object.values(routers)]) socket.close();
  questions.close();
  port.close();
}

interface Known {
  channel: Request['channel'];
  type: string;
  identities: Buffer[];
  header: string;
  silent: boolean;
}
const requests = new Map<number, Known>();

interface Extras {
  metadata?: Content;
  buffers?: Uint8Array[];
  bytes?: number;
}

function publish(type: string, content: Content, parent: number, { metadata, buffers, bytes = 0 }: Extras = {}) {
  const request = requests.get(parent);
  if (request?.silent && SHOWN.test(type)) return release(bytes);
  const envelope = { key, session, parent: request?.header, identities: [type], metadata, buffers };
  send(iopub, encode(type, content, envelope), bytes);
}

function reply(type: string, content: Content, parent: number, metadata?: Content) {
  const request = requests.get(parent);
  if (!request) return;
  const { identities, header, channel } = request;
  send(routers[channel], encode(type, content, { key, session, parent: header, identities, metadata }));
  if (type === 'execute_reply') launcherFd.note({ op: 'replied', seq: parent });
}

function ask(id: string, content: Content, parent: number) {
  const request = requests.get(parent);
  const inputUndelivered = () => tell({ op: 'inputUndelivered', id });
  if (!request) return inputUndelivered();
  const { identities, header } = request;
  send(
    routers.stdin,
    encode('input_request', content, { key, session, parent: header, identities, id }),
    0,
    inputUndelivered,
  );
}

/** Answers a request from this thread. */
function answer(type: string, content: Content, seq: number) {
  publish('status', { execution_state: 'busy' }, seq);
  finish(type, content, seq);
}

/** Ends a request, and says that the cell that runs goes on. */
function finish(type: string, content: Content, seq: number) {
  reply(type, content, seq);
  publish('status', { execution_state: 'idle' }, seq);
  const running = Atomics.load(shared, Slot.Running);
  if (running) publish('status', { execution_state: 'busy' }, running);
}

// ---- console output
let gathered: { name: string; parent: number; texts: string[]; bytes: number } | undefined;
let timer: NodeJS.Timeout | undefined;

function sendGathered() {
  clearTimeout(timer);
  timer = undefined;
  if (!gathered) return;
  const { name, parent, texts, bytes } = gathered;
  gathered = undefined;
  publish('stream', { name, text: texts.join('') }, parent, { bytes });
}

function gather(name: string, text: string, parent: number) {
  if (gathered && (gathered.name !== name || gathered.parent !== parent)) sendGathered();
  gathered ??= { name, parent, texts: [], bytes: 0 };
  gathered.texts.push(text);
  gathered.bytes += text.length;
  if (gathered.bytes > GATHER_BYTES) sendGathered();
  else timer ??= setTimeout(sendGathered, GATHER_MS);
}

/** A message the kernel itself cannot make or take must not end it. */
function survive(work: () => void) {
  try {
    work();
  } catch (error) {
    gather('stderr', `The kernel lost a message: ${(error as Error).message}\n`, Atomics.load(shared, Slot.Running));
  }
}

// ---- what child processes and native code print
const launcherFd = openLauncherChannel(launched.launcherFd);
/** The cell that ran last, or runs. */
let latest = 0;
const native = createNativeOutput(
  () => Atomics.load(shared, Slot.QueuedBytes) < HIGH_WATER,
  (name, text, parent) => {
    latest = Atomics.load(shared, Slot.Running) || latest;
    // The last words of a process that dies: the launcher may need them to say why.
    if (name === 'stderr' && parent === undefined) launcherFd.note({ op: 'native', text: text.slice(-8192) });
    Atomics.add(shared, Slot.QueuedBytes, text.length);
    gather(name, text, parent ?? latest);
  },
);
for (const name of ['stdout', 'stderr'] as const) if (launched.pipes) native.add(launched.pipes[name], name);

let exiting = false;
port.on('message', (post: ToIo) => {
  // Order: what was in the pipes when this was posted was printed before it.
  native.read(post.op !== 'stream');
  survive(() => carryOut(post));
  Atomics.add(shared, Slot.Handled, 1);
  Atomics.notify(shared, Slot.Handled);
});

function carryOut(post: ToIo) {
  if (post.op === 'stream') return gather(post.name, post.text, post.parent);
  if (post.op === 'fence') return;
  if (post.op === 'reader') return native.add(post.fd, post.name, post.parent || undefined);
  sendGathered();
  if (post.op === 'publish') {
    if (post.type === 'execute_input') {
      launcherFd.note({ op: 'started', seq: post.parent, count: Number(post.content.execution_count) });
    }
    publish(post.type, post.content, post.parent, post);
  } else if (post.op === 'reply') reply(post.type, post.content, post.parent, post.metadata);
  else if (post.op === 'ask') ask(post.id, post.content, post.parent);
  else {
    exiting = true;
    if (!sending) close();
  }
}

// ---- incoming
const interrupter = createInterrupter(shared, tell, (text) =>
  gather('stderr', text, Atomics.load(shared, Slot.Running)),
);
const isNew = createReplayGuard();
let seq = 0;

// Answered by the compiler's thread, while user code may keep the main thread busy.
questions.on('message', ({ seq: asked, content }: Answered) => {
  const type = requests.get(asked)?.type;
  if (type) finish(type.replace(/_request$/, '_reply'), content, asked);
});

function receive(channel: Request['channel'], frames: Buffer[]) {
  const message = decode(frames, key);
  if (!message || !isNew(message.signature)) return; // malformed, signed by someone else, or sent again
  const { header, content, metadata, identities, headerText, parent } = message;
  const type = header.msg_type;
  if ((channel === 'stdin') !== (type === 'input_reply')) return;
  requests.set(++seq, { channel, type, identities, header: headerText, silent: content.silent === true });
  if (requests.size > REMEMBERED) requests.delete(seq - REMEMBERED);
  launcherFd.request(seq, channel, message);
  if (type === 'interrupt_request') {
    interrupter.interrupt();
    answer('interrupt_reply', { status: 'ok' }, seq);
  } else if (type === 'kernel_info_request') {
    answer('kernel_info_reply', kernelInfo(), seq);
  } else if (type === 'connect_request') {
    const { shell_port, iopub_port, stdin_port, control_port, hb_port } = connection;
    answer('connect_reply', { status: 'ok', shell_port, iopub_port, stdin_port, control_port, hb_port }, seq);
  } else if (QUESTIONS.includes(type)) {
    publish('status', { execution_state: 'busy' }, seq);
    questions.postMessage({ seq, type: type as Question, content } satisfies Asked);
  } else if (type === 'shutdown_request') {
    const restart = content.restart === true;
    publish('status', { execution_state: 'busy' }, seq);
    reply('shutdown_reply', { status: 'ok', restart }, seq);
    publish('shutdown_reply', { status: 'ok', restart }, seq);
    publish('status', { execution_state: 'idle' }, seq);
    launcherFd.note({ op: 'shutdown' });
    tell({ op: 'shutdown', restart });
    // The main thread may be in a loop that never ends.
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), 1500).unref();
  } else {
    const buffers = message.buffers.map((bytes) => new Uint8Array(bytes));
    Atomics.store(shared, Slot.Received, seq);
    tell({ op: 'request', request: { seq, channel, header, content, metadata, parent, buffers } });
  }
}

async function listen(channel: Request['channel']) {
  for await (const frames of routers[channel]) survive(() => receive(channel, frames));
}

/** Tells a front end that its subscription is in force: what is published from now on reaches it. */
async function welcome() {
  for await (const [frame] of iopub) {
    if (frame[0] !== 1 || frame.length > LONGEST_TOPIC) continue; // it left
    const subscription = frame.subarray(1).toString('utf8');
    const identities = subscription ? [subscription] : [];
    send(iopub, encode('iopub_welcome', { subscription }, { key, session, identities }));
  }
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
  for (const loop of [listen('shell'), listen('control'), listen('stdin'), heartbeat(), welcome()]) {
    loop.catch((error) => {
      throw error;
    });
  }
  launcherFd.note({ op: 'ready' });
  tell({ op: 'bound' });
}

// A front end that died without saying so leaves no orphan behind.
if (process.env.JPY_PARENT_PID) {
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && process.kill(process.pid, 'SIGKILL'), 1000).unref();
}

void start();
