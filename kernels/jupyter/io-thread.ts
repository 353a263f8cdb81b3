// The I/O thread: owns the five sockets, checks incoming messages, sends outgoing ones in order, and carries out
// interrupts. It answers by itself what needs no user code, so also while a cell keeps the main thread busy.

import { writeSync } from 'node:fs';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { LANGUAGE_REQUESTS, type LanguageAnswer, type LanguageQuery, type LanguageRequest } from './compiler/messages';
import { Interrupter } from './io/interrupter';
import { MessageSender } from './io/message-sender';
import { NativeOutput } from './io/native-output';
import { SendQueue } from './io/send-queue';
import { bindSockets, closeSockets, createSockets, MAX_TOPIC_BYTES } from './io/sockets';
import { StreamBuffer } from './io/stream-buffer';
import type { LaunchArguments } from './launch/launch-arguments';
import { openLauncherChannel } from './launch/launcher-channel';
import type { Connection } from './protocol/connection';
import { kernelInfo } from './protocol/kernel-info';
import { createReplayGuard } from './protocol/replay-guard';
import { HIGH_WATER, type Request, Slot, type ToIo, type ToMain } from './protocol/thread-messages';
import { type Content, decode, type Message } from './protocol/wire-message';

export interface IoThreadData {
  connection: Connection;
  shared: Int32Array;
  /** To the compiler's thread. */
  compilerPort: MessagePort;
  launch: LaunchArguments;
}

/** How long the main thread may take to end after a shutdown request. */
const SHUTDOWN_MS = 1500;

const { connection, shared, compilerPort, launch } = workerData as IoThreadData;
const mainPort = parentPort!;
const postToMain = (message: ToMain) => mainPort.postMessage(message);
const runningCell = () => Atomics.load(shared, Slot.Running);

const sockets = createSockets();
const launcher = openLauncherChannel(launch.launcherFd, () => interrupter.interrupt());
const queue = new SendQueue(sockets.iopub, shared, () => nativeOutput.resume());
const sender = new MessageSender({ key: connection.key, sockets, queue, shared, launcher });
const streams = new StreamBuffer((name, text, parent, bytes) =>
  sender.publish('stream', { name, text }, parent, { bytes }),
);
const interrupter = new Interrupter(shared, postToMain, (text) => streams.write('stderr', text, runningCell()));

/** The running cell, or the one that ran last. */
let latestCell = 0;
const nativeOutput = new NativeOutput(
  () => Atomics.load(shared, Slot.QueuedBytes) < HIGH_WATER,
  (name, text, parent) => {
    latestCell = runningCell() || latestCell;
    // The launcher quotes the end of it if the process crashes.
    if (name === 'stderr' && parent === undefined) launcher.send({ op: 'native', text: text.slice(-8192) });
    Atomics.add(shared, Slot.QueuedBytes, text.length);
    streams.write(name, text, parent ?? latestCell);
  },
);
for (const name of ['stdout', 'stderr'] as const) if (launch.pipes) nativeOutput.add(launch.pipes[name], name);

/** Keeps the thread running when one message cannot be made or read. */
function guarded(work: () => void): void {
  try {
    work();
  } catch (error) {
    streams.write('stderr', `The kernel lost a message: ${(error as Error).message}\n`, runningCell());
  }
}

/** Ends the thread. The process must not exit while zeromq's sockets are open in a worker: it would abort. */
function close(): void {
  nativeOutput.close();
  closeSockets(sockets);
  compilerPort.close();
  mainPort.close();
}

mainPort.on('message', (message: ToIo) => {
  // Native output that is in the pipes now was printed before this message was posted.
  nativeOutput.read(message.op !== 'stream');
  guarded(() => carryOut(message));
  Atomics.add(shared, Slot.Handled, 1);
  Atomics.notify(shared, Slot.Handled);
});

