// mmengine's priorities: the order in which the hooks of one point are called.

import { z } from 'zod';

/** 0 comes first, 100 last; hooks of one priority in the order they were registered. */
export const PRIORITIES = {
  HIGHEST: 0,
  VERY_HIGH: 10,
  HIGH: 30,
  ABOVE_NORMAL: 40,
  NORMAL: 50,
  BELOW_NORMAL: 60,
  LOW: 70,
  VERY_LOW: 90,
  LOWEST: 100,
} as const;
type Level = keyof typeof PRIORITIES;

const LEVELS = Object.keys(PRIORITIES);
const isLevel = (name: string): name is Level => LEVELS.includes(name);

/** The option that every hook has. */
export const priority = z
  .union([
    z.string().refine((name) => isLevel(name.toUpperCase()), { message: `expected one of ${LEVELS.join(', ')}` }),
    z.int().min(0).max(100),
  ])
  .optional()
  .describe("Order among the hooks: 0 (first) to 100 (last), or a level such as 'NORMAL' (50)");

/** @param given the option's value: a level in any case, or a number */
export function priorityValue(given: string | number): number {
  if (typeof given === 'number') return given;
  const level = given.toUpperCase();
  return isLevel(level) ? PRIORITIES[level] : PRIORITIES.NORMAL;
}
