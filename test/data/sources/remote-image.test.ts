// Images at addresses, from a server of this test that answers as servers in the world do: whole, cut off, late, too much.

import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { fetchImage } from '../../../src/data/sources/remote-image';

const bytes = Buffer.alloc(1000, 7);
const answers: Record<string, (response: ServerResponse) => void> = {
  '/whole': (r) => r.end(bytes),
  '/moved': (r) => r.writeHead(302, { location: '/whole' }).end(),
  '/circle': (r) => r.writeHead(302, { location: '/circle' }).end(),
  '/file': (r) => r.writeHead(302, { location: 'file:///etc/passwd' }).end(),
  '/cut': (r) => {
    r.writeHead(200, { 'content-length': 2000 });
    r.write(bytes, () => r.destroy());
  },
  '/cut-chunked': (r) => {
    r.writeHead(200);
    r.write(bytes, () => r.destroy());
  },
  '/clip': (r) => r.writeHead(200, { 'content-type': 'video/mp4' }).end(bytes),
  '/slow': (r) => void r.write(bytes.subarray(0, 10)),
  '/silent': () => {},
  '/large': (r) => r.writeHead(200, { 'content-length': 10_000_000 }).end(),
  '/endless': (r) => {
    const timer = setInterval(() => r.write(Buffer.alloc(100_000)), 1);
    r.on('close', () => clearInterval(timer));
  },
};
let server: Server;
let root: string;

beforeAll(async () => {
  vi.stubEnv('DETLAB_OFFLINE', '');
  server = createServer(({ url = '' }, response) => {
    const answer = answers[url.split('?')[0]];
    if (answer) answer(response);
    else response.writeHead(404, 'Not Found').end('no such image');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  root = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

test('whole, also after a redirection', async () => {
  expect(await fetchImage(`${root}/whole`)).toEqual(bytes);
  expect(await fetchImage(`${root}/moved?token=secret`)).toEqual(bytes);
});

test.each([
  ['/missing', {}, 'the server answered 404 Not Found'],
  ['/clip', {}, 'the server sent a video (video/mp4), which is read from a file. Download it, and give the file'],
  ['/cut', {}, 'the connection ended before the whole file was there'],
  ['/cut-chunked', {}, 'the connection ended before the whole file was there'],
  ['/slow', { timeout: 200 }, 'no whole answer within 0.2 seconds'],
  ['/silent', { timeout: 200 }, 'no whole answer within 0.2 seconds'],
  ['/large', { limit: 2 ** 20 }, 'expected at most 1 MiB, received 10 MiB or more'],
  ['/endless', { limit: 2 ** 20 }, 'expected at most 1 MiB, received 2 MiB or more'],
  ['/circle', {}, 'it redirects more than 10 times'],
  ['/file', {}, 'it redirects to a file: address, expected http or https'],
])('%s: the address and what is wrong, without secrets', async (path, options, message) => {
  const failed = fetchImage(`${root}${path}?token=secret`, options);
  await expect(failed).rejects.toThrow(`Cannot fetch "${root}${path}": `);
  await expect(failed).rejects.toThrow(message);
  await expect(failed).rejects.not.toThrow('secret');
});

test('no server, Stop, and offline', async () => {
  await expect(fetchImage('http://127.0.0.1:9/a.png')).rejects.toThrow(
    /Cannot fetch "http:\/\/127\.0\.0\.1:9\/a\.png": \S+/,
  );
  const stop = new AbortController();
  const waiting = fetchImage(`${root}/silent`, { signal: stop.signal });
  setTimeout(() => stop.abort(), 50);
  await expect(waiting).rejects.toThrow('interrupted');
  vi.stubEnv('DETLAB_OFFLINE', '1');
  await expect(fetchImage(`${root}/whole`)).rejects.toThrow('DETLAB_OFFLINE is set');
  vi.unstubAllEnvs();
});