function carryOut(message: ToIo) {
  if (message.op === 'stream') return streams.write(message.name, message.text, message.parent);
  if (message.op === 'fence') return;
  if (message.op === 'read-pipe') return nativeOutput.add(message.fd, message.name, message.parent || undefined);
  streams.flush();
  if (message.op === 'publish') {
    const { type, content, parent } = message;
    if (type === 'execute_input') {
      launcher.send({ op: 'started', seq: parent, count: Number(content.execution_count) });
    }
    sender.publish(type, content, parent, message);
  } else if (message.op === 'reply') {
    sender.reply(message.type, message.content, message.parent, message.metadata);
  } else if (message.op === 'request-input') {
    const { id, content, parent } = message;
    sender.requestInput(id, content, parent, () => postToMain({ op: 'input-undelivered', id }));
  } else queue.whenDrained(close);
}

/** Answers a request from this thread. */
function answer(content: Content, seq: number): void {
  sender.status('busy', seq);
  sender.finish(content, seq);
}

function shutdown(restart: boolean, seq: number): void {
  const content = { status: 'ok', restart };
  sender.status('busy', seq);
  sender.reply('shutdown_reply', content, seq);
  sender.publish('shutdown_reply', content, seq);
  sender.status('idle', seq);
  launcher.send({ op: 'shutdown' });
  postToMain({ op: 'shutdown', restart });
  // The main thread may be in an endless loop.
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), SHUTDOWN_MS).unref();
}

const isNew = createReplayGuard();
let seq = 0;

function receive(channel: Request['channel'], frames: Buffer[]): void {
  const message = decode(frames, connection.key);
  if (!message || !isNew(message.signature)) return; // malformed, with a wrong signature, or sent again
  const type = message.header.msg_type;
  if ((channel === 'stdin') !== (type === 'input_reply')) return;
  sender.remember(++seq, channel, message);
  launcher.reportRequest(seq, channel, message);
  dispatch(channel, type, message);
}

function dispatch(channel: Request['channel'], type: string, message: Message): void {
  const { header, content, metadata, parent } = message;
  if (type === 'interrupt_request') {
    interrupter.interrupt();
    answer({ status: 'ok' }, seq);
  } else if (type === 'kernel_info_request') {
    answer(kernelInfo(), seq);
  } else if (type === 'connect_request') {
    const { shell_port, iopub_port, stdin_port, control_port, hb_port } = connection;
    answer({ status: 'ok', shell_port, iopub_port, stdin_port, control_port, hb_port }, seq);
  } else if (LANGUAGE_REQUESTS.includes(type)) {
    sender.status('busy', seq);
    compilerPort.postMessage({ seq, type: type as LanguageRequest, content } satisfies LanguageQuery);
  } else if (type === 'shutdown_request') {
    shutdown(content.restart === true, seq);
  } else {
    const buffers = message.buffers.map((bytes) => new Uint8Array(bytes));
    Atomics.store(shared, Slot.Received, seq);
    postToMain({ op: 'request', request: { seq, channel, header, content, metadata, parent, buffers } });
  }
}

compilerPort.on('message', ({ seq: asked, content }: LanguageAnswer) => sender.finish(content, asked));

async function listen(channel: Request['channel']): Promise<void> {
  for await (const frames of sockets.routers[channel]) guarded(() => receive(channel, frames));
}

/** Welcomes each new subscriber: what is published from now on reaches it, and nothing before. */
async function welcomeSubscribers(): Promise<void> {
  for await (const [frame] of sockets.iopub) {
    const isSubscription = frame[0] === 1;
    if (isSubscription && frame.length <= MAX_TOPIC_BYTES) sender.welcome(frame.subarray(1));
  }
}

async function beat(): Promise<void> {
  for await (const frames of sockets.heartbeat) await sockets.heartbeat.send(frames);
}

async function start(): Promise<void> {
  try {
    await bindSockets(sockets, connection);
  } catch (error) {
    // sockets that are half open abort an exit, with a message of their own
    writeSync(2, `The DetLab kernel cannot start. ${(error as Error).message}\n`);
    process.kill(process.pid, 'SIGKILL');
    return;
  }
  sender.status('starting', 0);
  for (const loop of [listen('shell'), listen('control'), listen('stdin'), beat(), welcomeSubscribers()]) {
    loop.catch((error) => {
      throw error;
    });
  }
  launcher.send({ op: 'ready' });
}

// Ends when the process that started this one ends without a shutdown request.
if (process.env.JPY_PARENT_PID) {
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && process.kill(process.pid, 'SIGKILL'), 1000).unref();
}

void start();
