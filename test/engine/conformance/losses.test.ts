import { lossSuite } from '../../models/losses/loss-suite';

lossSuite('wasm');
