import { lossSuite } from './loss-suite';

lossSuite('wasm');
