// What ranks compare of a config: its values by their paths, and nothing secret.

import { expect, test } from 'vitest';
import { configFacts } from '../../../src/training/ranks/same-facts';

test('values by their paths, secrets by their digests', () => {
  const facts = configFacts({ model: { depth: 18, list: [1, null] }, init_kwargs: { api_key: 'abc', token: 'def' } });
  expect(facts.slice(0, 3)).toEqual([
    ['config.model.depth', '18'],
    ['config.model.list.0', '1'],
    ['config.model.list.1', 'null'],
  ]);
  const secrets = facts.slice(3).map(([, value]) => value);
  expect(secrets).toEqual([expect.stringMatching(/^[0-9a-f]{8}$/), expect.stringMatching(/^[0-9a-f]{8}$/)]);
  expect(configFacts({ token: 'other' })).not.toEqual(configFacts({ token: 'def' }));
});
