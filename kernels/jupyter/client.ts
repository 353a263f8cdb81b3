// A small Jupyter client: starts a kernel as Jupyter does and communicates with it over zeromq. For `detlab kernel
// doctor`, the tests and the benchmark, which also starts other kernels with it.

import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Dealer, Request, Subscriber } from 'zeromq';
import { kernelspec } from '../../src/cli/kernel/kernelspec';
import { type Content, decode, type Envelope, encode } from './protocol/wire-message';

export type Channel = 'shell' | 'control' | 'stdin';

export interface Received {
  channel: string;
  type: string;
  // biome-ignore lint/suspicious/noExplicitAny: the content depends on the message type
  content: any;
  parent: string;
  id: string;
  metadata: Content;
  buffers: Buffer[];
  at: number;
}

export interface StartOptions {
  /** As in a kernelspec, with `{connection_file}`; by default the compiled kernel of this checkout. */
  argv?: string[];
  env?: Record<string, string>;
  /** Milliseconds within which it must answer. */
  readyWithin?: number;
}

const MAX_STARTS = 3;

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
  readonly key: string;
  readonly folder: string;
  process!: ChildProcess;
  /** When the process was started and when it first answered, by `performance.now()`. */
  started = 0;
  firstReply?: number;
  private failure?: Error;
  /** The connection file's ports: shell, iopub, stdin, control, heartbeat. */
  ports: number[] = [];
  private readonly identity = { linger: 0, routingId: randomUUID() };
  private readonly shell = new Dealer(this.identity);
  private readonly control = new Dealer(this.identity);
  private readonly stdin = new Dealer(this.identity);
  private readonly iopub = new Subscriber({ linger: 0, receiveHighWaterMark: 0 });
  private readonly heart = new Request({ linger: 0 });
  private waiters: (() => void)[] = [];
  private lastSend: Promise<unknown> = Promise.resolve();

  /** @param host the client whose kernel this one connects to, instead of starting one */
  private constructor(private readonly host?: KernelClient) {
    this.key = host?.key ?? randomUUID();
    this.folder = host?.folder ?? mkdtempSync(join(tmpdir(), 'detlab-kernel-'));
  }

  /** Starts a kernel; on other ports where another process has taken one meanwhile. */
  static async start(cwd?: string, options: StartOptions = {}): Promise<KernelClient> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await KernelClient.startOnce(cwd, options);
      } catch (error) {
        if (attempt === MAX_STARTS || !/Address already in use/.test((error as Error).message)) throw error;
      }
    }
  }

  private static async startOnce(cwd: string | undefined, options: StartOptions): Promise<KernelClient> {
    const client = new KernelClient();
    client.ports = await freePorts(5);
    const [shell_port, iopub_port, stdin_port, control_port, hb_port] = client.ports;
    const ports = { shell_port, iopub_port, stdin_port, control_port, hb_port };
    const connection = {
      transport: 'tcp',
      ip: '127.0.0.1',
      key: client.key,
      signature_scheme: 'hmac-sha256',
      ...ports,
    };
    writeFileSync(client.connectionFile, JSON.stringify(connection), { mode: 0o600 });
    try {
      client.spawn(cwd, options);
      return await client.open(true, options.readyWithin);
    } catch (error) {
      await client.stop();
      throw error;
    }
  }

  /** Another front end of a running kernel; stopping it does not stop the kernel. */
  static connect(host: KernelClient, { stdin }: { stdin: boolean }): Promise<KernelClient> {
    const client = new KernelClient(host);
    client.ports = host.ports;
    client.process = host.process;
    return client.open(stdin);
  }

  private async open(stdin: boolean, readyWithin?: number): Promise<this> {
    const [shell, iopub, stdinPort, control, heart] = this.ports.map((port) => `tcp://127.0.0.1:${port}`);
    this.iopub.subscribe();
    this.shell.connect(shell);
    this.control.connect(control);
    this.iopub.connect(iopub);
    this.heart.connect(heart);
    if (stdin) this.stdin.connect(stdinPort);
    for (const channel of ['shell', 'control', 'iopub'] as const) void this.listen(channel);
    if (stdin) void this.listen('stdin');
    await this.ready(readyWithin);
    return this;
  }

  get connectionFile() {
    return join(this.folder, 'connection.json');
  }

  /** Starts a kernel process on the connection file. */
  spawn(cwd: string = this.folder, { argv = kernelspec().argv, env }: StartOptions = {}) {
    const [program, ...args] = argv.map((word) => word.replace('{connection_file}', this.connectionFile));
    const log = openSync(join(this.folder, 'kernel.log'), 'a');
    this.started = performance.now();
    this.failure = undefined;
    // As Jupyter sets it: the kernel ends when the process that started it does.
    this.process = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env, JPY_PARENT_PID: String(process.pid) },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.process.on('error', (error) => {
      this.failure = error;
      this.wake();
    });
    this.process.once('exit', () => this.wake());
  }

  /** Messages are lost until the kernel knows of the subscription: repeats a request until its status is received. */
  async ready(within = 60_000) {
    for (const deadline = Date.now() + within; ; ) {
      const id = this.send('shell', 'kernel_info_request', {});
      await this.wait((m) => m.channel === 'shell' && m.parent === id, Math.max(1, deadline - Date.now()));
      this.firstReply ??= performance.now();
      if (this.received.some((m) => m.channel === 'iopub' && m.parent === id)) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  private async listen(channel: 'shell' | 'control' | 'stdin' | 'iopub') {
    for await (const frames of this[channel]) {
      const message = decode(frames as Buffer[], this.key);
      if (!message) throw new Error(`The kernel sent a message with a bad signature on ${channel}`);
      const { header, parent, content, metadata, buffers } = message;
      const { msg_type: type, msg_id: id } = header;
      this.received.push({ channel, type, content, parent, id, metadata, buffers, at: Date.now() });
      this.wake();
    }
  }

  private wake() {
    for (const wake of this.waiters.splice(0)) wake();
  }

  private get hasEnded() {
    return this.failure !== undefined || this.process.exitCode !== null || this.process.signalCode !== null;
  }

  /** Sends a request; returns its id. */
  send(channel: Channel, type: string, content: Content, more: Partial<Envelope> = {}): string {
    const id = more.id ?? randomUUID();
    this.sendFrames(channel, encode(type, content, { key: this.key, session: this.session, id, ...more }));
    return id;
  }

  /** Sends frames as they are. */
  sendFrames(channel: Channel, frames: (Buffer | string)[]) {
    const socket = this[channel];
    this.lastSend = this.lastSend.then(() => socket.send(frames));
  }

  /** The first message, received or to come, that matches. */
  async wait(matches: (message: Received) => boolean, timeout = 20_000): Promise<Received> {
    const deadline = Date.now() + timeout;
    for (let from = 0; ; ) {
      for (; from < this.received.length; from++) if (matches(this.received[from])) return this.received[from];
      if (Date.now() > deadline || this.hasEnded) {
        if (this.failure) throw new Error(`The kernel could not be started: ${this.failure.message}`);
        const log = readFileSync(join(this.folder, 'kernel.log'), 'utf8');
        const tail = this.received
          .slice(-5)
          .map((m) => `${m.channel} ${m.type} ${JSON.stringify(m.content).slice(0, 200)}`);
        throw new Error(
          `No matching message within ${timeout} ms (exit ${this.process.exitCode} ${this.process.signalCode}). Last:\n${tail.join('\n')}\nKernel log:\n${log.slice(-2000)}`,
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
    const reply = await this.wait((m) => /^(?:shell|control)$/.test(m.channel) && m.parent === id, timeout);
    await this.wait((m) => m.parent === id && m.type === 'status' && m.content.execution_state === 'idle', timeout);
    const published = this.received.filter((m) => m.channel === 'iopub' && m.parent === id);
    const text = (name: string) =>
      published
        .filter((m) => m.type === 'stream' && m.content.name === name)
        .map((m) => m.content.text)
        .join('');
    const contentOf = (type: string) => published.find((m) => m.type === type)?.content;
    return {
      reply: reply.content,
      metadata: reply.metadata,
      published,
      types: published.map((m) => m.type),
      stdout: text('stdout'),
      stderr: text('stderr'),
      result: contentOf('execute_result')?.data['text/plain'] as string | undefined,
      error: contentOf('error') as { ename: string; evalue: string; traceback: string[] } | undefined,
    };
  }

  async request(type: string, content: Content, channel: Channel = 'shell') {
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

  /** Asks the kernel to shut down; resolves to whether its process ended within the time. */
  async shutdown(within = 5_000): Promise<boolean> {
    const exit = this.hasEnded ? undefined : new Promise((resolve) => this.process.once('exit', resolve));
    this.send('control', 'shutdown_request', { restart: false });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, within);
    });
    await Promise.race([exit, late]);
    clearTimeout(timer);
    return this.hasEnded;
  }

  async stop() {
    if (!this.host && !this.hasEnded) {
      const exit = new Promise((resolve) => this.process.once('exit', resolve));
      this.process.kill('SIGKILL');
      await exit;
    }
    for (const socket of [this.shell, this.control, this.stdin, this.iopub, this.heart]) socket.close();
    if (!this.host) rmSync(this.folder, { recursive: true, force: true });
  }
}
