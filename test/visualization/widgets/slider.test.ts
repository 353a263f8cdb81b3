// Sliders without a notebook: bounds, ranges, what is shown without widgets.

import { expect, test } from 'vitest';
import { widgets } from '../../../src/visualization/widgets';

test('a bound takes the value along, and observers see it', () => {
  const slider = widgets.intSlider({ min: 0, max: 10, value: 8 });
  const seen: number[] = [];
  slider.observe((value) => void seen.push(value));
  slider.observe('max', (max) => void seen.push(-max));
  slider.max = 5;
  slider.min = 4;
  expect([slider.value, slider.min, slider.max]).toEqual([5, 4, 5]);
  expect(seen).toEqual([5, -5]);
});

test('a range keeps its ends in order and inside', () => {
  const range = widgets.floatRangeSlider({ min: -1, max: 1, value: [-0.5, 0.25], description: 'x' });
  expect(String(range)).toBe('x: -0.5 to 0.25 (-1 to 1)');
  expect(range.toHtml()).toMatch(/margin-left:25.0%;width:37.5%/);
  expect(() => {
    range.value = [0.5, 0.25];
  }).toThrow('expected two finite numbers, the smaller one first, received a list of 2');
  range.max = 0;
  expect(range.value).toEqual([-0.5, 0]);
});

test('an integer slider takes integers only', () => {
  expect(() => widgets.intSlider({ value: 1.5 })).toThrow('Cannot set value of IntSlider: expected an integer');
});

test('an observer that has ended is not called, nor those of a closed widget', () => {
  const slider = widgets.floatSlider();
  let calls = 0;
  const end = slider.observe(() => void calls++);
  slider.value = 0.1;
  end();
  slider.value = 0.2;
  slider.observe(() => void calls++);
  slider.close();
  slider.value = 0.3;
  expect([calls, slider.value, slider.closed]).toEqual([1, 0.3, true]);
});
