// A port that is in use, and one that is not.

import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { portInUse } from '../../../src/lab/ranks/port-holder';

let server: Server;
let port = 0;
beforeAll(async () => {
  server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  port = typeof address === 'object' && address ? address.port : 0;
});
afterAll(() => void server.close());

test('names the process, and a port that is free', async () => {
  const found = await portInUse(port);
  expect(found?.line).toMatch(new RegExp(`^port ${port} is in use by process ${process.pid} \\(.*\\); \\d+ is free$`));
  expect(await portInUse(found!.free)).toBeUndefined();
});
