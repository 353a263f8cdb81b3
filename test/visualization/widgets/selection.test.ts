// Choices without a notebook: values, labels, what is refused.

import { expect, test } from 'vitest';
import { widgets } from '../../../src/visualization/widgets';

test('a choice begins with the first option, and follows its options', () => {
  const neck = widgets.dropdown({ options: ['FPN', 'PAFPN'], description: 'neck' });
  const seen: unknown[] = [];
  neck.observe((now, before) => void seen.push([before, now]));
  expect(neck.value).toBe('FPN');
  neck.value = 'PAFPN';
  neck.options = ['FPN'];
  expect(neck.value).toBe('FPN');
  expect(seen).toEqual([
    ['FPN', 'PAFPN'],
    ['PAFPN', 'FPN'],
  ]);
  expect(String(neck)).toBe('neck: FPN');
});

test('options may have labels, whose values are compared as they are', () => {
  const [large, small] = [{ size: 640 }, { size: 320 }];
  const size = widgets.toggleButtons({ options: { large, small }, value: small });
  expect(size.value).toBe(small);
  expect(String(size)).toBe('small');
  const shown = widgets.dropdown({ options: { '<img onerror=x>': 1 }, description: '<b>' }).toHtml();
  expect(shown).toContain('&lt;img onerror=x&gt;');
  expect(shown).toContain('&lt;b&gt;');
});

test('several can be chosen', () => {
  const classes = widgets.selectMultiple({ options: ['RBC', 'WBC', 'Platelets'], value: ['WBC', 'RBC'] });
  expect(classes.value).toEqual(['WBC', 'RBC']);
  classes.options = ['RBC', 'Platelets'];
  expect(classes.value).toEqual(['RBC']);
  expect(() => {
    classes.value = ['RBC', 'WBC'] as never;
  }).toThrow('Cannot choose the string "WBC" in SelectMultiple: expected one of RBC, Platelets.');
});

test('a value that is no option is refused, with the nearest', () => {
  expect(() => widgets.radioButtons({ options: ['FPN', 'PAFPN'], value: 'PAFNP' as never })).toThrow(
    'Did you mean "PAFPN"?',
  );
  expect(() => widgets.dropdown({ options: 'FPN' as never })).toThrow('expected a list of values, or values by label');
});
