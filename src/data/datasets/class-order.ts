// The order of class names where no file has one: numbers as numbers (2 before 10), then the others by their characters.

const NUMBER = /^\d+$/;

/** Compares class names, as `Array.sort` calls it. */
export function classOrder(a: string, b: string): number {
  const [isNumber, isOtherNumber] = [NUMBER.test(a), NUMBER.test(b)];
  // numbers before all others, else the order would not be one: 9 < 10 < 1a < 9
  if (isNumber !== isOtherNumber) return isNumber ? -1 : 1;
  return (isNumber ? Number(a) - Number(b) : 0) || (a < b ? -1 : a > b ? 1 : 0);
}
