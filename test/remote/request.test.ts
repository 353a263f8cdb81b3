// Requests: redirects, schemes, credentials, DETLAB_OFFLINE, and that nothing else of the project makes any.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { publicAddress, request } from '../../src/remote/request';
import { type FileServer, fileServer } from './file-server';

let server: FileServer;
let other: FileServer;
beforeAll(async () => {
  vi.stubEnv('DETLAB_OFFLINE', '');
  other = await fileServer({ '/whole': (r) => r.end('other') });
  server = await fileServer({
    '/whole': (r) => r.end('whole'),
    '/moved': (r) => r.writeHead(302, { location: '/whole' }).end(),
    '/away': (r) => r.writeHead(307, { location: `${other.root}/whole` }).end(),
    '/circle': (r) => r.writeHead(301, { location: '/circle' }).end(),
    '/file': (r) => r.writeHead(302, { location: 'file:///etc/passwd' }).end(),
    '/nonsense': (r) => r.writeHead(302, { location: 'http://' }).end(),
  });
});
afterAll(async () => {
  await server.close();
  await other.close();
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  vi.stubEnv('DETLAB_OFFLINE', '');
});

test('follows redirects, and gives user and password to the host that they are for', async () => {
  const withUser = (path: string) => `${server.root.replace('//', '//me:p%40ss@')}${path}`;
  expect(await (await request(withUser('/moved'))).text()).toBe('whole');
  const sent = `Basic ${Buffer.from('me:p@ss').toString('base64')}`;
  expect(server.requests.splice(0)).toEqual([
    { path: '/moved', authorization: sent },
    { path: '/whole', authorization: sent },
  ]);
  expect(await (await request(withUser('/away'))).text()).toBe('other');
  expect(other.requests).toEqual([{ path: '/whole' }]);
  expect((await request(`${server.root}/none`)).status).toBe(404);
});

test.each([
  ['/circle', 'it redirects more than 10 times'],
  ['/file', 'it redirects to a file: address, expected http or https'],
  ['/nonsense', 'it redirects to something that is no address'],
])('%s is refused', async (path, message) => {
  const failed = request(`${server.root}${path}?token=secret`, { verb: 'download' });
  await expect(failed).rejects.toThrow(`Cannot download "${server.root}${path}": ${message}`);
});

test('never from https to http', async () => {
  const seen: string[] = [];
  vi.stubGlobal('fetch', async (address: string) => {
    seen.push(address);
    return new Response(null, { status: 302, headers: { location: 'http://example.org/b.pth' } });
  });
  await expect(request('https://example.org/a.pth')).rejects.toThrow('it redirects from https to http');
  expect(seen).toEqual(['https://example.org/a.pth']);
});

test('other schemes, what is no address, no server, Stop', async () => {
  await expect(request('file:///etc/passwd')).rejects.toThrow('it is a file: address, expected http or https');
  await expect(request('https://')).rejects.toThrow('it is no address, expected https://HOST/PATH');
  await expect(request('http://127.0.0.1:9/a')).rejects.toMatchObject({
    failure: expect.stringMatching(/broken|unreachable/),
  });
  const stop = new AbortController();
  stop.abort();
  await expect(request(`${server.root}/whole`, { signal: stop.signal })).rejects.toThrow(/abort/i);
});

test('DETLAB_OFFLINE: nothing is requested', async () => {
  const fetched = vi.fn();
  vi.stubGlobal('fetch', fetched);
  for (const value of ['1', 'true']) {
    vi.stubEnv('DETLAB_OFFLINE', value);
    await expect(request(`${server.root}/whole`)).rejects.toThrow('DETLAB_OFFLINE is set');
  }
  expect(fetched).not.toHaveBeenCalled();
});

test('a public address has neither user nor query', () => {
  expect(publicAddress('https://me:pw@example.org/a/b.png?key=1#x')).toBe('https://example.org/a/b.png');
  expect(publicAddress('no address?key=1')).toBe('no address');
});

test('nothing else of the project goes out', () => {
  const root = join(__dirname, '../..');
  const sources = ['src', 'kernels/jupyter', 'bin'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(ts|[cm]?js)$/.test(file))
      .map((file) => join(folder, file)),
  );
  // the kernel's own sockets (node:net) are the pipes and ports of its Jupyter server, on this machine
  const goesOut =
    /\bfetch\(|globalThis\.fetch|XMLHttpRequest|WebSocket|EventSource|sendBeacon|(from|require\(|import\()\s*['"](node:)?(https?|http2|tls|dgram|undici)['"]/;
  const without = (text: string) => text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
  const found = sources.filter((file) => goesOut.test(without(readFileSync(join(root, file), 'utf8'))));
  // a socket of node:dgram that is asked for its address, and sends nothing
  const ranks = join('src', 'lab', 'ranks', 'launched-rank.ts');
  expect(found.filter((file) => file !== join('src', 'remote', 'request.ts') && file !== ranks)).toEqual([]);
  expect(readFileSync(join(root, ranks), 'utf8')).not.toMatch(/\.send\(/);
  expect(sources.length).toBeGreaterThan(300);
});
