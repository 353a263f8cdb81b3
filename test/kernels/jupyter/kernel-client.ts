// The Jupyter client of the tests: the one the doctor and the benchmark use.

export { type Channel, KernelClient, type Received } from '../../../kernels/jupyter/client';
