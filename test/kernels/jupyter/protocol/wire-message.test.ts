// Hostile messages, the secret key of the connection, and the ports that the process listens on.

import { createHmac } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Channel, KernelClient } from '../../../../kernels/jupyter/client';
import { encode } from '../../../../kernels/jupyter/protocol/wire-message';
import { startKernel } from '../kernels';

let kernel: KernelClient;
beforeAll(async () => {
  kernel = await startKernel();
});
afterAll(() => kernel?.stop());

const expectAlive = async () => {
  expect((await kernel.execute("'alive'")).result).toBe("'alive'");
  expect(await kernel.beat('still')).toBe('still');
};
const CHANNELS: Channel[] = ['shell', 'control', 'stdin'];
const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;

describe('hostile messages', () => {
  it('are ignored when malformed, and the next good one is answered', { timeout: 60_000 }, async () => {
    const { key, session } = kernel;
    const header = (more: object = {}) =>
      JSON.stringify({
        msg_id: 'm',
        msg_type: 'execute_request',
        session,
        username: 'u',
        date: '',
        version: '5.4',
        ...more,
      });
    /** With a valid signature, so that the contents are checked. */
    const signed = (...texts: string[]) => {
      const hmac = createHmac('sha256', key);
      for (const text of texts) hmac.update(text);
      return ['<IDS|MSG>', hmac.digest('hex'), ...texts];
    };
    const batch: (Buffer | string)[][] = [
      [''],
      ['<IDS|MSG>'],
      ['<IDS|MSG>', ''],
      ['a', 'b', 'c', 'd', 'e', 'f', 'g'],
      ['<IDS|MSG>', 'zz', '{}', '{}', '{}', '{}'],
      [Buffer.alloc(1 << 20, 0xff), '<IDS|MSG>', Buffer.alloc(1 << 20, 0xff), '{}', '{}', '{}', '{}'],
      signed('', '', '', ''),
      signed('not json', '{}', '{}', '{}'),
      signed('null', 'null', 'null', 'null'),
      signed('[]', '[]', '[]', '[]'),
      signed('{}', '{}', '{}', '{}'),
      signed(header({ msg_type: 5 }), '{}', '{}', '{}'),
      signed(header({ msg_type: '__proto__' }), '{}', '{}', '{}'),
      signed(header({ msg_type: 'constructor' }), '{}', '{}', '{}'),
      signed(header({ msg_type: 'no_such_request' }), '{}', '{}', '{}'),
      signed(header(), '{}', '{}', '"text"'),
      signed(header(), '{}', '{}', deep(200_000)),
      signed(header(), '{}', '{}', `{"code": ${deep(200_000)}}`),
      signed(header(), deep(200_000), '{}', '{}'),
      signed(header({ extra: 'x'.repeat(1 << 20) }), '{}', '{}', '{"code": "1"}'),
      signed(
        header(),
        '{}',
        '{}',
        `{"code": ${JSON.stringify('\u0000\ud800')}, "silent": "yes", "stop_on_error": false, "user_expressions": [1, {"toString": 1}]}`,
      ),
      signed(header(), '{}', '{}', '{"code": {"toString": 1}}'),
      signed(header(), '{}', '{}', '{}'),
      ...['complete_request', 'inspect_request', 'is_complete_request', 'history_request', 'comm_info_request'].flatMap(
        (msg_type) => [
          signed(header({ msg_type }), '{}', '{}', '{}'),
          signed(
            header({ msg_type }),
            '{}',
            '{}',
            '{"code": {"toString": 1}, "cursor_pos": "far", "pattern": 3, "n": {}, "target_name": []}',
          ),
          signed(
            header({ msg_type }),
            '{}',
            '{}',
            '{"code": "x", "cursor_pos": -5, "hist_access_type": "search", "n": 1e999}',
          ),
        ],
      ),
      ...['comm_open', 'comm_msg', 'comm_close', 'input_reply'].flatMap((msg_type) => [
        signed(header({ msg_type }), '{}', '{}', '{}'),
        signed(
          header({ msg_type }),
          '{}',
          '{}',
          '{"comm_id": {"toString": 1}, "target_name": 1, "data": null, "value": []}',
        ),
      ]),
    ];
    for (const channel of CHANNELS) for (const frames of batch) kernel.sendFrames(channel, frames);
    await expectAlive();
  });

  it('are ignored when they are not zmq messages', async () => {
    for (const port of kernel.ports) {
      await new Promise<void>((resolve) => {
        const socket = connect(port, '127.0.0.1', () => socket.end('GET / HTTP/1.1\r\nHost: x\r\n\r\n'));
        socket.on('close', () => resolve()).on('error', () => resolve());
        socket.resume();
        setTimeout(() => socket.destroy(), 1000).unref();
      });
    }
    await expectAlive();
  });

  it('do nothing when signed by someone else, not signed, or sent a second time', async () => {
    await kernel.execute('(globalThis as any).runs = 0;');
    const content = { code: '(globalThis as any).runs++', silent: true };
    const forged = encode('execute_request', content, { key: 'another key', session: kernel.session });
    const unsigned = encode('execute_request', content, { key: '', session: kernel.session });
    const good = encode('execute_request', content, { key: kernel.key, session: kernel.session });
    const shouted = [good[0], String(good[1]).toUpperCase(), ...good.slice(2)];
    const changed = [...good.slice(0, -1), String(good.at(-1)).replace('runs++', 'runs--')];
    for (const frames of [forged, unsigned, good, good, shouted, changed]) kernel.sendFrames('shell', frames);
    kernel.sendFrames('control', good);
    expect((await kernel.execute('(globalThis as any).runs')).result).toBe('1');
  });
});

