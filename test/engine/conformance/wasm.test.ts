import { conformance } from './suite';

conformance('wasm', undefined);
