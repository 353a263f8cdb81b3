// A server of files on the loopback interface, for tests of downloads: whole, in parts, and as servers fail.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Answer = (response: ServerResponse, request: IncomingMessage) => void;

export interface FileServer {
  /** `http://127.0.0.1:PORT` */
  readonly root: string;
  /** What was requested, in order: path and range. */
  readonly requests: { path: string; range?: string; authorization?: string }[];
  /** Answers by path; anything else is a 404. */
  readonly answers: Record<string, Answer>;
  close(): Promise<void>;
}

export async function fileServer(answers: Record<string, Answer> = {}): Promise<FileServer> {
  const requests: FileServer['requests'] = [];
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0];
    const { range, authorization } = request.headers;
    requests.push({ path, ...(range && { range }), ...(authorization && { authorization }) });
    const answer = answers[path];
    if (answer) answer(response, request);
    else response.writeHead(404, 'Not Found').end('no such file');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    root: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    answers,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** All of the file, or the range that was requested; `headers` go with both. */
export const ranged =
  (bytes: Buffer, headers: Record<string, string> = {}): Answer =>
  (response, { headers: { range } }) => {
    const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
    if (range === undefined) response.writeHead(200, { ...headers, 'content-length': bytes.length }).end(bytes);
    else if (from >= bytes.length)
      response.writeHead(416, { ...headers, 'content-range': `bytes */${bytes.length}` }).end();
    else
      response
        .writeHead(206, {
          ...headers,
          'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}`,
          'content-length': bytes.length - from,
        })
        .end(bytes.subarray(from));
  };

/** `first` once for each of its answers, then the last. */
export function inTurn(...answers: Answer[]): Answer {
  let at = 0;
  return (response, request) => answers[Math.min(at++, answers.length - 1)](response, request);
}

/** Announces all of the file, and closes the connection after so many bytes of it. */
export const cutAfter =
  (bytes: Buffer, count: number, headers: Record<string, string> = {}): Answer =>
  (response) => {
    response.writeHead(200, { ...headers, 'content-length': bytes.length });
    response.write(bytes.subarray(0, count), () => setTimeout(() => response.destroy(), 20));
  };
