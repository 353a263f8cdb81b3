// Modules in a row under the names 0, 1, 2, ...: PyTorch's ModuleList and Sequential.

import type * as tf from '@tensorflow/tfjs';
import { Module } from './module';

/** A list of modules; who holds it decides how they are called. */
export class ModuleList<T extends Module> extends Module implements Iterable<T> {
  private readonly items: T[] = [];

  constructor(items: Iterable<T> = []) {
    super();
    for (const item of items) this.push(item);
  }

  push(item: T): T {
    this.addChild(String(this.items.length), item);
    this.items.push(item);
    return item;
  }

  at(index: number): T {
    const item = this.items.at(index);
    if (!item) throw new RangeError(`No module ${index} in a list of ${this.items.length}`);
    return item;
  }

  get length(): number {
    return this.items.length;
  }

  [Symbol.iterator](): Iterator<T> {
    return this.items[Symbol.iterator]();
  }
}

/** A list whose modules read each other's output; what lies between two modules is freed as soon as it is read. */
export class Sequential<T extends Module & { forward(x: tf.Tensor4D): tf.Tensor4D }> extends ModuleList<T> {
  forward(x: tf.Tensor4D): tf.Tensor4D {
    let y = x;
    for (const module of this) {
      const next = module.forward(y);
      if (y !== x && next !== y) y.dispose();
      y = next;
    }
    return y;
  }
}
