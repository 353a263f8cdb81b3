// Nesting by time, also of events of another thread that outlast the one around them.

import { expect, it } from 'vitest';
import { nestEvents } from '../../src/analysis/profile-nesting';
import type { EngineEvent } from '../../src/engine/profile-events';

const event = (name: string, kind: EngineEvent['kind'], start: number, end: number): EngineEvent => ({
  name,
  kind,
  module: -1,
  detail: '',
  start,
  end,
});

it('gives each event the innermost one around it', () => {
  const nested = nestEvents([
    event('call', 'call', 0, 10),
    event('outer', 'op', 1, 9),
    event('node', 'node', 2, 6),
    event('inner', 'op', 2, 4),
    event('next', 'call', 10, 12),
  ]);
  expect(nested.map(({ parent, self, exclusive }) => [parent?.event.name, self, exclusive])).toEqual([
    [undefined, 2, 6],
    ['call', 4, 8],
    ['outer', 2, 4],
    ['node', 2, 2],
    [undefined, 2, 2],
  ]);
});

it('counts of an event that outlasts the one around it only what is inside', () => {
  const [call, other] = nestEvents([event('call', 'call', 0, 10), event('other', 'op', 8, 14)]);
  expect([call.self, other.self]).toEqual([8, 6]);
});
