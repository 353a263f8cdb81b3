// A small Jupyter client for the tests: starts the compiled kernel and talks to it over zmq.

import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Dealer, Request, Subscriber } from 'zeromq';
import { type Content, decode, encode, type Header } from '../../../kernels/jupyter/protocol';
import { packageRoot } from '../../../src/paths';

export interface Received {
  channel: string;
  type: string;
  // biome-ignore lint/suspicious/noExplicitAny: message contents are whatever the kernel sends
  content: any;
  parent: string;
  at: number;
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await new Promise((resolve) => server.once('listening', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

export class KernelClient {
  readonly received: Received[] = [];
  readonly session = randomUUID();
  readonly key = randomUUID();
  readonly folder = mkdtempSync(join(tmpdir(), 'detlab-kernel-'));
  process!: ChildProcess;
  private readonly shell = new Dealer({ linger: 0 });
  private readonly control = new Dealer({ linger: 0 });
  private readonly iopub = new Subscriber({ linger: 0, receiveHighWaterMark: 0 });
  private readonly heart = new Request({ linger: 0 });
  private waiters: (() => void)[] = [];
  private lastSend: Promise<unknown> = Promise.resolve();

  static async start(cwd?: string, env: NodeJS.ProcessEnv = {}): Promise<KernelClient> {
    const client = new KernelClient();
    const [shell_port, iopub_port, stdin_port, control_port, hb_port] = await freePorts(5);
    const file = join(client.folder, 'connection.json');
    const ports = { shell_port, iopub_port, stdin_port, control_port, hb_port };
    const connection = {
      transport: 'tcp',
      ip: '127.0.0.1',
      key: client.key,
      signature_scheme: 'hmac-sha256',
      ...ports,
    };
    writeFileSync(file, JSON.stringify(connection), { mode: 0o600 });
    const main = join(packageRoot, 'dist', 'kernels', 'jupyter', 'launcher.js');
    const log = openSync(join(client.folder, 'kernel.log'), 'a');
    client.process = spawn(process.execPath, [main, '--connection-file', file], {
      cwd: cwd ?? client.folder,
      env: { ...process.env, ...env },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    client.iopub.subscribe();
    const connect = (socket: { connect(address: string): void }, port: number) =>
      socket.connect(`tcp://127.0.0.1:${port}`);
    connect(client.shell, shell_port);
    connect(client.control, control_port);
    connect(client.iopub, iopub_port);
    connect(client.heart, hb_port);
    for (const channel of ['shell', 'control', 'iopub'] as const) void client.listen(channel);
    // Until the subscription has reached the kernel its first messages are lost: ask until a status comes back.
    for (;;) {
      const id = client.send('shell', 'kernel_info_request', {});
      await client.wait((m) => m.channel === 'shell' && m.parent === id, 30_000);
      if (client.received.some((m) => m.channel === 'iopub' && m.parent === id)) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return client;
  }

  private async listen(channel: 'shell' | 'control' | 'iopub') {
    for await (const frames of this[channel]) {
      const message = decode(frames as Buffer[], this.key);
      if (!message) throw new Error(`The kernel sent a message with a bad signature on ${channel}`);
      const parent = parentOf(frames as Buffer[]);
      const { header, content } = message;
      this.received.push({ channel, type: header.msg_type, content, parent, at: Date.now() });
      for (const wake of this.waiters.splice(0)) wake();
    }
  }

  /** Sends a request; returns its id. */
  send(channel: 'shell' | 'control', type: string, content: Content, key: string = this.key): string {
    const frames = encode(type, content, { key, session: this.session });
    const socket = this[channel];
    this.lastSend = this.lastSend.then(() => socket.send(frames));
    return (JSON.parse(String(frames[2])) as Header).msg_id;
  }

  async wait(found: (message: Received) => boolean, timeout = 20_000): Promise<Received> {
    const deadline = Date.now() + timeout;
    for (let from = 0; ; ) {
      for (; from < this.received.length; from++) if (found(this.received[from])) return this.received[from];
      if (Date.now() > deadline || this.process.exitCode !== null || this.process.signalCode) {
        const log = readFileSync(join(this.folder, 'kernel.log'), 'utf8');
        const tail = this.received
          .slice(-5)
          .map((m) => `${m.channel} ${m.type} ${JSON.stringify(m.content).slice(0, 200)}`);
        throw new Error(
          `No such message in ${timeout} ms (exit ${this.process.exitCode} ${this.process.signalCode}). Last:\n${tail.join('\n')}\nKernel log:\n${log.slice(-2000)}`,
        );
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(500, Math.max(1, deadline - Date.now())));
        this.waiters.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** Waits for a request's reply and its idle status; returns the reply and what was published for it. */
  async finish(id: string, timeout?: number) {
    const reply = await this.wait((m) => m.channel !== 'iopub' && m.parent === id, timeout);
    await this.wait((m) => m.parent === id && m.type === 'status' && m.content.execution_state === 'idle', timeout);
    const published = this.received.filter((m) => m.channel === 'iopub' && m.parent === id);
    const text = (name: string) =>
      published
        .filter((m) => m.type === 'stream' && m.content.name === name)
        .map((m) => m.content.text)
        .join('');
    const one = (type: string) => published.find((m) => m.type === type)?.content;
    return {
      reply: reply.content,
      published,
      types: published.map((m) => m.type),
      stdout: text('stdout'),
      stderr: text('stderr'),
      result: one('execute_result')?.data['text/plain'] as string | undefined,
      error: one('error') as { ename: string; evalue: string; traceback: string[] } | undefined,
    };
  }

  async request(type: string, content: Content, channel: 'shell' | 'control' = 'shell') {
    return (await this.finish(this.send(channel, type, content))).reply;
  }

  execute(code: string, options: Content = {}, timeout?: number) {
    return this.finish(this.start(code, options), timeout);
  }

  start(code: string, options: Content = {}): string {
    return this.send('shell', 'execute_request', { code, silent: false, store_history: true, ...options });
  }

  async beat(payload: string): Promise<string> {
    await this.heart.send(payload);
    return String((await this.heart.receive())[0]);
  }

  async stop() {
    const gone = this.process.exitCode !== null || this.process.signalCode !== null;
    if (!gone) {
      const exit = new Promise((resolve) => this.process.once('exit', resolve));
      this.process.kill('SIGKILL');
      await exit;
    }
    for (const socket of [this.shell, this.control, this.iopub, this.heart]) socket.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function parentOf(frames: Buffer[]): string {
  const at = frames.findIndex((frame) => String(frame) === '<IDS|MSG>');
  return JSON.parse(String(frames[at + 3])).msg_id ?? '';
}