describe('the connection', () => {
  it('does not expose its key to cells or logs by accident', async () => {
    const { stdout } = await kernel.execute(
      `console.log(process.argv, process.env, process.execArgv, process.title);
       console.log(Reflect.ownKeys(globalThis).map((k) => { try { return String((globalThis as any)[k]) } catch { return '' } }).join());
       const { workerData } = await import('node:worker_threads'); console.log(workerData);`,
    );
    expect(stdout).toContain('connection.json');
    expect(stdout).not.toContain(kernel.key);
    expect(readFileSync(join(kernel.folder, 'kernel.log'), 'utf8')).not.toContain(kernel.key);
    expect(JSON.stringify(kernel.received.map(({ content }) => content))).not.toContain(kernel.key);
  });

  it.skipIf(process.platform !== 'linux')('has the only ports that the launcher and the kernel listen on', async () => {
    await kernel.execute('tf.scalar(1).dataSync()[0]'); // with an engine started
    const pid = kernel.process.pid!;
    const tree = (root: number): number[] => [
      root,
      ...readFileSync(`/proc/${root}/task/${root}/children`, 'utf8')
        .split(' ')
        .filter(Boolean)
        .map(Number)
        .flatMap(tree),
    ];
    const sockets = new Set(
      tree(pid).flatMap((each) =>
        readdirSync(`/proc/${each}/fd`).flatMap((fd) => {
          try {
            return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${each}/fd/${fd}`))?.slice(1) ?? [];
          } catch {
            return []; // closed in the meantime
          }
        }),
      ),
    );
    expect(sockets.size).toBeGreaterThan(4);
    const entries = (table: string) =>
      readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
        .split('\n')
        .slice(1)
        .map((line) => line.trim().split(/\s+/))
        .filter((fields) => sockets.has(fields[9]));
    const LISTEN = '0A';
    const listening = [...entries('tcp'), ...entries('tcp6')]
      .filter((fields) => fields[3] === LISTEN)
      .map((fields) => fields[1]);
    const expected = kernel.ports.map((port) => `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`);
    expect(listening.sort()).toEqual(expected.sort());
    expect([...entries('udp'), ...entries('udp6'), ...entries('raw')]).toEqual([]);
  });
});
