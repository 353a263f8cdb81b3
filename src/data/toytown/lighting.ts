// Times of day: colours of sky and land, a tint over the scene, and whether lamps are lit.

import type { Random } from '../../random';

export interface Lighting {
  name: string;
  /** Gradient from the zenith to the horizon. */
  sky: [string, string];
  /** `height`: above the horizon, as a fraction of the sky. */
  sun?: { colour: string; height: number };
  cloud: string;
  hills: [string, string];
  grass: string;
  road: string;
  pavement: string;
  /** Multiplied with the whole image. */
  tint: string;
  /** Strength of shadows on the ground, 0 to 1. */
  shadow: number;
  lamps: boolean;
}

const LIGHTINGS: readonly Lighting[] = [
  {
    name: 'noon',
    sky: ['#3f8fdc', '#c9e6f7'],
    sun: { colour: '#fff6d0', height: 0.75 },
    cloud: 'rgba(255,255,255,0.85)',
    hills: ['#7fae86', '#5f9468'],
    grass: '#7fb357',
    road: '#6d7078',
    pavement: '#c7c2b8',
    tint: '#ffffff',
    shadow: 0.38,
    lamps: false,
  },
  {
    name: 'morning',
    sky: ['#86b9e8', '#fbe6c8'],
    sun: { colour: '#fff0bf', height: 0.35 },
    cloud: 'rgba(255,250,240,0.8)',
    hills: ['#9db9a0', '#7ba383'],
    grass: '#8bb862',
    road: '#787a80',
    pavement: '#d2cabb',
    tint: '#fff8ea',
    shadow: 0.3,
    lamps: false,
  },
  {
    name: 'golden hour',
    sky: ['#5d74b8', '#ffc27a'],
    sun: { colour: '#ffe08a', height: 0.16 },
    cloud: 'rgba(255,214,176,0.75)',
    hills: ['#8a7f8e', '#6d6f6a'],
    grass: '#8f9f4c',
    road: '#6a6568',
    pavement: '#c9b399',
    tint: '#ffecd2',
    shadow: 0.45,
    lamps: false,
  },
  {
    name: 'overcast',
    sky: ['#9aa7b3', '#d5dade'],
    cloud: 'rgba(240,242,244,0.6)',
    hills: ['#8b9a94', '#748680'],
    grass: '#7d9a62',
    road: '#64676c',
    pavement: '#b3b1ac',
    tint: '#e9edf0',
    shadow: 0.16,
    lamps: false,
  },
  {
    name: 'dusk',
    sky: ['#2b2f63', '#d9799b'],
    cloud: 'rgba(190,130,170,0.55)',
    hills: ['#55507c', '#454668'],
    grass: '#6b8a5e',
    road: '#5b5b6c',
    pavement: '#a49db0',
    tint: '#b9a9d4',
    shadow: 0.25,
    lamps: true,
  },
  {
    name: 'night',
    sky: ['#0d1638', '#3d4f86'],
    sun: { colour: '#f3f1dc', height: 0.8 },
    cloud: 'rgba(90,105,150,0.35)',
    hills: ['#33416b', '#2a3658'],
    grass: '#5f7f6b',
    road: '#5a6070',
    pavement: '#8f95a8',
    tint: '#8792c4',
    shadow: 0.2,
    lamps: true,
  },
];

/** Mostly daylight, sometimes dusk or night. */
export function pickLighting(random: Random): Lighting {
  const weights = [5, 4, 3, 3, 2, 1.5];
  let u = random.uniform(
    0,
    weights.reduce((sum, w) => sum + w, 0),
  );
  for (const [i, weight] of weights.entries()) {
    if (u < weight) return LIGHTINGS[i];
    u -= weight;
  }
  return LIGHTINGS[0];
}
